"""Ids of rows that are found by words: made of the channel and the words, so that the words stand nowhere."""

from uuid import UUID, uuid5


def named(channel_id: UUID, *parts: str) -> UUID:
    """The same for the same words; no other words of this or another channel make it (SHA-1, each part with its length)."""
    return uuid5(channel_id, "".join(f"{len(part)}:{part}" for part in parts))
