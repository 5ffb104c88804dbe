"""A new company's simulator: made, connected, its first text approved, so that somebody who signed up can send at once."""

from uuid import UUID

import httpx

from db.ai import connection
from db.channels import simulator
from db.jobs import CheckChannel, MakeSimulator, SubmitTemplate
from db.settings import Settings
from workers.channels import ChannelJobs, sandbox_call
from workers.providers.wire import Wire
from workers.registration import Handler
from workers.runtime import Cancel, Retry
from workers.templates import TemplateJobs


class RehearsalJobs:
    """The job of this module with what it needs."""

    def __init__(self, settings: Settings, wire: Wire) -> None:
        self._settings, self._wire = settings, wire
        self._channels, self._templates = ChannelJobs(settings, wire), TemplateJobs(settings, wire)

    async def make_simulator(self, company_id: UUID, _job: MakeSimulator) -> None:
        """Each step does nothing where it was done before. Raises Cancel where there is no sandbox, Retry while it does not answer:
        then the company has no simulator rather than one that cannot send."""
        if not self._settings.sandbox_url:
            raise Cancel("this installation has no sandbox")
        try:
            await self._wire.control.request("GET", f"{self._settings.sandbox_url}/health")
        except httpx.HTTPError as error:
            raise Retry(reason=repr(error)) from error
        await connection.rehearse(company_id)
        made = await simulator.make(company_id)
        if made is None:
            return
        await self._channels.check_channel(company_id, CheckChannel(channel_id=made.channel_id))
        await self._templates.submit_template(company_id, SubmitTemplate(template_id=made.template_id, verb="create"))
        review = {"name": made.template.name, "language": made.template.language, "event": "APPROVED"}
        await sandbox_call(self._settings, self._wire, "POST", f"accounts/{made.channel_id.hex}/template-review", {**review})


JOBS = (Handler(MakeSimulator, lambda r: RehearsalJobs(r.settings, r.wire).make_simulator),)
