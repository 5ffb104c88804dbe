"""The matrix of rights in plain words: what of the product can be seen, and what can be changed."""

from collections.abc import Collection
from typing import NamedTuple

from api.contract.enums import Permission as P
from ui.i18n import _


class Line(NamedTuple):
    """One line of the matrix. `under`: belongs to the line above it, and is of no use without seeing that."""

    text: str
    see: P | None
    change: P | None
    under: bool = False


def lines() -> list[Line]:
    """Every permission stands in one of them."""
    return [
        Line(_("Conversations"), P.CONVERSATIONS_READ, P.CONVERSATIONS_WRITE),
        Line(_("Write to people one by one"), None, P.MESSAGES_SEND, under=True),
        Line(_("Contacts"), P.CONTACTS_READ, P.CONTACTS_WRITE),
        Line(_("Take contacts away as a file"), None, P.CONTACTS_EXPORT, under=True),
        Line(_("Leads on boards"), P.BOARDS_READ, P.LEADS_WRITE),
        Line(_("Stages, fields and rules of boards"), None, P.BOARDS_WRITE, under=True),
        Line(_("Campaigns"), P.CAMPAIGNS_READ, P.CAMPAIGNS_WRITE),
        Line(_("Start, pause and stop campaigns"), None, P.CAMPAIGNS_SEND, under=True),
        Line(_("Analytics"), P.ANALYTICS_READ, None),
        Line(_("Templates"), P.TEMPLATES_READ, P.TEMPLATES_WRITE),
        Line(_("Channels"), P.CHANNELS_READ, P.CHANNELS_WRITE),
        Line(_("Simulator"), None, P.SANDBOX_USE),
        Line(_("Personas of the AI"), P.PERSONAS_READ, P.PERSONAS_WRITE),
        Line(_("What the AI knows"), P.KNOWLEDGE_READ, P.KNOWLEDGE_WRITE),
        Line(_("AI service and its costs"), P.AI_READ, P.AI_WRITE),
        Line(_("Webhooks"), P.WEBHOOKS_READ, P.WEBHOOKS_WRITE),
        Line(_("Incoming webhooks"), P.INCOMING_READ, P.INCOMING_WRITE),
        Line(_("Connections to other systems"), P.INTEGRATIONS_READ, P.INTEGRATIONS_WRITE),
        Line(_("Company"), P.COMPANY_READ, P.COMPANY_WRITE),
        Line(_("Erase people, and how long things are kept"), None, P.PRIVACY_WRITE, under=True),
        Line(_("Team and roles"), P.TEAM_READ, P.TEAM_WRITE),
        Line(_("API keys"), None, P.KEYS_WRITE),
        Line(_("History of changes"), P.AUDIT_READ, None),
        Line(_("News the moment they happen"), P.EVENTS_READ, None),
    ]


def summary(permissions: Collection[P]) -> str:
    """What a role may do, in a line or two."""
    changes = [line.text for line in lines() if line.change in permissions]
    news = P.EVENTS_READ  # says nothing of what is seen
    sees = [line.text for line in lines() if line.see in permissions and line.change not in permissions and line.see is not news]
    parts = [_("Changes: {what}.").format(what=", ".join(changes))] if changes else []
    if not changes and not sees:
        return _("Nothing: neither sees nor changes anything.")
    parts += [_("Only sees: {what}.").format(what=", ".join(sees))] if sees else []
    return " ".join(parts)
