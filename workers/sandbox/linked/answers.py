"""What the server answers to a device's questions."""

from collections.abc import Callable

from workers.sandbox.linked.people import Bundle, Person
from workers.sandbox.linked.wire import Node

SERVER = "s.whatsapp.net"
Find = Callable[[str], Person | None]


def content(find: Find, told: Node, *, keys: int) -> list[Node] | None:
    """None: a bare yes. `keys`: how many of the device's lie here."""
    child = told.children[0] if told.children else None
    if child is None:
        return None
    match told.attrs.get("xmlns"), child.tag:
        case "encrypt", "count":
            return [Node("count", {"value": str(keys)})]
        case "encrypt", "digest":
            return [Node("digest")]
        case "encrypt", "key":
            return [Node("list", content=[_bundle(find, user.attrs["jid"]) for user in child.children])]
        case "usync", _:
            return [Node("usync", content=[Node("list", content=_users(find, child))])]
        case "privacy", _:
            return [Node("privacy", content=[Node("category", {"name": "readreceipts", "value": "all"})])]
        case _, "media_conn":
            hosts = [Node("host", {"hostname": "mmg.whatsapp.net"})]
            return [Node("media_conn", {"auth": "right", "ttl": "3600", "auth_ttl": "3600"}, hosts)]
    return None


def left(told: Node) -> Bundle | None:
    """The keys that a device leaves."""
    identity, skey = told.child("identity"), told.child("skey")
    if told.attrs.get("xmlns") != "encrypt" or identity is None or skey is None:
        return None
    registration, number, value = told.child("registration"), skey.child("id"), skey.child("value")
    assert registration is not None
    assert number is not None
    assert value is not None
    return Bundle(int.from_bytes(registration.data, "big"), identity.data, int.from_bytes(number.data, "big"), value.data)


def _bundle(find: Find, jid: str) -> Node:
    person = find(jid)
    assert person is not None
    signed = [
        Node("id", content=(7).to_bytes(3, "big")), Node("value", content=person.signed.public),
        Node("signature", content=person.signature()),
    ]  # fmt: skip
    once = [Node("id", content=(9).to_bytes(3, "big")), Node("value", content=person.once.public)]
    return Node("user", {"jid": jid}, [
        Node("registration", content=(4711).to_bytes(4, "big")), Node("type", content=b"\x05"),
        Node("identity", content=person.identity.public), Node("skey", content=signed), Node("key", content=once),
    ])  # fmt: skip


def _users(find: Find, usync: Node) -> list[Node]:
    query, listed = usync.child("query"), usync.child("list")
    assert query is not None
    assert listed is not None
    wanted = {one.tag for one in query.children}
    found = []
    for user in listed.children:
        contact = user.child("contact")
        spelled = user.attrs.get("jid") or (contact.data.decode().lstrip("+") if contact else "")
        person = find(spelled)
        jid = user.attrs.get("jid") or f"{spelled}@{SERVER}"
        parts: list[Node] = []
        if "contact" in wanted:
            parts.append(Node("contact", {"type": "in" if person is not None and person.on_whatsapp else "out"}))
        if "devices" in wanted and person is not None:
            parts.append(Node("devices", content=[Node("device-list", content=[Node("device", {"id": "0"})])]))
        if "lid" in wanted and person is not None:
            parts.append(Node("lid", {"val": f"{person.lid}@lid"}))
        found.append(Node("user", {"jid": jid}, parts))
    return found
