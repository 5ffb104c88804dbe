"""A segment's rule as one SQL condition on alias `c` (table contact), true or false for each contact and never null.

What stands in other tables is asked as a set (`c.id in (select …)`): the planner joins it, or keeps it as a hash, and never looks it up once
for each of a million contacts. Of a few contacts (`few`) it is looked up for each instead: to read the set would take longer.
"""

import unicodedata
from collections.abc import Callable
from functools import partial

from db.contacts import alike
from db.contacts.segment_rule import (
    Allows,
    AnyCondition,
    Contacted,
    FieldIs,
    Group,
    HasTags,
    InStage,
    Made,
    OfImport,
    Reachable,
    Received,
    RecordedConsent,
    Span,
    Wrote,
)
from db.messages import reached
from db.messages.enums import MessageState as M

_Value = Callable[[object], str]
"""Adds a value to the arguments and returns its placeholder."""
_Among = Callable[[str, str], str]
"""Whether the contact is in a table under a condition on its alias `x`."""

_NUMBER = r"'^-?\d{1,30}(\.\d{1,15})?$'"
_DAY = r"'^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$'"
_COMING = """
select unnest(case when to_char(d, 'MM-DD') = '02-28' and to_char(d + 1, 'MM-DD') = '03-01' then '{{02-28,02-29}}'::text[]
    else array[to_char(d, 'MM-DD')] end)
from (select (now() at time zone k.time_zone)::date + n as d
    from company k, generate_series(0, {days}::text::int - 1) n where k.id = {company}) days
"""
# Whoever waits in a campaign that goes on, or may, gets it from that one.
_STOPPED = """exists (select from campaign k where k.company_id = x.company_id and k.id = x.campaign_id and k.state in ('cancelled', 'failed'))"""
_RESULTS = {
    "sent": f"x.state in ({M.SENT}, {M.DELIVERED}, {M.READ})",
    "delivered": f"x.state in ({M.DELIVERED}, {M.READ})",
    "read": f"x.state = {M.READ}",
    "replied": "x.replied_at is not null",
    "failed": f"x.state in ({M.FAILED}, {M.FAILED_UNKNOWN})",
    "not_read": f"x.state in ({M.SENT}, {M.DELIVERED}) and x.replied_at is null",
    "not_replied": f"x.state in ({M.SENT}, {M.DELIVERED}, {M.READ}) and x.replied_at is null",
    "not_sent": f"(x.state = {M.CANCELLED} or x.state = {M.QUEUED} and {_STOPPED}) and not x.maybe_duplicate",
}


# Whom an SMS reached in its place, or is about to, is nobody to send it to once more.
_NOT_INSTEAD = f"""not exists (select from campaign i join message f on f.company_id = i.company_id and f.contact_id = x.contact_id
    and f.campaign_id = i.id and f.state not in ({M.FAILED}, {M.SKIPPED}, {M.CANCELLED})
    where i.company_id = x.company_id and i.fallback_of = {{campaign}}::uuid)"""
# Two contacts that became one have two messages: one that went, or may have, is enough.
_NOTHING_WENT = f"""not exists (select from message o where o.company_id = x.company_id and o.contact_id = x.contact_id and o.campaign_id = {{campaign}}::uuid
    and (o.state between {M.SENDING} and {M.READ} or o.state = {M.FAILED_UNKNOWN} or o.maybe_duplicate))"""


def condition(group: Group, company: str, value: _Value, *, few: bool = False) -> str:
    """The SQL for `group`. `company`: the placeholder of the company, as uuid. `few`: not many contacts are looked at."""
    parts = [_one(each, company, value, few=few) for each in group.conditions]
    parts += [condition(each, company, value, few=few) for each in group.groups]
    if not parts:
        return "false"
    if group.match == "all":
        return f"({' and '.join(parts)})"
    either = f"({' or '.join(parts)})"
    return either if group.match == "any" else f"not {either}"


def _one(one: AnyCondition, company: str, value: _Value, *, few: bool) -> str:
    among = partial(_exists if few else _among, company)
    match one:
        case HasTags():
            return _tags(one, value, among)
        case FieldIs():
            return _field(one, company, value)
        case Allows():
            out = "c.opted_out_at is not null" + (f" or '{one.category}' = any(c.refuses)" if one.category else "")
            return f"({out})" if one.opted_out else f"not ({out})"
        case RecordedConsent():
            return _recorded(one, company, value, few=few)
        case Reachable():
            return among("contact_identity", _ADDRESSES[one.by])
        case Made():
            return f"c.created_at {'>=' if one.op == 'within' else '<'} {_days_ago(one.days, value)}"
        case OfImport():
            return among("contact_import_member", f"x.import_id = {value(one.import_id)}::uuid")
        case Contacted():
            return _span(one.op, one.days, value, partial(_contacted, company, few))
        case Wrote():
            return _span(one.op, one.days, value, partial(_wrote, among))
        case Received():
            return among("message", _received(one, value))
        case InStage():
            return among("lead", f"x.stage_id = any({value(one.stages)}::uuid[]) and x.contact_id is not null")


_ADDRESSES = {
    "phone": "(x.kind = 'phone') is true",
    "mobile": "x.line in ('mobile', 'fixed_or_mobile')",
    "landline": "x.line = 'fixed'",
    "email": "(x.kind = 'email') is true",
}
"""As a filter of the index by contact, which holds the kind: the one by address would be chosen for it, and read with all its rows."""


def _received(one: Received, value: _Value) -> str:
    first, last = (value(f"{one.campaign_id}{mark}") for mark in ":;")  # its messages' keys begin with its id
    which = (
        f"x.dedupe_key > {first}::text and x.dedupe_key < {last}::text and x.contact_id is not null and {_RESULTS[one.result]}"
    )
    if one.result == "not_sent":
        which += f" and {_NOTHING_WENT.format(campaign=value(one.campaign_id))}"
    if one.result in ("failed", "not_sent"):
        which += f" and {_NOT_INSTEAD.format(campaign=value(one.campaign_id))}"
    if one.reason is not None:
        which += f" and (x.reason = {value(one.reason)}::text) is true"
    if one.until is not None and one.result != "not_sent":  # those who wait are called off later than that, and nobody joins them
        which += f" and x.{'done_at' if one.result == 'failed' else 'sent_at'} <= {value(one.until)}::timestamptz"
    return which


# Entries stay with the contact that they were written of: those of one that became part of another are that one's (`consent_log.py`).
_SAID = """
select l.contact_id from (
    with said as (select e.contact_id, e.address, e.allowed, e.at, e.id from consent_entry e where e.company_id = {company} and {which})
    select distinct on (w.contact_id) w.contact_id, w.allowed, w.at from (
        select s.contact_id, s.allowed, s.at, s.id from said s where s.contact_id is not null
        union all select m.contact_id, s.allowed, s.at, s.id from said s join contact_merge m on m.company_id = {company} and m.merged_id = s.contact_id
            where m.undone_at is null
        union all select a.contact_id, s.allowed, s.at, s.id from said s join contact_identity a on a.company_id = {company} and a.value = s.address
            where s.contact_id is null and a.contact_id is not null) w
    order by w.contact_id, w.at desc, w.id desc) l where {last}
"""
_SAID_BY_ONE = """
exists (select from (
    select e.allowed, e.at, e.id from consent_entry e where e.company_id = {company} and {which} and e.contact_id = any(array(
        select c.id union all select m.merged_id from contact_merge m where m.company_id = {company} and m.contact_id = c.id and m.undone_at is null))
    union all select e.allowed, e.at, e.id from consent_entry e where e.company_id = {company} and {which} and e.contact_id is null
        and e.address = any(array(select a.value from contact_identity a where a.company_id = {company} and a.contact_id = c.id))
    order by at desc, id desc limit 1) l where {last})
"""


def _recorded(one: RecordedConsent, company: str, value: _Value, *, few: bool) -> str:
    which = "e.category is null" if one.category is None else f"(e.category is null or e.category = '{one.category}')"
    if one.channel is not None:
        which += (
            f" and exists (select from inbound_message i join channel k on k.company_id = {company} and k.id = i.channel_id"
            f" where i.company_id = {company} and i.id = e.message_id and k.kind = {value(one.channel)}::text)"
        )
    last = "true"
    if one.said != "never":
        last = "l.allowed" if one.said == "given" else "not l.allowed"
        if one.op != "ever":
            last += f" and l.at {'>=' if one.op == 'within' else '<'} {_days_ago(one.days, value)}"
    if few:
        found = _SAID_BY_ONE.format(company=company, which=which, last=last)
    else:
        found = f"c.id in ({_SAID.format(company=company, which=which, last=last)})"
    return f"not {found}" if one.said == "never" else found


def _among(company: str, table: str, which: str) -> str:
    return f"c.id in (select x.contact_id from {table} x where x.company_id = {company} and {which})"


def _exists(company: str, table: str, which: str) -> str:
    return f"exists (select from {table} x where x.company_id = {company} and x.contact_id = c.id and {which})"


def _days_ago(days: int, value: _Value) -> str:
    return f"now() - make_interval(days => {value(days)}::int)"


def _span(op: Span, days: int, value: _Value, since: Callable[[str | None], str]) -> str:
    if op == "within":
        return since(_days_ago(days, value))
    ever = since(None)
    if op == "ever":
        return ever
    return f"not {ever}" if op == "never" else f"({ever} and not {since(_days_ago(days, value))})"


def _wrote(among: _Among, since: str | None) -> str:
    when = "x.received_at is not null" if since is None else f"x.received_at >= {since}"
    return among("inbound_message", f"x.contact_id is not null and {when}")


def _contacted(company: str, few: bool, since: str | None) -> str:
    if few:
        return reached.person(company=company, contact="c.id", since=since)
    went, others = reached.people(company=company, since=since)
    return f"(c.id in ({went}) or c.id in ({others}))"


def _tags(one: HasTags, value: _Value, among: _Among) -> str:
    if one.op == "all":
        every = (among("contact_tag", f"x.tag_id = {value(tag)}::uuid") for tag in dict.fromkeys(one.tags))
        return f"({' and '.join(every)})"
    some = among("contact_tag", f"x.tag_id = any({value(one.tags)}::uuid[])")
    return some if one.op == "any" else f"not {some}"


def _field(one: FieldIs, company: str, value: _Value) -> str:
    text = f"coalesce(c.custom->>{value(one.key)}::text, '')"
    match one.op:
        case "filled":
            return f"{text} <> ''"
        case "empty":
            return f"{text} = ''"
        case "is":
            return _called(text, one.value, value)
        case "is_not":
            return f"not {_called(text, one.value, value)}"
        case "contains":
            return f"{text} ~ {value(alike.pattern(one.value, whole=False))}::text"
        case "at_least" | "at_most":
            sign = ">=" if one.op == "at_least" else "<="
            return f"case when {text} ~ {_NUMBER} then {text}::numeric {sign} {value(one.value)}::text::numeric else false end"
        case "from" | "until":
            sign = ">=" if one.op == "from" else "<="
            return f'({text} ~ {_DAY} and {text} {sign} {value(one.value)}::text collate "C")'
        case "birthday":
            return f"({text} ~ {_DAY} and right({text}, 5) in ({_COMING.format(company=company, days=value(one.value))}))"


def _called(text: str, wanted: str, value: _Value) -> str:
    # By its length first: most values go by that. A letter takes from one to four bytes. One look at the value: it is read out of its document each time.
    letters = len(unicodedata.normalize("NFC", wanted))
    lengths = value(list(range(letters, 4 * letters + 1)))
    like = f"{text} ~ {value(alike.pattern(wanted, whole=True))}::text"
    return f"(octet_length({text}) = any({lengths}::int[]) and {like})"
