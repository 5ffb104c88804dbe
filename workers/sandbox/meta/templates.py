"""Message templates: creation rules, review, life cycle, and the check of a send against them.

A new or edited template is PENDING, then reviewed after a delay and told by `message_template_status_update`.
Rejected are names with "reject" or "rejeit" and texts with a link shortener; everything else is approved.
"""

import asyncio
import re
import time
from typing import Any, Final

import msgspec

from workers.sandbox.accounts import Accounts
from workers.sandbox.behaviour import chance
from workers.sandbox.config import Settings
from workers.sandbox.meta.account import MetaAccount
from workers.sandbox.meta.webhooks import Batches, Item
from workers.sandbox.store import Store

NAME: Final = re.compile(r"[a-z0-9_]{1,512}")
VARIABLE: Final = re.compile(r"\{\{\s*([A-Za-z0-9_]+)\s*\}\}")
SHORTENER: Final = re.compile(r"https?://(bit\.ly|tinyurl\.com|wa\.me|t\.co)/", re.IGNORECASE)
TTL: Final = {"AUTHENTICATION": (30, 900), "UTILITY": (30, 43_200), "MARKETING": (43_200, 2_592_000)}
BUTTON_LIMITS: Final = {"URL": 2, "PHONE_NUMBER": 1, "COPY_CODE": 1, "FLOW": 1, "CATALOG": 1, "MPM": 1}
MEDIA: Final = ("IMAGE", "VIDEO", "DOCUMENT", "LOCATION")
# webhook event → the status a template has afterwards
EVENTS: Final = {
    "APPROVED": "APPROVED",
    "REJECTED": "REJECTED",
    "PENDING": "PENDING",
    "PAUSED": "PAUSED",
    "DISABLED": "DISABLED",
    "FLAGGED": "APPROVED",
    "REINSTATED": "APPROVED",
    "IN_APPEAL": "IN_APPEAL",
    "LIMIT_EXCEEDED": "LIMIT_EXCEEDED",
    "ARCHIVED": "ARCHIVED",
    "UNARCHIVED": "APPROVED",
    "DELETED": "DELETED",
}


class Template(msgspec.Struct, kw_only=True):
    id: str
    account: str
    name: str
    language: str
    category: str
    components: list[dict[str, Any]]
    parameter_format: str = "POSITIONAL"
    status: str = "PENDING"
    quality: str = "UNKNOWN"
    rejected_reason: str = "NONE"
    message_send_ttl_seconds: int | None = None
    created_at: float = 0.0
    edited_at: float = 0.0
    review_at: float = 0.0

    def view(self) -> dict[str, Any]:
        """What the Graph API shows."""
        shown: dict[str, Any] = {
            "name": self.name,
            "parameter_format": self.parameter_format,
            "components": self.components,
            "language": self.language,
            "status": self.status,
            "category": self.category,
            "quality_score": {"score": self.quality, "date": int(self.edited_at)},
            "rejected_reason": self.rejected_reason,
            "id": self.id,
        }
        if self.message_send_ttl_seconds is not None:
            shown["message_send_ttl_seconds"] = self.message_send_ttl_seconds
        return shown

    def part(self, kind: str) -> dict[str, Any]:
        """The component HEADER, BODY, FOOTER or BUTTONS; empty when absent."""
        return next((c for c in self.components if str(c.get("type", "")).upper() == kind), {})


class Templates:
    def __init__(self, settings: Settings, store: Store, accounts: Accounts, batches: Batches) -> None:
        self._settings = settings
        self._store = store
        self._accounts = accounts
        self._batches = batches
        self.by_id: dict[str, Template] = {}
        self._by_name: dict[tuple[str, str, str], Template] = {}
        self._next = 1

    async def load(self) -> None:
        for _, value in await self._store.recall("template"):
            template = msgspec.json.decode(value, type=Template)
            self._index(template)
            self._next = max(self._next, int(template.id) % 10**9 + 1)
            if template.status == "PENDING":
                self._review_later(template)

    def find(self, account_id: str, name: str, language: str) -> Template | None:
        return self._by_name.get((account_id, name, language))

    def of_account(self, account_id: str) -> list[Template]:
        return [t for t in self.by_id.values() if t.account == account_id]

    def create(self, account: MetaAccount, body: dict[str, Any]) -> Template | str:
        """A new template in review, or the sentence that says why not."""
        problem = _problem(body)
        if problem:
            return problem
        name, language = body["name"], body["language"]
        body = {**body, "components": _completed(body)}
        if self.find(account.id, name, language):
            return f"There is already {language} content for this template"
        recent = sum(t.created_at > time.time() - 3600 for t in self.of_account(account.id))
        if recent >= 100 or len(self.of_account(account.id)) >= 6000:
            return "message template limit exceeded"
        template = Template(
            id=str(10**15 + int(chance(self._settings.seed, self._next, 77) * 9000) * 10**9 + self._next),
            account=account.id,
            name=name,
            language=language,
            category=body["category"],
            components=body["components"],
            parameter_format=body.get("parameter_format", "POSITIONAL"),
            message_send_ttl_seconds=body.get("message_send_ttl_seconds"),
            created_at=time.time(),
        )
        self._next += 1
        self._submit(account, template)
        return template

    def edit(self, account: MetaAccount, template: Template, body: dict[str, Any]) -> str:
        """Replaces components or category; "" or the sentence that says why not."""
        if template.status not in ("APPROVED", "REJECTED", "PAUSED"):
            return "Only templates with status APPROVED, REJECTED or PAUSED can be edited"
        if template.status == "APPROVED" and template.edited_at > time.time() - 86_400 / self._settings.speed:
            return "An approved template can be edited once in 24 hours"
        merged = {**template.view(), **body}
        if problem := _problem(merged):
            return problem
        template.components, template.category = _completed(merged), merged["category"]
        template.message_send_ttl_seconds = merged.get("message_send_ttl_seconds")
        template.edited_at = time.time()
        self._submit(account, template)
        return ""

    def delete(self, template: Template) -> None:
        self.by_id.pop(template.id, None)
        self._by_name.pop((template.account, template.name, template.language), None)
        self._store.remember("template", template.id, None)

    def event(self, account: MetaAccount, template: Template, event: str, reason: str = "NONE") -> None:
        """Moves a template to the status an event implies and tells the subscriber."""
        template.status = EVENTS[event]
        template.rejected_reason = reason if event == "REJECTED" else "NONE"
        if event in ("PAUSED", "FLAGGED"):
            template.quality = "RED"
        elif event == "APPROVED" and template.quality == "RED":
            template.quality = "UNKNOWN"
        self._keep(template)
        value: dict[str, Any] = {
            "event": event,
            "message_template_id": int(template.id),
            "message_template_name": template.name,
            "message_template_language": template.language,
            "reason": reason,
            "message_template_category": template.category,
        }
        if event == "PAUSED":
            value["other_info"] = {"title": "FIRST_PAUSE", "description": "Paused for 3 hours: low quality"}
        if event == "DISABLED":
            value["disable_info"] = {"disable_date": int(time.time())}
        if event == "REJECTED":
            value["rejection_info"] = {"reason": reason, "recommendation": "Change the text and send it again"}
        self._batches.tell(account, Item("message_template_status_update", "", "", value))

    def _submit(self, account: MetaAccount, template: Template) -> None:
        least, most = account.behaviour.review_seconds
        template.status = "PENDING"
        template.review_at = time.time() + (least + (most - least) * chance(1, int(template.id), 5)) / self._settings.speed
        self._keep(template)
        self._review_later(template)

    def _review_later(self, template: Template) -> None:
        delay = max(0.0, template.review_at - time.time())
        asyncio.get_running_loop().call_later(delay, self._review, template.id, template.review_at)

    def _review(self, template_id: str, review_at: float) -> None:
        template = self.by_id.get(template_id)
        account = self._accounts.get(MetaAccount, template.account) if template else None
        if template is None or template.status != "PENDING" or template.review_at != review_at:
            return
        if account is None:
            return
        if "reject" in template.name or "rejeit" in template.name:
            self.event(account, template, "REJECTED", "INCORRECT_CATEGORY")
        elif SHORTENER.search(str(template.components)):
            self.event(account, template, "REJECTED", "SCAM")
        else:
            self.event(account, template, "APPROVED")

    def forget_account(self, account_id: str) -> None:
        for template in self.of_account(account_id):
            self.delete(template)

    def _index(self, template: Template) -> None:
        self.by_id[template.id] = template
        self._by_name[template.account, template.name, template.language] = template

    def _keep(self, template: Template) -> None:
        self._index(template)
        self._store.remember("template", template.id, template)


def _completed(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The components as Meta shows them: the text of a code is its own, and so is the label of the button that copies."""
    components: list[dict[str, Any]] = body["components"]
    if body["category"] != "AUTHENTICATION":
        return components
    portuguese = body["language"].startswith("pt")
    code = "*{{1}}* é seu código de verificação." if portuguese else "*{{1}}* is your verification code."
    safe = " Para sua segurança, não o compartilhe." if portuguese else " For your security, do not share this code."
    found = []
    for part in components:
        kind = str(part.get("type", "")).upper()
        if kind == "BODY":
            text = code + (safe if part.get("add_security_recommendation") else "")
            part = {**part, "text": text, "example": {"body_text": [["123456"]]}}
        elif kind == "FOOTER" and (minutes := part.get("code_expiration_minutes")):
            said = f"Este código expira em {minutes} minutos." if portuguese else f"This code expires in {minutes} minutes."
            part = {**part, "text": said}
        elif kind == "BUTTONS":
            label = "Copiar código" if portuguese else "Copy code"
            buttons = [{**button, "text": button.get("text") or label} for button in part.get("buttons") or []]
            part = {**part, "buttons": buttons}
        found.append(part)
    return found


def _problem(body: dict[str, Any]) -> str:
    """Meta's creation rules; "" when all are met."""
    if not isinstance(body.get("name"), str) or not NAME.fullmatch(body["name"]):
        return "name may only contain lowercase letters, digits and underscores"
    if body.get("category") not in TTL:
        return "category must be one of AUTHENTICATION, MARKETING, UTILITY"
    if not isinstance(body.get("language"), str) or not body["language"]:
        return "The parameter language is required."
    if body.get("parameter_format", "POSITIONAL") not in ("POSITIONAL", "NAMED"):
        return "parameter_format must be one of POSITIONAL, NAMED"
    ttl = body.get("message_send_ttl_seconds")
    if ttl is not None:
        least, most = TTL[body["category"]]
        if not isinstance(ttl, int) or not (least <= ttl <= most or ttl == -1):
            return f"message_send_ttl_seconds must be between {least} and {most}"
    components = body.get("components")
    if not isinstance(components, list) or not all(isinstance(c, dict) for c in components):
        return "The parameter components is required."
    kinds = [str(c.get("type", "")).upper() for c in components]
    if len(set(kinds)) != len(kinds) or "BODY" not in kinds:
        return "components must hold exactly one BODY and each other type at most once"
    for kind, component in zip(kinds, components, strict=True):
        if problem := _component_problem(kind, component, body):
            return problem
    return _catalog_problem(body, components)


def _catalog_problem(body: dict[str, Any], components: list[dict[str, Any]]) -> str:
    buttons = [one for part in components if str(part.get("type", "")).upper() == "BUTTONS" for one in part.get("buttons") or []]
    to_catalog = {str(button.get("type", "")).upper() for button in buttons} & {"CATALOG", "MPM"}
    if to_catalog and (len(buttons) > 1 or body["category"] != "MARKETING"):
        return "A catalog button stands alone in a marketing template"
    if "MPM" in to_catalog and not any(c.get("format") == "TEXT" for c in components):
        return "A multi-product template needs a text header"
    return ""


def _component_problem(kind: str, component: dict[str, Any], body: dict[str, Any]) -> str:
    text = str(component.get("text", ""))
    if kind == "BODY" and body["category"] != "AUTHENTICATION":
        variables = VARIABLE.findall(text)
        example = component.get("example") or {}
        if not text or len(text) > 1024:
            return "BODY text must have between 1 and 1024 characters"
        if text.startswith("{{") or text.rstrip().endswith("}}"):
            return "Variables can't be at the start or end of the template."
        if variables and not (example.get("body_text") or example.get("body_text_named_params")):
            return "component of type BODY is missing expected field(s) (example)"
        positions = list(dict.fromkeys(variables))
        if body.get("parameter_format", "POSITIONAL") == "POSITIONAL" and positions != [
            str(n + 1) for n in range(len(positions))
        ]:
            return "Positional variables must be {{1}}, {{2}}, … in order"
    if kind == "HEADER":
        form = str(component.get("format", "")).upper()
        if form == "TEXT" and (not text or len(text) > 60 or len(VARIABLE.findall(text)) > 1):
            return "HEADER text has at most 60 characters and one variable"
        if form not in ("TEXT", *MEDIA):
            return "HEADER format must be one of TEXT, IMAGE, VIDEO, DOCUMENT, LOCATION"
        if form in MEDIA[:3] and not (component.get("example") or {}).get("header_handle"):
            return "component of type HEADER is missing expected field(s) (example)"
    if kind == "FOOTER" and len(text) > 60:
        return "FOOTER text has at most 60 characters"
    if kind == "BUTTONS":
        return _button_problem(component.get("buttons") or [])
    return ""


def _button_problem(buttons: list[dict[str, Any]]) -> str:
    kinds = [str(button.get("type", "")).upper() for button in buttons]
    if not 1 <= len(buttons) <= 10:
        return "BUTTONS hold 1 to 10 buttons"
    for kind, most in BUTTON_LIMITS.items():
        if kinds.count(kind) > most:
            return f"At most {most} buttons of type {kind}"
    quick = [at for at, kind in enumerate(kinds) if kind == "QUICK_REPLY"]
    if quick and quick[-1] - quick[0] != len(quick) - 1:
        return "Quick reply buttons must be grouped together"
    if any(not 1 <= len(str(b.get("text", "x"))) <= 25 for b in buttons):
        return "A button label has 1 to 25 characters"
    if any(kind == "FLOW" and not button.get("flow_id") for kind, button in zip(kinds, buttons, strict=True)):
        return "A FLOW button needs a flow_id"
    if any(kind == "URL" and not button.get("url") for kind, button in zip(kinds, buttons, strict=True)):
        return "A URL button needs a url"
    return ""
