"""What of sign-ins, links and mails is forgotten, and when."""

from db.work import SystemWork

_OLD = (
    "delete from session where expires_at < now() - interval '30 days' or revoked_at < now() - interval '30 days'",
    "delete from password_reset where expires_at < now() - interval '7 days'",
    "delete from email_verification where expires_at < now()",
    "delete from mail where created_at < now() - interval '30 days'",
    "delete from sign_in_flow where expires_at < now()",
    "delete from known_device where last_used_at < now() - interval '180 days'",
)


async def forget_old(s: SystemWork) -> None:
    """Deletes sessions and mails 30 days after their end, links once they are of no use, devices unused for 180 days."""
    for statement in _OLD:
        await s.execute(statement)
