"""Plays with the sandbox for a person: answers as a customer, sets its behaviour, reviews a template, changes the quality."""

from uuid import UUID

from db.channels import log as channel_log
from db.channels.events import SandboxChanged
from db.channels.secrets import ChannelRow
from db.jobs import SandboxControl
from db.permissions import Permission
from db.qr import pairing, played
from db.settings import Settings
from db.tenancy import worker
from db.work import work
from workers.channels import sandbox_call
from workers.control import Refused
from workers.credentials import channel_of
from workers.providers import registry
from workers.providers.wire import Wire
from workers.registration import Handler
from workers.runtime import Cancel, Retry

Params = dict[str, str | float | int | bool]


_ABOUT = ("kind", "target", "option", "description", "group")


class SandboxJobs:
    """The job of this module with what it needs."""

    def __init__(self, settings: Settings, wire: Wire) -> None:
        self._settings = settings
        self._wire = wire

    async def sandbox_control(self, company_id: UUID, job: SandboxControl) -> None:
        """One call to the sandbox, told by event `sandbox.changed`. Raises Cancel, Retry."""
        channel = (await channel_of(company_id, job.channel_id)).channel
        if not channel.sandbox:
            raise Cancel("the channel is not on the sandbox")
        refused: Refused | None = None
        try:
            await self._phone(channel)
            if job.verb == "scan":
                await self._scan(channel)
            else:
                await sandbox_call(self._settings, self._wire, *request(channel, job.verb, job.params))
        except Refused as error:
            if job.verb == "reply" and await played.comes(company_id, job.channel_id):
                raise Retry(8.0, "the number is being connected") from error
            refused = error
        async with work(worker(company_id), Permission.CHANNELS_WRITE) as w:
            detail, reason = (refused.detail, refused.reason.value) if refused else (None, None)
            summary = f"Sandbox: {job.verb.replace('_', ' ')}"
            await channel_log.record(w, job.channel_id, "sandbox", refused is None, summary, response=detail)
            w.emit(SandboxChanged(channel_id=job.channel_id, verb=job.verb, reason=reason))
        if refused is not None:
            raise Retry(2.0, str(refused)) if refused.transient else Cancel(str(refused))

    async def _phone(self, channel: ChannelRow) -> None:
        """A number that is connected by a code has a phone of its own there: made when it is asked for first. Raises Refused."""
        provider = registry.adapter(channel.kind).provider
        if provider.capabilities.session is None:
            return
        account = {"id": channel.id.hex, "kind": provider.name, "company": channel.name}
        known = {"number": channel.number} if channel.number else {}
        await sandbox_call(self._settings, self._wire, "POST", "accounts", {**account, **known})

    async def _scan(self, channel: ChannelRow) -> None:
        """The simulator's phone lets in who shows the code of this channel. Raises Refused; Cancel when no code is shown any more."""
        shown = await pairing.shown(channel.company_id, channel.id)
        if shown is None:
            raise Cancel("no code is shown")
        body = {"code": shown.code, "kind": shown.kind.value}
        await sandbox_call(self._settings, self._wire, "POST", f"accounts/{channel.id.hex}/scan", {**body})


def request(channel: ChannelRow, verb: str, params: Params) -> tuple[str, str, dict[str, object]]:
    """Method, path and body for the sandbox's own API."""
    account = f"accounts/{channel.id.hex}"
    match verb:
        case "behaviour":
            return "PUT", f"{account}/behaviour", {**params}
        case "reply":
            body: dict[str, object] = {"to_contact": params["address"], "text": params["text"], "number_id": channel.external_id}
            return "POST", f"{account}/reply", body | {key: params[key] for key in _ABOUT if key in params}
        case "news":
            return "POST", f"{account}/news", {**params}
        case "opt_out":
            return "POST", f"{account}/opt-out", {"to_contact": params["address"], "stop": params.get("stop", True)}
        case "template_review":
            return "POST", f"{account}/template-review", {**params}
        case "quality":
            return "POST", f"{account}/quality", {**params}
        case _:
            raise Cancel(f"unknown verb {verb}")


JOBS = (Handler(SandboxControl, lambda r: SandboxJobs(r.settings, r.wire).sandbox_control),)
