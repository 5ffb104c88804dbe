"""`just bench campaign [N]` and `just bench ingest`: ours beside the plain Node way, in one run, and a table."""

import argparse
import asyncio
import subprocess
import sys

import uvloop

from tests.bench import campaign, ingest
from tests.bench.harness import ROOT, harness
from tests.bench.ports import free_ports
from tests.bench.report import keep, machine, table


async def bench_campaign(sizes: list[int], *, workers: int, rounds: int, with_baseline: bool) -> None:
    """Each size: `rounds` runs of ours, each with one of the baseline right after it; the median pair by ratio counts."""
    stub = subprocess.Popen([sys.executable, "-m", "tests.bench.stub"], stdout=subprocess.PIPE, cwd=ROOT)
    assert stub.stdout is not None
    port = int(await asyncio.to_thread(stub.stdout.readline))
    rows = []
    try:
        async with harness(graph_url=f"http://127.0.0.1:{port}") as base:
            try:
                for size in sizes:
                    pairs = []
                    for _ in range(rounds if size > 100_000 else max(rounds, 3)):  # a short run tells little
                        mine = await campaign.ours(base, size, stub.pid, workers=workers)
                        other = await campaign.baseline(base, size, stub.pid, port) if with_baseline else None
                        pairs.append((mine, other))
                        print(f"{size:,}: {mine.rate:,.0f}/s, baseline {other.rate if other else 0:,.0f}/s", flush=True)
                    mine, other = sorted(pairs, key=lambda pair: pair[0].rate / (pair[1].rate if pair[1] else 1))[len(pairs) // 2]
                    rows.append(_row("ours", mine, other))
                    if other:
                        rows.append(_row("baseline", other, None))
            except BaseException:
                log = base.folder / "log"
                print(log.read_text(errors="replace")[-3000:] if log.exists() else "", file=sys.stderr)
                raise
            facts = await machine(base)
    finally:
        stub.kill()
        stub.wait()
    head = ["", "recipients", "prepared in s", "all in s", "sent/s", "end to end/s", "ratio", "peak MB", "CPU µs/message"]
    text = (
        f"{facts}. {workers} worker process{'es' if workers > 1 else ''}, median of {rounds} (of 3 at least up to 100,000). End to end: from the launch until"
        " every recipient's result is written back; the baseline from its first INSERT. Ours with claims, attempts, limits (number,"
        f" pair, tier), tallies, events and row-level security; the baseline with none of them. CPU: all programs and servers together"
        f" (in brackets the worker or node alone); it hardly depends on what else the machine does.\n\n{table(head, rows)}"
    )
    keep("Campaign" if len(sizes) == 1 else "Campaign by size", text)


def _row(name: str, run: campaign.Run, other: campaign.Run | None) -> list[str]:
    ratio = f"{run.rate / other.rate:.2f}×" if other else ""
    cpu = f"{run.cpu / run.recipients * 1e6:.0f} ({run.program_cpu / run.recipients * 1e6:.0f})"
    figures = [f"{run.prepare:.1f}", f"{run.seconds:.1f}", f"{run.send_rate:,.0f}", f"{run.rate:,.0f}"]
    return [name, f"{run.recipients:,}", *figures, ratio, str(run.rss_mb), cpu]


async def bench_ingest(count: int, *, with_baseline: bool) -> None:
    [api] = free_ports(1)
    async with harness(api_port=api) as base:
        mine = await ingest.ours(base, count)
        other = await ingest.baseline(base, count) if with_baseline else None
        facts = await machine(base)
    rows = []
    for name, intake in (("ours", mine), ("baseline", other)):
        if intake is not None:
            ratio = f"{mine.full.rate / other.full.rate:.2f}×" if other and name == "ours" else ""
            full = [f"{intake.full.rate:,.0f}", ratio, f"{intake.full.quantile(0.99) * 1000:.0f}"]
            calm = [f"{intake.offered.rate:,.0f}", *(f"{intake.offered.quantile(q) * 1000:.1f}" for q in (0.5, 0.99))]
            rows.append([name, *full, *calm])
    head = ["", "webhooks/s at full load", "ratio", "p99 ms", "offered/s", "p50 ms", "p99 ms "]
    text = (
        f"{facts}. One process each; {count:,} signed status webhooks over 64 connections, then {ingest.OFFERED:,.0f} a second"
        f" for 10 s. Answered 200 after the commit.\n\n{table(head, rows)}"
    )
    keep("Ingest", text)


def main() -> int:
    cli = argparse.ArgumentParser(prog="just bench", description=__doc__)
    which = cli.add_subparsers(dest="which", required=True)
    send = which.add_parser("campaign", help="launch, materialise, send, write back")
    send.add_argument("recipients", nargs="?", type=int, default=100_000)
    send.add_argument("--sizes", help="several, e.g. 10000,100000,1000000")
    send.add_argument("--workers", type=int, default=1)
    send.add_argument("--rounds", type=int, default=1)
    take = which.add_parser("ingest", help="webhooks")
    take.add_argument("count", nargs="?", type=int, default=20_000)
    for parser in (send, take):
        parser.add_argument("--no-baseline", action="store_true")
    given = cli.parse_args()
    if given.which == "campaign":
        sizes = [int(size) for size in given.sizes.split(",")] if given.sizes else [given.recipients]
        uvloop.run(bench_campaign(sizes, workers=given.workers, rounds=given.rounds, with_baseline=not given.no_peer))
    else:
        uvloop.run(bench_ingest(given.count, with_baseline=not given.no_peer))
    return 0


if __name__ == "__main__":
    sys.exit(main())
