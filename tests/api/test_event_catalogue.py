"""The catalogue of events, its schemas in the document, and who hears what: one truth."""

from typing import Any
from uuid import uuid4

import msgspec
import pytest

from api.contract import events as wire
from api.contract.events import CATALOGUE
from api.openapi.schemas import example
from api.realtime import Listener, _read
from db.event_stream import encode
from db.events import Event, Reach
from db.permissions import ROLE_PERMISSIONS, Permission, Role
from db.tenancy import Actor

KINDS = list(CATALOGUE.values())


def sample(kind: type[Event], document: dict[str, Any]) -> Event:
    """One as the document's own example of it."""
    schemas = document["components"]["schemas"]
    return msgspec.convert(example(schemas[kind.__name__], schemas), kind)


def listener(*permissions: Permission, **more: Any) -> Listener:
    return Listener(Actor(company_id=uuid4(), kind="user", id=uuid4(), permissions=frozenset(permissions), **more))


def below(kind: type[Event]) -> list[type[Event]]:
    return [one for child in kind.__subclasses__() for one in (child, *below(child))]


def test_every_event_is_in_the_catalogue_and_in_the_contract() -> None:
    named = [kind for kind in below(Event) if "type" in kind.__dict__]
    assert sorted(kind.type for kind in named if not kind.noticed) == sorted(CATALOGUE)
    for kind in below(Event):
        assert getattr(wire, kind.__name__) is kind
        assert not (kind.__doc__ or f"{kind.__name__}(").startswith(f"{kind.__name__}("), "says nothing"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.type)
def test_a_frame_is_what_the_document_says(kind: type[Event], document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    event = sample(kind, document)
    frame = msgspec.json.decode(_read("1-0", encode(event)).text)
    schema = schemas[schemas["EventFrame"]["discriminator"]["mapping"][kind.type].rpartition("/")[2]]
    assert set(frame) == set(schema["properties"]) == set(schema["required"])
    assert schema["properties"]["type"]["const"] == frame["type"]
    described = schemas[schema["properties"]["data"]["$ref"].rpartition("/")[2]]
    assert set(frame["data"]) == set(described.get("properties", {}))
    assert (schema["x-permission"], schema["x-reach"]) == (kind.permission.value, kind.reach.value)
    assert msgspec.json.decode(msgspec.json.encode(frame), type=wire.Frame).event() == event
    assert kind.type in document["paths"]["/v1/events"]["get"]["description"]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.type)
def test_an_event_is_heard_with_its_permission_only(kind: type[Event], document: dict[str, Any]) -> None:
    event = sample(kind, document)
    holder = listener(kind.permission)
    if kind.reach is Reach.USER:
        assert not holder.hears(event)
        event = msgspec.structs.replace(event, user_id=holder.actor.id or uuid4())
    assert holder.hears(event)
    assert not listener(*(set(Permission) - {kind.permission})).hears(event)


def test_what_a_role_reads_it_hears() -> None:
    heard = {role: {kind.type for kind in KINDS if kind.permission in ROLE_PERMISSIONS[role]} for role in ROLE_PERMISSIONS}
    of_ai = {kind.type for kind in KINDS if kind.permission is Permission.AI_READ}
    assert heard[Role.MANAGER] == set(CATALOGUE) - {
        "erasure.changed",
        "hold.changed",
        "incoming_hook.changed",
        "kommo.changed",
        "kommo.progress",
        "phone_setup.changed",
        "webhook.changed",
    }
    assert heard[Role.AGENT] == heard[Role.MANAGER] - of_ai - {
        "contact_export.progress",
        "dashboard.changed",
        "persona.trial_progress",
    }
    assert heard[Role.VIEWER] == heard[Role.AGENT] - {
        "persona.changed",
        "persona.trial",
        "knowledge.base",
        "knowledge.source",
        "knowledge.gaps",
        "knowledge.questions",
        "assist.progress",
        "call.rings",
    }
    assert heard[Role.ADMIN] == heard[Role.OWNER] == set(CATALOGUE)
