"""Who a campaign reaches: one SELECT for the count, the preview and the INSERT that materialises the audience.

Every member of the audience gets a row: queued, or skipped with its reason, so that the counts add up to the audience.
"""

from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

from db.channels.enums import TemplateCategory
from db.contacts import filters
from db.contacts.enums import SAMPLE, Category
from db.contacts.filter import ContactFilter
from db.messages import contacted, queueing, strangers, unreached, values
from db.messages.enums import SkipReason
from db.messages.render import Content, TextContent
from db.messages.variables import Literal, parse
from db.providers import registry
from db.work import Read, Work

_PEOPLE = """
with people as (
    select c.id as contact_id, c.source, c.name, c.custom, c.language, c.opted_out_at, c.refuses, a.value as address, a.line, a.region, {email} as email
    from contact c left join lateral (
        select i.value, i.line, i.region from contact_identity i
        where i.company_id = c.company_id and i.contact_id = c.id and i.valid and i.kind = any({kinds}::text[])
        order by array_position({kinds}::text[], i.kind), i.line = 'fixed', i.id limit 1
    ) a on true
    where c.company_id = {company} and {condition}
), judged as (
    select p.*, case
        when p.opted_out_at is not null
          or exists (select from suppression s where s.company_id = {company} and s.address = p.address) then '{opted_out}'
        when '{category}' = any(p.refuses) then '{refused}'
        when p.address is null then '{no_address}'
        {more}
    end as reason
    from people p
)
"""


class Audience:
    """The query for one campaign; its pieces share one list of arguments."""

    def __init__(
        self,
        company_id: UUID,
        kind: str,
        chosen: ContactFilter,
        *,
        rehearsal: bool = False,
        category: str = Category.MARKETING,
        skip_recent_days: int = 0,
        campaign_id: UUID | None = None,
        fields: list[str] | None = None,
    ) -> None:
        """`rehearsal`: on the simulator, which alone writes to sample contacts. `category`: what it is for; who refuses that is left out.
        `campaign_id`: its own messages make nobody one who got another campaign lately."""
        self.args: list[object] = []
        self.by_segment = registry.provider(kind).capabilities.unit == "segment"
        self.fields = fields or []
        self.company = self.arg(company_id, "uuid")
        capabilities = registry.provider(kind).capabilities
        more = [] if rehearsal else [f"when p.source = '{SAMPLE}' then '{SkipReason.SAMPLE_CONTACT}'"]
        if not capabilities.reaches_landlines:
            more.append(f"when p.line = 'fixed' then '{SkipReason.LANDLINE}'")
        if capabilities.known_people_only:
            known = strangers.KNOWN.format(
                company=self.company, contact="p.contact_id", source="p.source", category=f"'{TemplateCategory(category).value}'"
            )
            more.append(f"when not {known} then '{SkipReason.STRANGER}'")
        there = unreached.sql(
            kind=self.arg(kind, "text"), category=f"'{TemplateCategory(category).value}'", address="p.address", region="p.region"
        )
        more.append(f"when {there} then '{SkipReason.COUNTRY_UNREACHED}'")
        if skip_recent_days:
            recent = contacted.lately(
                company=self.company,
                contact="p.contact_id",
                days=self.arg(skip_recent_days, "int"),
                own=self.arg([campaign_id] if campaign_id is not None else [], "uuid[]"),
                rehearsal=rehearsal,
                waiting=True,
            )
            more.append(f"when {recent} then '{SkipReason.RECENTLY_MESSAGED}'")
        parts = {
            "email": values.EMAIL if "email" in self.fields else "null::text",
            "kinds": self.arg(list(capabilities.addresses), "text[]"),
            "company": self.company,
            "condition": filters.picked(chosen, self.args),
            "opted_out": SkipReason.OPTED_OUT,
            "refused": SkipReason.CATEGORY_REFUSED,
            "category": TemplateCategory(category).value,
            "no_address": SkipReason.NO_ADDRESS,
        }
        self.unsorted = _PEOPLE.format(more="\n        ".join(more), **parts)  # does not see two contacts with one address
        if len(capabilities.addresses) > 1:  # they may share a wa_id and a phone
            more.append(
                "when row_number() over (partition by p.address order by p.opted_out_at is null, p.contact_id) > 1"
                f" then '{SkipReason.DUPLICATE_ADDRESS}'"
            )
        self.people = _PEOPLE.format(more="\n        ".join(more), **parts)

    def arg(self, value: object, kind: str) -> str:
        self.args.append(value)
        return f"${len(self.args)}::{kind}"

    def field(self, name: str) -> str:
        """SQL for the value of a contact field; of a company's own one as the contact reads it."""
        return values.field(name, self.company, self.arg)

    @property
    def params(self) -> str:
        return values.params(self.fields, self.company, self.arg)

    def text(self, content: TextContent) -> str:
        """SQL for about the text that a person gets: what the segment count for the rate limit is taken from."""
        pieces = []
        for part in parse(content.body):
            if isinstance(part, Literal):
                pieces.append(self.arg(part.text, "text"))
            else:
                value = "split_part(btrim(p.name), ' ', 1)" if part.name == "first_name" else self.field(part.name)
                pieces.append(f"coalesce(nullif(btrim({value}), ''), {self.arg(part.fallback or '', 'text')})")
        return f"concat({', '.join(pieces)})"

    def units(self, content: Content) -> str:
        """SQL for how many segments the message of one person takes; 1 where nobody counts them."""
        if self.by_segment and isinstance(content, TextContent):
            return f"greatest(sms_segments({self.text(content)}), 1)"
        return "1"


async def count(r: Read, audience: Audience) -> dict[str | None, int]:
    """Members by skip reason; None are those who get the message."""
    rows = await r.fetch(audience.people + "select reason, count(*) as n from judged group by 1", *audience.args)
    return {row["reason"]: row["n"] for row in rows}


async def anybody(r: Read, audience: Audience, *, beside: int = 0) -> bool:
    """Whether there is anyone to write to, without counting them; `beside`: so many others."""
    sql = f"{audience.unsorted} select exists (select from judged where reason is null offset {int(beside)})"
    return await r.fetchval(sql, *audience.args) is True


async def sample(r: Read, audience: Audience, most: int) -> list[tuple[str, str, list[str]]]:
    """The first few who would get it: name, address, values of the fields."""
    rows = await r.fetch(
        audience.people + f"select p.name, p.address, {audience.params} as params from judged p where reason is null"
        f" limit {int(most)}",
        *audience.args,
    )
    return [(row["name"], row["address"], list(row["params"])) for row in rows]


class Person(NamedTuple):
    """One member. `reason`: why they get no message; None: they get it."""

    reason: str | None
    address: str
    params: list[str]


async def judge(r: Read, audience: Audience) -> Person | None:
    """The first member of an audience of one; None when there is nobody."""
    row = await r.fetchrow(
        audience.people
        + f"select p.reason, coalesce(p.address, '') as address, {audience.params} as params from judged p limit 1",
        *audience.args,
    )
    return Person(row["reason"], row["address"], list(row["params"])) if row is not None else None


async def materialise(
    w: Work, audience: Audience, content: Content, *, campaign_id: UUID, channel_id: UUID, at_least_once: bool
) -> int:
    """Writes a whole audience, however large; a second run adds nothing. Returns the rows added."""
    await w.execute("set local statement_timeout = '590s'")
    await w.execute("set local work_mem = '64MB'")
    return await enlist(w, audience, content, campaign_id=campaign_id, channel_id=channel_id, at_least_once=at_least_once)


async def enlist(
    w: Work,
    audience: Audience,
    content: Content,
    *,
    campaign_id: UUID,
    channel_id: UUID,
    at_least_once: bool,
    keys: Mapping[UUID, str] | None = None,
) -> int:
    """Writes the audience in one statement. `keys`: the dedupe key of each person, instead of that of the campaign; nobody else is
    written, and who has one already is left out. Returns the rows added."""
    units = audience.units(content)
    members = (
        "select p.contact_id, p.address, p.reason,"
        f" (case when p.reason is null then {units} else 1 end)::smallint as units,"
        f" case when p.reason is null then {audience.params} else '{{}}' end as params"
    )
    if keys is None:
        members += " from judged p"
    else:
        given = f"unnest({audience.arg(list(keys), 'uuid[]')}, {audience.arg(list(keys.values()), 'text[]')})"
        members += f", g.key from judged p join {given} g(contact_id, key) on g.contact_id = p.contact_id"
    return await queueing.queue_audience(
        w,
        audience.people,
        members,
        audience.args,
        campaign_id=campaign_id,
        channel_id=channel_id,
        at_least_once=at_least_once,
        keyed=keys is not None,
    )
