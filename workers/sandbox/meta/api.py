"""The Graph API under /vNN.N/…: who is calling, which object is meant, what is asked of it.

Sends go to `messages`; here are the token, numbers, templates, media and subscriptions. Objects of another
account answer as unknown ones do (code 100, subcode 33), as the real API does.
"""

import re
import time
from collections.abc import Awaitable
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from workers.sandbox.accounts import Accounts
from workers.sandbox.behaviour import down
from workers.sandbox.config import Settings
from workers.sandbox.meta.account import MetaAccount, Number
from workers.sandbox.meta.conversions import Events
from workers.sandbox.meta.errors import fail, no_object, no_token
from workers.sandbox.meta.limits import Limits
from workers.sandbox.meta.media import Media
from workers.sandbox.meta.messages import Messages
from workers.sandbox.meta.templates import Template, Templates
from workers.sandbox.meta.webhooks import Batches
from workers.sandbox.server import Reply, Request, json_reply

VERSION: Final = re.compile(r"v\d{1,3}\.\d")
SENDS: Final = ("messages", "marketing_messages")
# the fields of a node that are given without being asked for
USUAL: Final = {
    "number": ("verified_name", "code_verification_status", "display_phone_number", "quality_rating", "id"),
    "template": ("name", "parameter_format", "components", "language", "status", "category", "id"),
    "waba": ("id", "name", "timezone_id", "message_template_namespace"),
}


class Graph:
    def __init__(
        self,
        settings: Settings,
        accounts: Accounts,
        limits: Limits,
        messages: Messages,
        templates: Templates,
        media: Media,
        batches: Batches,
    ) -> None:
        self._settings = settings
        self._accounts = accounts
        self._limits = limits
        self._messages = messages
        self._templates = templates
        self._media = media
        self._batches = batches
        self._events = Events()

    def handle(self, request: Request, path: list[str]) -> Reply | Awaitable[Reply]:
        """`path`: the parts after the version, for example ["111", "messages"]."""
        account = self._caller(request)
        if isinstance(account, Reply):
            return account
        if gone := down(account.behaviour, fail(131016)):
            return gone
        node, edge = path[0], path[1] if len(path) > 1 else ""
        if edge in SENDS and request.method == "POST":
            number = account.number(node)
            if number is None:
                return no_object("POST", node)
            if account.behaviour.access == "no_permission":
                return fail(10)
            reply = self._messages.send(account, number, request)
        elif not self._limits.management(account, time.time()):
            reply = fail(80007, "There have been too many calls to this WhatsApp Business Account.")
        elif account.behaviour.access == "no_permission":
            reply = fail(200)
        else:
            answer = self._manage(account, request, node, edge)
            if not isinstance(answer, Reply):
                return answer
            reply = answer
        if not reply.cut:
            reply.extra += self._usage(account)
        return reply

    def _usage(self, account: MetaAccount) -> bytes:
        used = self._limits.usage(account)
        return (
            b'x-business-use-case-usage: {"%b":[{"type":"whatsapp","call_count":%d,"total_cputime":1,"total_time":1,'
            b'"estimated_time_to_regain_access":0}]}\r\nfacebook-api-version: v25.0\r\n'
        ) % (account.waba_id.encode(), used)

    def _caller(self, request: Request) -> MetaAccount | Reply:
        given = request.headers.get(b"authorization", b"")
        scheme, _space, rest = given.partition(b" ")  # the resumable upload has a scheme of its own
        token = rest.decode("latin-1").strip() if scheme.lower() in (b"bearer", b"oauth") else ""
        if not token and "access_token=" in request.query:
            token = request.params().get("access_token", "")
        if not token:
            return no_token("An access token is required to request this resource.")
        account = self._accounts.find(MetaAccount, "token", token)
        if account is None:
            return no_token("Invalid OAuth access token - Cannot parse access token")
        if account.behaviour.access == "expired":
            return no_token("Error validating access token: Session has expired.", 463)
        return account

    def _manage(self, account: MetaAccount, request: Request, node: str, edge: str) -> Reply | Awaitable[Reply]:
        method = request.method
        number = account.number(node)
        template = self._templates.by_id.get(node)
        medium = self._media.find(account.id, node)
        if number is not None:
            return self._number(account, number, request, edge)
        if node == account.waba_id:
            return self._waba(account, request, edge)
        if template and template.account == account.id:
            return self._template(account, template, request, edge)
        if medium and not edge:
            if method == "GET":
                return self._media.describe(medium)
            if method == "DELETE":
                return self._media.delete(medium)
        if edge == "events" and node.isdecimal():
            return self._events.take(account, node, request)
        if node == account.app_id and edge == "uploads" and method == "POST":
            return self._media.start_upload(account.id, {**request.params(), **dict(request.form())})
        if node.startswith("upload:") and method == "POST":
            return self._media.finish_upload(account.id, node[7:], request)
        return no_object(method, node)

    # numbers
    def _number(self, account: MetaAccount, number: Number, request: Request, edge: str) -> Reply:
        method = request.method
        if not edge and method == "GET":
            return json_reply(_pick(self._number_view(account, number), request.params().get("fields"), "number"))
        if edge == "media" and method == "POST":
            return self._media.upload(account.id, request)
        if edge in ("register", "deregister") and method == "POST":
            if edge == "register":
                pin = _body(request).get("pin")
                if not isinstance(pin, str) or not re.fullmatch(r"\d{6}", pin):
                    return fail(100, "Param pin must be 6 characters long.")
                if number.pin not in ("", pin):
                    return fail(133005)
                number.pin = pin
            number.registered = edge == "register"
            self._accounts.keep(account)
            return json_reply({"success": True})
        if edge in ("request_code", "verify_code") and method == "POST":
            return json_reply({"success": True})
        return no_object(method, number.phone_number_id)

    def _number_view(self, account: MetaAccount, number: Number) -> dict[str, Any]:
        digits = number.display_phone_number
        return {
            "id": number.phone_number_id,
            "display_phone_number": f"+{digits[:2]} {digits[2:4]} {digits[4:]}" if digits[:2] == "55" else f"+{digits}",
            "verified_name": number.verified_name,
            "quality_rating": number.quality,
            "quality_score": {"score": number.quality},
            "status": "CONNECTED" if number.registered else "DISCONNECTED",
            "code_verification_status": "VERIFIED",
            "name_status": "APPROVED",
            "platform_type": "CLOUD_API",
            "account_mode": "LIVE",
            "throughput": {"level": "HIGH" if number.throughput >= 1000 else "STANDARD"},
            "whatsapp_business_manager_messaging_limit": account.tier,
            "messaging_limit_tier": account.tier,
            "webhook_configuration": {"application": account.webhook_url},
        }

    # the business account
    def _waba(self, account: MetaAccount, request: Request, edge: str) -> Reply | Awaitable[Reply]:
        method = request.method
        if not edge and method == "GET":
            view = {
                "id": account.waba_id,
                "name": account.company,
                "timezone_id": "25",
                "message_template_namespace": account.id,
                "owner_business_info": {"id": account.business_id, "name": account.company},
                "account_review_status": "APPROVED",
            }
            return json_reply(_pick(view, request.params().get("fields"), "waba"))
        if edge == "phone_numbers" and method == "GET":
            fields = request.params().get("fields")
            numbers = [_pick(self._number_view(account, number), fields, "number") for number in account.numbers]
            return self._page(request, numbers)
        if edge == "message_templates":
            return self._templates_edge(account, request)
        if edge == "subscribed_apps":
            return self._subscription(account, request)
        return no_object(method, account.waba_id)

    async def _verified(self, account: MetaAccount, url: str, token: str) -> Reply:
        problem = await self._batches.verify(url, token)
        if problem:
            return fail(2200, message=f"(#2200) Callback verification failed with the following errors: {problem}")
        account.webhook_url, account.verify_token, account.subscribed = url, token, True
        self._accounts.keep(account)
        return json_reply({"success": True})

    def _subscription(self, account: MetaAccount, request: Request) -> Reply | Awaitable[Reply]:
        if request.method == "GET":
            app = {"link": "", "name": account.company, "id": account.app_id}
            listed: dict[str, Any] = {"whatsapp_business_api_data": app}
            if account.webhook_url:
                listed["override_callback_uri"] = account.webhook_url
            return json_reply({"data": [listed] if account.subscribed else []})
        if request.method == "POST":
            body = _body(request)
            url, token = body.get("override_callback_uri"), body.get("verify_token")
            if url:
                return self._verified(account, str(url), str(token or ""))
        account.subscribed = request.method == "POST"
        self._accounts.keep(account)
        return json_reply({"success": True})

    # templates
    def _templates_edge(self, account: MetaAccount, request: Request) -> Reply:
        params = request.params()
        if request.method == "POST":
            made = self._templates.create(account, _body(request))
            if isinstance(made, Template):
                return json_reply({"id": made.id, "status": made.status, "category": made.category})
            code = 2388019 if "limit exceeded" in made else 100
            return fail(code, made, message="Invalid parameter" if code == 100 else "", subcode=2388024)
        mine = self._templates.of_account(account.id)
        if request.method == "DELETE":
            gone = [t for t in mine if t.name == params.get("name") and params.get("hsm_id") in (None, t.id)]
            for template in gone:
                self._templates.delete(template)
            if not gone:
                return fail(100, "Message template was not found", message="Invalid parameter", subcode=2593002)
            return json_reply({"success": True})
        for name in ("status", "category", "language"):
            if wanted := params.get(name):
                mine = [t for t in mine if getattr(t, name) == wanted]
        if wanted := params.get("name"):
            mine = [t for t in mine if wanted in t.name]
        views = [_pick(t.view(), params.get("fields"), "template") for t in mine]
        summary = {
            "total_count": len(views),
            "message_template_count": len(self._templates.of_account(account.id)),
            "message_template_limit": 250,
            "are_translations_complete": True,
        }
        return self._page(request, views, summary=summary)

    def _template(self, account: MetaAccount, template: Template, request: Request, edge: str) -> Reply:
        if request.method == "GET" and not edge:
            return json_reply(_pick(template.view(), request.params().get("fields"), "template"))
        if request.method == "POST" and edge == "unpause":
            if template.status != "PAUSED":
                return fail(100, "The template is not paused")
            self._templates.event(account, template, "APPROVED")
            return json_reply({"success": True})
        if request.method == "POST" and not edge:
            problem = self._templates.edit(account, template, _body(request))
            return (
                fail(100, problem, message="Invalid parameter") if problem else json_reply({"success": True, "id": template.id})
            )
        return no_object(request.method, template.id)

    def _page(self, request: Request, items: list[dict[str, Any]], **more: Any) -> Reply:
        """Cursor paging as the Graph API does it; cursors are offsets."""
        params = request.params()
        limit, after = params.get("limit", "25"), params.get("after", "0")
        if not limit.isdecimal() or not after.isdecimal() or int(limit) < 1:
            return fail(100, "Invalid paging parameters")
        start, size = int(after), min(int(limit), 1000)
        answer: dict[str, Any] = {"data": items[start : start + size]}
        if answer["data"]:
            end = start + len(answer["data"])
            answer["paging"] = {"cursors": {"before": str(start), "after": str(end)}}
            if end < len(items):
                query = urlencode({**params, "after": end, "limit": size})
                answer["paging"]["next"] = f"{self._settings.base_url}{request.path}?{query}"
        return json_reply(answer | more)


def _pick(view: dict[str, Any], fields: str | None, kind: str) -> dict[str, Any]:
    """The fields asked for (subfields in braces are given whole), always with the id."""
    names = re.sub(r"\{[^}]*\}|\.limit\(\d+\)", "", fields).split(",") if fields else USUAL[kind]
    return {name: view[name] for name in dict.fromkeys([*(n.strip() for n in names), "id"]) if name in view}


def _body(request: Request) -> dict[str, Any]:
    """The parameters of a POST: JSON, form or query string."""
    merged: dict[str, Any] = dict(request.params())
    if request.header(b"content-type").startswith("application/x-www-form-urlencoded"):
        return merged | dict(request.form())
    try:
        decoded = msgspec.json.decode(request.body) if request.body else {}
    except (msgspec.DecodeError, UnicodeDecodeError):
        return merged
    return merged | decoded if isinstance(decoded, dict) else merged
