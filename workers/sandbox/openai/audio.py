"""POST /audio/transcriptions: what a voice note of the sandbox says stands in the file itself; of others, how long they are."""

import asyncio
import io
import re
from typing import Any, Final

import av

from workers.sandbox import samples
from workers.sandbox.meta.media import multipart
from workers.sandbox.openai import models
from workers.sandbox.openai.errors import wrong
from workers.sandbox.server import Reply, Request, json_reply

LARGEST: Final = 25 * 1024 * 1024
_BOUNDARY: Final = re.compile(r'boundary="?([^";]+)"?')


def fields(request: Request) -> dict[str, tuple[bytes, str]]:
    """Parts of the form. Raises Refused."""
    match = _BOUNDARY.search(request.header(b"content-type"))
    parts = multipart(request.body, match[1].encode()) if match else {}
    if "file" not in parts:
        raise wrong("Missing required parameter: 'file'.", "file", "missing_required_parameter")
    models.known(text_of(parts, "model"), ("whisper-1", "gpt-4o-transcribe", "gpt-4o-mini-transcribe"))
    content = parts["file"][0]
    if not content:
        raise wrong("Audio file is too short. Minimum audio length is 0.1 seconds.", "file", "audio_too_short")
    if len(content) > LARGEST:
        raise wrong(f"Maximum content size limit ({LARGEST}) exceeded ({len(content)} bytes read)", "file")
    return parts


def text_of(parts: dict[str, tuple[bytes, str]], name: str) -> str:
    return parts.get(name, (b"", ""))[0].decode("utf-8", "replace").strip()


async def heard(parts: dict[str, tuple[bytes, str]]) -> tuple[str, float]:
    """What is said, and the seconds that it takes. Raises Refused for a file that is no sound."""
    content = parts["file"][0]
    seconds = await asyncio.to_thread(_seconds, content)
    english = text_of(parts, "language").startswith("en")
    said = samples.spoken(content)
    if not said:
        said = f"Audio of {seconds:.0f} seconds." if english else f"Áudio de {seconds:.0f} segundos."
    return said, seconds


def reply(parts: dict[str, tuple[bytes, str]], said: str, seconds: float) -> Reply:
    form = text_of(parts, "response_format") or "json"
    if form == "text":
        return Reply(200, said.encode() + b"\n", b"text/plain; charset=utf-8")
    body: dict[str, Any] = {"text": said, "usage": {"type": "duration", "seconds": max(round(seconds), 1)}}
    if form == "verbose_json":
        body |= {"task": "transcribe", "duration": seconds, "language": text_of(parts, "language") or "pt", "segments": []}
    return json_reply(body)


def _seconds(content: bytes) -> float:
    try:
        with av.open(io.BytesIO(content), "r") as opened:
            if not opened.streams.audio:
                raise wrong("Invalid file format.", "file")
            stream = opened.streams.audio[0]
            if opened.duration:
                return float(opened.duration / av.time_base)
            return sum(frame.samples for frame in opened.decode(stream)) / (stream.rate or 48_000)
    except av.FFmpegError:
        raise wrong(
            "Invalid file format. Supported formats: flac, m4a, mp3, mp4, mpeg, mpga, oga, ogg, wav, webm", "file"
        ) from None
