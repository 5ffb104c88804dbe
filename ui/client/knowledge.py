"""Knowledge over the API: bases, their sources, trying a question, gaps."""

from uuid import UUID

from api.contract.base import Page
from api.contract.enums import BaseLanguage, GapState, SourceKind
from api.contract.knowledge import (
    GapAnswer,
    KnowledgeBase,
    KnowledgeBaseCreate,
    KnowledgeBasePatch,
    KnowledgeGap,
    KnowledgePassage,
    KnowledgeQuestion,
    KnowledgeQuestionCreate,
    KnowledgeSource,
    PageSource,
    QaSource,
    SearchCreate,
    SearchResult,
    SiteSource,
    SourceCreate,
    SourcePatch,
    TextSource,
)
from api.contract.personas import Persona
from ui.client.base import ApiClient, Uploaded

TRIED = 8
"""Passages that a tried question shows: as many as a persona is given."""


async def bases(api: ApiClient) -> list[KnowledgeBase]:
    """By name."""
    return (await api.get("/v1/knowledge-bases", Page[KnowledgeBase])).items


async def base(api: ApiClient, base_id: UUID) -> KnowledgeBase:
    return await api.get(f"/v1/knowledge-bases/{base_id}", KnowledgeBase)


async def create_base(api: ApiClient, name: str, language: BaseLanguage) -> KnowledgeBase:
    return await api.post("/v1/knowledge-bases", KnowledgeBase, KnowledgeBaseCreate(name=name, language=language))


async def rename_base(api: ApiClient, base_id: UUID, name: str, version: int) -> KnowledgeBase:
    return await api.patch(f"/v1/knowledge-bases/{base_id}", KnowledgeBase, KnowledgeBasePatch(name=name), version=version)


async def delete_base(api: ApiClient, base_id: UUID) -> None:
    await api.delete(f"/v1/knowledge-bases/{base_id}")


async def personas(api: ApiClient) -> list[Persona]:
    """With the bases that each of them knows."""
    return (await api.get("/v1/personas", Page[Persona])).items


async def sources(
    api: ApiClient, base_id: UUID, *, kind: SourceKind | None = None, failed: bool = False, search: str = "", limit: int = 50
) -> Page[KnowledgeSource]:
    """Newest first."""
    params = {"kind": kind, "failed": failed or None, "search": search or None, "limit": limit}
    return await api.get(f"/v1/knowledge-bases/{base_id}/sources", Page[KnowledgeSource], params)


async def add(
    api: ApiClient, base_id: UUID, content: TextSource | QaSource | PageSource | SiteSource, *, key: str | None = None
) -> KnowledgeSource:
    """`key`: the Idempotency-Key under which the same is tried again."""
    return await api.post(f"/v1/knowledge-bases/{base_id}/sources", KnowledgeSource, SourceCreate(content=content), key=key)


async def add_file(api: ApiClient, base_id: UUID, file: Uploaded) -> KnowledgeSource:
    return await api.upload(f"/v1/knowledge-bases/{base_id}/files", KnowledgeSource, file)


async def source(api: ApiClient, source_id: UUID) -> KnowledgeSource:
    return await api.get(f"/v1/knowledge-sources/{source_id}", KnowledgeSource)


async def change_source(api: ApiClient, source_id: UUID, body: SourcePatch, version: int) -> KnowledgeSource:
    return await api.patch(f"/v1/knowledge-sources/{source_id}", KnowledgeSource, body, version=version)


async def delete_source(api: ApiClient, source_id: UUID) -> None:
    await api.delete(f"/v1/knowledge-sources/{source_id}")


async def read_again(api: ApiClient, source_id: UUID) -> KnowledgeSource:
    return await api.post(f"/v1/knowledge-sources/{source_id}/read", KnowledgeSource)


async def replace_file(api: ApiClient, source_id: UUID, file: Uploaded) -> KnowledgeSource:
    return await api.upload(f"/v1/knowledge-sources/{source_id}/file", KnowledgeSource, file)


async def passages(api: ApiClient, source_id: UUID, cursor: str | None = None) -> Page[KnowledgePassage]:
    """In order."""
    params = {"cursor": cursor, "limit": 20}
    return await api.get(f"/v1/knowledge-sources/{source_id}/passages", Page[KnowledgePassage], params)


async def search(api: ApiClient, base_id: UUID, question: str) -> SearchResult:
    body = SearchCreate(question=question, limit=TRIED)
    return await api.post(f"/v1/knowledge-bases/{base_id}/search", SearchResult, body)


async def gaps(api: ApiClient, base_id: UUID, *, state: GapState = GapState.OPEN, limit: int = 50) -> Page[KnowledgeGap]:
    """Asked last first."""
    return await api.get(f"/v1/knowledge-bases/{base_id}/gaps", Page[KnowledgeGap], {"state": state, "limit": limit})


async def answer_gap(api: ApiClient, gap_id: UUID, question: str, answer: str, *, key: str) -> KnowledgeSource:
    body = GapAnswer(answer=answer, question=question)
    return await api.post(f"/v1/knowledge-gaps/{gap_id}/answer", KnowledgeSource, body, key=key)


async def dismiss_gap(api: ApiClient, gap_id: UUID) -> KnowledgeGap:
    return await api.post(f"/v1/knowledge-gaps/{gap_id}/dismiss", KnowledgeGap)


async def questions(api: ApiClient, base_id: UUID) -> list[KnowledgeQuestion]:
    """That the base is measured with, oldest first."""
    return (await api.get(f"/v1/knowledge-bases/{base_id}/questions", Page[KnowledgeQuestion])).items


async def add_question(api: ApiClient, base_id: UUID, question: str, source_id: UUID) -> KnowledgeQuestion:
    body = KnowledgeQuestionCreate(question=question, source_id=source_id)
    return await api.post(f"/v1/knowledge-bases/{base_id}/questions", KnowledgeQuestion, body)


async def delete_question(api: ApiClient, question_id: UUID) -> None:
    await api.delete(f"/v1/knowledge-questions/{question_id}")


async def measure(api: ApiClient, base_id: UUID) -> KnowledgeBase:
    """`knowledge.questions` tells when it is done."""
    return await api.post(f"/v1/knowledge-bases/{base_id}/questions/measure", KnowledgeBase)
