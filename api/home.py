"""The first page: what is going on and what needs a hand."""

import msgspec
from litestar import Controller, get, put
from litestar.params import JSONBody

from api.auth.guard import Caller, person
from api.contract.base import Done
from api.contract.home import Attention, FirstStepsSet, Home, HomeCampaign, HomeDay
from api.pagination import struct
from db.accounts import profile
from db.cadences import attention
from db.campaigns.home import figures


class HomeController(Controller):
    path = "/v1/home"
    tags = ("Home",)

    @get(
        summary="Read the first page",
        description="Counts, running campaigns, 14 days, and what waits for a person. Needs `campaigns:read`.",
    )
    async def home(self, actor: Caller) -> Home:
        found = await figures(actor)
        days = [HomeDay(**msgspec.structs.asdict(day)) for day in found.days]
        return Home(
            contacts=found.counts["contacts"],
            channels=found.counts["channels"],
            campaigns_total=found.counts["campaigns"],
            running=[struct(row, HomeCampaign) for row in found.running],
            today=days[-1],
            days=days,
            attention=[struct(row, Attention) for row in (*found.attention, *await attention.waiting(actor))],
            has_channel=found.counts["channels"] > 0,
            has_contacts=found.counts["own_contacts"],
            has_template=found.counts["writable"],
            has_campaign=found.counts["launched"],
            has_rehearsal=found.counts["rehearsed"],
            has_delivered=found.counts["delivered"],
            steps_away=found.counts["steps_away"],
        )

    @put("/first-steps", summary="Put the first steps away")
    async def set_first_steps(self, actor: Caller, data: JSONBody[FirstStepsSet]) -> Done:
        """For the person who asks, in this company, or back again. They go by themselves once a first message was delivered."""
        await profile.put_steps_away(person(actor), away=data.away)
        return Done()
