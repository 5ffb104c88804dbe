"""Knowledge over HTTP: bases, their sources, trying a question, gaps. Thin, every rule is in db/knowledge; workers read and embed."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from litestar import Controller, delete, get, patch, post
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath, JSONBody, QueryParameter
from msgspec import UNSET
from msgspec.structs import asdict

from api.auth.guard import Caller
from api.contract.base import Page
from api.contract.knowledge import (
    FoundPassage,
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
    SourceCreate,
    SourcePatch,
    TextSource,
)
from api.files import pieces
from api.pagination import Cursor, Limit, decode_cursor, one_over, page, struct
from api.versions import IfMatch
from db.errors import RequestError, RequestField
from db.knowledge import asking, bases, gaps, questions, source_files, sources
from db.knowledge.enums import GapState, SourceKind

_LARGE = 1_000_000  # bytes of a text
_ROOM = source_files.MAX_BYTES + 64 * 1024  # for the multipart frame
Upload = Annotated[dict[str, UploadFile], Body(media_type=RequestEncodingType.MULTI_PART)]


def _base(found: bases.Base) -> KnowledgeBase:
    return struct(found._asdict(), KnowledgeBase, problem_text=found.problem.sentence if found.problem else None)


def _source(found: sources.Source) -> KnowledgeSource:
    return struct(found._asdict(), KnowledgeSource, failure_text=found.failed_because)


def _gap(found: gaps.Gap) -> KnowledgeGap:
    return struct(found._asdict(), KnowledgeGap)


def _question(found: questions.Question) -> KnowledgeQuestion:
    return struct(found._asdict(), KnowledgeQuestion)


def _file(data: dict[str, UploadFile]) -> UploadFile:
    file = data.get("file")
    if not isinstance(file, UploadFile):
        raise RequestError.INVALID(fields=[RequestField.REQUIRED("file")])
    return file


class KnowledgeBaseController(Controller):
    path = "/v1/knowledge-bases"
    tags = ("Knowledge",)

    @get(summary="List knowledge bases", description="By name; a company has at most 50. Needs `knowledge:read`.")
    async def list_bases(self, actor: Caller) -> Page[KnowledgeBase]:
        found = await bases.bases(actor)
        return Page(items=[_base(row) for row in found], total=len(found))

    @post(summary="Create a knowledge base")
    async def create_base(self, actor: Caller, data: JSONBody[KnowledgeBaseCreate]) -> KnowledgeBase:
        """Its language stays: it says how words are cut to their stems. Needs `knowledge:write`."""
        return _base(await bases.create_base(actor, name=data.name, language=data.language))

    @get("/{base_id:uuid}", summary="Get a knowledge base", description="With its ETag for If-Match. Needs `knowledge:read`.")
    async def get_base(self, actor: Caller, base_id: FromPath[UUID]) -> KnowledgeBase:
        return _base(await bases.one_base(actor, base_id))

    @patch("/{base_id:uuid}", summary="Rename a knowledge base", opt={"versioned": True}, description="Needs `knowledge:write`.")
    async def update_base(
        self, actor: Caller, base_id: FromPath[UUID], data: JSONBody[KnowledgeBasePatch], expected: IfMatch
    ) -> KnowledgeBase:
        return _base(await bases.rename_base(actor, base_id, None if data.name is UNSET else data.name, expected))

    @delete("/{base_id:uuid}", summary="Delete a knowledge base", opt={"versioned": True})
    async def delete_base(self, actor: Caller, base_id: FromPath[UUID], expected: IfMatch) -> None:
        """With all its sources and gaps. Needs `knowledge:write`."""
        await bases.delete_base(actor, base_id, expected)

    @get("/{base_id:uuid}/sources", summary="List sources", description="Newest first. Needs `knowledge:read`.")
    async def list_sources(
        self,
        actor: Caller,
        base_id: FromPath[UUID],
        kind: Annotated[SourceKind | None, QueryParameter(description="Only those of one kind.")] = None,
        failed: Annotated[bool, QueryParameter(description="Only those that could not be read.")] = False,
        search: Annotated[str | None, QueryParameter(max_length=100, description="Part of the title.")] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[KnowledgeSource]:
        after = decode_cursor(cursor, tuple[UUID])
        found = await sources.sources(
            actor, base_id, kind=kind, failed=failed, text=search, after=after[0] if after else None, limit=one_over(limit)
        )
        return page(found, limit, lambda row: (row.id,), _source)

    @post(
        "/{base_id:uuid}/sources",
        summary="Add a source",
        request_max_body_size=_LARGE,
        opt={"creates": "/v1/knowledge-sources"},
    )
    async def add_source(self, actor: Caller, base_id: FromPath[UUID], data: JSONBody[SourceCreate]) -> KnowledgeSource:
        """A text or an answer is found at once; a page or a site is read first. Needs `knowledge:write`."""
        content = data.content
        if isinstance(content, TextSource):
            return _source(await sources.add_text(actor, base_id, content.title, content.body))
        if isinstance(content, QaSource):
            return _source(await sources.add_answer(actor, base_id, content.question, content.answer))
        most = None if isinstance(content, PageSource) else content.max_pages
        return _source(await sources.add_pages(actor, base_id, content.url, max_pages=most, schedule=content.schedule))

    @post(
        "/{base_id:uuid}/files",
        summary="Add a file",
        request_max_body_size=_ROOM,
        opt={"upload": True, "creates": "/v1/knowledge-sources"},
        description="Multipart with `file`: PDF, Word (.docx), Excel (.xlsx), CSV, HTML, Markdown or plain text, at most 20 MB. It is read in "
        "the background, with event `knowledge.source`. Needs `knowledge:write`.",
    )
    async def add_file(self, actor: Caller, base_id: FromPath[UUID], data: Upload) -> KnowledgeSource:
        file = _file(data)
        return _source(await source_files.add_file(actor, base_id, file.filename, pieces(file)))

    @post("/{base_id:uuid}/search", status_code=200, summary="Try a question", opt={"idempotent": False})
    async def search(self, actor: Caller, base_id: FromPath[UUID], data: JSONBody[SearchCreate]) -> SearchResult:
        """The passages that a persona would be given, and why. Needs `knowledge:read`."""
        found, by_meaning = await asking.try_question(actor, base_id, data.question, data.limit)
        return SearchResult(passages=[FoundPassage(**asdict(passage)) for passage in found], by_meaning=by_meaning)

    @get("/{base_id:uuid}/questions", summary="List test questions")
    async def list_questions(self, actor: Caller, base_id: FromPath[UUID]) -> Page[KnowledgeQuestion]:
        """With where the source of each stood when it was measured last; a base has at most 200. Needs `knowledge:read`."""
        found = await questions.questions(actor, base_id)
        return Page(items=[_question(row) for row in found], total=len(found))

    @post("/{base_id:uuid}/questions", summary="Make a test question")
    async def create_question(
        self, actor: Caller, base_id: FromPath[UUID], data: JSONBody[KnowledgeQuestionCreate]
    ) -> KnowledgeQuestion:
        """It is measured at once, and again whenever the base holds something else. Needs `knowledge:write`."""
        return _question(await questions.add(actor, base_id, data.question, data.source_id))

    @post("/{base_id:uuid}/questions/measure", status_code=202, summary="Measure a knowledge base")
    async def measure(self, actor: Caller, base_id: FromPath[UUID]) -> KnowledgeBase:
        """Searches all test questions again, with event `knowledge.questions`; while the AI service makes no vectors of them, the places
        stay. Needs `knowledge:write`."""
        await questions.measure(actor, base_id)
        return _base(await bases.one_base(actor, base_id))

    @get("/{base_id:uuid}/gaps", summary="List gaps")
    async def list_gaps(
        self,
        actor: Caller,
        base_id: FromPath[UUID],
        wanted: Annotated[
            GapState, QueryParameter(name="state", description="Open ones, unless it says otherwise.")
        ] = GapState.OPEN,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[KnowledgeGap]:
        """Questions that found nothing, similar ones together. Needs `knowledge:read`."""
        found = await gaps.gaps(
            actor, base_id, state=wanted, after=decode_cursor(cursor, tuple[datetime, UUID]), limit=one_over(limit)
        )
        return page(found, limit, lambda row: (row.last_at, row.id), _gap)


class KnowledgeSourceController(Controller):
    path = "/v1/knowledge-sources"
    tags = ("Knowledge",)

    @get("/{source_id:uuid}", summary="Get a source", description="With its ETag for If-Match. Needs `knowledge:read`.")
    async def get_source(self, actor: Caller, source_id: FromPath[UUID]) -> KnowledgeSource:
        return _source(await sources.one_source(actor, source_id))

    @patch("/{source_id:uuid}", summary="Change a source", request_max_body_size=_LARGE, opt={"versioned": True})
    async def update_source(
        self, actor: Caller, source_id: FromPath[UUID], data: JSONBody[SourcePatch], expected: IfMatch
    ) -> KnowledgeSource:
        """What is left out stays. Another address is read at once. Needs `knowledge:write`."""
        given = {name: None if value is UNSET else value for name, value in asdict(data).items()}
        return _source(await sources.change_source(actor, source_id, expected=expected, **given))

    @delete("/{source_id:uuid}", summary="Delete a source", opt={"versioned": True})
    async def delete_source(self, actor: Caller, source_id: FromPath[UUID], expected: IfMatch) -> None:
        """With its passages. Needs `knowledge:write`."""
        await sources.delete_source(actor, source_id, expected)

    @post("/{source_id:uuid}/read", status_code=202, summary="Read a source again")
    async def read_source(self, actor: Caller, source_id: FromPath[UUID]) -> KnowledgeSource:
        """A file, page or site, also after it failed; what was read before is found until then. Needs `knowledge:write`."""
        return _source(await sources.read_again(actor, source_id))

    @post(
        "/{source_id:uuid}/file",
        status_code=202,
        summary="Replace a file",
        request_max_body_size=_ROOM,
        opt={"upload": True},
        description="Multipart with `file`, as for a new one. What the old one held is found until the new one is read. Needs "
        "`knowledge:write`.",
    )
    async def replace_file(self, actor: Caller, source_id: FromPath[UUID], data: Upload) -> KnowledgeSource:
        file = _file(data)
        return _source(await source_files.replace_file(actor, source_id, file.filename, pieces(file)))

    @get("/{source_id:uuid}/passages", summary="List the passages of a source", description="In order. Needs `knowledge:read`.")
    async def list_passages(
        self, actor: Caller, source_id: FromPath[UUID], cursor: Cursor = None, limit: Limit = 50
    ) -> Page[KnowledgePassage]:
        after = decode_cursor(cursor, tuple[int])
        rows = await sources.passages(actor, source_id, after=after[0] if after else None, limit=one_over(limit))
        return page(rows, limit, lambda row: (row["seq"],), lambda row: struct(row, KnowledgePassage))


class KnowledgeGapController(Controller):
    path = "/v1/knowledge-gaps"
    tags = ("Knowledge",)

    @post("/{gap_id:uuid}/answer", summary="Answer a gap", opt={"creates": "/v1/knowledge-sources"})
    async def answer_gap(self, actor: Caller, gap_id: FromPath[UUID], data: JSONBody[GapAnswer]) -> KnowledgeSource:
        """Makes a question with its answer of it. Needs `knowledge:write`."""
        question = None if data.question is UNSET else data.question
        return _source(await gaps.answer_gap(actor, gap_id, data.answer, question))

    @post("/{gap_id:uuid}/dismiss", status_code=200, summary="Dismiss a gap")
    async def dismiss_gap(self, actor: Caller, gap_id: FromPath[UUID]) -> KnowledgeGap:
        """It is no question for this base. Needs `knowledge:write`."""
        return _gap(await gaps.dismiss_gap(actor, gap_id))


class KnowledgeQuestionController(Controller):
    path = "/v1/knowledge-questions"
    tags = ("Knowledge",)

    @delete("/{question_id:uuid}", summary="Delete a test question", opt={"versioned": True})
    async def delete_question(self, actor: Caller, question_id: FromPath[UUID], expected: IfMatch) -> None:
        """Needs `knowledge:write`."""
        await questions.delete(actor, question_id, expected)
