"""The ready texts: WhatsApp's rules take them, and nobody has to be advised against one."""

import pytest

from api.contract.enums import TemplateCategory
from db.channels.template_drafts import advice
from db.providers.definition import DraftButton, TemplateDraft
from db.providers.meta.templates import write_template
from ui.labels import starters, templates


@pytest.mark.parametrize("one", starters.STARTERS, ids=lambda one: f"{one.key}-{one.language}")
def test_a_ready_text_passes(one: starters.Starter) -> None:
    draft = TemplateDraft(
        one.key, one.language, one.category, one.body, list(one.examples), None, None, one.footer or None, [], None,
        tuple(DraftButton(kind, text) for kind, text, _address in one.buttons),
    )  # fmt: skip
    named, components = write_template(draft)
    assert components
    assert advice(draft) == []
    if one.category is not TemplateCategory.AUTHENTICATION:
        assert named == "named"
    assert one.key in starters.names()
    assert starters.starter(one.key, one.language) is one


def test_a_name_for_people_becomes_one_for_whatsapp() -> None:
    assert templates.slug("Promoção de verão! ☀️") == "promocao_de_verao"
    assert templates.slug("promo_verao") == "promo_verao"
    assert templates.slug("☀️") == ""
