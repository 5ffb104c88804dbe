"""What happened to the person who asks, over HTTP: thin, every rule is in db/notifications."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from litestar import Controller, get, patch, post, put
from litestar.params import FromPath, JSONBody, QueryParameter

from api.auth.guard import Caller, person
from api.contract.base import Page
from api.contract.notifications import (
    Notification,
    NotificationChoice,
    NotificationChoices,
    NotificationChoiceSet,
    NotificationCount,
    NotificationPatch,
    NotificationsRead,
    NotificationsSeen,
)
from api.pagination import Cursor, Limit, decode_cursor, one_over, page, struct
from db.notifications import centre, choices
from db.notifications.choices import Choice

Unread = Annotated[bool, QueryParameter(description="Only those that were not read.")]


class NotificationController(Controller):
    path = "/v1/me"
    tags = ("Me",)

    @get("/notifications", summary="What happened to me")
    async def list_notifications(
        self, actor: Caller, unread: Unread = False, cursor: Cursor = None, limit: Limit = 50
    ) -> Page[Notification]:
        """Of the person who asks, in this company; newest first, for 90 days. What is gone, or not theirs to see any more, is not there."""
        before = decode_cursor(cursor, tuple[datetime, UUID])
        rows = await centre.lines(person(actor), unread=unread, before=before, limit=one_over(limit))
        return page(rows, limit, lambda row: (row["at"], row["id"]), lambda row: struct(row, Notification))

    @get("/notifications/unread", summary="How many I have not read")
    async def get_unread(self, actor: Caller) -> NotificationCount:
        """Of what is in the list; 100 for that and more."""
        return NotificationCount(unread=await centre.unread(person(actor)))

    @patch("/notifications/{notification_id:uuid}", summary="Mark one as read or unread")
    async def mark_notification(
        self, actor: Caller, notification_id: FromPath[UUID], data: JSONBody[NotificationPatch]
    ) -> Notification:
        """Where the same happened again meanwhile, the newer one is the unread one, and this one stays read."""
        return struct(await centre.mark(person(actor), notification_id, is_read=data.read), Notification)

    @post("/notifications/read", summary="Mark all as read", status_code=200, opt={"idempotent": True})
    async def read_notifications(self, actor: Caller, data: JSONBody[NotificationsRead]) -> NotificationCount:
        """All that there was at a moment."""
        return NotificationCount(unread=await centre.mark_all(person(actor), data.until))

    @post("/notifications/seen", summary="Mark what is about something as read", status_code=200, opt={"idempotent": True})
    async def see_notifications(self, actor: Caller, data: JSONBody[NotificationsSeen]) -> NotificationCount:
        """For a page that shows the conversation, lead, campaign or import."""
        return NotificationCount(unread=await centre.mark_seen(person(actor), data.subject_id))

    @get("/notification-choices", summary="By which ways I hear of what")
    async def get_notification_choices(self, actor: Caller) -> NotificationChoices:
        """Every kind, with what holds for whoever chose nothing."""
        return NotificationChoices(
            choices=[struct(one._asdict(), NotificationChoice) for one in await choices.choices(person(actor))]
        )

    @put("/notification-choices", summary="Choose by which ways I hear of a kind")
    async def set_notification_choice(self, actor: Caller, data: JSONBody[NotificationChoiceSet]) -> NotificationChoice:
        """From the next one on."""
        chosen = await choices.choose(person(actor), Choice(data.kind, data.in_app, data.push, data.mail))
        return struct(chosen._asdict(), NotificationChoice)
