"""What brings the operations of duplicates, opt-outs and segments to each answer that is documented."""

from tests.api.provocations import Request, Scene, Stage


async def _another(stage: Stage) -> str:
    made = await stage.db.fetchval(
        "insert into contact(company_id, name) values ($1, 'Bia') returning id", stage.owner.company_id
    )
    return str(made)


async def _joined(stage: Stage) -> Request:
    return Request(body={"contact_id": await _another(stage)})


async def _apart(stage: Stage) -> Request:
    return Request(body={"contact_id": stage.things["contact_id"], "other_id": await _another(stage)})


async def _barred(stage: Stage) -> Request:
    await stage.db.execute(
        "insert into suppression(company_id, address, source) values ($1, $2, 'list') on conflict do nothing",
        stage.owner.company_id,
        stage.things["address"],
    )
    return Request(query={"note": "Pediu na loja"})


async def _segment_in_use(stage: Stage) -> Request:
    await stage.db.execute(
        "insert into campaign(company_id, name, audience) select company_id, 'Volta', jsonb_build_object('segment_id', id) from segment"
        " where company_id = $1",
        stage.owner.company_id,
    )
    return Request(status=409)


async def _segment_used_by_nobody(stage: Stage) -> Request:
    await stage.db.execute(
        "update campaign set audience = '{}' where company_id = $1 and audience ? 'segment_id'", stage.owner.company_id
    )
    return Request()


async def _known_word(_stage: Stage) -> Request:
    return Request(body={"word": "SAIR"}, status=409)


ALSO: dict[str, list[Scene]] = {"opt_out_words_create": [_known_word], "segments_delete": [_segment_in_use]}
SUCCESS: dict[str, Scene] = {
    "contacts_duplicates_keep_apart": _apart,
    "contacts_merge": _joined,
    "segments_delete": _segment_used_by_nobody,
    "suppressions_delete": _barred,
}
