"""Recordings of calls: short, real WAV files in which the one who speaks has a tone of their own."""

import array
import io
import math
import wave
from typing import Final

RATE: Final = 8000
LONGEST: Final = 30.0
_TONES: Final = {"agent": 330.0, "user": 220.0}


def recording(turns: list[dict[str, object]], seconds: float) -> bytes:
    """Mono, 16 bits, at most half a minute. `turns` as in `scripts.spoken`."""
    samples = array.array("h", bytes(2 * int(RATE * min(seconds, LONGEST))))
    for turn in turns:
        words = turn["words"]
        assert isinstance(words, list)
        step = 2 * math.pi * _TONES.get(str(turn["role"]), 270.0) / RATE
        for word in words:
            for at in range(int(word["start"] * RATE), min(int(word["end"] * RATE), len(samples))):
                samples[at] = int(6000 * math.sin(step * at))
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    return out.getvalue()
