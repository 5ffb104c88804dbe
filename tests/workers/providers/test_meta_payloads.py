"""Templates and messages as bytes for Meta: a table of templates, limits, and hostile values."""

import json
import sys
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.messages.render import Row
from tests.workers.providers.tables import table
from workers.providers.meta.payloads import (
    buttons_message,
    list_message,
    media_message,
    reaction_message,
    read_receipt,
    text_message,
)
from workers.providers.meta.templates import BadParameter, TemplateNotSendable, TemplateSender, compile_template

TO, ID = "+5511987654321", "0198f000-0000-7000-8000-000000000000"
BODY = [{"type": "BODY", "text": "Hi {{1}}."}]


@pytest.mark.parametrize("row", table("meta_templates"), ids=lambda row: str(row["name"]))
def test_template(row: dict[str, Any]) -> None:
    sender = compile_template(
        "promo",
        "pt_BR",
        row["components"],
        category=row.get("category", "MARKETING"),
        payloads={int(index): payload for index, payload in row.get("payloads", {}).items()},
        filename=row.get("filename"),
    )
    assert [slot.label for slot in sender.slots] == row["slots"]
    template: dict[str, Any] = {"name": "promo", "language": {"code": "pt_BR"}}
    if row["sent"] is not None:
        template["components"] = row["sent"]
    assert json.loads(sender.render(TO, row["params"], ID)) == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": TO,
        "type": "template",
        "template": template,
        "biz_opaque_callback_data": ID,
    }


@pytest.mark.parametrize(
    "component",
    [
        {"type": "CAROUSEL", "cards": []},
        {"type": "LIMITED_TIME_OFFER"},
        {"type": "HEADER", "format": "PRODUCT"},
        {"type": "BUTTONS", "buttons": [{"type": "SPM"}]},
        {},
    ],
)
def test_what_cannot_be_filled_is_refused_before_the_campaign(component: dict[str, Any]) -> None:
    with pytest.raises(TemplateNotSendable):
        compile_template("promo", "pt_BR", [component])


@pytest.mark.parametrize(
    ("components", "params"),
    [
        (BODY, []),
        (BODY, ["a", "b"]),
        (BODY, [""]),
        (BODY, [" \n "]),
        (BODY, ["a\x00"]),
        (BODY, ["\ud800"]),
        (BODY, ["x" * 1021]),
        (BODY, ["x" * 1_000_000]),
        ([{"type": "BODY", "text": "{{1}} and {{2}}."}], ["x" * 600, "x" * 600]),
        ([{"type": "HEADER", "format": "TEXT", "text": "Hello {{1}}"}], ["x" * 55]),
        ([{"type": "HEADER", "format": "IMAGE"}], ["http://plain.test/a.png"]),
        ([{"type": "HEADER", "format": "IMAGE"}], ["/etc/passwd"]),
        ([{"type": "HEADER", "format": "LOCATION"}], ["north", "1", "a", "b"]),
        ([{"type": "HEADER", "format": "LOCATION"}], ["nan", "1", "a", "b"]),
    ],
)
def test_value_that_would_fail_at_meta_fails_here_alone(components: list[dict[str, Any]], params: list[str]) -> None:
    with pytest.raises(BadParameter):
        compile_template("promo", "pt_BR", components).render(TO, params, ID)


def test_longest_body_passes() -> None:
    assert compile_template("promo", "pt_BR", BODY).render(TO, ["x" * 1020], ID)


def test_bsuid_goes_to_recipient() -> None:
    message = json.loads(compile_template("promo", "pt_BR", BODY).render("BR.1349", ["Ana"], ID))
    assert message["recipient"] == "BR.1349"
    assert "to" not in message


@given(st.lists(st.text(max_size=30), min_size=1, max_size=1), st.text(max_size=20))
def test_any_value_gives_json_or_bad_parameter(params: list[str], to: str) -> None:
    sender = compile_template("promo", "pt_BR", BODY)
    try:
        message = json.loads(sender.render(to, params, ID))
    except BadParameter:
        return
    assert message["template"]["components"][0]["parameters"][0]["text"].strip()
    assert message["biz_opaque_callback_data"] == ID


def test_rendering_costs_little() -> None:
    """Counted in calls: what was compiled once is not done again for each message."""
    sender: TemplateSender = compile_template("promo", "pt_BR", [{"type": "BODY", "text": "Hi {{1}}, {{2}} and {{3}}."}])
    calls: list[str] = []

    def called(frame: FrameType, event: str, argument: object) -> None:
        if event in ("call", "c_call"):
            calls.append(frame.f_code.co_name)

    sys.setprofile(called)
    try:
        sender.render(TO, ["Ana", "Rio", "77"], ID)
    finally:
        sys.setprofile(None)
    assert len(calls) <= 50


def test_text_media_reaction_and_receipt() -> None:
    text = json.loads(text_message(TO, "olá", ID, context_id="wamid.A"))
    assert text["text"] == {"body": "olá", "preview_url": False}
    assert (text["context"], text["type"], text["to"]) == ({"message_id": "wamid.A"}, "text", TO)
    image = json.loads(media_message(TO, "image", "12", ID, caption="c"))
    assert image["image"] == {"id": "12", "caption": "c"}
    document = json.loads(media_message("BR.1", "document", "https://x.test/a", ID, filename="a.pdf"))
    assert document["document"] == {"link": "https://x.test/a", "filename": "a.pdf"}
    assert json.loads(reaction_message(TO, "wamid.A", "", ID))["reaction"] == {"message_id": "wamid.A", "emoji": ""}
    assert json.loads(read_receipt("wamid.A", typing=True)) == {
        "messaging_product": "whatsapp",
        "status": "read",
        "message_id": "wamid.A",
        "typing_indicator": {"type": "text"},
    }


def test_limits_of_text_and_media() -> None:
    for text in ("", "  ", "x" * 4097, "\ud800"):
        with pytest.raises(BadParameter):
            text_message(TO, text, ID)
    for kind, caption in (("gif", None), ("audio", "c"), ("image", "c" * 1025)):
        with pytest.raises(BadParameter):
            media_message(TO, kind, "1", ID, caption=caption)


def test_buttons_and_lists() -> None:
    assert json.loads(buttons_message(TO, "Qual?", ["Azul", "Verde"], ID, context_id="wamid.A")) == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": TO,
        "type": "interactive",
        "interactive": {
            "type": "button",
            "body": {"text": "Qual?"},
            "action": {
                "buttons": [
                    {"type": "reply", "reply": {"id": "1", "title": "Azul"}},
                    {"type": "reply", "reply": {"id": "2", "title": "Verde"}},
                ]
            },
        },
        "biz_opaque_callback_data": ID,
        "context": {"message_id": "wamid.A"},
    }
    rows = [Row("M", "Azul"), Row("G")]
    assert json.loads(list_message(TO, "Que tamanho?", "Ver", rows, ID))["interactive"] == {
        "type": "list",
        "body": {"text": "Que tamanho?"},
        "action": {
            "button": "Ver",
            "sections": [{"rows": [{"id": "1", "title": "M", "description": "Azul"}, {"id": "2", "title": "G"}]}],
        },
    }


def test_limits_of_buttons_and_lists() -> None:
    for text, titles in (("", ["A"]), ("x" * 1025, ["A"]), ("x", []), ("x", ["A", "A"]), ("x", ["A" * 21]), ("x", list("ABCD"))):
        with pytest.raises(BadParameter):
            buttons_message(TO, text, titles, ID)
    wrong: list[tuple[str, str, list[Row]]] = [
        ("", "Ver", [Row("M")]),
        ("x" * 4097, "Ver", [Row("M")]),
        ("x", "", [Row("M")]),
        ("x", "V" * 21, [Row("M")]),
        ("x", "Ver", []),
        ("x", "Ver", [Row(str(n)) for n in range(11)]),
        ("x", "Ver", [Row("M" * 25)]),
        ("x", "Ver", [Row("M", "d" * 73)]),
    ]
    for text, button, rows in wrong:
        with pytest.raises(BadParameter):
            list_message(TO, text, button, rows, ID)


def test_products_are_written_with_commas_and_sections_with_titles() -> None:
    components = [{"type": "BODY", "text": "a"}, {"type": "BUTTONS", "buttons": [{"type": "MPM", "text": "c"}]}]
    sender = compile_template("t", "pt_BR", components)

    def action(value: str) -> dict[str, Any]:
        sent = json.loads(sender.render("+5511987654321", [value], "c1"))
        found: dict[str, Any] = sent["template"]["components"][0]["parameters"][0]["action"]
        return found

    def items(*numbers: str) -> list[dict[str, str]]:
        return [{"product_retailer_id": one} for one in numbers]

    assert action(" a:1, b ,,") == {"thumbnail_product_retailer_id": "a:1", "sections": [{"product_items": items("a:1", "b")}]}
    assert action('Verão "24": a, b; Praia: c')["sections"] == [
        {"title": 'Verão "24"', "product_items": items("a", "b")},
        {"title": "Praia", "product_items": items("c")},
    ]
    for wrong in (" , ;", "a; Praia: b", ", ".join(f"p{n}" for n in range(31)), "T" * 25 + ": a"):
        with pytest.raises(BadParameter):
            action(wrong)
