"""The Postgres function and the Python one count the same."""

import random

import asyncpg

from db.messages.segments import GSM7_BASIC, GSM7_EXTENDED, count


def _texts() -> list[str]:
    rng = random.Random(7)
    alphabets = [
        GSM7_BASIC,
        GSM7_BASIC + GSM7_EXTENDED * 4,
        GSM7_EXTENDED,
        "abc ção",
        "ab😀🇧🇷",
        "\uffff\ud7ff\ue000\U00010000\U0010ffff-",
        "\x01\x1b\t`^a]",
        "😀",
    ]
    texts = ["", " ", "\x1b"]
    texts += ["".join(rng.choices(alphabet, k=rng.randint(1, 700))) for alphabet in alphabets for _ in range(120)]
    texts += [chr(code) for code in [*range(1, 0x500), *range(0x2000, 0x2100), 0x20AC]]
    texts += [character * length for character in "aé€ç😀" for length in range(60, 330)]
    return texts


async def test_agrees_with_python(owner_db: asyncpg.Connection) -> None:
    texts = _texts()
    rows = await owner_db.fetch("select sms_segments(t) as n from unnest($1::text[]) with ordinality u(t, i) order by i", texts)
    wrong = [
        (text[:40], row["n"], count(text).segments)
        for text, row in zip(texts, rows, strict=True)
        if row["n"] != count(text).segments
    ]
    assert wrong == []
    assert await owner_db.fetchval("select sms_segments(null)") is None
