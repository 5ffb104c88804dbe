"""Audit rows for the few writes that happen before there is an actor: sign-up, sign-in, password reset. All others use
`Work.audit`. Rows are never changed: the application's roles may only insert and read them."""

from uuid import UUID

import msgspec

from db.work import Read


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where a request without an actor came from."""

    ip: str | None = None
    user_agent: str | None = None
    request_id: str | None = None


async def record(s: Read, origin: Origin, company_id: UUID, user_id: UUID, action: str, subject_id: UUID | None = None) -> None:
    """One row inside a `system()` transaction."""
    await s.execute(
        "insert into audit_log(company_id, actor_kind, actor_id, action, subject_id, ip, request_id) "
        "values ($1, 'user', $2, $3, $4, $5, $6)",
        company_id,
        user_id,
        action,
        subject_id,
        origin.ip,
        origin.request_id,
    )
