"""Contacts: list, detail, tags, custom fields, notes, opt-out, bulk actions, import and export."""

from typing import Annotated, Literal
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType

from api.contract.base import COUNTRY, Input, Label, Output, example
from db.campaigns.enums import CampaignState
from db.contacts.enums import (
    Category,
    CustomFieldKind,
    DryRunState,
    IdentityKind,
    ImportState,
    ImportTarget,
    LineType,
    MergeReason,
)
from db.contacts.filter import ContactFilter as ContactFilter
from db.contacts.filter import Moment as Moment  # re-exported: campaigns take it too
from db.texts import END, NAME_OR_NOTHING

PersonName = Annotated[str, Meta(max_length=200, pattern=NAME_OR_NOTHING, examples=["Beatriz Nunes"])]
PhoneText = Annotated[str, Meta(max_length=60, examples=["(11) 98765-4321"])]
TagName = Annotated[Label, example("atacado")]
FIELD_KEY = r"^[a-z][a-z0-9_]{0,39}" + END
FieldKey = Annotated[str, Meta(pattern=FIELD_KEY, examples=["cidade"])]
FieldChoices = Annotated[list[Label], Meta(max_length=50)]
CustomValues = dict[FieldKey, Annotated[str, Meta(max_length=500, examples=["Niterói"])]]


class Identity(Output):
    id: UUID
    kind: IdentityKind
    value: Annotated[str, example("+5511987654321")]
    display: Annotated[str, example("(11) 98765-4321")]
    line: LineType | None
    region: str | None
    valid: bool


class Tag(Output):
    """GET /v1/tags → Page[Tag]; POST /v1/tags TagCreate; PATCH, DELETE /v1/tags/{id}."""

    id: UUID
    name: Annotated[str, example("vip")]
    contacts: int


class TagCreate(Input):
    name: TagName


class TagRef(Output):
    id: UUID
    name: Annotated[str, example("vip")]


class CustomField(Output):
    """GET /v1/custom-fields?counted= → Page[CustomField]; POST CustomFieldCreate; PATCH CustomFieldPatch, DELETE
    /v1/custom-fields/{id}; GET …/{id}/uses → Page[CustomFieldUse]. No two are called alike, and none like what every contact has."""

    id: UUID
    key: Annotated[str, example("cidade")]
    label: Annotated[str, example("Cidade")]
    kind: CustomFieldKind
    choices: Annotated[list[str], example(["Ouro", "Prata"])]  # of kind `choice`: what it offers
    contacts: int | None  # who have a value; null unless `counted`


class CustomFieldUse(Output):
    """A campaign that is not launched yet and needs the field: its text, a placeholder of its template, or who it is for."""

    campaign_id: UUID
    name: Annotated[str, example("Liquidação de verão")]
    state: CampaignState


class CustomFieldPatch(Input):
    """Another name for people, or other choices; the key stays, because texts and partners use it. Contacts keep a choice that is no longer offered."""

    label: Annotated[Label, example("Cidade")] | UnsetType = UNSET
    choices: FieldChoices | UnsetType = UNSET


class CustomFieldCreate(Input):
    label: Annotated[Label, example("Cidade")]
    key: FieldKey | None = None  # made from the label when it is left out
    kind: CustomFieldKind = CustomFieldKind.TEXT
    choices: FieldChoices = []  # of kind `choice`: at least one


class ContactRow(Output):
    """GET /v1/contacts?search=&tag=&…&sort=name|recent&limit=&cursor= → Page[ContactRow]; a `total` that nobody counted says
    so by `total_is_estimate`, and ?count=exact counts it."""

    id: UUID
    name: Annotated[str, example("Beatriz Nunes")]
    phone: Annotated[str, example("+5511987654321")] | None
    phone_display: Annotated[str, example("(11) 98765-4321")] | None
    line: LineType | None
    email: str | None
    tags: list[TagRef]
    opted_out: bool
    updated_at: Moment


class Contact(Output):
    """GET /v1/contacts/{id} (with ETag); DELETE removes person and messages' link, keeps the suppression."""

    id: UUID
    name: Annotated[str, example("Beatriz Nunes")]
    language: str | None
    identities: list[Identity]
    tags: list[TagRef]
    custom: dict[str, str]
    external_id: Annotated[str, example("cliente-4711")] | None  # what a partner's system calls it
    metadata: dict[str, str]  # what partners keep with it
    opted_out_at: Moment | None
    opt_out_source: str | None
    refuses: list[Category]  # campaigns that the person does not want, who may be written to otherwise
    source: Annotated[str, example("import")]
    created_at: Moment
    updated_at: Moment
    version: int  # for If-Match, as in ETag


class PastIdentity(Output):
    """GET /v1/contacts/{id}/identities → Page[PastIdentity]: an address that the contact has, or had."""

    id: UUID
    kind: IdentityKind
    value: Annotated[str, example("+5511987654321")]
    display: Annotated[str, example("(11) 98765-4321")]
    since: Moment
    until: Moment | None  # null: it has it
    by_name: Annotated[str, example("Ana Lima")] | None  # of the team, who took it away


class ContactMerge(Output):
    """GET /v1/contacts/{id}/merges → Page[ContactMerge], newest first: contacts that turned out to be this person.
    POST /v1/contacts/{id}/merges/{merge_id}/undo → ContactParted; 409 `merge_undone`."""

    id: UUID
    merged_id: UUID  # the contact that went; it comes back under this id
    reason: MergeReason
    name: Annotated[str, example("Beatriz Nunes")]
    addresses: Annotated[list[str], example(["BR.13491208655302741918"])]
    external_id: Annotated[str, example("cliente-4711")] | None  # of the contact that went
    metadata: dict[str, str]  # likewise
    lost: Annotated[
        list[str], example(["external_id", "metadata.origin"])
    ]  # of these two what the other one has otherwise; back when undone
    created_at: Moment
    undone_at: Moment | None


class ContactParted(Output):
    """The contact that came back. Neither of the two is written to if they asked for no messages while they were one."""

    contact_id: UUID


class ContactCreate(Input):
    """POST /v1/contacts → Contact; 409 `contact_exists` names the one that has the phone or e-mail (params.contact_id)."""

    name: PersonName = ""
    phone: PhoneText | None = None
    email: Annotated[str, Meta(examples=["beatriz@example.com"], max_length=254)] | None = None
    language: Annotated[str, Meta(examples=["pt-BR"], max_length=10)] | None = None
    tags: list[TagName] = []
    custom: CustomValues = {}


class ContactPatch(Input):
    """PATCH /v1/contacts/{id} with If-Match. `phone` and `email` set the first of their kind, null removes it."""

    name: PersonName | UnsetType = UNSET
    phone: PhoneText | None | UnsetType = UNSET
    email: Annotated[str, Meta(examples=["beatriz@example.com"], max_length=254)] | None | UnsetType = UNSET
    language: Annotated[str, Meta(examples=["pt-BR"], max_length=10)] | None | UnsetType = UNSET
    tags: list[TagName] | UnsetType = UNSET
    custom: CustomValues | UnsetType = UNSET
    opted_out: bool | UnsetType = UNSET
    refuses: Annotated[list[Category], Meta(max_length=2)] | UnsetType = UNSET  # exactly these
    consent_note: Annotated[str, Meta(max_length=200, examples=["Ficha assinada na loja, 12/05/2026"])] | UnsetType = UNSET
    """Where and how they asked for it. Needed where they had refused: with `opted_out: false`, or fewer `refuses` than before."""


class Note(Output):
    """GET /v1/contacts/{id}/notes → Page[Note]; POST NoteCreate; DELETE /v1/contacts/{id}/notes/{note_id}."""

    id: UUID
    author: Annotated[str, example("Ana Lima")] | None
    body: Annotated[str, example("Prefere receber à tarde.")]
    created_at: Moment


class NoteCreate(Input):
    body: Annotated[str, Meta(examples=["Prefere receber à tarde."], min_length=1, max_length=4000)]


BulkVerb = Literal["add_tags", "remove_tags", "opt_out", "delete"]


class BulkAction(Input):
    """POST /v1/contacts/bulk → Bulk; progress as event `bulk.progress`."""

    filter: ContactFilter
    verb: BulkVerb
    tags: list[TagName] = []


class Bulk(Output):
    """GET /v1/contacts/bulk/{id}."""

    id: UUID
    verb: BulkVerb
    total: int
    processed: int
    done: bool
    error: str | None


class ContactCount(Output):
    """POST /v1/contacts/count?count=auto|exact with a ContactFilter."""

    count: int
    is_estimate: bool = False


class ImportColumn(Output):
    index: int
    name: Annotated[str, example("Telefone")]
    samples: Annotated[list[str], example(["(11) 98765-4321"])]
    target: Annotated[ImportTarget, example("phone")]  # a guess until it is started
    field_key: str | None
    field_kind: CustomFieldKind  # of the custom field that it fills, if that does not exist yet
    confidence: float
    fill_rate: Annotated[float, example(0.98)]  # share of the rows that hold something: of the first ones, of all after a dry run


class ImportExample(Output):
    row_number: int
    field: Annotated[str, example("phone")]
    value: Annotated[str, example("12345")]


class ImportReason(Output):
    """Why rows, or cells of rows, would stay out: in how many rows, and up to five of them."""

    reason: Annotated[str, example("phone_too_short")]
    message: Annotated[str, example("The number has too few digits.")]
    rows: int
    examples: list[ImportExample]


class ImportDryRun(Output):
    """POST /v1/imports/{id}/dry-run ImportStart → Import: what a start with the same body would do. Figures as in Import, over the
    `processed` rows; final once `done`."""

    state: Annotated[DryRunState, example("done")]
    processed: int
    created: int
    updated: int
    unchanged: int
    repeated: int
    rejected: int
    blank: int
    warnings: int
    leads: int
    new_fields: list[Annotated[str, example("Aniversário")]]  # of contacts, that the start would make
    new_lead_fields: list[Annotated[str, example("Tamanho")]]  # of leads of the board, that the start would make
    reasons: list[ImportReason]  # of rows that would not be taken
    left_out: list[ImportReason]  # of cells left out of rows that would be taken
    exact: bool  # false: more people than it remembers, so some that stand in the file twice are counted as new
    error: str | None  # a code, when it failed; the import can be started all the same


class ImportKept(Output):
    """Contacts that an undo leaves where they are, and why."""

    reason: Annotated[str, example("messaged")]
    message: Annotated[str, example("There were messages already.")]
    contacts: int


class ImportUndo(Output):
    """GET /v1/imports/{id}/undo-preview: what an undo would do. In an Import: what it did so far, `processed` of `total` people."""

    removed: int  # contacts that the import made and nobody touched since
    restored: int  # contacts known before that get back what they had
    kept: list[ImportKept]
    leads_removed: (
        int | None
    )  # that came with the list and that nothing but rules touched since; null: of old undos nobody counted them
    leads_kept: int | None  # somebody moved, changed or noted them; of an undo that is under way: 0
    processed: int
    total: int


class Import(Output):
    """POST /v1/imports (multipart `file`, ≤ 100 MB) → Import in state `uploaded`, and `ready` with guessed columns once it was looked at;
    GET /v1/imports → Page[Import], without `samples` and `preview`; GET /v1/imports/{id}; POST /v1/imports/{id}/start ImportStart; POST …/cancel;
    POST …/undo, which removes what it made and gives back what it changed: 409 `import_not_over`, `undo_too_late`;
    GET …/rejects → Page[ImportReject]; GET …/rejects.csv: the rejected rows as the file had them, plus reason; mended, it can be imported again."""

    id: UUID
    state: ImportState
    filename: Annotated[str, example("clientes.csv")]
    size: int
    encoding: Annotated[str, example("utf-8")] | None
    separator: Annotated[str, example(";")] | None
    has_header: bool
    columns: list[ImportColumn]
    preview: list[list[str]]
    dry_run: ImportDryRun | None  # the last one asked for, until the import is started
    total: int | None
    processed: int
    created: int
    updated: int
    unchanged: int
    repeated: int  # rows about somebody who stands further up in the file
    rejected: int
    blank: int
    warnings: int  # cells left out of rows that were taken; not part of the sum
    leads: int  # that the rows made, where a board was chosen
    board_id: UUID | None  # for the leads
    error: str | None  # a code: old_excel, quote_not_closed, ...
    error_row: int | None
    tags: list[str]
    created_by: Annotated[str, example("Ana Lima")] | None
    created_at: Moment
    started_at: Moment | None
    finished_at: Moment | None
    undo_until: Moment | None  # until then POST …/undo takes it back; null: there is nothing to take back, or it is too late
    undo: ImportUndo | None
    file_until: Moment | None  # of one that is over: until then POST …/repeat imports the file again; null: it is gone


class ColumnChoice(Input):
    index: Annotated[int, Meta(ge=0, le=511)]
    target: ImportTarget
    field_key: FieldKey | None = None  # of `custom`, `second_phone` and `lead_custom`; made from the label when it is left out
    field_label: Annotated[Label, example("Cidade")] | None = None  # for a field that does not exist yet
    field_kind: CustomFieldKind = CustomFieldKind.TEXT  # likewise


class ImportLeads(Input):
    """Each row that is taken makes a lead of this board too, below those that are there, and its contact. A row that names no stage, or
    none that there is, goes to `stage_id`, else to the first one. Columns with target `lead_custom` fill fields of the board; one that it
    has not is made, which needs boards:write."""

    board_id: UUID
    stage_id: UUID | None = None
    run_rules: bool = False  # those of the stages: they may write to everybody in the list


class ImportStart(Input):
    columns: list[ColumnChoice]
    leads: ImportLeads | None = None
    tags: list[TagName] = []
    country: Annotated[str, Meta(examples=["BR"], pattern=COUNTRY)] | None = (
        None  # default region for numbers without +; company's otherwise
    )


class ImportReject(Output):
    row_number: int
    field: Annotated[str, example("phone")]
    value: Annotated[str, example("12345")]
    reason: Annotated[str, example("phone_too_short")]
    message: Annotated[str, example("The number has too few digits.")]
    warning: bool  # the row was taken, only this cell was not
    cells: Annotated[list[str], example(["Ana", "12345"])]  # the whole row, as the file has it


class MendedCell(Input):
    column: Annotated[int, Meta(ge=0, le=511)]
    value: Annotated[str, Meta(max_length=5000, examples=["(11) 98765-4321"])]


class MendedRow(Input):
    row_number: Annotated[int, Meta(ge=0, le=2_147_483_647)]
    cells: Annotated[list[MendedCell], Meta(min_length=1, max_length=512)]


class ImportMend(Input):
    """POST /v1/imports/{id}/mend → ImportMended."""

    rows: Annotated[list[MendedRow], Meta(min_length=1, max_length=200)]


class ImportMended(Output):
    """Rows that somebody else mended before are neither `taken` nor among the `rejects`."""

    taken: Annotated[list[int], example([3])]  # numbers of rows that are contacts now
    rejects: list[ImportReject]  # of those that still are none
    result: Import
