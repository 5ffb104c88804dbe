"""Numbers to buy, lists of who may call, Elastic SIP trunks and prices, as Twilio has them. Every change may be lost like a send.

Sources: docs/contracts (Twilio, sections 9 and 10), Twilio "Elastic SIP Trunking REST API".
"""

import random
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from workers.sandbox.accounts import Accounts
from workers.sandbox.behaviour import draw_fault
from workers.sandbox.server import Reply, Request, json_reply
from workers.sandbox.twilio.account import AccessList, Number, Trunk, TwilioAccount
from workers.sandbox.twilio.errors import CUT, fail

SHOWN: Final = 30
TYPES: Final = {"Local": ("local", "4.25"), "Mobile": ("mobile", "7.10"), "TollFree": ("toll free", "24.999")}
_AREAS: Final = (
    ("11", "São Paulo", "SP"),
    ("21", "Rio de Janeiro", "RJ"),
    ("31", "Belo Horizonte", "MG"),
    ("41", "Curitiba", "PR"),
)
_KINDS: Final = {
    "CredentialLists": ("CL", "credential_lists"),
    "IpAccessControlLists": ("AL", "ip_access_control_lists"),
}
_ENTRIES: Final = {
    "Credentials": ("CR", "credentials", "Username", "Password"),
    "IpAddresses": ("IP", "ip_addresses", "IpAddress", "CidrPrefixLength"),
}
_PASSWORD: Final = re.compile(r"(?=.*[a-z])(?=.*[A-Z])(?=.*\d).{12,}")


def sid(prefix: str) -> str:
    return prefix + uuid.uuid4().hex


class Trunks:
    """`path` of every method: the parts of the address without `.json`."""

    def __init__(self, accounts: Accounts, seed: int) -> None:
        self._accounts = accounts
        self._dice = random.Random(seed + 11)

    def numbers(self, account: TwilioAccount, request: Request, path: Sequence[str]) -> Reply | None:
        """Below an account of the API of 2010; None: not of this."""
        match request.method, *path:
            case "GET", "AvailablePhoneNumbers", country, kind if kind in TYPES:
                return json_reply({"available_phone_numbers": self._available(account, request, country, kind)})
            case "GET", "IncomingPhoneNumbers", number if (own := self._by_sid(account, number)) is not None:
                return json_reply(number_view(account, own))
            case "POST", "IncomingPhoneNumbers":
                return self._change(account, lambda: self._buy(account, dict(request.form())))
            case "DELETE", "IncomingPhoneNumbers", number if (own := self._by_sid(account, number)) is not None:
                return self._change(account, lambda: self._gone(account, account.bought, own))
            case _, "SIP", kind, *rest if kind in _KINDS:
                return self._lists(account, request, kind, rest)
        return None

    def trunking(self, account: TwilioAccount, request: Request, path: Sequence[str]) -> Reply:
        """trunking.twilio.com/v1"""
        form = dict(request.form())
        match request.method, *path:
            case "GET", "Trunks":
                return _page(request, "trunks", [_trunk_view(account, key) for key in account.trunks], meta=True)
            case "POST", "Trunks":
                return self._change(account, lambda: self._trunk(account, form))
            case method, "Trunks", key, *rest if key in account.trunks:
                return self._of_trunk(account, request, method, key, rest, form)
        return fail(20404, request.path)

    def prices(self, path: Sequence[str]) -> Reply:
        """pricing.twilio.com/v1"""
        match path:
            case ["PhoneNumbers", "Countries", country]:
                prices = [{"number_type": kind, "base_price": price, "current_price": price} for kind, price in TYPES.values()]
                return json_reply(
                    {"country": country, "iso_country": country, "phone_number_prices": prices, "price_unit": "USD"}
                )
        return fail(20404)

    # changes

    def _change(self, account: TwilioAccount, act: Callable[[], Reply]) -> Reply:
        """What is asked, with the faults that the account injects."""
        fault = draw_fault(account.behaviour, self._dice)
        match fault.before:
            case "reset":
                return CUT
            case "429":
                return fail(20429)
            case "5xx":
                return fail(20500)
        if account.behaviour.refuse_code:
            return fail(account.behaviour.refuse_code)
        reply = act()
        self._accounts.keep(account)
        if reply.status >= 400:
            return reply
        match fault.after:
            case "drop":
                return CUT
            case "5xx":
                return fail(20500)
            case "hang":
                reply.delay = account.behaviour.hang_seconds
        return reply

    def _gone(self, account: TwilioAccount, things: dict[str, Any], key: str) -> Reply:
        del things[key]
        return Reply(204)

    def _buy(self, account: TwilioAccount, form: Mapping[str, str]) -> Reply:
        number = form.get("PhoneNumber", "")
        if number == account.phone_number or number in account.bought or not number.startswith("+"):
            return fail(21422, number)
        account.bought[number] = Number(sid=sid("PN"), friendly_name=form.get("FriendlyName") or number)
        account.purchases += 1
        return json_reply(number_view(account, number), 201)

    def _trunk(self, account: TwilioAccount, form: Mapping[str, str]) -> Reply:
        domain = form.get("DomainName", "")
        if not domain.endswith(".pstn.twilio.com"):
            return fail(20001, "DomainName must end in .pstn.twilio.com")
        if self._accounts.find(TwilioAccount, "trunk_domain", domain) is not None and any(
            trunk.domain == domain for trunk in account.trunks.values()
        ):
            return fail(21247, domain)
        key = sid("TK")
        account.trunks[key] = Trunk(friendly_name=form.get("FriendlyName", ""), domain=domain)
        return json_reply(_trunk_view(account, key), 201)

    # lists of who may call

    def _lists(self, account: TwilioAccount, request: Request, kind: str, rest: Sequence[str]) -> Reply | None:
        form = dict(request.form())
        prefix, key = _KINDS[kind]
        match request.method, *rest:
            case ("GET",):
                rows = [_list_view(one, found) for one, found in account.access_lists.items() if found.kind == kind]
                return _page(request, key, rows)
            case ("POST",):
                made = sid(prefix)

                def make() -> Reply:
                    account.access_lists[made] = AccessList(kind=kind, friendly_name=form.get("FriendlyName", ""))
                    return json_reply(_list_view(made, account.access_lists[made]), 201)

                return self._change(account, make)
            case "DELETE", one if one in account.access_lists:
                return self._change(account, lambda: self._gone(account, account.access_lists, one))
            case method, one, entries, *which if one in account.access_lists and entries in _ENTRIES:
                return self._entries(account, request, method, account.access_lists[one], entries, which)
        return None

    def _entries(
        self, account: TwilioAccount, request: Request, method: str, of: AccessList, kind: str, which: Sequence[str]
    ) -> Reply | None:
        prefix, key, first, second = _ENTRIES[kind]
        names = ("username", "") if kind == "Credentials" else ("ip_address", "cidr_prefix_length")

        def view(one: str) -> dict[str, Any]:
            shown = {name: value for name, value in zip(names, of.entries[one], strict=True) if name}
            return {"sid": one, "account_sid": account.account_sid, **shown}

        form = dict(request.form())
        match method, *which:
            case ("GET",):
                return _page(request, key, [view(one) for one in of.entries])
            case ("POST",):
                if kind == "Credentials" and not _PASSWORD.fullmatch(form.get(second, "")):
                    return fail(20001, "Password is too weak")
                if kind == "Credentials" and any(known[0] == form.get(first) for known in of.entries.values()):
                    return fail(20001, "Username exists")
                made = sid(prefix)

                def make() -> Reply:
                    of.entries[made] = (form.get(first, ""), form.get(second, ""))
                    return json_reply(view(made), 201)

                return self._change(account, make)
            case "DELETE", one if one in of.entries:
                return self._change(account, lambda: self._gone(account, of.entries, one))
        return None

    # parts of a trunk

    def _of_trunk(
        self, account: TwilioAccount, request: Request, method: str, key: str, rest: Sequence[str], form: Mapping[str, str]
    ) -> Reply:
        trunk = account.trunks[key]
        match method, *rest:
            case ("GET",):
                return json_reply(_trunk_view(account, key))
            case ("DELETE",):
                return self._change(account, lambda: self._without(account, key))
            case "GET", "OriginationUrls":
                rows = [{"sid": one, "friendly_name": name, "sip_url": url} for one, (name, url) in trunk.origination.items()]
                return _page(request, "origination_urls", rows, meta=True)
            case "POST", "OriginationUrls":
                return self._change(account, lambda: self._origination(trunk, form))
            case "DELETE", "OriginationUrls", one if one in trunk.origination:
                return self._change(account, lambda: self._gone(account, trunk.origination, one))
            case "GET", "PhoneNumbers":
                rows = [number_view(account, one) for one, own in account.bought.items() if own.trunk_sid == key]
                return _page(request, "phone_numbers", rows, meta=True)
            case "POST", "PhoneNumbers":
                return self._change(account, lambda: self._attach(account, key, form.get("PhoneNumberSid", "")))
            case "DELETE", "PhoneNumbers", one if (own := self._by_sid(account, one)) is not None:
                return self._change(account, lambda: self._detach(account, own))
            case "GET", kind if kind in _KINDS:
                rows = [
                    _list_view(one, account.access_lists[one])
                    for one in trunk.lists
                    if one in account.access_lists and account.access_lists[one].kind == kind
                ]
                return _page(request, _KINDS[kind][1], rows, meta=True)
            case "POST", kind if kind in _KINDS:
                return self._change(account, lambda: self._grant(account, trunk, form.get(f"{kind[:-1]}Sid", "")))
            case "DELETE", kind, one if kind in _KINDS and one in trunk.lists:
                return self._change(account, lambda: self._ungrant(trunk, one))
        return fail(20404, request.path)

    def _without(self, account: TwilioAccount, key: str) -> Reply:
        for own in account.bought.values():
            if own.trunk_sid == key:
                own.trunk_sid = None
        del account.trunks[key]
        return Reply(204)

    def _origination(self, trunk: Trunk, form: Mapping[str, str]) -> Reply:
        if not form.get("SipUrl", "").startswith(("sip:", "sips:")) or not {"Priority", "Weight", "Enabled"} <= set(form):
            return fail(20001, "SipUrl, Priority, Weight and Enabled are required")
        made = sid("OU")
        trunk.origination[made] = (form.get("FriendlyName", ""), form["SipUrl"])
        return json_reply({"sid": made, "sip_url": form["SipUrl"]}, 201)

    def _attach(self, account: TwilioAccount, key: str, one: str) -> Reply:
        number = self._by_sid(account, one)
        if number is None:
            return fail(20404, one)
        if account.bought[number].trunk_sid is not None:
            return fail(21245, one)
        account.bought[number].trunk_sid = key
        return json_reply(number_view(account, number), 201)

    def _detach(self, account: TwilioAccount, number: str) -> Reply:
        account.bought[number].trunk_sid = None
        return Reply(204)

    def _grant(self, account: TwilioAccount, trunk: Trunk, one: str) -> Reply:
        if one not in account.access_lists:
            return fail(20404, one)
        if one not in trunk.lists:
            trunk.lists.append(one)
        return json_reply(_list_view(one, account.access_lists[one]), 201)

    def _ungrant(self, trunk: Trunk, one: str) -> Reply:
        trunk.lists.remove(one)
        return Reply(204)

    # numbers

    def _by_sid(self, account: TwilioAccount, one: str) -> str | None:
        return next((number for number, own in account.bought.items() if own.sid == one), None)

    def _available(self, account: TwilioAccount, request: Request, country: str, kind: str) -> list[dict[str, Any]]:
        """The same ones each time, without those that were bought."""
        dice = random.Random(f"{country}{kind}")
        contains = re.sub(r"\D", "", request.params().get("Contains", ""))
        found = []
        for at in range(60):
            area, place, region = _AREAS[at % len(_AREAS)]
            rest = "".join(str(dice.randrange(10)) for _ in range(7))
            if country == "BR":
                number = (
                    f"+5508000{rest[:6]}" if kind == "TollFree" else f"+55{area}{'9' if kind == 'Mobile' else ''}{'3' + rest}"
                )
            else:
                number, place, region = f"+1800{rest}" if kind == "TollFree" else f"+1415{rest}", "San Francisco", "CA"
            if contains in number and number not in account.bought:
                found.append(
                    {
                        "phone_number": number,
                        "friendly_name": number,
                        "iso_country": country,
                        "locality": place,
                        "region": region,
                        "capabilities": {"voice": True, "SMS": kind == "Mobile", "MMS": False},
                        "address_requirements": "local" if kind == "TollFree" else "none",
                    }
                )
        return found[: int(request.params().get("PageSize", SHOWN))]


def carries(accounts: Accounts, domain: str, number: str, user: str, password: str) -> bool:
    """Whether a trunk lets whoever speaks call out over it from this number: its domain, its number, and who it is that calls."""
    account = accounts.find(TwilioAccount, "trunk_domain", domain)
    found = next((item for item in account.trunks.items() if item[1].domain == domain), None) if account is not None else None
    if account is None or found is None or number not in account.bought or account.bought[number].trunk_sid != found[0]:
        return False
    lists = [account.access_lists[one] for one in found[1].lists if one in account.access_lists]
    if any((user, password) in one.entries.values() for one in lists if one.kind == "CredentialLists"):
        return True
    return any(one.entries for one in lists if one.kind == "IpAccessControlLists")


def number_view(account: TwilioAccount, number: str) -> dict[str, Any]:
    own = account.bought[number]
    return {
        "sid": own.sid,
        "account_sid": account.account_sid,
        "phone_number": number,
        "friendly_name": own.friendly_name,
        "capabilities": {"voice": True, "sms": False, "mms": False, "fax": False},
        "trunk_sid": own.trunk_sid,
        "api_version": "2010-04-01",
    }


def _trunk_view(account: TwilioAccount, key: str) -> dict[str, Any]:
    trunk = account.trunks[key]
    return {
        "sid": key,
        "account_sid": account.account_sid,
        "friendly_name": trunk.friendly_name,
        "domain_name": trunk.domain,
    }


def _list_view(one: str, found: AccessList) -> dict[str, Any]:
    return {"sid": one, "friendly_name": found.friendly_name}


def _page(request: Request, key: str, rows: list[dict[str, Any]], *, meta: bool = False) -> Reply:
    """One page of a list in the form of either API."""
    size, page = int(request.params().get("PageSize", 50)), int(request.params().get("Page", 0))
    shown, more = rows[page * size : (page + 1) * size], len(rows) > (page + 1) * size
    following = f"{request.path}?PageSize={size}&Page={page + 1}" if more else None
    if meta:
        host = request.header(b"host")
        return json_reply({key: shown, "meta": {"key": key, "next_page_url": f"http://{host}{following}" if following else None}})
    return json_reply({key: shown, "next_page_uri": following})
