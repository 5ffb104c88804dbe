"""Numbers and Elastic SIP trunks of Twilio. Sources: Twilio, "Available phone numbers", "Elastic SIP Trunking", "Pricing"; docs/contracts.

Twilio takes no key of ours for anything: each thing bears a name made of the set-up's id, and is looked for by it.
"""

import math
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar
from urllib.parse import urlsplit

from db import storable
from db.providers.definition import TrunkEnds
from db.telephony.enums import NumberType, SetupAccess, SetupStep
from db.telephony.errors import SetupFailure
from db.telephony.running import Plan
from db.telephony.setups import MOST_OFFERS, Offer, Wanted
from workers.outcomes import Unknown
from workers.providers.trunks import Carrier, Part, SetupRefused
from workers.providers.twilio.client import TwilioClient
from workers.providers.twilio.errors import classify, twilio_error
from workers.providers.wire import ProviderError, Wire

MAX_PAGES = 20
_PATHS = {NumberType.LOCAL: "Local", NumberType.MOBILE: "Mobile", NumberType.TOLL_FREE: "TollFree"}
_PRICED = {NumberType.LOCAL: "local", NumberType.MOBILE: "mobile", NumberType.TOLL_FREE: "toll free"}
_FAILURES = {
    21422: SetupFailure.NUMBER_GONE,
    21404: SetupFailure.PAYMENT,
    20005: SetupFailure.PAYMENT,
    21615: SetupFailure.NUMBER_PAPERS,
    21631: SetupFailure.NUMBER_PAPERS,
    21649: SetupFailure.NUMBER_PAPERS,
    21651: SetupFailure.NUMBER_PAPERS,
    20003: SetupFailure.CARRIER_REFUSED,
}
"""Codes whose meaning is known better than that of a send."""


def label(plan: Plan) -> str:
    """The name of everything that is made for a set-up."""
    return f"masteria-{plan.setup_id.hex}"


class TwilioTrunks(Carrier):
    steps: ClassVar = (
        SetupStep.NUMBER,
        SetupStep.TRUNK,
        SetupStep.ACCESS,
        SetupStep.KEY,
        SetupStep.GRANT,
        SetupStep.ORIGINATION,
        SetupStep.ATTACH,
    )

    def __init__(self, client: TwilioClient, wire: Wire, trunking: str, pricing: str, secret: str, ends: TrunkEnds) -> None:
        self._client, self._wire, self._ends = client, wire, ends
        self._account, self._trunking, self._pricing = client.address, f"{trunking}/v1", f"{pricing}/v1"
        self._secret = secret.encode("utf-8", "replace")

    def termination(self, plan: Plan) -> str:
        return f"mia-{plan.setup_id.hex}.pstn.twilio.com"

    def username(self, plan: Plan) -> str:
        return f"mia{plan.setup_id.hex[-16:]}"

    # numbers

    async def owned(self) -> list[Offer]:
        rows = await self._list(f"{self._account}/IncomingPhoneNumbers.json", "incoming_phone_numbers")
        return [Offer(str(one["phone_number"]), True, _text(one.get("friendly_name"))) for one in rows if _can(one, "voice")]

    async def offers(self, wanted: Wanted) -> list[Offer]:
        price, currency = await self._price(wanted)
        params = {"VoiceEnabled": "true", "PageSize": str(MOST_OFFERS)}
        if wanted.contains:
            params["Contains"] = wanted.contains
        url = f"{self._account}/AvailablePhoneNumbers/{wanted.country}/{_PATHS[wanted.type]}.json"
        try:
            found = await self._ask("GET", url, params=params)
        except ProviderError as error:
            if error.http_status == 404:  # none of this kind in this country
                return []
            raise
        rows = found.get("available_phone_numbers") or []
        return [
            Offer(
                str(one["phone_number"]),
                False,
                " ".join(part for part in (_text(one.get("locality")), _text(one.get("region"))) if part),
                price,
                currency,
                _text(one.get("address_requirements")) not in ("", "none"),
            )
            for one in rows[:MOST_OFFERS]
        ]

    async def _price(self, wanted: Wanted) -> tuple[int | None, str]:
        """Cents a month, rounded up, and their currency."""
        found = await self._ask("GET", f"{self._pricing}/PhoneNumbers/Countries/{wanted.country}")
        for one in found.get("phone_number_prices") or []:
            if one.get("number_type") == _PRICED[wanted.type]:
                try:
                    cents = math.ceil(Decimal(str(one["current_price"])) * 100)
                except (InvalidOperation, KeyError, ValueError, OverflowError):
                    break
                return (cents, _text(found.get("price_unit"))[:3].upper()) if 0 <= cents < 10**8 else (None, "")
        return None, ""

    # steps

    async def find(self, step: SetupStep, plan: Plan) -> Part | None:
        match step:
            case SetupStep.NUMBER:
                number = await self._client.number(plan.number)
                return None if number is None else Part(number.sid, number.friendly_name == label(plan))
            case SetupStep.TRUNK:
                return _part(await self._named(f"{self._trunking}/Trunks", "trunks", "friendly_name", label(plan)))
            case SetupStep.ACCESS:
                path, key = _lists(plan)
                return _part(await self._named(f"{self._account}/SIP/{path}.json", key, "friendly_name", label(plan)))
            case SetupStep.KEY:
                return await self._key(plan)
            case SetupStep.GRANT:
                access = await self.find(SetupStep.ACCESS, plan)
                path, key = _lists(plan)
                return await self._of_trunk(plan, path, key, "sid", access.ref if access is not None else None)
            case SetupStep.ORIGINATION:
                return await self._of_trunk(plan, "OriginationUrls", "origination_urls", "sip_url", self._ends.origination)
            case SetupStep.ATTACH:
                return await self._of_trunk(plan, "PhoneNumbers", "phone_numbers", "phone_number", plan.number)
        raise ValueError(step)

    async def make(self, step: SetupStep, plan: Plan) -> Part:
        try:
            return await self._make(step, plan)
        except ProviderError as error:
            raise _better(error) from error

    async def _make(self, step: SetupStep, plan: Plan) -> Part:
        name = {"FriendlyName": label(plan)}
        match step:
            case SetupStep.NUMBER:
                return await self._post(f"{self._account}/IncomingPhoneNumbers.json", PhoneNumber=plan.number, **name)
            case SetupStep.TRUNK:
                return await self._post(
                    f"{self._trunking}/Trunks", DomainName=self.termination(plan), TransferMode="enable-all", **name
                )
            case SetupStep.ACCESS:
                return await self._post(f"{self._account}/SIP/{_lists(plan)[0]}.json", **name)
            case SetupStep.KEY:
                return await self._make_key(plan)
            case SetupStep.GRANT:
                path = _lists(plan)[0]
                given = {f"{path.removesuffix('s')}Sid": (await self._there(SetupStep.ACCESS, plan)).ref}
                return await self._post(f"{await self._trunk(plan)}/{path}", **given)
            case SetupStep.ORIGINATION:
                given = {"SipUrl": self._ends.origination, "Priority": "10", "Weight": "10", "Enabled": "true"}
                return await self._post(f"{await self._trunk(plan)}/OriginationUrls", **name, **given)
            case SetupStep.ATTACH:
                number, trunk = await self._there(SetupStep.NUMBER, plan), await self._trunk(plan)
                now = await self._ask("GET", f"{self._account}/IncomingPhoneNumbers/{number.ref}.json")
                if now.get("trunk_sid"):
                    raise SetupRefused(SetupFailure.NUMBER_ON_OTHER_TRUNK, _text(now["trunk_sid"]))
                return await self._post(f"{trunk}/PhoneNumbers", PhoneNumberSid=number.ref)
        raise ValueError(step)

    async def unmake(self, step: SetupStep, plan: Plan) -> None:
        part = await self.find(step, plan)
        if part is None or (step is SetupStep.KEY and plan.access is SetupAccess.ADDRESSES):
            return  # addresses go with their list
        match step:
            case SetupStep.NUMBER:
                await self._delete(f"{self._account}/IncomingPhoneNumbers/{part.ref}.json")
            case SetupStep.TRUNK:
                await self._delete(f"{self._trunking}/Trunks/{part.ref}")
            case SetupStep.ACCESS:
                await self._delete(f"{self._account}/SIP/{_lists(plan)[0]}/{part.ref}.json")
            case SetupStep.KEY:
                access = await self._there(SetupStep.ACCESS, plan)
                await self._delete(f"{self._account}/SIP/CredentialLists/{access.ref}/Credentials/{part.ref}.json")
            case SetupStep.GRANT:
                await self._delete(f"{await self._trunk(plan)}/{_lists(plan)[0]}/{part.ref}")
            case SetupStep.ORIGINATION:
                await self._delete(f"{await self._trunk(plan)}/OriginationUrls/{part.ref}")
            case SetupStep.ATTACH:
                await self._delete(f"{await self._trunk(plan)}/PhoneNumbers/{part.ref}")

    # parts of steps

    async def _key(self, plan: Plan) -> Part | None:
        access = await self.find(SetupStep.ACCESS, plan)
        if access is None:
            return None
        if plan.access is SetupAccess.CREDENTIALS:
            url = f"{self._account}/SIP/CredentialLists/{access.ref}/Credentials.json"
            return _part(await self._named(url, "credentials", "username", self.username(plan)))
        there = await self._addresses(access.ref)
        return Part(access.ref) if there >= {address for address, _ in self._ends.addresses} else None

    async def _make_key(self, plan: Plan) -> Part:
        access = await self._there(SetupStep.ACCESS, plan)
        if plan.access is SetupAccess.CREDENTIALS:
            url = f"{self._account}/SIP/CredentialLists/{access.ref}/Credentials.json"
            return await self._post(url, Username=self.username(plan), Password=plan.trunk_secret)
        there = await self._addresses(access.ref)
        for address, length in self._ends.addresses:
            if address not in there:
                url = f"{self._account}/SIP/IpAccessControlLists/{access.ref}/IpAddresses.json"
                await self._post(url, FriendlyName=address, IpAddress=address, CidrPrefixLength=str(length))
        return access

    async def _addresses(self, sid: str) -> set[str]:
        rows = await self._list(f"{self._account}/SIP/IpAccessControlLists/{sid}/IpAddresses.json", "ip_addresses")
        return {_text(one.get("ip_address")) for one in rows}

    async def _of_trunk(self, plan: Plan, path: str, key: str, field: str, value: str | None) -> Part | None:
        trunk = await self.find(SetupStep.TRUNK, plan)
        if trunk is None or value is None:
            return None
        return _part(await self._named(f"{self._trunking}/Trunks/{trunk.ref}/{path}", key, field, value))

    async def _trunk(self, plan: Plan) -> str:
        return f"{self._trunking}/Trunks/{(await self._there(SetupStep.TRUNK, plan)).ref}"

    async def _there(self, step: SetupStep, plan: Plan) -> Part:
        part = await self.find(step, plan)
        if part is None:
            raise SetupRefused(SetupFailure.REFUSED, f"{step.value}: not there any more")
        return part

    # the wire

    async def _named(self, url: str, key: str, field: str, value: str) -> Mapping[str, Any] | None:
        return next((one for one in await self._list(url, key) if one.get(field) == value), None)

    async def _list(self, url: str, key: str) -> list[Mapping[str, Any]]:
        """All of a list, page by page; pages on another host are not followed."""
        found: list[Mapping[str, Any]] = []
        following: str | None = url
        params: dict[str, str] | None = {"PageSize": "100"}
        for _ in range(MAX_PAGES):
            if following is None:
                break
            page = await self._ask("GET", following, params=params)
            found += page.get(key) or []
            following, params = _next(url, page), None
        return found

    async def _post(self, url: str, **form: str) -> Part:
        made = await self._ask("POST", url, data=form)
        sid = _sid(made)
        if not sid:
            raise ProviderError(Unknown("2xx without a sid"), 201, "")
        return Part(sid)

    async def _delete(self, url: str) -> None:
        try:
            await self._wire.tell("DELETE", url, classify, headers=self._client.media_headers, secret=self._secret)
        except ProviderError as error:
            if error.http_status != 404:
                raise

    async def _ask(self, method: str, url: str, **parts: Any) -> dict[str, Any]:
        return await self._wire.ask(
            method, url, dict[str, Any], classify, headers=self._client.media_headers, secret=self._secret, **parts
        )


def _lists(plan: Plan) -> tuple[str, str]:
    """Path and key of the lists of who may call over the trunk."""
    if plan.access is SetupAccess.CREDENTIALS:
        return "CredentialLists", "credential_lists"
    return "IpAccessControlLists", "ip_access_control_lists"


def _part(row: Mapping[str, Any] | None) -> Part | None:
    sid = _sid(row) if row is not None else ""
    return Part(sid) if sid else None


def _sid(row: Mapping[str, Any]) -> str:
    """Of a thing; "" where it has none that goes into an address."""
    sid = row.get("sid")
    return sid if isinstance(sid, str) and sid.isascii() and sid.isalnum() and len(sid) <= 64 else ""


def _next(url: str, page: Mapping[str, Any]) -> str | None:
    """The next page of either API, on the host of the first alone."""
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(url))
    uri, whole = page.get("next_page_uri"), (page.get("meta") or {}).get("next_page_url")
    if isinstance(uri, str) and uri.startswith("/") and not urlsplit(uri).netloc:
        return origin + uri
    return whole if isinstance(whole, str) and whole.startswith(f"{origin}/") else None


def _better(error: ProviderError) -> Exception:
    found = twilio_error(error.body_excerpt.encode()) if error.http_status and 400 <= error.http_status < 500 else None
    failure = _FAILURES.get(found.code) if found is not None else None
    return error if failure is None or found is None else SetupRefused(failure, found.message or "")


def _can(number: Mapping[str, Any], what: str) -> bool:
    return any(name.lower() == what and able for name, able in (number.get("capabilities") or {}).items())


def _text(value: object) -> str:
    return " ".join(storable.text(value, 120).split()) if isinstance(value, str) else ""
