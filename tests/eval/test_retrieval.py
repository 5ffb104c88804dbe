"""The floor of what the product finds in the set of this repository, with the real local model."""

import asyncpg

from db.tenancy import Actor
from tests.eval import retrieval
from tests.eval.retrieval import Vectors


async def test_questions_find_their_passages_as_well_as_before(owner: Actor, owner_db: asyncpg.Connection) -> None:
    """Codes always, what is typed on a phone at least as well as by words or by meaning alone, and other words as well as by meaning."""
    bench, made = retrieval.own(), Vectors(None)
    asked = [each for each in bench.questions if each.set != "written"]
    base_id = await retrieval.fill(owner, bench, made)
    ways = await retrieval.methods(owner, owner_db, base_id, bench._replace(questions=asked), made)
    found = {
        name: await retrieval.scores(bench._replace(questions=asked), ways[name]) for name in ("words (BM25)", "vectors", "ours")
    }
    ours, words, vectors = found["ours"], found["words (BM25)"], found["vectors"]
    assert (ours["code"].first, ours["code"].five) == (100, 100)
    assert ours["phone"].first >= max(95, words["phone"].first, vectors["phone"].first)
    assert ours["meaning"].five >= max(70, vectors["meaning"].five)
    assert words["meaning"].five < 20, "the questions of this kind share no words with their answers"
    written = bench._replace(questions=[each for each in bench.questions if each.set == "written"])
    by_words = await retrieval.scores(written, ways["words (BM25)"])
    assert by_words["written"].first >= 95, "without any model"
