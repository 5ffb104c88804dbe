"""How a picture looks, told by a process of its own (`child.py`)."""

import os
from pathlib import Path

from workers.media import caged
from workers.media.frames import Picture, Seen

MEMORY = 768 << 20  # bytes of address space; 64 million pixels with transparency take 256 MB, and are held twice
SECONDS = 20  # of processor time
PATIENCE = 90.0
MAX_ANSWER = 4 << 20  # bytes


async def look(path: Path, square: int = 0) -> Seen:
    """Size and small picture (cut to a square of so many pixels, where it is given); an empty answer for what cannot be shown, whatever it did to the process that tried."""
    question = Picture(str(path), os.getpid(), MEMORY, SECONDS, square)
    return await caged.ask("workers.media.child", question, Seen, patience=PATIENCE, most=MAX_ANSWER) or Seen()
