"""Which campaigns that are not launched yet need a custom field: in their text, what fills their placeholders, or who they are for.

One that was launched keeps what it says."""

from typing import NamedTuple
from uuid import UUID

from db.campaigns.enums import CampaignState
from db.contacts import fields
from db.permissions import Permission
from db.tenancy import Actor
from db.work import read

MOST = 20

_USES = """
select k.id, k.name, k.state from campaign k
where k.company_id = $1 and k.state in ('draft', 'scheduled') and (
    k.bindings @> jsonb_build_array(jsonb_build_object('source', 'custom.' || $2::text))
    or k.audience->'custom' ? $2::text
    or jsonb_path_exists(k.audience, '$.rule.** ? (@.kind == "field" && @.key == $key)', jsonb_build_object('key', $2::text))
    or exists (select from segment s where s.company_id = $1 and s.id = (k.audience->>'segment_id')::uuid
        and jsonb_path_exists(s.rule, '$.** ? (@.kind == "field" && @.key == $key)', jsonb_build_object('key', $2::text)))
    or k.template_id is null and k.body ~ ('\\{\\{\\s*custom\\.' || $2::text || '\\s*[|}]'))
order by k.id desc limit $3
"""


class Use(NamedTuple):
    """A campaign that would be without the field."""

    id: UUID
    name: str
    state: CampaignState


async def uses(actor: Actor, field_id: UUID) -> list[Use]:
    """The newest 20. Raises NotFound."""
    async with read(actor, Permission.CAMPAIGNS_READ) as r:
        field = await fields.one(r, field_id)
        rows = await r.fetch(_USES, actor.company_id, field["key"], MOST)
    return [Use(row["id"], row["name"], CampaignState(row["state"])) for row in rows]
