"""The tables of contacts as Piccolo sees them; a test compares them with the database."""

from piccolo.columns import UUID, BigInt, Boolean, Integer, Text, Timestamptz
from piccolo.columns.column_types import JSONB, Array
from piccolo.table import Table

from db.engine import DB


class Contact(Table, db=DB, tablename="contact"):
    id = UUID(primary_key=True)
    company_id = UUID()
    name = Text()
    language = Text(null=True)
    custom = JSONB()
    opted_out_at = Timestamptz(null=True)
    opt_out_source = Text(null=True)
    search = Text()
    name_key = Text()  # generated: never write it
    import_id = UUID(null=True)
    source = Text()
    created_at = Timestamptz()
    updated_at = Timestamptz()


class ContactIdentity(Table, db=DB, tablename="contact_identity"):
    id = UUID(primary_key=True)
    company_id = UUID()
    contact_id = UUID()
    kind = Text()
    value = Text()
    line = Text(null=True)
    region = Text(null=True)
    scope = Text()
    valid = Boolean()
    created_at = Timestamptz()


class Tag(Table, db=DB, tablename="tag"):
    id = UUID(primary_key=True)
    company_id = UUID()
    name = Text()
    created_at = Timestamptz()


class ContactTag(Table, db=DB, tablename="contact_tag"):
    contact_id = UUID(primary_key=True)
    company_id = UUID()
    tag_id = UUID()


class CustomField(Table, db=DB, tablename="custom_field"):
    id = UUID(primary_key=True)
    company_id = UUID()
    key = Text()
    label = Text()
    kind = Text()
    created_at = Timestamptz()


class ContactNote(Table, db=DB, tablename="contact_note"):
    id = UUID(primary_key=True)
    company_id = UUID()
    contact_id = UUID()
    author_id = UUID(null=True)
    body = Text()
    created_at = Timestamptz()


class ContactMerge(Table, db=DB, tablename="contact_merge"):
    id = UUID(primary_key=True)
    company_id = UUID()
    contact_id = UUID()
    merged_id = UUID()
    reason = Text()
    snapshot = JSONB()
    created_at = Timestamptz()
    undone_at = Timestamptz(null=True)
    undone_by = UUID(null=True)


class Suppression(Table, db=DB, tablename="suppression"):
    address = Text(primary_key=True)
    company_id = UUID()
    source = Text()
    at = Timestamptz()


class ContactImport(Table, db=DB, tablename="contact_import"):
    id = UUID(primary_key=True)
    company_id = UUID()
    state = Text()
    filename = Text()
    blob = Text()
    size = BigInt()
    sheet = JSONB()
    mapping = JSONB()
    options = JSONB()
    total = Integer(null=True)
    processed = Integer()
    created = Integer()
    updated = Integer()
    unchanged = Integer()
    rejected = Integer()
    blank = Integer()
    warnings = Integer()
    error = Text(null=True)
    error_row = Integer(null=True)
    created_by = UUID(null=True)
    created_at = Timestamptz()
    started_at = Timestamptz(null=True)
    finished_at = Timestamptz(null=True)


class ContactImportReject(Table, db=DB, tablename="contact_import_reject"):
    row_number = Integer(primary_key=True)
    company_id = UUID()
    import_id = UUID()
    field = Text()
    value = Text()
    reason = Text()
    warning = Boolean()
    cells = Array(base_column=Text())


class ContactImportMember(Table, db=DB, tablename="contact_import_member"):
    contact_id = UUID(primary_key=True)
    company_id = UUID()
    import_id = UUID()


class ContactBulk(Table, db=DB, tablename="contact_bulk"):
    id = UUID(primary_key=True)
    company_id = UUID()
    verb = Text()
    filter = JSONB()
    params = JSONB()
    total = Integer()
    processed = Integer()
    last_id = UUID(null=True)
    finished_at = Timestamptz(null=True)
    error = Text(null=True)
    created_by = UUID(null=True)
    created_at = Timestamptz()
