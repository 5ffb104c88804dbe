"""Who gets a conversation that opens and has nobody: its team, or the team of its channel, by the team's own strategy."""

from uuid import UUID

from db.accounts.standing import holds
from db.conversations.enums import AssignmentStrategy as S
from db.notifications import calls
from db.notifications.enums import NotificationKind
from db.permissions import Permission
from db.work import Read, Work

ANSWERS = holds(Permission.CONVERSATIONS_WRITE, "p")
"""A condition: a conversation may be assigned to whom the membership `p` is of."""

_TEAM = """
select t.id, t.strategy from team t where t.company_id = $1 and t.id = coalesce($2::uuid,
    (select c.team_id from team_channel c where c.company_id = $1 and c.channel_id = $3))
for share
"""
_WHOM = f"""
select m.user_id from conversation v join membership m on m.company_id = $1 and {holds(Permission.CONVERSATIONS_WRITE, "m")}
where v.company_id = $1 and v.id = $2 and (m.user_id in (select x.user_id from team_member x where x.company_id = $1 and x.team_id = v.team_id)
        or not exists (select from team_member x join membership p on p.company_id = $1 and p.user_id = x.user_id and {ANSWERS}
            where x.company_id = $1 and x.team_id = v.team_id))
"""
_TAKES_OVER = """
select coalesce((select t.id from team t where t.company_id = $1 and t.id = $3), v.team_id,
    (select c.team_id from team_channel c where c.company_id = $1 and c.channel_id = v.channel_id)) as team_id
from conversation v where v.company_id = $1 and v.id = $2
"""
_CANDIDATES = f"""
select m.user_id from team_member m join membership p on p.company_id = $1 and p.user_id = m.user_id and {ANSWERS}
where m.company_id = $1 and m.team_id = $2
order by case when $3 = '{S.LEAST_BUSY.value}' then (select count(*) from (select from conversation v where v.company_id = $1
    and v.assignee_id = m.user_id and v.state = 'open' limit 1000) b) end, m.assigned_at nulls first, m.user_id
limit 1
"""
# Who is leaving, or gets another role, is passed over; who is chosen cannot leave before the conversation is theirs, and it is let go then
# (db/accounts/team.py). Never waited for: conversations are locked already, and who leaves locks them after the membership.
_STAYS = "for share of p skip locked"
# Whom another transaction is giving something to at this moment has their turn already: nobody waits for it.
_NEXT = f"""
with n as materialized ({_CANDIDATES} for update of m skip locked {_STAYS})
update team_member x set assigned_at = clock_timestamp() from n
where x.company_id = $1 and x.team_id = $2 and x.user_id = n.user_id returning x.user_id
"""


async def by_turns(w: Work, team_id: UUID) -> UUID | None:
    """Whose turn it is in a team, which is theirs from now on; None in a team without anybody who answers."""
    return await _choose(w, team_id, S.ROUND_ROBIN)


async def route(w: Work, conversation_id: UUID, channel_id: UUID, team_id: UUID | None) -> int | None:
    """Gives a conversation without an assignee to a team, and to somebody of it where the team says how. Returns the new version; None
    when nothing changed."""
    team = await w.fetchrow(_TEAM, w.company_id, team_id, channel_id)
    if team is None:
        return None
    assignee = None
    if team["strategy"] != S.MANUAL:
        assignee = await _choose(w, team["id"], S(team["strategy"]))
    if assignee is None and team_id is not None:
        return None
    if assignee is not None:
        await calls.call(w, [assignee], NotificationKind.ASSIGNED, conversation_id)
    version: int = await w.fetchval(
        "update conversation set team_id = $3, assignee_id = $4, version = version + 1 where company_id = $1 and id = $2"
        " returning version",
        w.company_id,
        conversation_id,
        team["id"],
        assignee,
    )
    return version


async def takes_over(r: Read, company_id: UUID, conversation_id: UUID, team_id: UUID | None) -> UUID | None:
    """The team that `to_team` would give the conversation to."""
    found: UUID | None = await r.fetchval(_TAKES_OVER, company_id, conversation_id, team_id)
    return found


async def to_team(w: Work, conversation_id: UUID, channel_id: UUID, team_id: UUID | None) -> None:
    """Somebody is to answer: it goes to this team (None, or one that is gone: to the one it has, or that of its channel) and to somebody of
    it by the team's strategy, unless it is somebody's already. Whoever it is gets a notification; where it is nobody's the team does, and
    without a team all who answer."""
    row = await w.fetchrow(
        "update conversation set version = version + 1, team_id = coalesce((select id from team where company_id = $1 and id = $3), team_id)"
        " where company_id = $1 and id = $2 returning team_id, assignee_id",
        w.company_id,
        conversation_id,
        team_id,
    )
    if row is None:
        return
    if row["assignee_id"] is not None:
        await calls.call(w, [row["assignee_id"]], NotificationKind.WAITS, conversation_id)
        return
    await route(w, conversation_id, channel_id, row["team_id"])  # who gets it is told so
    nobodys = "select true from conversation where company_id = $1 and id = $2 and assignee_id is null"
    if await w.fetchval(nobodys, w.company_id, conversation_id):
        whom = [one["user_id"] for one in await w.fetch(_WHOM, w.company_id, conversation_id)]
        await calls.call(w, whom, NotificationKind.WAITS, conversation_id)


async def _choose(w: Work, team_id: UUID, strategy: S) -> UUID | None:
    whose = (w.company_id, team_id, strategy.value)
    found: UUID | None = await w.fetchval(_NEXT, *whose) or await w.fetchval(f"{_CANDIDATES} {_STAYS}", *whose)
    return found
