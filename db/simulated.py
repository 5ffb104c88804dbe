"""What a test key may set going: work that stays inside, and work for channels of the simulator. Whatever is not named here reaches
somebody real and is refused, so that a job made later is refused until somebody thinks about it.

Messages have no job of their own: who queues them asks `only` for their channel (`db/messages/queueing.py`, `db/campaigns/announce.py`).
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import msgspec

from db import jobs
from db.errors import RequestError
from db.jobs import Job
from db.permissions import Permission
from db.tenancy import Self

INSIDE: frozenset[type[Job]] = frozenset(
    (
        jobs.BulkContacts,
        jobs.CutPicture,
        jobs.DeleteFiles,
        jobs.DryRunImport,
        jobs.EraseContact,
        jobs.ExportContact,
        jobs.ForgetFile,
        jobs.GiveUpChange,
        jobs.InspectImport,
        jobs.KeepRules,
        jobs.LookAtFile,
        jobs.MakeSimulator,
        jobs.MissAnswer,
        jobs.ReleaseHeld,
        jobs.RemoveField,
        jobs.RemoveLeadField,
        jobs.SandboxModel,
        jobs.UndoImport,
    )
)
"""They ask nobody outside for anything. Not among them: what models are asked, mails, and what rules of stages may follow."""

OUTSIDE: frozenset[Permission] = frozenset((Permission.WEBHOOKS_WRITE, Permission.INTEGRATIONS_WRITE))
"""What is changed with these has somebody outside told of real people, later and by no job of the change."""

LEADING: frozenset[Permission] = frozenset((Permission.CONTACTS_WRITE, Permission.LEADS_WRITE, Permission.BOARDS_WRITE))
"""What is changed with these may be what a sequence takes people in for: whom it picks is written to later, by no job of the change."""
_PICKS = """
select exists (select from cadence c join cadence_version v on v.company_id = $1 and v.cadence_id = c.id and v.number = c.live
    where c.company_id = $1 and c.state in ('running', 'paused') and jsonb_typeof(v.plan->'entry') = 'object'
        and exists (select from campaign k join channel h on h.company_id = $1 and h.id = k.channel_id and not h.sandbox
            where k.company_id = $1 and k.cadence_id = c.id and k.cadence_open))
"""

_CHANNEL = "select $2::uuid"
CHANNEL_OF: dict[type[Job], tuple[str, str]] = {
    jobs.CheckChannel: ("channel_id", _CHANNEL),
    jobs.SandboxControl: ("channel_id", _CHANNEL),
    jobs.SyncTemplates: ("channel_id", _CHANNEL),
    jobs.FollowTemplates: ("channel_id", _CHANNEL),
    jobs.MarkRead: ("conversation_id", "select channel_id from conversation where company_id = $1 and id = $2"),
    jobs.PrepareCampaign: ("campaign_id", "select channel_id from campaign where company_id = $1 and id = $2"),
    jobs.SendFile: ("file_id", "select channel_id from message where company_id = $1 and queue_id = $2"),
    jobs.SubmitTemplate: ("template_id", "select channel_id from template where company_id = $1 and id = $2"),
}
"""The field that names what a job is about, and the statement that finds its channels."""


def inside(permission: Permission | Self) -> None:
    """Raises Forbidden `test_key` for a change that has somebody outside told."""
    if permission in OUTSIDE:
        raise RequestError.TEST_KEY()


async def unpicked(connection: Any, company_id: UUID, permission: Permission | Self) -> None:
    """Raises Forbidden `test_key` for a change that may bring people into a sequence of a real channel: while one takes people in by itself."""
    if permission in LEADING and await connection.fetchval(_PICKS, company_id):
        raise RequestError.TEST_KEY()


async def only(connection: Any, company_id: UUID, channels: str, *args: object) -> None:
    """Raises Forbidden `test_key` unless all channels that a statement finds (at least one) are on the simulator."""
    sandbox = await connection.fetchval(
        f"select bool_and(c.sandbox) from channel c where c.company_id = $1 and c.id in ({channels})", company_id, *args
    )
    if sandbox is not True:
        raise RequestError.TEST_KEY()


async def check(connection: Any, company_id: UUID, jobs: Iterable[Job]) -> None:
    """Raises Forbidden `test_key` for the first job that would reach somebody real."""
    for job in jobs:
        if type(job) in INSIDE:
            continue
        if type(job) not in CHANNEL_OF:
            raise RequestError.TEST_KEY()
        field, channels = CHANNEL_OF[type(job)]
        await only(connection, company_id, channels, msgspec.structs.asdict(job)[field])
