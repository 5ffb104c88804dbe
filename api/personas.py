"""Personas over HTTP. Thin, every rule is in db/personas."""

from typing import Annotated, Any
from uuid import UUID

import asyncpg
import msgspec
from litestar import Controller, delete, get, patch, post, put
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath, JSONBody
from litestar.response import Stream
from msgspec import UNSET

from api.auth.guard import Caller
from api.contract.base import Page, PersonRef
from api.contract.personas import (
    DraftProblem,
    Persona,
    PersonaBinding,
    PersonaBindings,
    PersonaCreate,
    PersonaDraft,
    PersonaDraftSave,
    PersonaPatch,
    PersonaPublish,
    PersonaVersion,
    PersonaVersionDetail,
)
from api.files import begun, pieces
from api.pagination import Cursor, Limit, decode_cursor, one_over, page, struct
from api.versions import IfMatch
from db import blobs
from db.errors import RequestError, RequestField
from db.personas import bindings, drafts, personas, pictures
from db.personas.serving import decode

_bindings: msgspec.json.Decoder[list[PersonaBinding]] = msgspec.json.Decoder(list[PersonaBinding])
DRAFT_LIMIT = 256 * 1024  # bytes


def _persona(row: asyncpg.Record) -> Persona:
    return struct(row, Persona, bindings=_bindings.decode(row["bindings"]), role=row["role"] or "")


def _draft(found: drafts.Draft) -> PersonaDraft:
    problems = [DraftProblem(field=one.path, code=one.code.value, message=one.message) for one in found.problems]
    return PersonaDraft(config=found.config, published=found.published, problems=problems, version=found.version)


def _maker(row: asyncpg.Record) -> PersonRef | None:
    return None if row["created_by"] is None else PersonRef(id=row["created_by"], name=row["author"])


class PersonaController(Controller):
    path = "/v1/personas"
    tags = ("Personas",)

    @get(summary="List personas", description="By name. A company has at most 50.")
    async def list_personas(self, actor: Caller) -> Page[Persona]:
        rows = await personas.personas(actor)
        return Page(items=[_persona(row) for row in rows], total=len(rows))

    @post(
        summary="Make a persona",
        description="A draft that begins as one of the starting personas, and serves nobody. 409 `persona_exists`, `too_many_personas`.",
    )
    async def create_persona(self, actor: Caller, data: JSONBody[PersonaCreate]) -> Persona:
        return _persona(await personas.create_persona(actor, name=data.name, starting=data.starting, language=data.language))

    @get("/{persona_id:uuid}", summary="Get a persona", description="With its ETag for If-Match.")
    async def get_persona(self, actor: Caller, persona_id: FromPath[UUID]) -> Persona:
        return _persona(await personas.persona(actor, persona_id))

    @patch(
        "/{persona_id:uuid}",
        opt={"versioned": True},
        summary="Change a persona",
        description="Its name, its picture, and whether it suggests or sends. Holds at once. 409 `persona_exists`, 412 when somebody else "
        "changed it.",
    )
    async def change_persona(
        self, actor: Caller, persona_id: FromPath[UUID], data: JSONBody[PersonaPatch], expected: IfMatch
    ) -> Persona:
        given: dict[str, Any] = {name: value for name in data.__struct_fields__ if (value := getattr(data, name)) is not UNSET}
        return _persona(await personas.change_persona(actor, persona_id, expected=expected, **given))

    @delete(
        "/{persona_id:uuid}",
        opt={"versioned": True},
        summary="Delete a persona",
        description="It serves nobody from now on, and its name is free. 412 when somebody else changed it.",
    )
    async def delete_persona(self, actor: Caller, persona_id: FromPath[UUID], expected: IfMatch) -> None:
        await personas.delete_persona(actor, persona_id, expected=expected)

    @post(
        "/{persona_id:uuid}/picture",
        status_code=202,
        request_max_body_size=pictures.MAX_BYTES + 64 * 1024,  # for the multipart frame
        opt={"upload": True},
        summary="Give a persona a picture",
        description="Multipart with `file`: JPEG, PNG, WebP or GIF, at most 10 MB. It is cut to a square from its middle a moment later (event "
        "`persona.changed`); until then the one that there is stays. Needs `personas:write`.",
    )
    async def upload_picture(
        self,
        actor: Caller,
        persona_id: FromPath[UUID],
        data: Annotated[dict[str, UploadFile], Body(media_type=RequestEncodingType.MULTI_PART)],
    ) -> Persona:
        file = data.get("file")
        if not isinstance(file, UploadFile):
            raise RequestError.INVALID(fields=[RequestField.REQUIRED("file")])
        return _persona(await pictures.upload(actor, persona_id, file.content_type, pieces(file)))

    @get(
        "/{persona_id:uuid}/picture",
        media_type="application/octet-stream",  # as clients that are generated read it
        summary="Get a persona's picture",
        description="A square of 256 pixels as WebP. 404 while there is none. Needs `conversations:read`, as whoever sees what it says sees "
        "its face.",
    )
    async def get_picture(self, actor: Caller, persona_id: FromPath[UUID]) -> Stream:
        key = await pictures.shown(actor, persona_id)
        kept = {"Cache-Control": "private, max-age=300"}
        return Stream(await begun(blobs.store().get(key)), media_type="application/octet-stream", headers=kept)

    @delete(
        "/{persona_id:uuid}/picture",
        opt={"versioned": True},
        summary="Take a persona's picture away",
        description="Its emoji or initials stand for it again. 412 when somebody else changed it.",
    )
    async def delete_picture(self, actor: Caller, persona_id: FromPath[UUID], expected: IfMatch) -> None:
        await pictures.remove(actor, persona_id, expected=expected)

    @post(
        "/{persona_id:uuid}/pause",
        status_code=200,
        opt={"versioned": True},
        summary="Pause a persona",
        description="It serves nobody from now on; people answer. 409 `never_published`, 412 when somebody else changed it.",
    )
    async def pause(self, actor: Caller, persona_id: FromPath[UUID], expected: IfMatch) -> Persona:
        return _persona(await personas.pause(actor, persona_id, expected=expected))

    @post(
        "/{persona_id:uuid}/resume",
        status_code=200,
        opt={"versioned": True},
        summary="Let a persona go on",
        description="It serves again. 409 `never_published`, 412 when somebody else changed it.",
    )
    async def resume(self, actor: Caller, persona_id: FromPath[UUID], expected: IfMatch) -> Persona:
        return _persona(await personas.resume(actor, persona_id, expected=expected))

    @put(
        "/{persona_id:uuid}/bindings",
        opt={"versioned": True},
        summary="Say where a persona serves",
        description="All channels, labels and stages at once, in place of those there are. Holds at once. 412 when somebody else changed it.",
    )
    async def set_bindings(
        self, actor: Caller, persona_id: FromPath[UUID], data: JSONBody[PersonaBindings], expected: IfMatch
    ) -> Persona:
        wanted = [
            bindings.Binding(
                channel_id=one.channel_id, label_id=one.label_id, stage_id=one.stage_id, hours=one.hours, priority=one.priority
            )
            for one in data.bindings
        ]
        return _persona(await bindings.set_bindings(actor, persona_id, wanted, expected=expected))


class PersonaDraftController(Controller):
    path = "/v1/personas/{persona_id:uuid}"
    tags = ("Personas",)

    @get("/draft", summary="Get a persona's draft", description="With its own ETag for If-Match, and what serves now.")
    async def get_draft(self, actor: Caller, persona_id: FromPath[UUID]) -> PersonaDraft:
        return _draft(await drafts.draft(actor, persona_id))

    @put(
        "/draft",
        opt={"versioned": True},
        request_max_body_size=DRAFT_LIMIT,
        summary="Save a persona's draft",
        description="The whole document. Nothing changes for customers until it is published. 412 when somebody else changed it.",
    )
    async def save_draft(
        self, actor: Caller, persona_id: FromPath[UUID], data: JSONBody[PersonaDraftSave], expected: IfMatch
    ) -> PersonaDraft:
        return _draft(await drafts.save_draft(actor, persona_id, data.config, expected=expected))

    @post(
        "/publish",
        status_code=200,
        opt={"versioned": True},
        summary="Publish a persona's draft",
        description="New conversations get it; those that run keep the version with which they began. `If-Match` is the draft's. 409 "
        "`nothing_to_publish`, 412 when somebody else changed the draft, 422 with what is missing.",
    )
    async def publish(
        self, actor: Caller, persona_id: FromPath[UUID], data: JSONBody[PersonaPublish], expected: IfMatch
    ) -> Persona:
        return _persona(await drafts.publish(actor, persona_id, note=data.note, expected=expected))

    @get("/versions", summary="List a persona's versions", description="Newest first.")
    async def list_versions(
        self, actor: Caller, persona_id: FromPath[UUID], cursor: Cursor = None, limit: Limit = 25
    ) -> Page[PersonaVersion]:
        after = decode_cursor(cursor, tuple[int])
        rows = await drafts.published_versions(actor, persona_id, after=after[0] if after else None, limit=one_over(limit))
        return page(rows, limit, lambda row: (row["number"],), lambda row: struct(row, PersonaVersion, created_by=_maker(row)))

    @get("/versions/{persona_version_id:uuid}", summary="Get a version", description="As it was published.")
    async def get_version(
        self, actor: Caller, persona_id: FromPath[UUID], persona_version_id: FromPath[UUID]
    ) -> PersonaVersionDetail:
        row = await drafts.published_version(actor, persona_id, persona_version_id)
        return struct(row, PersonaVersionDetail, created_by=_maker(row), config=decode.decode(row["config"]))

    @post(
        "/versions/{persona_version_id:uuid}/restore",
        status_code=200,
        opt={"versioned": True},
        summary="Restore a version",
        description="It becomes the draft, to be published again. `If-Match` is the draft's. 412 when somebody else changed the draft.",
    )
    async def restore_version(
        self, actor: Caller, persona_id: FromPath[UUID], persona_version_id: FromPath[UUID], expected: IfMatch
    ) -> PersonaDraft:
        return _draft(await drafts.restore(actor, persona_id, persona_version_id, expected=expected))
