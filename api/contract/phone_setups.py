"""Numbers that are bought and set up for calls."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta

from api.contract.base import COUNTRY, TRIM, Input, Output, Title, example
from api.contract.kinds import ChannelKind
from db.contacts.filter import Moment
from db.telephony.enums import NumberType, SetupAccess, SetupState, SetupStep, StepState
from db.telephony.errors import SetupFailure
from db.texts import END

DIGITS = r"^[0-9]{0,10}" + END
E164 = r"^\+[1-9][0-9]{6,14}" + END
Secret = Annotated[str, Meta(min_length=1, max_length=1000, extra=TRIM, examples=["0123456789abcdef"])]
Number = Annotated[str, Meta(pattern=E164, max_length=16, examples=["+551131234567"])]
Currency = Annotated[str, Meta(max_length=3, examples=["USD"])]


class PhoneSetupStart(Input):
    """POST /v1/phone-setups → PhoneSetup. With `sandbox` the simulator plays both providers, and nothing else is asked."""

    kind: Annotated[ChannelKind, Meta(examples=["voice_retell"])]  # of the channel that the number becomes
    name: Annotated[Title, example("Vendas")]
    sandbox: bool = False
    access: SetupAccess = SetupAccess.CREDENTIALS
    account_id: Annotated[str, Meta(max_length=64, extra=TRIM, examples=["AC0123456789abcdef0123456789abcdef"])] = ""
    carrier_secret: Annotated[str, Meta(max_length=1000, extra=TRIM, examples=["0123456789abcdef"])] = ""
    voice_secret: Annotated[str, Meta(max_length=200, extra=TRIM, examples=["key_0123456789abcdef"])] = ""


class PhoneSearch(Input):
    """POST /v1/phone-setups/{id}/search → PhoneSetup, `searching`; what is found follows with `phone_setup.changed`."""

    country: Annotated[str, Meta(pattern=COUNTRY, max_length=2, examples=["BR"])]
    type: NumberType
    contains: Annotated[str, Meta(pattern=DIGITS, max_length=10, examples=["11"])] = ""


class PhoneOrder(Input):
    """POST /v1/phone-setups/{id}/order → PhoneSetup. The price is what was shown: another one is refused, so nobody pays what they did not
    see. Both are null for a number that the account has."""

    number: Number
    agent_id: Annotated[str, Meta(min_length=1, max_length=100, examples=["agent_1"])]
    price_cents: Annotated[int, Meta(ge=0, le=2**31 - 1, examples=[425])] | None
    currency: Currency | None


class PhoneContinue(Input):
    """POST /v1/phone-setups/{id}/continue → PhoneSetup."""

    carrier_secret: Secret | None = None
    voice_secret: Secret | None = None


class PhoneUndo(Input):
    """POST /v1/phone-setups/{id}/undo → PhoneSetup. This step and all after it, the last one first."""

    step: SetupStep


class PhoneOffer(Output):
    number: Number
    owned: bool  # the account has it already
    place: Annotated[str, example("São Paulo SP")]
    price_cents: Annotated[int, example(425)] | None  # a month; null: nobody told
    currency: Currency
    papers: bool  # the phone company wants an address for it


class PhoneSpeaker(Output):
    id: Annotated[str, example("agent_1")]
    name: Annotated[str, example("Atendente virtual")]


class PhoneStep(Output):
    step: SetupStep
    state: StepState
    ours: bool  # made here: undoing deletes it
    ref: Annotated[str, example("TK0123456789abcdef0123456789abcdef")] | None  # the provider's id of it
    failure: SetupFailure | None
    detail: str | None  # the provider's words
    changed_at: Moment


class PhoneSearched(Output):
    country: Annotated[str, example("BR")]
    type: NumberType
    contains: Annotated[str, example("11")]


class PhoneSetup(Output):
    """GET /v1/phone-setups/{id}. Event `phone_setup.changed`."""

    id: UUID
    kind: ChannelKind
    name: Annotated[str, example("Vendas")]
    sandbox: bool
    access: SetupAccess
    account_id: Annotated[str, example("AC0123456789abcdef0123456789abcdef")]
    channel_id: UUID  # the channel's once its step is done
    state: SetupState
    search: PhoneSearched | None
    offers: list[PhoneOffer]  # the account's own first
    agents: list[PhoneSpeaker]
    searching: bool
    searched_at: Moment | None
    failure: SetupFailure | None  # of the search
    detail: str | None  # the provider's words
    number: Number | None  # what was ordered
    agent_id: Annotated[str, example("agent_1")] | None
    price_cents: Annotated[int, example(425)] | None  # a month, as it was agreed to
    currency: Currency | None
    created_at: Moment
    steps: list[PhoneStep]
