"""How values of custom fields are read: Python and Postgres agree."""

import asyncpg
import pytest

from db.contacts import actions, fields, upserts
from db.contacts.enums import CustomFieldKind, ImportTarget, UpsertOutcome
from db.contacts.errors import ContactImportError
from db.contacts.field_values import shown, shown_sql, written
from db.contacts.import_rows import Row, clean_row
from db.contacts.mapping import ColumnTarget
from db.errors import AppError
from db.permissions import Permission
from db.tenancy import Actor
from db.work import work


@pytest.mark.parametrize(
    ("kind", "value", "portuguese", "english"),
    [
        (CustomFieldKind.DATE, "2025-02-03", "03/02/2025", "2025-02-03"),
        (CustomFieldKind.DATE, "0025-02-03", "0025-02-03", "0025-02-03"),
        (CustomFieldKind.DATE, "amanhã", "amanhã", "amanhã"),
        (CustomFieldKind.NUMBER, "-139.48", "-139,48", "-139.48"),
        (CustomFieldKind.NUMBER, "1234", "1234", "1234"),
        (CustomFieldKind.BOOLEAN, "true", "sim", "yes"),
        (CustomFieldKind.BOOLEAN, "false", "não", "no"),
        (CustomFieldKind.BOOLEAN, "talvez", "talvez", "talvez"),
        (CustomFieldKind.TEXT, "2025-02-03 1.5", "2025-02-03 1.5", "2025-02-03 1.5"),
    ],
)
async def test_a_value_is_read_in_the_form_of_a_language(
    kind: CustomFieldKind, value: str, portuguese: str, english: str, owner_db: asyncpg.Connection
) -> None:
    assert [shown(kind, value, language) for language in ("pt-BR", "en")] == [portuguese, english]
    sql = f"select {shown_sql('$1::text', '$2::text', '$3::text', '$4::text')}"
    for language, of_company, expected in [
        ("pt-BR", "en", portuguese),
        ("PT", "en", portuguese),
        ("en-GB", "pt-BR", english),
        ("es", "pt-BR", portuguese),
        (None, "en", english),
    ]:
        assert await owner_db.fetchval(sql, value, kind.value, language, of_company) == expected
    assert await owner_db.fetchval(sql, None, kind.value, "en", "en") is None


@pytest.mark.parametrize(
    ("text", "kept"),
    [("Ouro", "Ouro"), ("OURO", "Ouro"), (" são  paulo", "São Paulo"), ("Bronze", None), ("Our", None), ("", None)],
)
def test_a_choice_is_kept_as_it_is_offered(text: str, kept: str | None) -> None:
    assert written(CustomFieldKind.CHOICE, text, ["Ouro", "São Paulo"]) == kept


async def test_what_a_choice_does_not_offer_is_refused_wherever_it_comes_from(owner: Actor) -> None:
    with pytest.raises(AppError):
        await fields.create_field(owner, key=None, label="Vazio", kind=CustomFieldKind.CHOICE, choices=[" "])
    made = await fields.create_field(
        owner, key="nivel", label="Nível", kind=CustomFieldKind.CHOICE, choices=["Ouro", "ouro ", "Prata"]
    )
    assert made["choices"] == ["Ouro", "Prata"]
    contact = await actions.create_contact(owner, name="Ana", phone="(11) 98888-0001", custom={"nivel": "PRATA"})
    assert '"Prata"' in contact["custom"]
    with pytest.raises(AppError) as refused:
        await actions.change_contact(owner, contact["id"], custom={"nivel": "Bronze"})
    assert [(one.code.value, one.path, one.params["choices"]) for one in refused.value.fields] == [
        ("not_offered", "custom.nivel", "Ouro, Prata")
    ]
    [found] = await upserts.upsert(owner, [upserts.Item(phone="+5511988880001", custom={"nivel": "Bronze"})])
    assert found.outcome is UpsertOutcome.REFUSED

    await fields.change_field(owner, made["id"], choices=["Ouro", "Diamante"])
    kept = await actions.change_contact(owner, contact["id"], name="Ana Lima")  # what is no longer offered stays
    assert '"Prata"' in kept["custom"]

    columns = [ColumnTarget(0, ImportTarget.PHONE), ColumnTarget(1, ImportTarget.CUSTOM, "nivel", "Nível")]
    async with work(owner, Permission.CONTACTS_WRITE) as w:
        known = await fields.ensure_fields(w, columns)
    good, bad = [clean_row(1, ["(11) 98888-0001", text], known) for text in ("diamante", "Prata")]
    assert isinstance(good, Row)
    assert good.custom == {"nivel": "Diamante"}
    assert isinstance(bad, Row)
    assert (bad.custom, [one.reason for one in bad.left_out]) == ({}, ["field_not_offered"])
    fresh = [ColumnTarget(0, ImportTarget.PHONE), ColumnTarget(1, ImportTarget.CUSTOM, "cor", "Cor", CustomFieldKind.CHOICE)]
    with pytest.raises(AppError) as unmade:
        async with work(owner, Permission.CONTACTS_WRITE) as w:
            await fields.ensure_fields(w, fresh)
    assert unmade.value.code is ContactImportError.MAPPING_INVALID
