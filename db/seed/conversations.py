"""The inbox of a large company: a conversation with everybody who wrote, made of what was said, and then what its team did with each."""

import asyncpg

from db.conversations.enums import AssignmentStrategy, ConversationState, LineKind, Priority
from db.seed.company import Made, fixed_id

_TEAMS = ("Vendas", "Entregas")
_LABELS = (("Orçamento", "#2563eb"), ("Reclamação", "#dc2626"), ("Entrega", "#d97706"), ("Cliente novo", "#16a34a"))

# One walk over what was said, without joins: inside one transaction the planner knows nothing of new rows.
_MADE = """
insert into conversation(company_id, contact_id, channel_id, address, state, last_at, last_id, last_inbound_at, opened_at, asked_at, first_reply_at,
                         human_reply_at, first_touch, last_touch)
select $1, contact_id, channel_id, (array_agg(address order by at desc, id desc))[1], 'closed', max(at), (array_agg(id order by at desc, id desc))[1],
    max(at) filter (where came), min(at), min(at) filter (where came), min(at) filter (where not came), min(at) filter (where not came),
    (array_agg(jsonb_build_object('at', at, 'campaign_id', campaign_id) order by at) filter (where campaign_id is not null))[1],
    (array_agg(jsonb_build_object('at', at, 'campaign_id', campaign_id) order by at desc) filter (where campaign_id is not null))[1]
from (select contact_id, channel_id, id, address, campaign_id, received_at as at, true as came from inbound_message where company_id = $1
      union all
      select contact_id, channel_id, id, address, null, sent_at, false from message where company_id = $1 and campaign_id is null) said
group by contact_id, channel_id
"""
# Of a hundred conversations, by `dice`: 30 are open, half of them somebody's, 5 snoozed, the others closed by hand. What nobody answered
# waits, and is unread in an open one.
_WORKED_ON = f"""
update conversation v set state = d.state,
    priority = case when dice % 20 = 0 then '{Priority.URGENT}' when dice % 9 = 0 then '{Priority.HIGH}' else '{Priority.NONE}' end,
    assignee_id = case when d.state <> '{ConversationState.OPEN}' or dice % 2 = 0 then ($2::uuid[])[1 + dice / 100 % cardinality($2::uuid[])] end,
    team_id = case when dice % 3 = 0 then ($3::uuid[])[1 + dice / 100 % cardinality($3::uuid[])] end,
    snoozed_until = case when d.state = '{ConversationState.SNOOZED}' then now() + interval '1 day' + dice * interval '1 second' end,
    closed_at = case when d.state = '{ConversationState.CLOSED}' then least(v.last_at + interval '1 hour', now()) end,
    unanswered_at = case when v.last_at = v.last_inbound_at and d.state = '{ConversationState.OPEN}' then array[v.last_at] else '{{}}' end,
    unread_at = case when v.last_at = v.last_inbound_at and d.state = '{ConversationState.OPEN}' then array[v.last_at] else '{{}}' end
from (select id, dice, case when dice % 100 < 30 then '{ConversationState.OPEN}' when dice % 100 < 35 then '{ConversationState.SNOOZED}'
          else '{ConversationState.CLOSED}' end as state
      from (select id, floor(random() * 1e6)::int as dice from conversation where company_id = $1) c) d
where v.company_id = $1 and v.id = d.id
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
    await c.execute(_MADE, company.id)
    await c.execute(_WORKED_ON, company.id, agents, teams)
    await c.execute(_LABELED, company.id)
    await c.execute(_LINES, company.id, fixed_id(company.team[1][0]))
