"""Polls as the app writes them: a question with its answers under a secret, and votes that are sealed under it (waE2E.Message)."""

import hashlib
import hmac
import os
import time
from typing import Final

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from workers.sandbox.linked.wire import proto

ASKED: Final = ("Qual horário é melhor para você?", "De manhã", "À tarde", "À noite")
NONE: Final = "-"
"""What is typed to take a vote back."""


class Poll(msgspec.Struct, frozen=True):
    """`id`: of the message; `creator`: who asked, as the chat names them."""

    id: str
    creator: str
    question: str
    options: list[str]
    secret: bytes


def new(message_id: str, creator: str, typed: str) -> Poll:
    """`typed`: the question and its answers with a slash between each; an invented one where there are no two of those."""
    parts = [part.strip() for part in typed.split("/") if part.strip()]
    question, *options = parts if len(parts) > 2 else ASKED
    return Poll(message_id, creator, question, list(dict.fromkeys(options))[:12], os.urandom(32))


def asked(poll: Poll) -> bytes:
    options = b"".join(proto({3: proto({1: one.encode()})}) for one in poll.options)
    content = proto({2: poll.question.encode()}) + options + proto({4: 1})
    return proto({64: content, 35: proto({3: poll.secret})})


def voted(poll: Poll, chat: str, voter: str, typed: str) -> bytes:
    """`chat`: as the other side sees it; `typed`: what is chosen, the first where it is none of them, and nothing by a dash."""
    chosen = [] if typed == NONE else [next((one for one in poll.options if one.casefold() == typed.casefold()), poll.options[0])]
    plain = b"".join(proto({1: hashlib.sha256(one.encode()).digest()}) for one in chosen)
    first = hmac.digest(bytes(32), poll.secret, "sha256")
    key = hmac.digest(first, f"{poll.id}{poll.creator}{voter}Poll Vote".encode() + b"\x01", "sha256")
    iv = os.urandom(12)
    sealed = AESGCM(key).encrypt(iv, plain, f"{poll.id}\0{voter}".encode())
    asked_at: dict[int, bytes | int | float] = {
        1: chat.encode(),
        2: int(poll.creator == voter),
        3: poll.id.encode(),
        4: poll.creator.encode(),
    }
    return proto({50: proto({1: proto(asked_at), 2: proto({1: sealed, 2: iv}), 4: int(time.time() * 1000)})})
