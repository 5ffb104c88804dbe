"""Events about how figures are shown. Pure data, imported by the wire contract too."""

from typing import ClassVar

from db.events import Event
from db.permissions import Permission


class DashboardChanged(Event, frozen=True, kw_only=True):
    """The company's tiles were arranged anew."""

    type: ClassVar = "dashboard.changed"
    permission: ClassVar = Permission.ANALYTICS_READ
    version: int
