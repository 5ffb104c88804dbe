"""What one can do to a WhatsApp account beside writing to it: review a template, change quality and tier, verify its webhook."""

import msgspec

from workers.sandbox.accounts import Accounts
from workers.sandbox.meta import kinds
from workers.sandbox.meta.account import MetaAccount, Quality, Tier
from workers.sandbox.meta.templates import EVENTS, Templates
from workers.sandbox.meta.webhooks import Batches, Item
from workers.sandbox.server import Reply, Request, json_reply, problem
from workers.sandbox.vendor import Action


class Review(msgspec.Struct):
    name: str
    language: str
    event: str
    reason: str = "NONE"


class Score(msgspec.Struct):
    """A new quality and, if given, a new tier."""

    quality: Quality | None = None
    tier: str = ""
    number_id: str = ""


class News(msgspec.Struct):
    code: str


class Controls:
    def __init__(self, accounts: Accounts, templates: Templates, batches: Batches) -> None:
        self._accounts = accounts
        self._templates = templates
        self._batches = batches
        self.actions: dict[str, Action] = {
            "POST template-review": self._review,
            "POST quality": self._quality,
            "POST news": self._news,
            "POST verify-webhook": self._verify,
            "GET templates": self._list,
        }

    def _list(self, account: MetaAccount, request: Request) -> Reply:
        return json_reply({"data": [template.view() for template in self._templates.of_account(account.id)]})

    def _review(self, account: MetaAccount, request: Request) -> Reply:
        given = msgspec.json.decode(request.body, type=Review)
        template = self._templates.find(account.id, given.name, given.language)
        if template is None:
            return problem(404, f"no template {given.name} in {given.language}")
        if given.event not in EVENTS:
            raise msgspec.ValidationError(f"event is one of {', '.join(EVENTS)}")
        self._templates.event(account, template, given.event, given.reason)
        return json_reply(template.view())

    def _quality(self, account: MetaAccount, request: Request) -> Reply:
        """Changes the quality of a number or the tier, and tells it as Meta does."""
        given = msgspec.json.decode(request.body, type=Score)
        number = next((n for n in account.numbers if n.phone_number_id == given.number_id), account.numbers[0])
        order = ("RED", "YELLOW", "GREEN")
        event = "ONBOARDING"
        if given.quality in order and number.quality in order:
            event = "FLAGGED" if order.index(given.quality) < order.index(number.quality) else "UNFLAGGED"
        number.quality = given.quality or number.quality
        if given.tier:
            account.tier = msgspec.convert(given.tier, Tier)
        self._accounts.keep(account)
        value = {
            "display_phone_number": number.display_phone_number,
            "event": event,
            "current_limit": account.tier,
            "max_daily_conversations_per_business": account.tier,
        }
        self._batches.tell(account, Item("phone_number_quality_update", "", "", value))
        return json_reply(account)

    def _news(self, account: MetaAccount, request: Request) -> Reply:
        """Tells a piece of news about the account, by the name of `kinds.NEWS`."""
        code = msgspec.json.decode(request.body, type=News).code
        if code not in kinds.NEWS:
            raise msgspec.ValidationError(f"code is one of {', '.join(kinds.NEWS)}")
        field, value = kinds.NEWS[code]
        if field in ("security", "phone_number_name_update"):
            value = {**value, "display_phone_number": account.numbers[0].display_phone_number}
        self._batches.tell(account, Item(field, "", "", value))
        return json_reply({"success": True})

    async def _verify(self, account: MetaAccount, request: Request) -> Reply:
        reason = await self._batches.verify(account.webhook_url, account.verify_token)
        return json_reply({"verified": not reason, "reason": reason})
