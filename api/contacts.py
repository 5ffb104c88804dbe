"""Contacts over HTTP: people, tags, custom fields, notes, bulk actions. Thin, every rule is in db/contacts."""

from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias
from uuid import UUID

import asyncpg
import msgspec
from litestar import Controller, Request, delete, get, patch, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import UNSET

from api.auth.guard import Caller
from api.contract.base import Page
from api.contract.contacts import (
    Bulk,
    BulkAction,
    Contact,
    ContactCount,
    ContactCreate,
    ContactFilter,
    ContactMerge,
    ContactParted,
    ContactPatch,
    ContactRow,
    CustomField,
    CustomFieldCreate,
    CustomFieldPatch,
    CustomFieldUse,
    Identity,
    Note,
    NoteCreate,
    PastIdentity,
    Tag,
    TagCreate,
    TagRef,
)
from api.contract.upserts import ContactUpsert, ContactUpsertBulk, ContactUpserts, UpsertError, UpsertResult
from api.pagination import Cursor, Fields, Limit, decode_cursor, one_over, page, sparse, struct
from api.strict import METADATA, family
from api.versions import IfMatch
from db.campaigns import field_uses
from db.contacts import actions, bulk, fields, identity_history, listing, merges, notes, queries, tags, upserts
from db.contacts.enums import IdentityKind, UpsertOutcome
from db.contacts.phones import display
from db.errors import Field, RequestError, RequestField

_LARGE = 1_000_000  # bytes: a selection of some 25,000 contacts
_tag_refs = msgspec.json.Decoder(list[TagRef])


async def contact_filter(
    request: Request[Any, Any, Any],
    search: Annotated[
        str | None,
        QueryParameter(
            max_length=100, description="Parts of the name, the phone numbers or the e-mails: each word is somewhere in them."
        ),
    ] = None,
    tag: Annotated[list[UUID] | None, QueryParameter(name="tag", description="Has any of these tags; may be repeated.")] = None,
    all_tags: Annotated[bool, QueryParameter(description="Has all of them.")] = False,
    without_tag: Annotated[list[UUID] | None, QueryParameter(name="without_tag")] = None,
    import_id: FromQuery[UUID | None] = None,
    segment_id: FromQuery[UUID | None] = None,
    opted_out: FromQuery[bool | None] = None,
    line: FromQuery[Literal["mobile", "fixed"] | None] = None,
    has: FromQuery[Literal["phone", "email"] | None] = None,
    external_id: Annotated[str | None, QueryParameter(max_length=200, description="As a partner's system calls it.")] = None,
    created_after: FromQuery[datetime | None] = None,
    created_before: FromQuery[datetime | None] = None,
) -> ContactFilter:
    """Dependency `filter`: the query parameters of the list. A custom field is asked for as `custom.<key>=value`, what partners keep as `metadata.<key>=value`."""
    for name, moment in (("created_after", created_after), ("created_before", created_before)):
        if moment is not None and moment.tzinfo is None:
            raise RequestError.INVALID(fields=[RequestField.NEEDS_OFFSET(name)])
    return ContactFilter(
        search=search,
        tags=tag or [],
        all_tags=all_tags,
        without_tags=without_tag or [],
        import_id=import_id,
        segment_id=segment_id,
        opted_out=opted_out,
        line=line,
        has=has,
        custom=family(request, "custom."),
        external_id=external_id,
        metadata=family(request, METADATA),
        created_after=created_after,
        created_before=created_before,
    )


provide_filter = Provide(contact_filter)
CUSTOM = {"parameter_families": ("custom.", METADATA)}
Filter: TypeAlias = NamedDependency[ContactFilter]


def _row(row: asyncpg.Record) -> ContactRow:
    return ContactRow(
        id=row["id"],
        name=row["name"],
        phone=row["phone"],
        phone_display=display(row["phone"]) if row["phone"] else None,
        line=row["line"],
        email=row["email"],
        tags=_tag_refs.decode(row["tags"]),
        opted_out=row["opted_out"],
        updated_at=row["updated_at"],
    )


def _displayed(kind: str, value: str) -> str:
    return display(value) if kind in _NUMBERS else value


def contact_of(row: asyncpg.Record) -> Contact:
    identities = [
        msgspec.convert({**found, "display": _displayed(found["kind"], found["value"])}, Identity)
        for found in msgspec.json.decode(row["identities"])
    ]
    return struct(
        row,
        Contact,
        identities=identities,
        tags=_tag_refs.decode(row["tags"]),
        custom=msgspec.json.decode(row["custom"]),
        metadata=msgspec.json.decode(row["metadata"]),
    )


def _upsert(data: ContactUpsert) -> upserts.Item:
    return upserts.Item(**{name: value for name in data.__struct_fields__ if (value := getattr(data, name)) is not None})


def _wrong(fields: list[Field]) -> list[UpsertError]:
    return [UpsertError(field=one.path, code=one.code, message=one.message, params=dict(one.params)) for one in fields]


_NUMBERS = (IdentityKind.PHONE, IdentityKind.WA_ID)


class ContactController(Controller):
    path = "/v1/contacts"
    tags = ("Contacts",)

    @get(
        summary="List contacts",
        description="`total` is only on the first page. Where there are many it is an estimate, rounded to two digits, and "
        "`total_is_estimate` says so; `count=exact` counts, which takes seconds where there are a million.",
        dependencies={"filter": provide_filter},
        opt=CUSTOM,
    )
    async def list_contacts(
        self,
        actor: Caller,
        filter: Filter,
        sort: FromQuery[Literal["name", "recent"]] = "name",
        count: FromQuery[Literal["auto", "exact"]] = "auto",
        fields: Fields = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[ContactRow]:
        after: tuple[str | datetime, UUID] | None = (
            decode_cursor(cursor, tuple[datetime, UUID]) if sort == "recent" else decode_cursor(cursor, tuple[str, UUID])
        )
        found = await listing.contacts(actor, filter, sort=sort, after=after, limit=one_over(limit), exact=count == "exact")
        key = "updated_at" if sort == "recent" else "name_key"
        return sparse(
            page(found.rows, limit, lambda row: (row[key], row["id"]), _row, found.total, estimated=found.estimated), fields
        )

    @post(
        summary="Create a contact",
        description="409 `contact_exists` names the contact that has the phone or e-mail. A suppressed address comes opted out.",
    )
    async def create_contact(self, actor: Caller, data: JSONBody[ContactCreate]) -> Contact:
        row = await actions.create_contact(
            actor,
            name=data.name,
            phone=data.phone,
            email=data.email,
            language=data.language,
            tag_names=data.tags,
            custom=data.custom,
        )
        return contact_of(row)

    @post(
        "/upsert",
        status_code=200,
        summary="Create or update a contact",
        description="Found by `external_id`, else by phone, else by e-mail; made when nobody is. What is left out stays; `custom` and `metadata` "
        "are merged, an empty value removes its key; tags and addresses are added. 422 `of_another_contact` where somebody else has the address.",
    )
    async def upsert_contact(self, actor: Caller, data: JSONBody[ContactUpsert]) -> Contact:
        return contact_of(await upserts.upsert_one(actor, _upsert(data)))

    @post(
        "/upsert/bulk",
        status_code=200,
        request_max_body_size=_LARGE * 3,
        summary="Create or update many contacts",
        description="Up to 1,000, each as by itself; `items` says in their order what became of them, and a refused one with which field is wrong "
        "refuses no other.",
    )
    async def upsert_contacts(self, actor: Caller, data: JSONBody[ContactUpsertBulk]) -> ContactUpserts:
        found = await upserts.upsert(actor, [_upsert(one) for one in data.items])
        counts = {name.value: sum(one.outcome is name for one in found) for name in UpsertOutcome}
        items = [UpsertResult(outcome=one.outcome, contact_id=one.contact_id, errors=_wrong(one.fields)) for one in found]
        return ContactUpserts(items=items, **counts)

    @get("/{contact_id:uuid}", summary="Get a contact", description="With its ETag for If-Match.")
    async def get_contact(self, actor: Caller, contact_id: FromPath[UUID]) -> Contact:
        return contact_of(await queries.contact(actor, contact_id))

    @patch(
        "/{contact_id:uuid}",
        opt={"versioned": True},
        summary="Change a contact",
        description="What is left out stays. `phone` and `email` set the first of their kind, null removes it; `custom` is merged, "
        "an empty value removes its key; `opted_out` acts at once, on messages in the queue too. Whoever refused is written to again only with `consent_note`, which "
        "says where and how they asked for it: 422 without. 412 when somebody else changed it.",
    )
    async def change_contact(
        self, actor: Caller, contact_id: FromPath[UUID], data: JSONBody[ContactPatch], expected: IfMatch
    ) -> Contact:
        given = {name: value for name in data.__struct_fields__ if (value := getattr(data, name)) is not UNSET}
        if "tags" in given:
            given["tag_names"] = given.pop("tags")
        return contact_of(await actions.change_contact(actor, contact_id, expected=expected, **given))

    @delete(
        "/{contact_id:uuid}",
        opt={"versioned": True},
        summary="Delete a contact",
        description="The person with addresses, tags and notes. What was sent stays counted; who opted out stays suppressed. 412 "
        "when somebody else changed it.",
    )
    async def delete_contact(self, actor: Caller, contact_id: FromPath[UUID], expected: IfMatch) -> None:
        await actions.delete_contact(actor, contact_id, expected=expected)

    @get("/{contact_id:uuid}/notes", summary="List a contact's notes", description="Newest first.")
    async def list_notes(self, actor: Caller, contact_id: FromPath[UUID], cursor: Cursor = None, limit: Limit = 50) -> Page[Note]:
        after = decode_cursor(cursor, tuple[UUID])
        rows = await notes.notes(actor, contact_id, after=after[0] if after else None, limit=one_over(limit))
        return page(rows, limit, lambda row: (row["id"],), lambda row: struct(row, Note))

    @post("/{contact_id:uuid}/notes", summary="Write a note")
    async def add_note(self, actor: Caller, contact_id: FromPath[UUID], data: JSONBody[NoteCreate]) -> Note:
        """Colleagues see it, the contact never does."""
        return struct(await notes.add_note(actor, contact_id, data.body), Note)

    @delete("/{contact_id:uuid}/notes/{note_id:uuid}", summary="Delete a note")
    async def delete_note(self, actor: Caller, contact_id: FromPath[UUID], note_id: FromPath[UUID]) -> None:
        """For good."""
        await notes.delete_note(actor, contact_id, note_id)

    @get("/{contact_id:uuid}/identities", summary="List a contact's addresses, former ones too")
    async def list_identities(self, actor: Caller, contact_id: FromPath[UUID]) -> Page[PastIdentity]:
        """Those that it has first, then the latest that went; 200 at most. Of a contact that became part of it they stand here too."""
        rows = await identity_history.history(actor, contact_id)
        return Page(
            items=[struct(row, PastIdentity, display=_displayed(row["kind"], row["value"])) for row in rows], total=len(rows)
        )

    @get("/{contact_id:uuid}/merges", summary="List what was merged", description="Newest first, also what was parted again.")
    async def list_merges(self, actor: Caller, contact_id: FromPath[UUID]) -> Page[ContactMerge]:
        found = await merges.merges(actor, contact_id)
        return Page(items=[struct(one._asdict(), ContactMerge) for one in found], total=len(found))

    @post("/{contact_id:uuid}/merges/{merge_id:uuid}/undo", status_code=200, summary="Part two contacts again")
    async def undo_merge(self, actor: Caller, contact_id: FromPath[UUID], merge_id: FromPath[UUID]) -> ContactParted:
        """The other contact comes back under its former id with its addresses, notes, tags and every message over them. They are
        not merged again by themselves. 409 `merge_undone` when they were parted already."""
        return ContactParted(contact_id=await merges.undo(actor, contact_id, merge_id))

    @post("/count", status_code=200, summary="Count contacts", request_max_body_size=_LARGE, opt={"idempotent": False})
    async def count_contacts(
        self, actor: Caller, data: JSONBody[ContactFilter], count: FromQuery[Literal["auto", "exact"]] = "exact"
    ) -> ContactCount:
        """How many a filter matches: exactly, or with `count=auto` soon, where there are many: rounded to two digits, and
        `is_estimate` says so."""
        found = await queries.counted(actor, data, exact=count == "exact")
        return ContactCount(count=found.people, is_estimate=found.estimated)

    @post(
        "/bulk",
        status_code=202,
        request_max_body_size=_LARGE,
        summary="Act on many contacts",
        description="Runs in the background over everybody whom the filter matches now; progress as event `bulk.progress`.",
    )
    async def start_bulk(self, actor: Caller, data: JSONBody[BulkAction]) -> Bulk:
        return struct(await bulk.start_bulk(actor, data.filter, data.verb, data.tags), Bulk)

    @get("/bulk/{bulk_id:uuid}", summary="How far a bulk action is")
    async def get_bulk(self, actor: Caller, bulk_id: FromPath[UUID]) -> Bulk:
        """`done` once everybody was dealt with."""
        return struct(await bulk.bulk(actor, bulk_id), Bulk)


class TagController(Controller):
    path = "/v1/tags"
    tags = ("Contacts",)

    @get(summary="List tags", description="By name, each with how many contacts have it.")
    async def list_tags(
        self,
        actor: Caller,
        search: Annotated[str | None, QueryParameter(max_length=60)] = None,
        cursor: Cursor = None,
        limit: Limit = 200,
    ) -> Page[Tag]:
        rows = await tags.tags(actor, search=search, after=decode_cursor(cursor, tuple[str, UUID]), limit=one_over(limit))
        return page(rows, limit, lambda row: (row["key"], row["id"]), lambda row: struct(row, Tag))

    @post(summary="Create a tag", description="409 `tag_exists`, whatever case and accents.")
    async def create_tag(self, actor: Caller, data: JSONBody[TagCreate]) -> Tag:
        return struct(await tags.create_tag(actor, data.name), Tag)

    @patch("/{tag_id:uuid}", summary="Rename a tag", description="409 `tag_exists`.")
    async def rename_tag(self, actor: Caller, tag_id: FromPath[UUID], data: JSONBody[TagCreate]) -> Tag:
        return struct(await tags.rename_tag(actor, tag_id, data.name), Tag)

    @delete("/{tag_id:uuid}", summary="Delete a tag", description="Takes it off every contact.")
    async def delete_tag(self, actor: Caller, tag_id: FromPath[UUID]) -> None:
        await tags.delete_tag(actor, tag_id)


class CustomFieldController(Controller):
    path = "/v1/custom-fields"
    tags = ("Contacts",)

    @get(summary="List custom fields", description="By label; a company has at most 200.")
    async def list_fields(
        self,
        actor: Caller,
        counted: Annotated[bool, QueryParameter(description="Count who has a value, which takes longer.")] = False,
    ) -> Page[CustomField]:
        rows = await fields.custom_fields(actor, counted=counted)
        return Page(items=[struct(row, CustomField) for row in rows], total=len(rows))

    @post(summary="Create a custom field", description="409 `field_exists`, `field_name_taken`, `too_many_fields`.")
    async def create_field(self, actor: Caller, data: JSONBody[CustomFieldCreate]) -> CustomField:
        made = await fields.create_field(actor, key=data.key, label=data.label, kind=data.kind, choices=data.choices)
        return struct(made, CustomField)

    @patch("/{field_id:uuid}", summary="Change a custom field", description="Key and kind stay. 409 `field_name_taken`.")
    async def rename_field(self, actor: Caller, field_id: FromPath[UUID], data: JSONBody[CustomFieldPatch]) -> CustomField:
        given: dict[str, Any] = {name: value for name in ("label", "choices") if (value := getattr(data, name)) is not UNSET}
        return struct(await fields.change_field(actor, field_id, **given), CustomField)

    @get("/{field_id:uuid}/uses", summary="Where a custom field is used")
    async def list_uses(self, actor: Caller, field_id: FromPath[UUID]) -> Page[CustomFieldUse]:
        """Drafts and scheduled campaigns, the newest 20. Those that were launched keep what they say."""
        found = await field_uses.uses(actor, field_id)
        return Page(items=[CustomFieldUse(campaign_id=one.id, name=one.name, state=one.state) for one in found])

    @delete(
        "/{field_id:uuid}",
        summary="Delete a custom field",
        description="Its values go with it, in the background; until then nobody can make one with this key.",
    )
    async def delete_field(self, actor: Caller, field_id: FromPath[UUID]) -> None:
        await fields.delete_field(actor, field_id)
