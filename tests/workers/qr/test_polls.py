"""Polls as text: a vote is read by the secret that its poll brought, whoever asked and whoever votes."""

import base64
import subprocess
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db.messages.content import Text, Unsupported
from tests.workers.qr.conftest import PACKAGES
from tests.workers.qr.test_linked_inbound import LID, PERSON, one, told
from workers.providers.linked import polls
from workers.sandbox.linked import polls as simulated
from workers.sandbox.linked.wire import part

OWN, OWN_LID = "5511999990000@s.whatsapp.net", "9999@lid"
OPTIONS = ["Manhã", "Tarde"]


def poll(creator: str) -> simulated.Poll:
    return simulated.Poll("P1", creator, "Quando?", OPTIONS, bytes(range(32)))


def asked(by: simulated.Poll, **wrapped: Any) -> bytes:
    content = {"pollCreationMessageV3": {"name": by.question, "options": [{"optionName": one} for one in by.options]}}
    content["messageContextInfo"] = {"messageSecret": base64.b64encode(by.secret).decode()}
    return msgspec.json.encode({"jid": PERSON, "content": wrapped or content})


def vote(by: simulated.Poll, voter: str, typed: str) -> dict[str, Any]:
    """As the engine hands it on."""
    content = simulated.voted(by, PERSON, voter, typed)
    sealed = {"encPayload": part(content, 50, 2, 1), "encIv": part(content, 50, 2, 2)}
    return {"pollUpdateMessage": {"pollCreationMessageKey": {"id": by.id, "remoteJid": PERSON}, "vote": sealed}}


def envelope(content: dict[str, Any], **names: Any) -> bytes:
    return msgspec.json.encode({"jid": PERSON, "at": 1_700_000_000, "content": content, **names})


def read(message: bytes) -> Any:
    given = msgspec.json.decode(message)
    return one(told(given.pop("content"), **{"jid": PERSON, **given}))


@pytest.mark.parametrize("creator", [OWN, OWN_LID, PERSON, LID])
@pytest.mark.parametrize("voter", [PERSON, LID])
def test_a_vote_says_what_was_chosen_and_answers_its_poll(creator: str, voter: str) -> None:
    secret = polls.secret_in(asked(poll(creator)))
    assert secret is not None
    message = envelope(vote(poll(creator), voter, "tarde"), alt=LID)
    assert polls.opened_by(message) == "P1"
    said = read(polls.opened(message, secret, (OWN, OWN_LID)))
    assert said.content == Text(text="📊 Quando?\n✔ Tarde")
    assert said.context.provider_id == "P1"
    back = envelope(vote(poll(creator), voter, simulated.NONE), alt=LID)
    assert read(polls.opened(back, secret, (OWN, OWN_LID))).content == Text(text="📊 Quando?\n✔ —")


def test_a_vote_that_cannot_be_read_says_so_and_nobody_votes_for_another() -> None:
    message = envelope(vote(poll(OWN), PERSON, "Tarde"), alt=LID)
    other = msgspec.json.encode(polls.Poll(bytes(32), "Quando?", OPTIONS)).decode()
    assert polls.opened(message, other, (OWN, OWN_LID)) == message
    secret = polls.secret_in(asked(poll(OWN)))
    assert secret is not None
    forged = envelope(vote(poll(OWN), "5511900000001@s.whatsapp.net", "Tarde"), alt=LID)
    assert polls.opened(forged, secret, (OWN, OWN_LID)) == forged
    said = read(message)
    assert isinstance(said.content, Unsupported)
    assert said.context.provider_id == "P1"


def test_the_secret_of_a_poll_is_found_however_it_is_wrapped() -> None:
    plain = msgspec.json.decode(asked(poll(OWN)))["content"]
    info = plain["messageContextInfo"]
    bare = {name: value for name, value in plain.items() if name != "messageContextInfo"}
    known = polls.secret_in(asked(poll(OWN)))
    assert polls.secret_in(asked(poll(OWN), ephemeralMessage={"message": plain})) == known
    assert polls.secret_in(asked(poll(OWN), pollCreationMessageV4={"message": bare}, messageContextInfo=info)) == known
    assert polls.secret_in(envelope({"conversation": '"poll'})) is None
    assert polls.secret_in(envelope(bare)) is None


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)  # a crowded machine says nothing of the parser
@given(
    part=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "id",
                        "pollCreationMessageKey",
                        "vote",
                        "encPayload",
                        "encIv",
                        "messageSecret",
                        "name",
                        "options",
                        "message",
                        "x",
                    ]
                ),
                inner,
                max_size=4,
            )
        ),
    ),
    name=st.sampled_from(["pollUpdateMessage", "pollCreationMessageV3", "messageContextInfo", "ephemeralMessage", "content"]),
)
def test_nothing_that_people_may_send_breaks_it(part: Any, name: str) -> None:
    message = envelope({name: part, "pollCreationMessage": {"name": "?"}})
    polls.secret_in(message)
    if polls.opened_by(message) is not None:
        read(polls.opened(message, msgspec.json.encode(polls.Poll(bytes(32), "?", [])).decode(), (OWN, None)))


def test_what_is_nested_without_an_end_is_left_to_the_parser() -> None:
    deep = b'{"content":' + b'{"ephemeralMessage":{"message":' * 3000 + b'{"pollUpdateMessage":{}}' + b"}" * 6000 + b"}"
    assert polls.secret_in(deep) is None
    assert polls.opened_by(deep) is None


async def test_the_engine_reads_a_vote_of_the_simulator(engine: str) -> None:
    """Who plays and who reads could both be wrong in the same way."""
    found = vote(poll(OWN), PERSON, "Tarde")["pollUpdateMessage"]["vote"]
    sealed = {name: base64.b64encode(value).decode() for name, value in found.items()}
    given = {"secret": base64.b64encode(bytes(range(32))).decode(), "creator": OWN, "voter": PERSON, **sealed}
    script = f"""
import {{ decryptPollVote }} from '@whiskeysockets/baileys/lib/Utils/process-message.js'
const given = {msgspec.json.encode(given).decode()}
const bytes = text => Buffer.from(text, 'base64')
const vote = {{ encPayload: bytes(given.encPayload), encIv: bytes(given.encIv) }}
const about = {{ pollCreatorJid: given.creator, pollMsgId: 'P1', pollEncKey: bytes(given.secret), voterJid: given.voter }}
console.log(Buffer.from(decryptPollVote(vote, about).selectedOptions[0]).toString('hex'))
"""
    done = subprocess.run([engine, "--input-type=module", "-e", script], cwd=PACKAGES, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == polls.hashed("Tarde").hex(), done.stderr
