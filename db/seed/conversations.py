"""The inbox of a large company: a conversation with everybody who wrote, as a migration makes them of what was said, and then what its team
did with each."""

import asyncpg

from db.conversations.enums import AssignmentStrategy, ConversationState, LineKind, Priority
from db.seed.company import Made, fixed_id

_TEAMS = ("Vendas", "Entregas")
_LABELS = (("Orçamento", "#2563eb"), ("Reclamação", "#dc2626"), ("Entrega", "#d97706"), ("Cliente novo", "#16a34a"))

# Of a hundred conversations, by `dice`: 30 are open, half of them somebody's, 5 snoozed, the others closed by hand. What nobody answered
# waits, and is unread in an open one.
_WORKED_ON = f"""
update conversation v set state = d.state, priority = case when dice % 20 = 0 then '{Priority.URGENT}' when dice % 9 = 0 then '{Priority.HIGH}' else '{Priority.NONE}' end,
    assignee_id = case when d.state <> '{ConversationState.OPEN}' or dice % 2 = 0 then ($2::uuid[])[1 + dice / 100 % cardinality($2::uuid[])] end,
    team_id = case when dice % 3 = 0 then ($3::uuid[])[1 + dice / 100 % cardinality($3::uuid[])] end,
    snoozed_until = case when d.state = '{ConversationState.SNOOZED}' then now() + interval '1 day' + dice * interval '1 second' end,
    closed_at = case when d.state = '{ConversationState.CLOSED}' then least(v.last_at + interval '1 hour', now()) end,
    first_reply_at = case when d.answered_at is not null then v.opened_at + interval '4 minutes' end,
    unanswered_at = case when d.waits and d.state = '{ConversationState.OPEN}' then array[v.last_inbound_at] else '{{}}' end,
    unread_at = case when d.waits and d.state = '{ConversationState.OPEN}' then array[v.last_inbound_at] else '{{}}' end,
    first_touch = d.touch, last_touch = d.touch
from (
    select c.id, c.dice, c.waits, a.at as answered_at, t.touch, case when dice % 100 < 30 then '{ConversationState.OPEN}'
        when dice % 100 < 35 then '{ConversationState.SNOOZED}' else '{ConversationState.CLOSED}' end as state
    from (select *, last_at = last_inbound_at as waits, floor(random() * 1e6)::int as dice from conversation where company_id = $1) c
    left join lateral (select m.sent_at as at from message m where m.company_id = $1 and m.contact_id = c.contact_id
        and m.channel_id = c.channel_id and m.campaign_id is null limit 1) a on true
    left join lateral (select jsonb_build_object('at', i.received_at, 'campaign_id', i.campaign_id) as touch from inbound_message i
        where i.company_id = $1 and i.contact_id = c.contact_id and i.channel_id = c.channel_id and i.campaign_id is not null
        order by i.received_at limit 1) t on true
) d where v.company_id = $1 and v.id = d.id
"""
_LABELED = """
insert into conversation_label(company_id, label_id, conversation_id)
select $1, l.id, v.id from conversation v
join (select id, row_number() over (order by name) as number from label where company_id = $1) l on l.number = 1 + (hashtext(v.id::text) & 15)
where v.company_id = $1
"""
_LINES = f"""
insert into conversation_entry(company_id, id, conversation_id, at, kind, by_id, whom_id)
select $1, uuidv7(at - now()), id, at, kind, by_id, whom from (
    select id, opened_at + interval '1 minute' as at, '{LineKind.ASSIGNED}' as kind, $2::uuid as by_id, assignee_id as whom
    from conversation where company_id = $1 and assignee_id is not null
    union all
    select id, closed_at, '{LineKind.CLOSED}', assignee_id, null from conversation where company_id = $1 and closed_at is not null
) e
"""


async def write_conversations(c: asyncpg.Connection, company: Made) -> None:
    """Of what `write_traffic` wrote, by the role of `act_for`."""
    agents = [fixed_id(email) for email, _, _ in company.team[2:]]
    teams = []
    for name in _TEAMS:
        team = await c.fetchval(
            "insert into team(company_id, name, strategy) values ($1, $2, $3) returning id",
            company.id,
            name,
            AssignmentStrategy.MANUAL.value,
        )
        await c.execute(
            "insert into team_member(company_id, team_id, user_id) select $1, $2, unnest($3::uuid[])", company.id, team, agents
        )
        teams.append(team)
    await c.executemany(
        "insert into label(company_id, name, color) values ($1, $2, $3)", [(company.id, *each) for each in _LABELS]
    )
    await c.execute("select make_conversations($1, null)", company.id)
    await c.execute(_WORKED_ON, company.id, agents, teams)
    await c.execute(_LABELED, company.id)
    await c.execute(_LINES, company.id, fixed_id(company.team[1][0]))
