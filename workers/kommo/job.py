"""Works on what is owed to Kommo, one task after another, and checks the connection. One job of a company at a time (queue `kommo`)."""

import time
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog

from db import valkey
from db.clock import now
from db.crypto import SealBroken
from db.event_consumers import Batch
from db.jobs import CheckKommo, SyncKommo
from db.kommo import access, rules, tasks
from db.kommo.access import Opened
from db.kommo.connection import Connection, Pipeline, Status
from db.kommo.enums import KommoHookState, KommoState, KommoTaskState
from db.kommo.errors import KommoReason
from db.kommo.tasks import End, Task
from db.settings import Settings
from db.work import Work, take_tick
from workers.kommo.carry import Carrier
from workers.kommo.client import Calls, Kommo, Trouble
from workers.registration import Handler, Loop
from workers.runtime import Retry, Snooze

log = structlog.get_logger("workers.kommo")

SHIFT = 60.0  # seconds; then another company may have the place
SETTINGS = ("add_lead", "status_lead", "update_lead", "add_contact", "update_contact")
"""What Kommo is asked to tell."""
_STOPS = {
    KommoReason.TOKEN_REFUSED: KommoState.TOKEN_REFUSED,
    KommoReason.CODE_REFUSED: KommoState.TOKEN_REFUSED,
    KommoReason.UNPAID: KommoState.UNPAID,
    KommoReason.FORBIDDEN: KommoState.BLOCKED,
}


class Jobs:
    """The jobs of one process."""

    def __init__(self, settings: Settings, calls: Calls | None = None) -> None:
        self._settings = settings
        self._calls = calls

    def _account(self, company_id: UUID, host: str, token: str) -> Kommo:
        if self._calls is None:
            self._calls = Calls(self._settings)
        return self._calls.account(company_id, host, token)

    async def close(self) -> None:
        if self._calls is not None:
            await self._calls.close()

    async def _open(self, company_id: UUID) -> Opened | None:
        """With a token that holds: had for the code, or renewed. Raises Trouble, SealBroken, valkey.Down."""
        opened = await access.open_connection(company_id)
        if opened is None or not opened.due:
            return opened
        await access.renew(company_id, self._account(company_id, opened.connection.host, "").exchange)
        return await access.open_connection(company_id)

    # -- what is owed -----------------------------------------------------------------------------------------------

    async def sync(self, company_id: UUID, job: SyncKommo) -> None:
        """Until nothing is due, or its shift is over. Raises Snooze while Kommo wants rest."""
        until = time.monotonic() + SHIFT
        while time.monotonic() < until:
            opened = await self._ready(company_id)
            if opened is None:
                return
            task = await tasks.claim(company_id)
            if task is None:
                break
            await self._one(company_id, opened, task)
        await tasks.sleep(company_id)

    async def _ready(self, company_id: UUID) -> Opened | None:
        """None: nothing may be asked; whatever ends that wakes us."""
        try:
            opened = await self._open(company_id)
        except SealBroken:
            await self._unreadable(company_id)
            return None
        except Trouble as trouble:
            await self._renewing_failed(company_id, trouble)
            return None
        if opened is None or opened.connection.state is not KommoState.READY:
            return None
        if opened.connection.rest_until is not None:
            raise Snooze(opened.connection.rest_until)
        return opened

    async def _renewing_failed(self, company_id: UUID, trouble: Trouble) -> None:
        """Raises Retry, Snooze."""
        opened = await access.open_connection(company_id)
        if opened is None:
            return
        if trouble.reason is KommoReason.BUSY:
            raise Snooze(await access.rest(company_id, trouble.retry_after))
        if trouble.reason in _STOPS:
            await access.stop(company_id, opened.connection, _STOPS[trouble.reason], trouble.reason, trouble.detail)
            return
        raise Retry(30.0, str(trouble))

    async def _one(self, company_id: UUID, opened: Opened, task: Task) -> None:
        """One task and its end. Raises Snooze, Retry."""
        connection = opened.connection
        try:
            kommo = self._account(company_id, connection.host, opened.token)
            end = await Carrier(company_id, kommo).carry(task)
        except valkey.Down as error:  # no permit, so nothing was sent
            await tasks.not_begun(company_id, task, now())
            raise Retry(5.0, "no permits") from error
        except Trouble as trouble:
            await self._trouble(company_id, opened, task, trouble)
            return
        await tasks.settle(company_id, task, end)
        await access.went_well(company_id)

    async def _trouble(self, company_id: UUID, opened: Opened, task: Task, trouble: Trouble) -> None:
        """What was refused to the connection waits for it; what was refused to the task is its end. Raises Snooze."""
        connection, reason = opened.connection, trouble.reason
        if trouble.unsure:
            await tasks.settle(company_id, task, End(KommoTaskState.UNKNOWN, KommoReason.UNSURE, trouble.detail))
        elif reason is KommoReason.BUSY:
            until = await access.rest(company_id, trouble.retry_after)
            await tasks.not_begun(company_id, task, until)
            raise Snooze(until)
        elif reason is KommoReason.TOKEN_REFUSED and await self._may_renew(company_id, connection):
            await tasks.not_begun(company_id, task, now())
        elif reason in (KommoReason.TOKEN_REFUSED, KommoReason.UNPAID) or (
            reason is KommoReason.FORBIDDEN and await self._blocked(company_id, opened)
        ):
            await tasks.not_begun(company_id, task, now())
            told = KommoReason.BLOCKED if reason is KommoReason.FORBIDDEN else reason
            await access.stop(company_id, connection, _STOPS[reason], told, trouble.detail)
        elif reason in (KommoReason.UNREACHABLE, KommoReason.ODD_ANSWER):
            state = KommoTaskState.UNKNOWN if task.unsure else KommoTaskState.WAITING
            await tasks.settle(company_id, task, End(state, reason, trouble.detail))
        else:
            await tasks.settle(company_id, task, End(KommoTaskState.FAILED, reason, trouble.detail))

    async def _may_renew(self, company_id: UUID, connection: Connection) -> bool:
        """Of a pair whose token should still hold: a new one is had before the task is tried again."""
        until = connection.token_until
        if until is None or until - now() < access.EARLY + timedelta(minutes=1):
            return False
        await access.expire(company_id)
        return True

    async def _blocked(self, company_id: UUID, opened: Opened) -> bool:
        """Whether Kommo answers nobody from here, or refuses this one thing to the token's user."""
        try:
            await self._account(company_id, opened.connection.host, opened.token).get("account")
        except Trouble as trouble:
            return trouble.reason is KommoReason.FORBIDDEN
        return False

    async def _unreadable(self, company_id: UUID) -> None:
        await access.unreadable(company_id)

    # -- the check --------------------------------------------------------------------------------------------------

    async def check(self, company_id: UUID, job: CheckKommo) -> None:
        """Token, account, pipelines and webhook. Raises Retry, Snooze."""
        try:
            opened = await self._open(company_id)
        except SealBroken:
            await self._unreadable(company_id)
            return
        except Trouble as trouble:
            await self._check_failed(company_id, await access.open_connection(company_id), trouble)
            return
        if opened is None:
            return
        try:
            await self._look(company_id, opened)
        except Trouble as trouble:
            if trouble.reason is KommoReason.TOKEN_REFUSED and await self._may_renew(company_id, opened.connection):
                raise Retry(1.0, "the token is renewed") from trouble
            await self._check_failed(company_id, opened, trouble)

    async def _check_failed(self, company_id: UUID, opened: Opened | None, trouble: Trouble) -> None:
        """Raises Snooze."""
        if opened is None:
            return
        if trouble.reason is KommoReason.BUSY:
            raise Snooze(await access.rest(company_id, trouble.retry_after))
        state = _STOPS.get(trouble.reason, KommoState.FAILED)
        reason = KommoReason.BLOCKED if state is KommoState.BLOCKED else trouble.reason
        if reason is KommoReason.UNSURE:
            reason = KommoReason.UNREACHABLE
        await access.stop(company_id, opened.connection, state, reason, trouble.detail)

    async def _look(self, company_id: UUID, opened: Opened) -> None:
        kommo = self._account(company_id, opened.connection.host, opened.token)
        account = await kommo.get("account")
        if not isinstance(account, dict) or not isinstance(account.get("id"), int):
            raise Trouble(KommoReason.ODD_ANSWER, "no account")
        pipelines = _pipelines(await kommo.get("leads/pipelines"))
        hook = await self._hook(kommo, opened)
        name = str(account.get("name") or account.get("subdomain") or "")[:200]
        await access.found_ready(
            company_id, opened.connection, account_id=account["id"], account_name=name, pipelines=pipelines, hook_state=hook
        )

    async def _hook(self, kommo: Kommo, opened: Opened) -> KommoHookState:
        """Has Kommo tell us where rules take something over, and else not. One that Kommo switched off is made anew."""
        where = f"{self._settings.webhook_url.rstrip('/')}/v1/hooks/kommo/{opened.hook_token}"
        try:
            listed = await kommo.get("webhooks", {"filter[destination]": where})
            embedded = listed.get("_embedded") if isinstance(listed, dict) else None
            known = embedded.get("webhooks") if isinstance(embedded, dict) else None
            ours = [one for one in known or [] if isinstance(one, dict) and one.get("destination") == where]
            takes = opened.connection.takes
            if ours and (not takes or ours[0].get("disabled")):
                await kommo.send("DELETE", "webhooks", {"destination": where})
                ours = []
            if not takes:
                return KommoHookState.OFF
            if not ours:
                await kommo.send("POST", "webhooks", {"destination": where, "settings": list(SETTINGS), "sort": 10})
        except Trouble as trouble:
            if trouble.reason in (KommoReason.FORBIDDEN, KommoReason.REFUSED, KommoReason.GONE):
                return KommoHookState.REFUSED if opened.connection.takes else KommoHookState.OFF
            raise
        return KommoHookState.ON


def _pipelines(answer: Any) -> list[Pipeline]:
    """In Kommo's order, without the status in which what came unsorted stands."""
    embedded = answer.get("_embedded") if isinstance(answer, dict) else None
    found = embedded.get("pipelines") if isinstance(embedded, dict) else None
    made = []
    for one in found if isinstance(found, list) else []:
        if not isinstance(one, dict) or not isinstance(one.get("id"), int):
            continue
        inner = one.get("_embedded")
        statuses = inner.get("statuses") if isinstance(inner, dict) else None
        kept = [
            Status(each["id"], str(each.get("name") or each["id"])[:120])
            for each in (statuses if isinstance(statuses, list) else [])
            if isinstance(each, dict) and isinstance(each.get("id"), int) and each.get("type") != 1
        ]
        made.append(Pipeline(one["id"], str(one.get("name") or one["id"])[:120], kept))
    return made


async def read_events(w: Work, subject: str, batch: Batch) -> None:
    """The reader of `kommo` (`workers/event_consumers.py`)."""
    await rules.read_batch(w, batch)


async def round_() -> None:
    """Every minute: whoever owes something and was not woken. Every hour what stopped is checked, every day all."""
    await access.wake_due()
    hour = now().replace(minute=0, second=0, microsecond=0)
    if await take_tick("kommo:hour", hour):
        await access.recheck(stopped_only=hour.hour != 4)


JOBS = (
    Handler(CheckKommo, lambda resources: Jobs(resources.settings).check),
    Handler(SyncKommo, lambda resources: Jobs(resources.settings).sync),
)
LOOPS = (Loop("kommo", 60, round_),)
