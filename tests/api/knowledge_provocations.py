"""What brings the operations of knowledge to each answer that is documented."""

from tests.api.provocations import Request, Scene, Stage, conflict, given


async def _named(stage: Stage) -> Request:
    return Request(body={"title": "Tabela"}, whole=True)


async def _new_base(stage: Stage) -> Request:
    return Request(body={"name": "Outra loja"})


async def _taken_name(stage: Stage) -> Request:
    await stage.db.execute(
        "insert into knowledge_base(company_id, name, language) values ($1, 'Outra', 'pt')", stage.owner.company_id
    )
    return Request(body={"name": "outra"}, status=409)


async def _body_of_a_file(stage: Stage) -> Request:
    return Request(body={"body": "texto"}, whole=True, status=409)


SUCCESS: dict[str, Scene] = {
    "knowledge_bases_create": _new_base,
    "knowledge_sources_update": _named,
    "knowledge_sources_read": given("knowledge_source", kind="file"),
    "knowledge_sources_file": given("knowledge_source", kind="file"),
    "knowledge_gaps_answer": given("knowledge_gap", state="open"),
    "knowledge_gaps_dismiss": given("knowledge_gap", state="open"),
}
"""What the example lacks to succeed."""

ALSO: dict[str, list[Scene]] = {
    "knowledge_bases_update": [_taken_name],
    "knowledge_sources_update": [_body_of_a_file],
    "knowledge_sources_read": [conflict(given("knowledge_source", kind="text"))],
    "knowledge_sources_file": [conflict(given("knowledge_source", kind="text"))],
    "knowledge_gaps_answer": [conflict(given("knowledge_gap", state="dismissed"))],
    "knowledge_gaps_dismiss": [conflict(given("knowledge_gap", state="dismissed"))],
}
"""Answers that no rule tells."""
