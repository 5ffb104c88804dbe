"""Events about the company and its people. Pure data, imported by the wire contract too."""

from collections.abc import Collection
from typing import ClassVar
from uuid import UUID

from db.events import Event, Reach
from db.permissions import Permission


class CompanyChanged(Event, frozen=True, kw_only=True):
    """Name, country, time zone or language."""

    type: ClassVar = "company.changed"
    permission: ClassVar = Permission.COMPANY_READ


class TeamChanged(Event, frozen=True, kw_only=True):
    """Members, roles or invitations."""

    type: ClassVar = "team.changed"
    permission: ClassVar = Permission.TEAM_READ


class SessionRevoked(Event, frozen=True, kw_only=True):
    """One session of this person ended; all of them when `session_id` is null. Their connections end after it."""

    type: ClassVar = "session.revoked"
    permission: ClassVar = Permission.EVENTS_READ
    reach: ClassVar = Reach.USER
    durable: ClassVar = False
    user_id: UUID
    session_id: UUID | None = None

    def reaches(self, user_id: UUID | None, permissions: Collection[Permission]) -> bool:
        return user_id == self.user_id and self.permission in permissions
