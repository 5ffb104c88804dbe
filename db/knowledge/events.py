"""Events about knowledge. Pure data, imported by the wire contract too."""

from typing import ClassVar
from uuid import UUID

from db.events import Event
from db.permissions import Permission


class KnowledgeBaseChanged(Event, frozen=True, kw_only=True):
    """A base was made, changed or deleted, or its vectors came further."""

    type: ClassVar = "knowledge.base"
    permission: ClassVar = Permission.KNOWLEDGE_READ
    durable: ClassVar = False
    base_id: UUID


class KnowledgeSourceChanged(Event, frozen=True, kw_only=True):
    """A source was made, changed or deleted, or came further in being read."""

    type: ClassVar = "knowledge.source"
    permission: ClassVar = Permission.KNOWLEDGE_READ
    durable: ClassVar = False
    base_id: UUID
    source_id: UUID


class KnowledgeGapsChanged(Event, frozen=True, kw_only=True):
    """A question found nothing, or a gap was answered or dismissed."""

    type: ClassVar = "knowledge.gaps"
    permission: ClassVar = Permission.KNOWLEDGE_READ
    durable: ClassVar = False
    base_id: UUID


class KnowledgeQuestionsChanged(Event, frozen=True, kw_only=True):
    """A test question was made or deleted, or measured."""

    type: ClassVar = "knowledge.questions"
    permission: ClassVar = Permission.KNOWLEDGE_READ
    durable: ClassVar = False
    base_id: UUID
