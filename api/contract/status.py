"""How the installation is, for a company's owners."""

from typing import Annotated

from api.contract.base import Output, example
from db.contacts.filter import Moment
from db.status.enums import StatusCheck, StatusLevel


class StatusLine(Output):
    """`count`: of jobs, webhooks, channels, holds or differing figures; `seconds`: how long an answer took, or the oldest has waited; `at`:
    when a worker last beat, the last backup was written, the figures were last checked."""

    check: StatusCheck
    level: StatusLevel
    count: Annotated[int, example(0)] | None
    seconds: Annotated[float, example(0.4)] | None
    at: Moment | None


class InstallationStatus(Output):
    """GET /v1/status."""

    checks: list[StatusLine]
    versions: dict[str, str]
