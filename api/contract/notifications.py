"""What happened to the person who asks, and by which ways they want to hear of it."""

from typing import Annotated
from uuid import UUID

from api.contract.base import Input, Output, example
from db.contacts.filter import Moment
from db.notifications.enums import NoticeTopic, NotificationKind


class Notification(Output):
    """`subject_id`: the conversation (assigned, waits, mentioned, call), lead (lead, rule_stopped; `board_id` is its board), campaign or import;
    `name`: how that is called now. `code`: the state that a campaign (finished, paused, failed) or an import (completed, failed) came
    to; of a `notice` which news it is, and `topic` of what. `path`: the page of the web app where a notice is dealt with. `times`: how
    often it happened since the same was last read."""

    id: UUID
    kind: NotificationKind
    name: Annotated[str, example("Maria Souza")]
    subject_id: UUID | None
    board_id: UUID | None
    topic: NoticeTopic | None
    code: Annotated[str, example("finished")] | None
    path: Annotated[str, example("/settings/costs?tab=limit")] | None
    times: Annotated[int, example(1)]
    at: Moment
    read_at: Moment | None


class NotificationCount(Output):
    """GET /v1/me/notifications/unread. 100 stands for that and more."""

    unread: Annotated[int, example(3)]


class NotificationPatch(Input):
    """PATCH /v1/me/notifications/{id} → Notification."""

    read: bool


class NotificationsRead(Input):
    """POST /v1/me/notifications/read → NotificationCount: all that there was at `until`; what came later was not seen."""

    until: Moment


class NotificationsSeen(Input):
    """POST /v1/me/notifications/seen → NotificationCount: all that is about this conversation, lead, campaign or import."""

    subject_id: UUID


class NotificationChoice(Output):
    """By which ways the person hears of a kind. `push`: in the browsers where they switched notifications on. `mail`: where it was not
    read on a page within five minutes."""

    kind: NotificationKind
    in_app: bool
    push: bool
    mail: bool


class NotificationChoices(Output):
    """GET /v1/me/notification-choices: every kind."""

    choices: list[NotificationChoice]


class NotificationChoiceSet(Input):
    """PUT /v1/me/notification-choices → NotificationChoice. News for owners is always mailed, calls never are."""

    kind: NotificationKind
    in_app: bool
    push: bool
    mail: bool
