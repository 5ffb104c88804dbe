"""`python -m workers.media.child`: opens one picture for a worker and makes it small, with little memory and nothing to lose.

The question comes on standard input, one answer leaves on standard output: size of the picture as it is shown, and a small one
without what cameras write into theirs.
"""

import io
import sys
import warnings

import msgspec
from PIL import Image, ImageOps

from workers.cage import shut_in
from workers.media.frames import Picture, Seen

MAX_PIXELS = 64_000_000
SIDE = 640  # pixels of the longer side of the small one
FORMATS = ("JPEG", "PNG", "GIF", "WEBP")


def look(path: str, square: int = 0) -> Seen:
    """The first frame of a picture. Raises whatever Pillow does about one that is none."""
    with Image.open(path, formats=FORMATS) as opened:
        if opened.width * opened.height > MAX_PIXELS:
            return Seen()
        opened.draft("RGB", (SIDE, SIDE))  # a JPEG is read at a fraction of its size
        width, height = _as_shown(path)
        small = ImageOps.exif_transpose(opened)
        if square:
            small = ImageOps.fit(small, (square, square))
        else:
            small.thumbnail((SIDE, SIDE))
        shown = small if small.mode in ("RGB", "RGBA") else small.convert("RGBA" if _transparent(small) else "RGB")
        out = io.BytesIO()
        shown.save(out, "WEBP", quality=80, method=4)
    return Seen(width, height, out.getvalue())


def _as_shown(path: str) -> tuple[int, int]:
    """Width and height, turned as the camera was held."""
    with Image.open(path, formats=FORMATS) as opened:
        turned = opened.getexif().get(0x0112, 1) >= 5
        return (opened.height, opened.width) if turned else opened.size


def _transparent(picture: Image.Image) -> bool:
    return "A" in picture.getbands() or "transparency" in picture.info


def main() -> None:
    question = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Picture)
    shut_in(question.parent, question.memory, question.seconds)
    warnings.simplefilter("ignore")
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    try:
        seen = look(question.path, question.square)
    except (Exception, MemoryError):  # whatever a stranger's file does to the library
        seen = Seen()
    sys.stdout.buffer.write(msgspec.msgpack.encode(seen))


if __name__ == "__main__":
    main()
