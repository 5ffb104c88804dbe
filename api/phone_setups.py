"""Numbers that are bought and set up for calls over HTTP: thin, every rule is in db/telephony; the steps are done by a job."""

from uuid import UUID

import msgspec
from litestar import Controller, delete, get, post
from litestar.params import FromPath, JSONBody

from api.auth.guard import Caller
from api.contract.base import Page
from api.contract.phone_setups import (
    PhoneContinue,
    PhoneOffer,
    PhoneOrder,
    PhoneSearch,
    PhoneSearched,
    PhoneSetup,
    PhoneSetupStart,
    PhoneSpeaker,
    PhoneStep,
    PhoneUndo,
)
from db.telephony import setups
from db.telephony.setups import Setup, Wanted


def _shown(one: Setup) -> PhoneSetup:
    known = msgspec.structs.asdict(one)
    known["search"] = None if one.search is None else PhoneSearched(**msgspec.structs.asdict(one.search))
    known["offers"] = [PhoneOffer(**msgspec.structs.asdict(offer)) for offer in one.offers]
    known["agents"] = [PhoneSpeaker(**msgspec.structs.asdict(agent)) for agent in one.agents]
    return PhoneSetup(**{**known, "steps": [PhoneStep(**step._asdict()) for step in one.steps]})


class PhoneSetupController(Controller):
    path = "/v1/phone-setups"
    tags = ("Channels",)

    @get(summary="Numbers that are set up", description="Newest first, at most a hundred.")
    async def setups(self, actor: Caller) -> Page[PhoneSetup]:
        found = [_shown(one) for one in await setups.setups(actor)]
        return Page(items=found, total=len(found))

    @post(
        summary="Begin to set a number up",
        description="Keeps the credentials sealed, and reads what the accounts have. Nothing is bought before a number is ordered at its price.",
    )
    async def start(self, data: JSONBody[PhoneSetupStart], actor: Caller) -> PhoneSetup:
        return _shown(await setups.start(actor, **msgspec.structs.asdict(data)))

    @get("/{setup_id:uuid}", summary="How far a number is")
    async def setup(self, setup_id: FromPath[UUID], actor: Caller) -> PhoneSetup:
        """Each step with its state. `unknown`: its answer was lost, so it is looked for and never asked for again by itself."""
        return _shown(await setups.setup(actor, setup_id))

    @post("/{setup_id:uuid}/search", status_code=202, summary="Look for numbers to buy")
    async def search(self, setup_id: FromPath[UUID], data: JSONBody[PhoneSearch], actor: Caller) -> PhoneSetup:
        """With the price of a month. Until one is ordered; 409 `setup_moved_on` after that."""
        return _shown(await setups.search(actor, setup_id, Wanted(data.country, data.type, data.contains)))

    @post("/{setup_id:uuid}/order", status_code=202, summary="Order a number and set it up")
    async def order(self, setup_id: FromPath[UUID], data: JSONBody[PhoneOrder], actor: Caller) -> PhoneSetup:
        """Costs money, unless the account has the number. One that was found, at the price that was shown."""
        return _shown(await setups.order(actor, setup_id, **msgspec.structs.asdict(data)))

    @post("/{setup_id:uuid}/continue", status_code=202, summary="Go on after a step that failed")
    async def go_on(self, setup_id: FromPath[UUID], data: JSONBody[PhoneContinue], actor: Caller) -> PhoneSetup:
        """What is there already is found and not made again. While no number is ordered, it reads the accounts again."""
        return _shown(await setups.go_on(actor, setup_id, **msgspec.structs.asdict(data)))

    @post("/{setup_id:uuid}/undo", status_code=202, summary="Take steps back")
    async def undo(self, setup_id: FromPath[UUID], data: JSONBody[PhoneUndo], actor: Caller) -> PhoneSetup:
        """What was made here is deleted, the last first; what was there before stays. A number that was bought is given back for good."""
        return _shown(await setups.undo(actor, setup_id, data.step))

    @delete("/{setup_id:uuid}", summary="Forget a number that was not set up")
    async def forget(self, setup_id: FromPath[UUID], actor: Caller) -> None:
        """409 `setup_not_empty` while something of it is there."""
        await setups.forget(actor, setup_id)
