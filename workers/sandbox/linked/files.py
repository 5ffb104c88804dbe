"""Files on WhatsApp's servers: they lie sealed, and the message brings the key. Nothing is kept: the path says which sample it is, and its key is
made of the path. What the business hands over is taken and forgotten: its pictures are seen in its own panel."""

import base64
import hashlib
from functools import lru_cache
from typing import Final, NamedTuple

from workers.sandbox import samples
from workers.sandbox.linked.keys import cbc, hkdf, mac
from workers.sandbox.server import JSON, Reply, Request, json_reply, problem

TYPES: Final = tuple(sorted(samples.MAKERS))
NAMES: Final = {"image": b"Image", "sticker": b"Image", "video": b"Video", "audio": b"Audio", "document": b"Document"}


class Sealed(NamedTuple):
    """What a message says of its file, and what lies on the server."""

    path: str
    key: bytes
    sha256: bytes
    sealed_sha256: bytes
    size: int
    lies: bytes


@lru_cache(32)
def sealed(kind: str, mime_type: str, said: str = "") -> Sealed:
    """`said`: what is said in a voice note."""
    whole = samples.voice(said, mime_type) if said and mime_type.startswith("audio/") else samples.of(mime_type)
    plain_type = mime_type.partition(";")[0]
    spoken = base64.urlsafe_b64encode(said.encode()).decode().rstrip("=")
    path = f"/v/{kind}/{TYPES.index(plain_type)}/{spoken or '-'}"
    key = hashlib.sha256(path.encode()).digest()
    keys = hkdf(key, 112, info=b"WhatsApp " + NAMES[kind] + b" Keys")
    text = cbc(keys[16:48], keys[:16], whole)
    lies = text + mac(keys[48:80], keys[:16] + text)[:10]
    return Sealed(path, key, hashlib.sha256(whole).digest(), hashlib.sha256(lies).digest(), len(whole), lies)


def handle(request: Request, path: list[str]) -> Reply:
    """`path`: the parts after the host."""
    if request.method == "POST" and len(path) == 3 and path[0] == "mms":
        return json_reply({"url": f"https://mmg.whatsapp.net/{'/'.join(path)}", "direct_path": f"/{'/'.join(path)}"})
    match path:
        case ["v", kind, number, spoken] if (
            kind in NAMES and number.isdecimal() and int(number) < len(TYPES) and len(spoken) < 4000
        ):
            try:
                said = "" if spoken == "-" else base64.urlsafe_b64decode(spoken + "=" * (-len(spoken) % 4)).decode()
            except ValueError:
                return problem(404, "no such file")
            return Reply(200, sealed(kind, TYPES[int(number)], said).lies, b"application/octet-stream")
    return Reply(404, b"{}", JSON)
