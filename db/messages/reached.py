"""Whom we wrote to: who got it, or may have. What surely failed, and what the simulator sent, reached nobody. One definition, for people whom a campaign
leaves out and for segments."""

from db.messages.enums import MessageState as M

_WENT = f"{{0}}.state in ({M.SENT}, {M.DELIVERED}, {M.READ})"
_MAY_HAVE = f"{{0}}.state = {M.FAILED_UNKNOWN}"
_IN_HAND = f"{{0}}.state in ({M.SENDING}, {M.UNKNOWN})"
# Those that went stand in an index of their own (m0175), those under way and those that ended in trouble in theirs.
STANDS = "{0}.sent_at is not null and {0}.contact_id is not null and {0}.done_at is null and not {0}.queued"
OTHERWISE = "{0}.sent_at is not null and ({0}.contact_id is null or {0}.done_at is not null or {0}.queued)"
"""Together all that was sent; each is what an index holds."""
_PEOPLE = (
    f"select x.contact_id from message x where x.company_id = {{company}} and {STANDS.format('x')} and {{since}} and {{real}}"
)
_OTHERS = f"""
select x.contact_id from message x where x.company_id = {{company}} and x.in_trouble and {{ended_since}} and {_MAY_HAVE.format("x")}
    and {{may_since}} and x.contact_id is not null and {{real}}
union all select x.contact_id from message x where x.company_id = {{company}} and x.lease_until is not null and {_IN_HAND.format("x")}
    and x.contact_id is not null and {{real}}
"""
# Inside of coalesce, because the planner takes it for a half of all there: what it guesses of channels is a thousandth, and its hashes begin too small.
_REAL = """coalesce(x.channel_id <> all(array(select s.id from channel s join company k on k.id = s.company_id
    where s.company_id = {company} and s.sandbox and not k.demo)), true)"""


def one(alias: str, since: str | None) -> str:
    """SQL: a message of that alias arrived, or may have, since then."""
    went, may, in_hand = (state.format(alias) for state in (_WENT, _MAY_HAVE, _IN_HAND))
    if since is not None:
        went += f" and {alias}.sent_at >= {since}"
        may += f" and coalesce({alias}.sent_at, {alias}.done_at) >= {since}"
    return f"{went} or {may} or {in_hand}"


def people(*, company: str, since: str | None) -> tuple[str, str]:
    """SQL for the contacts (ids, some more than once) who got a message since then, or may have, by a campaign or by hand; None: ever. Two queries: of what
    went, and of the little of which nobody knows (yet). The simulator reaches people of the demo company only."""
    real = _REAL.format(company=company)
    others = _OTHERS.format(
        company=company,
        real=real,
        ended_since=f"x.done_at >= {since}" if since else "true",
        may_since=f"coalesce(x.sent_at, x.done_at) >= {since}" if since else "true",
    )
    return _PEOPLE.format(company=company, real=real, since=f"x.sent_at >= {since}" if since else "true"), others


def person(*, company: str, contact: str, since: str | None) -> str:
    """SQL: whether this one is among `people`."""
    return (
        f"exists (select from message x where x.company_id = {company} and x.contact_id = {contact} and ({one('x', since)})"
        f" and {_REAL.format(company=company)})"
    )
