"""What brings the operations of numbers that are connected by a code to each answer that is documented."""

from uuid import UUID

from db.messages.enums import MessageState
from tests.api.provocations import Request, Scene, Stage, conflict

_MAKE = """
insert into qr_session(company_id, id, state, next_at) values ($1, $2, $3, 'infinity')
on conflict (company_id, id) do update set state = excluded.state
"""


def _session(state: str, **body: object) -> Scene:
    async def scene(stage: Stage) -> Request:
        await stage.db.execute(_MAKE, stage.owner.company_id, stage.things["channel_id"], state)
        return Request(body=body or None)

    return scene


def _code(*, shown: bool) -> Scene:
    async def scene(stage: Stage) -> Request:
        await stage.db.execute(_MAKE, stage.owner.company_id, stage.things["channel_id"], "pairing")
        await stage.db.execute(
            "update qr_session set code = $2, code_kind = 'qr', code_until = now() + interval '1 hour' where id = $1",
            stage.things["channel_id"],
            b"sealed" if shown else None,
        )
        return Request()

    return scene


async def _official(stage: Stage) -> Request:
    """No campaign uses the number of the official API any more."""
    await stage.db.execute("update channel set sandbox = false, kind = 'whatsapp' where id = $1", stage.things["channel_id"])
    await stage.db.execute("update campaign set state = 'finished' where channel_id = $1", stage.things["channel_id"])
    return Request(body={"official_id": None})


def _said(ago: str) -> Scene:
    """Something that was sent so long ago over a number that takes changes."""

    async def scene(stage: Stage) -> Request:
        await stage.db.execute(_MAKE, stage.owner.company_id, stage.things["channel_id"], "open")
        await stage.db.execute(
            "update channel set kind = 'whatsapp_qr', state = 'connected' where id = $1", stage.things["channel_id"]
        )
        message_id = await stage.db.fetchval(
            "insert into message(company_id, id, channel_id, queue_id, contact_id, address, dedupe_key, state, provider_id, sent_at, content, units,"
            " params) values ($1, uuidv7(), $2, $2, $3, '+5511900000000', 'answer:' || uuidv7(), $4, gen_random_uuid()::text, now() - $5::text::interval,"
            ' \'{"kind": "literal", "body": "Oi"}\', 1, \'{}\') returning id',
            stage.owner.company_id,
            UUID(stage.things["channel_id"]),
            UUID(stage.things["contact_id"]),
            int(MessageState.DELIVERED),
            ago,
        )
        return Request(path={"message_id": str(message_id)})

    return scene


SUCCESS: dict[str, Scene] = {
    "conversations_messages_delete": _said("1 minute"),
    "conversations_messages_text_set": _said("1 minute"),
    "channels_move": _official,
    "channels_session_code": _session("new"),
    "channels_session_get": _session("open"),
    "channels_session_log_out": _session("open"),
    "channels_session_open": _session("replaced"),
    "channels_session_set": _session(
        "open", groups="show", presence="team", hours={"opens": 540, "closes": 1080, "weekdays": [0, 1]}
    ),
    "sandbox_scan": _code(shown=True),
}
ALSO: dict[str, list[Scene]] = {
    "conversations_messages_delete": [conflict(_said("9 days"))],
    "conversations_messages_text_set": [conflict(_said("9 days"))],
    "channels_session_code": [conflict(_session("open"))],
    "channels_session_open": [conflict(_session("logged_out"))],
    "sandbox_scan": [conflict(_code(shown=False))],
}
