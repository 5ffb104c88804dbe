"""How values of custom fields are read: Python and Postgres agree."""

import asyncpg
import pytest

from db.contacts.enums import CustomFieldKind
from db.contacts.field_values import shown, shown_sql


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
