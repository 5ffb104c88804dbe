"""Segments on the screen: conditions as rows and back, a rule in words, one made by hand."""

from uuid import UUID, uuid4

import asyncpg
import pytest
from nicegui import ui
from nicegui.testing import User

from api.contract.contacts import CustomField
from api.contract.enums import CustomFieldKind
from api.contract.segments import (
    Allows,
    AnyCondition,
    Contacted,
    FieldIs,
    Group,
    HasTags,
    InStage,
    Made,
    OfImport,
    Reachable,
    Received,
    Wrote,
)
from db.tenancy import Actor
from tests import factories
from tests.ui.interactions import click, field, until
from ui.client import segments as client
from ui.client.base import ApiClient
from ui.labels import segments as labels
from ui.pages.contacts.segment_rows import Value, read, written

_TAG, _OTHER = UUID(int=1), UUID(int=2)


@pytest.mark.parametrize(
    ("one", "kind"),
    [
        (HasTags(op="all", tags=[_TAG, _OTHER]), None),
        (FieldIs(key="cidade", op="contains", value="niterói"), CustomFieldKind.TEXT),
        (FieldIs(key="cidade", op="empty"), CustomFieldKind.TEXT),
        (FieldIs(key="socio", op="is", value="false"), CustomFieldKind.BOOLEAN),
        (FieldIs(key="nasceu", op="birthday", value="7"), CustomFieldKind.DATE),
        (FieldIs(key="compras", op="at_least", value="12.5"), CustomFieldKind.NUMBER),
        (Allows(opted_out=True), None),
        (Allows(category="marketing"), None),
        (Reachable(by="landline"), None),
        (Made(op="before", days=90), None),
        (OfImport(import_id=_TAG), None),
        (Contacted(op="never"), None),
        (Wrote(op="within", days=7), None),
        (Received(campaign_id=_TAG, result="not_read"), None),
        (InStage(stages=[_TAG, _OTHER]), None),
    ],
    ids=str,
)
def test_a_condition_comes_back_from_its_row_as_it_was(one: AnyCondition, kind: CustomFieldKind | None) -> None:
    back = written(read(one), kind)
    if isinstance(one, Contacted):  # what never was has no days
        assert isinstance(back, Contacted)
        assert back.op == one.op
    else:
        assert back == one


@pytest.mark.parametrize(
    "value",
    [
        Value(),
        Value("stage", ""),
        Value("campaign", "read"),
        Value("wrote", "within", days=None),
        Value("field:cidade", "is", text="  "),
    ],
    ids=str,
)
def test_a_row_that_lacks_something_says_nothing(value: Value) -> None:
    assert written(value, CustomFieldKind.TEXT) is None


def test_a_rule_is_said_in_a_line() -> None:
    born = CustomField(id=uuid4(), key="nasceu", label="Nascimento", kind=CustomFieldKind.DATE, choices=[], contacts=None)
    names = labels.Names({str(_TAG): "VIP"}, {"nasceu": born}, {}, {str(_OTHER): "Ofertas"}, {})
    rule = Group(
        conditions=[HasTags(tags=[_TAG]), Wrote(op="before", days=30)],
        groups=[
            Group(match="any", conditions=[FieldIs(key="nasceu", op="birthday", value="7"), Received(campaign_id=_OTHER)]),
            Group(match="none", conditions=[FieldIs(key="apagado", op="filled")]),
        ],
    )
    assert labels.sentence(rule, names) == (
        "com alguma das etiquetas VIP e nos escreveu: há mais de 30 dias e (Nascimento cai nos próximos 7 dias ou “Ofertas” foi enviada)"
        " e (nenhuma destas: um campo que não existe mais)"
    )


async def test_a_segment_is_made_and_stands_in_the_list_with_its_people(
    real: User, owner_db: asyncpg.Connection, owner: Actor, as_owner: ApiClient
) -> None:
    await factories.contacts(owner_db, owner, 3)
    await real.open("/contacts/segments/new")
    await real.should_see("Ninguém cumpre estas condições agora", retries=30)  # nobody wrote, as it begins
    how = next(one for one in real.find(kind=ui.select).elements if one.props.get("aria-label") == "Como")
    how.value = "never"
    await real.should_see("pessoas", retries=30)
    click(real, "Salvar")
    await real.should_see("Preencha", retries=30)
    field(real, "Nome").value = "Nunca escreveram"
    click(real, "Salvar")

    async def kept() -> bool:
        return [one.rule for one in await client.segments(as_owner)] == [Group(conditions=[Wrote(op="never", days=30)])]

    await until(kept)
    await real.open("/contacts/segments")
    await real.should_see("3 pessoas", retries=30)
