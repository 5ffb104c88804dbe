"""The ready texts: WhatsApp's rules take them, and nobody has to be advised against one."""

from uuid import UUID

import pytest
from msgspec.structs import replace

from api.contract.channels import Template
from api.contract.enums import Quality, TemplateCategory, TemplateStatus
from db.channels.template_drafts import advice
from db.providers.definition import DraftButton, TemplateDraft
from db.providers.meta.templates import write_template
from ui.components.phone import styled
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


def test_every_ready_text_stands_in_both_languages_under_its_heading() -> None:
    keys = [one.key for one in starters.STARTERS]
    assert sorted(keys) == sorted([*starters.names()] * 2)
    assert set(starters.headings()) <= set(starters.names())


def test_marks_and_places_are_drawn_as_a_phone_draws_them() -> None:
    assert styled("*Oi {{1}}* e _x_") == [("Oi {{1}}", "m-said-bold"), (" e ", ""), ("x", "m-said-italic")]
    assert styled("2*3*4 a_b_c *\n*") == [("2*3*4 a_b_c *\n*", "")]
    assert templates.filled("{{ a }} {{a}} {{b}} {{c}}", {"a": "{{b}}", "b": " "}) == "{{b}} {{b}} {{b}} {{c}}"


TEMPLATE = Template(
    id=UUID(int=1), channel_id=UUID(int=2), channel_name="Loja", name="promo", language="pt_BR", category=TemplateCategory.MARKETING,
    category_was=TemplateCategory.UTILITY, status=TemplateStatus.APPROVED, parameter_format="positional",
    components=[{"type": "HEADER", "format": "IMAGE"}, {"type": "BODY", "text": "Oi {{1}}, chegou!"}],
    placeholders=["header.image", "1"], quality=Quality.RED, rejected_reason=None, problem=None, synced_at=None,
    header_file_id=UUID(int=3),
)  # fmt: skip


def test_what_whatsapp_decided_is_explained() -> None:
    moved = templates.moved(TEMPLATE)
    assert "de “Serviço” para “Marketing”" in moved
    assert "preço de marketing" in moved
    assert templates.moved(replace(TEMPLATE, category_was=None)) == ""
    assert "pausá-lo" in templates.bad_quality(TEMPLATE.quality)
    assert templates.standing(TEMPLATE) == ""
    for status in (TemplateStatus.PAUSED, TemplateStatus.DISABLED, TemplateStatus.REJECTED, TemplateStatus.LIMIT_EXCEEDED):
        assert templates.standing(replace(TEMPLATE, status=status))
    for reason in ("ABUSIVE_CONTENT", "INVALID_FORMAT", "(#100) Invalid parameter: 2388047"):
        assert "O provedor diz" not in templates.why(reason)
    assert "Nope" in templates.why("Nope")


def test_a_head_that_we_have_is_no_place_to_fill() -> None:
    assert templates.to_fill(TEMPLATE) == ["1"]
    assert templates.to_fill(replace(TEMPLATE, header_file_id=None)) == ["header.image", "1"]
    assert templates.preview(TEMPLATE).media_url.endswith(str(UUID(int=3)))
