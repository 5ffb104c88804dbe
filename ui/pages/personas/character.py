"""Who a persona is and how it speaks: identity, instructions, what it always and never does."""

import re
from collections.abc import Callable

from nicegui import ui

from api.contract.enums import RuleCheck, RuleKind
from api.contract.personas import HOST, INSTRUCTIONS, Rule
from api.contract.problems import FIELDS
from ui.components import problems
from ui.components.cards import card
from ui.components.forms import area_field, select_field, switch_field, text_field
from ui.i18n import _
from ui.labels import personas as labels
from ui.pages.personas.context import Context
from ui.pages.personas.rows import Read, Rows


def draw_identity(it: Context) -> None:
    doc, identity = it.doc, it.doc.config.identity
    with card(_("Identity"), hint=_("Who customers speak with.")):
        with ui.element("div").classes("m-lp-pair"):
            name = text_field(
                _("Name that customers see"), identity.display_name, limit=60, hint=_("Empty: the name of the persona."),
                on_change=lambda: doc.change("identity", display_name=(name.value or "").strip()),
            )  # fmt: skip
            role = text_field(
                _("What it is"), identity.role, limit=200, placeholder=_("sales assistant of our shop"),
                on_change=lambda: doc.change("identity", role=(role.value or "").strip()),
            )  # fmt: skip
            tone = select_field(
                _("Tone"), labels.tones(), identity.tone, on_change=lambda: doc.change("identity", tone=tone.value)
            )
            language = select_field(
                _("Languages"), labels.languages(), identity.languages, multiple=True, hint=_("None: it answers in the customer's language."),
                on_change=lambda: doc.change("identity", languages=list(language.value or [])),
            )  # fmt: skip
            emoji = select_field(
                _("Emoji"), labels.emoji_uses(), identity.emoji, on_change=lambda: doc.change("identity", emoji=emoji.value)
            )
        switch_field(
            _("Says that it is an AI"), identity.discloses_ai,
            hint=_("In its first message, and whenever somebody asks. Customers trust it more, and WhatsApp asks for it."),
            on_change=lambda on: doc.change("identity", discloses_ai=on),
        )  # fmt: skip


def draw_instructions(it: Context) -> None:
    doc = it.doc
    hint = _(
        "In your own words, as you would tell a new colleague. Facts such as prices and opening times belong to the knowledge."
    )
    with card(_("Instructions"), hint=hint):
        field = area_field(
            "", doc.config.instructions, limit=INSTRUCTIONS, rows=16,
            placeholder=_("What it does, in which order, and what it does when it does not know."),
            on_change=lambda: doc.change(instructions=field.value or ""),
        )  # fmt: skip
        field.control.props["aria-label"] = _("Instructions")


def draw_rules(it: Context) -> None:
    doc = it.doc
    checks = labels.checks()

    def line(rule: Rule | None, changed: Callable[[], None]) -> Read[Rule]:
        kind = select_field("", labels.rule_kinds(), rule.kind if rule else RuleKind.NEVER, on_change=changed)
        kind.control.props["aria-label"] = _("Always or never")
        text = text_field("", rule.text if rule else "", limit=300, placeholder=_("Promise a delivery date."), on_change=changed)
        check = select_field("", checks, rule.check if rule else None, on_change=changed)
        check.control.props["aria-label"] = _("What is checked in each answer")

        def read() -> Rule | None:
            said = (text.value or "").strip()
            found: RuleCheck | None = check.value
            return Rule(kind=kind.value, text=said, check=found) if said else None

        return read

    hint = _("What is also checked is held back by the program itself, whatever the model writes; then a person takes over.")
    with card(_("What it always and never does"), hint=hint):
        Rows(
            doc.config.rules, line, lambda rules: doc.change(rules=rules),
            add=_("Add a rule"), remove=_("Take this rule away"), most=40, look="rules",
        )  # fmt: skip
        hosts = area_field(
            _("Sites that it may link to"), "\n".join(doc.config.allowed_hosts), rows=2, placeholder="lojaaurora.com.br",
            hint=_("One a line. Links that stand in a source are always allowed."), on_change=lambda: given(),
        )  # fmt: skip

    def given() -> None:
        lines = [
            part.strip().lower().removeprefix("https://").removeprefix("www.").rstrip("/") for part in (hosts.value or "").split()
        ]
        good = [part for part in lines if re.match(HOST, part)]
        doc.change(allowed_hosts=good[:50])
        if len(good) != len(lines):
            hosts.error(problems.said(FIELDS["host"]))
