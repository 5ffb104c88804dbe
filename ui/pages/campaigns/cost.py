"""What a campaign cost so far, for each person whom it reached and who answered, and the limit, which can be changed while it sends."""

from uuid import UUID

from nicegui import ui

from api.contract.campaign_progress import Progress
from api.contract.campaigns import Campaign
from api.contract.costs import CampaignCost, SpendLimit
from api.contract.enums import CampaignState, Permission
from ui import formats, session
from ui.client import campaigns
from ui.client.base import ApiProblem
from ui.components import problems
from ui.components.buttons import button
from ui.components.cards import card
from ui.components.confirm import dialog
from ui.components.forms import number_field, select_field
from ui.components.states import Loader, load, skeleton_card
from ui.i18n import _
from ui.labels import preflight as labels
from ui.labels.costs import CURRENCIES

_OVER = (CampaignState.FINISHED, CampaignState.CANCELLED, CampaignState.FAILED)


class Cost:
    """A card that loads by itself; `refresh()` asks again."""

    def __init__(self, campaign: Campaign, progress: Progress) -> None:
        self._campaign, self._api = campaign, session.current().api
        self._open = _sends(progress)
        self._loader: Loader[CampaignCost] = load(
            lambda: campaigns.cost(self._api, self._campaign.id), self._draw, lambda: skeleton_card(2)
        )

    async def set(self, progress: Progress) -> None:
        """Its limit can be changed as long as anything may go out."""
        if (now := _sends(progress)) != self._open:
            self._open = now
            await self._loader.refresh()

    async def refresh(self) -> None:
        await self._loader.refresh(only_changes=True)

    def _draw(self, found: CampaignCost) -> None:
        own = next((limit for limit in found.limits if limit.scope == "campaign"), None)
        may = session.current().may(Permission.CAMPAIGNS_SEND) and self._open

        billed = next((one.currency for one in found.spent if one.currency is not None), "USD")

        def change() -> None:
            _ask(self._campaign.id, own, self, billed)

        with card(_("What it costs"), actions=(lambda: button(_("Limit"), change, icon="savings")) if may else None) as element:
            element.props["id"] = "cost"
            if not found.spent:
                ui.label(_("Nothing was billed yet. It is as soon as messages arrive.")).classes("m-hint")
            for one in found.spent:
                if one.currency is None:
                    text = _("{n} messages have no known price. Add the price of your contract.")
                    ui.label(text.format(n=formats.number(one.unpriced))).classes("m-trouble")
                    continue
                with ui.element("div").classes("m-figure"):
                    ui.label(labels.money(one.amount_micro, one.currency))
                parts = []
                if one.per_delivered_micro is not None:
                    parts.append(
                        _("{amount} for each person reached").format(amount=labels.money(one.per_delivered_micro, one.currency))
                    )
                if one.per_reply_micro is not None:
                    parts.append(_("{amount} for each answer").format(amount=labels.money(one.per_reply_micro, one.currency)))
                ui.label(" · ".join(parts)).classes("m-hint")
            if found.waiting:
                ui.label(_("{n} were sent and are not billed yet.").format(n=formats.number(found.waiting))).classes("m-hint")
            if own is not None and own.limit_micro is not None and own.currency is not None:
                limit = labels.money(own.limit_micro, own.currency)
                ui.label(_("Limit of this campaign: {amount}").format(amount=limit)).classes("m-hint")


def _sends(progress: Progress) -> bool:
    """Whether it sends still, itself or in its place."""
    instead = progress.fallback
    late = progress.state == CampaignState.FINISHED and instead is not None and (instead.waiting or instead.stopped is not None)
    return bool(late) or progress.state not in _OVER


def _ask(campaign_id: UUID, limit: SpendLimit | None, shown: Cost, usual: str) -> None:
    """`usual`: the currency that is proposed where there is no limit yet."""
    api = session.current().api
    with dialog(_("May cost at most"), _("It pauses before more is spent. Empty: no limit.")) as opened:
        known = limit.limit_micro if limit is not None else None
        amount = number_field(_("Amount"), known / 1_000_000 if known is not None else None, low=0, step=10)
        kept = (limit.currency if limit is not None else None) or usual
        currency = select_field(_("Currency"), {code: code for code in dict.fromkeys((*CURRENCIES, kept))}, kept)

        async def save() -> None:
            micro = round(amount.value * 1_000_000) if amount.value is not None else None
            try:
                await campaigns.set_limit(api, campaign_id, micro, currency.value if micro is not None else None)
            except ApiProblem as problem:
                problems.show_in({"limit_micro": amount, "currency": currency}, problem)
                return
            opened.close()
            await shown.refresh()

        with ui.element("div").classes("m-dialog-foot"):
            button(_("Cancel"), opened.close, kind="plain")
            button(_("Save"), save, kind="primary")
    opened.open()
