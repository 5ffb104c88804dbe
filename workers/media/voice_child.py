"""`python -m workers.media.voice_child`: makes a voice message of a recording, for a worker, with little memory and nothing to lose.

What browsers record (WebM with Opus, MP4 with AAC) becomes OGG with Opus, one channel, which is what WhatsApp plays as a voice message.
Opus of one channel is only put into the other container; everything else is decoded and encoded anew.
"""

import io
import sys

import av
import msgspec
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer

from workers.cage import shut_in
from workers.media.frames import Recording, Voice

FORMATS = {"audio/webm": "matroska", "video/webm": "matroska", "audio/mp4": "mp4", "video/mp4": "mp4", "audio/ogg": "ogg"}
"""By which FFmpeg reads them. Left to itself it would follow playlists, and ask servers for what a file names."""
RATE = 48_000  # Opus knows no other one that all players take
BITS = 32_000  # a second


def convert(path: str, mime_type: str) -> bytes:
    """OGG with Opus. Raises whatever FFmpeg does about a file that holds no sound; KeyError for what no browser records."""
    out = io.BytesIO()
    with av.open(path, "r", format=FORMATS[mime_type], options={"protocol_whitelist": "file"}) as source:
        stream = source.streams.audio[0]
        with av.open(out, "w", format="ogg") as target:
            if stream.codec_context.name == "opus" and stream.codec_context.channels == 1:
                _copy(source, stream, target)
            else:
                _encode(source, stream, target)
    return out.getvalue()


def _copy(source: InputContainer, stream: AudioStream, target: OutputContainer) -> None:
    made = target.add_stream_from_template(stream)
    for packet in source.demux(stream):
        if packet.dts is not None:  # the last one only says that it is the last
            packet.stream = made
            target.mux(packet)


def _encode(source: InputContainer, stream: AudioStream, target: OutputContainer) -> None:
    made = target.add_stream("libopus", rate=RATE, layout="mono")
    assert isinstance(made, AudioStream)
    made.bit_rate = BITS
    resampler = av.AudioResampler(format=made.format.name, layout="mono", rate=RATE)
    for frame in source.decode(stream):
        for one in resampler.resample(frame):
            target.mux(made.encode(one))
    for one in resampler.resample(None):
        target.mux(made.encode(one))
    target.mux(made.encode(None))


def main() -> None:
    question = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Recording)
    shut_in(question.parent, question.memory, question.seconds)
    try:
        made = Voice(convert(question.path, question.mime_type))
    except (Exception, MemoryError):  # whatever a stranger's file does to the library
        made = Voice()
    sys.stdout.buffer.write(msgspec.msgpack.encode(made))


if __name__ == "__main__":
    main()
