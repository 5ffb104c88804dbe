"""Whom a figure is narrowed to, where it is counted row by row: people who bear a tag now, conversations that a team has now."""

from uuid import UUID

NOBODY = UUID(int=0)
"""As a team or a person: none."""
TAGGED = """exists (select from contact_tag g join tag a on a.company_id = $1 and a.id = g.tag_id
    where g.company_id = $1 and g.contact_id = {contact} and fold(a.name) = fold({tag}))"""


def of_team(team: str, wanted: str) -> str:
    """`team`: a column, `wanted`: a parameter."""
    return f"coalesce({team}, '{NOBODY}') = {wanted}"
