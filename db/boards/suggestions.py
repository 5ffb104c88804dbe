"""Whether what a suggestion of the AI is about is no longer as it was when it was made: one condition for the card of a lead, for lists and for
counts. SQL for a proposal `p`, its lead `l` and its conversation `v`."""

from db.proposals.enums import LeadTool

DAYS = 7
"""So long a suggestion waits."""
_OLD = f"p.created_at < now() - interval '{DAYS} days'"
_CHANGED = f"""
    when p.tool in ('{LeadTool.SEND_TEMPLATE.value}', '{LeadTool.SEND_FILE.value}') then false
    when p.tool = '{LeadTool.BOOK.value}' and (p.lead_id is null or l.contact_id = v.contact_id and l.board_id = p.board_id)
        then (p.args->>'starts_at')::timestamptz <= now() or not exists (select from booking k where k.company_id = p.company_id
        and k.board_id = p.board_id and k.enabled and k.capacity > (select count(*) from appointment o where o.company_id = p.company_id
        and o.board_id = p.board_id and o.state = 'booked' and o.starts_at = (p.args->>'starts_at')::timestamptz))
    when l.id is null or l.contact_id is distinct from v.contact_id or l.board_id <> p.board_id then true
    when p.tool = '{LeadTool.MOVE_LEAD.value}' then l.stage_id is distinct from p.from_stage_id
    when p.tool = '{LeadTool.SET_VALUE.value}' then l.value_cents is distinct from (p.before->>'value_cents')::bigint
    when p.tool = '{LeadTool.SET_FIELD.value}' then coalesce(l.custom->>(p.args->>'key'), '') <> coalesce(p.before->>'value', '')
    when p.tool = '{LeadTool.ADD_TAG.value}' then l.tags @> array[p.args->>'tag']
    when p.tool = '{LeadTool.REMOVE_TAG.value}' then not l.tags @> array[p.args->>'tag']
    when p.tool = '{LeadTool.ASSIGN.value}' then l.owner_id is distinct from (p.before->>'owner_id')::uuid
    when p.tool = '{LeadTool.FOLLOW_UP.value}' then l.due_on is distinct from (p.before->>'due_on')::date
    when p.tool = '{LeadTool.ADD_TO_CADENCE.value}' then exists (select from enrolment e where e.company_id = p.company_id
        and e.cadence_id = (p.args->>'cadence_id')::uuid and e.contact_id = v.contact_id and e.state = 'active')
    when p.tool = '{LeadTool.CANCEL_BOOKING.value}' then not exists (select from appointment o where o.company_id = p.company_id
        and o.lead_id = l.id and o.state = 'booked' and o.ends_at > now())
    else false end
"""
STALE_OF_LEAD = f"({_OLD} or case {_CHANGED})"
"""Where there is a lead."""
STALE = f"""
({_OLD} or case
    when p.tool = '{LeadTool.CREATE_LEAD.value}' then exists (select from lead o join stage s on s.company_id = o.company_id and s.id = o.stage_id
        and s.kind = 'open' where o.company_id = p.company_id and o.contact_id = v.contact_id and o.board_id = p.board_id)
    {_CHANGED})
"""
WAITING_OF_LEAD = f"""
(select count(*) from lead_proposal p join conversation v on v.company_id = p.company_id and v.id = p.conversation_id
    join board b on b.company_id = p.company_id and b.id = p.board_id
    where p.company_id = l.company_id and p.lead_id = l.id and p.state = 'proposed' and b.archived_at is null and not {STALE_OF_LEAD})
"""
"""How many a person may accept or refuse, for the columns of a lead."""
