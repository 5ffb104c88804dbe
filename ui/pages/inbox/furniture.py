"""What stands around conversations and is the same for all of them: colleagues, teams, labels, quick replies."""

import asyncio

from api.contract.accounts import Member
from api.contract.conversations import Label, QuickReply, Team
from api.contract.enums import Permission
from ui import session
from ui.client import accounts, inbox
from ui.client.base import ApiClient, ApiProblem, Offline


class Furniture:
    """What the menus offer; the lists fill once it is known."""

    def __init__(self) -> None:
        self.people: list[Member] = []
        self.teams: list[Team] = []
        self.labels: list[Label] = []
        self.replies: list[QuickReply] = []

    async def fetch(self) -> None:
        """Asks for all of it; where something does not answer the menus offer less."""
        api = session.current().api
        for ask in (self._ask_people, self._ask_inbox):
            try:
                await ask(api)
            except (ApiProblem, Offline):
                continue

    async def _ask_people(self, api: ApiClient) -> None:
        if not session.current().may(Permission.TEAM_READ):
            return
        self.people = await accounts.everybody(api)

    async def _ask_inbox(self, api: ApiClient) -> None:
        self.teams, self.labels, self.replies = await asyncio.gather(
            inbox.teams(api), inbox.labels(api), inbox.quick_replies(api)
        )
