"""`just bench campaign`, `ingest`, `statuses`, `import`: ours beside the plain Node way, in one run, and a table."""

import argparse
import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import uvloop

from tests.bench import (
    ai,
    analytics,
    cadences,
    campaign,
    cells,
    contacts,
    desk,
    hooks,
    imports,
    ingest,
    live,
    pages,
    reads,
    retrieval,
    segments,
    statuses,
    voice,
)
from tests.bench.campaign import Run
from tests.bench.harness import ROOT, Harness, harness
from tests.bench.ports import free_ports
from tests.bench.report import keep, machine, table

Pair = tuple[Run, Run | None]
CPU = "CPU: all programs and servers together (in brackets the worker or node alone); it hardly depends on what else the machine does."


async def pairs_of(
    count: int, label: str, ours: Callable[[], Awaitable[Run]], baseline: Callable[[], Awaitable[Run]] | None
) -> list[Pair]:
    """`count` runs of ours, each with one of the baseline right after it, so that both meet the same machine; by ratio."""
    pairs: list[Pair] = []
    for _ in range(count):
        mine = await ours()
        other = await baseline() if baseline else None
        pairs.append((mine, other))
        print(
            f"{label}: {mine.rate:,.0f}/s, baseline {other.rate if other else 0:,.0f}/s, {_ratio(mine, other) or 'alone'}",
            flush=True,
        )
    return sorted(pairs, key=lambda pair: pair[0].rate / (pair[1].rate if pair[1] else 1))


def _ratio(mine: Run, other: Run | None) -> str:
    return f"{mine.rate / other.rate:.2f}×" if other else ""


def _spread(pairs: list[Pair]) -> str:
    """All ratios, the lowest first."""
    return ", ".join(filter(None, (_ratio(*pair) for pair in pairs)))


def _cpu(run: Run) -> str:
    return f"{run.cpu / run.count * 1e6:.0f} ({run.program_cpu / run.count * 1e6:.0f})"


@asynccontextmanager
async def explained(base: Harness) -> AsyncIterator[None]:
    """What goes wrong inside is printed with the end of the programs' log."""
    try:
        yield
    except BaseException:
        log = base.folder / "log"
        print(log.read_text(errors="replace")[-3000:] if log.exists() else "", file=sys.stderr)
        raise


async def bench_campaign(sizes: list[int], *, workers: int, pairs: int, with_baseline: bool) -> None:
    """Each size: `pairs` runs of ours and of the baseline; the median pair by ratio counts."""
    stub = subprocess.Popen([sys.executable, "-m", "tests.bench.stub"], stdout=subprocess.PIPE, cwd=ROOT)
    assert stub.stdout is not None
    port = int(await asyncio.to_thread(stub.stdout.readline))
    rows, spread = [], []
    try:
        async with harness(graph_url=f"http://127.0.0.1:{port}") as base, explained(base):
            for size in sizes:
                found = await pairs_of(
                    pairs,
                    f"{size:,}",
                    lambda size=size: campaign.ours(base, size, stub.pid, workers=workers),  # type: ignore[misc]
                    (lambda size=size: campaign.baseline(base, size, stub.pid, port)) if with_baseline else None,  # type: ignore[misc]
                )
                mine, other = found[len(found) // 2]
                spread.append(_spread(found))
                rows.append(_sent("ours", mine, other))
                if other:
                    rows.append(_sent("baseline", other, None))
            facts = await machine(base)
    finally:
        stub.kill()
        stub.wait()
    head = ["", "recipients", "prepared in s", "all in s", "sent/s", "end to end/s", "ratio", "peak MB", "CPU µs/message"]
    text = (
        f"{facts}. {workers} worker process{'es' if workers > 1 else ''}; the median of {pairs} pairs"
        f"{' (' + '; '.join(spread) + ')' if with_baseline else ''}. End to end: from the launch until every recipient's result is written"
        " back; the baseline from its first INSERT. Ours with claims, attempts, limits (number, pair, tier), tallies, figures, events and"
        f" row-level security; the baseline with none of them. {CPU}\n\n{table(head, rows)}"
    )
    keep("Campaign" if len(sizes) == 1 else "Campaign by size", text)


def _sent(name: str, run: Run, other: Run | None) -> list[str]:
    figures = [f"{run.prepare:.1f}", f"{run.seconds:.1f}", f"{run.send_rate:,.0f}", f"{run.rate:,.0f}"]
    return [name, f"{run.count:,}", *figures, _ratio(run, other), str(run.rss_mb), _cpu(run)]


async def bench_ingest(count: int, *, with_baseline: bool) -> None:
    [api] = free_ports(1)
    async with harness(api_port=api) as base, explained(base):
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


async def bench_statuses(count: int, *, pairs: int, with_baseline: bool) -> None:
    """A backlog of `count` signed status webhooks."""
    messages = statuses.messages_for(count)
    [api] = free_ports(1)
    async with harness(api_port=api) as base, explained(base):
        found = await pairs_of(
            pairs,
            f"{count:,} statuses",
            lambda: statuses.ours(base, messages),
            (lambda: statuses.baseline(base, messages)) if with_baseline else None,
        )
        facts = await machine(base)
    text = (
        f"{facts}. One worker process; the median of {pairs} pairs ({_spread(found)}). About {count:,} webhooks, one status each, as our API"
        f" stored them: of {messages:,} messages sent and delivered, of six in ten read. Without the worker's start. The baseline: one UPDATE"
        " per status and one per webhook, 100 at a time over 10 connections. Every message's end, its times, the tallies and the figures were"
        f" compared with what the webhooks say. {CPU}\n\n{_plain(found, 'status', 'statuses')}"
    )
    keep("Statuses", text)


async def bench_import(count: int, *, pairs: int, with_baseline: bool) -> None:
    """A file of `count` rows."""
    async with harness() as base, explained(base):
        found = await pairs_of(
            pairs,
            f"{count:,} rows",
            lambda: imports.ours(base, count),
            (lambda: imports.baseline(base, count)) if with_baseline else None,
        )
        facts = await machine(base)
    text = (
        f"{facts}. One worker process; the median of {pairs} pairs ({_spread(found)}). A file of {count:,} rows and five columns, from its upload"
        f" ({found[len(found) // 2][0].prepare:.1f} s until its columns were known) to the end of the import, into an empty company. The baseline"
        " splits lines and inserts a row each, 100 at a time over 10 connections; it keeps no rejected rows, judges no numbers and has nothing to"
        f" search. People, rejected rows and rows read were compared with the file. {CPU}\n\n{_plain(found, 'row', 'rows')}"
    )
    keep("Import", text)


async def bench_reads(count: int) -> None:
    """The reads of all day at a tenth of the volume and at all of it."""
    tenth, whole = await reads.measure(count // 10), await reads.measure(count)
    facts = await machine()
    rows = [
        [full.kind, *(f"{value * 1000:.1f}" for small in (part, full) for value in (small.p50, small.p95, small.worst))]
        for part, full in zip(tenth.figures, whole.figures, strict=True)
    ]
    held = [", ".join(f"{count:,} {what}" for what, count in volume.held.items()) for volume in (tenth, whole)]
    made = "" if whole.seeded is None else f" `just seed --large` took {whole.seeded:.0f} s for the larger."
    text = (
        f"{facts}. Milliseconds over HTTP, one API process, {reads.REQUESTS} requests of each kind, one at a time, each with other words or"
        f" another person, 50 rows a page. Two databases, one company in each: {held[0]} (a tenth), {held[1]} (all).{made}\n\n"
    )
    head = ["", *(f"{volume} {name}" for volume in ("tenth", "all") for name in ("p50", "p95", "slowest"))]
    keep("Reads", text + table(head, rows))


async def bench_retrieval() -> None:
    """The search of knowledge in bases as large as they may be."""
    found = await retrieval.measure()
    rows = [
        [f"{each.passages:,}", figure.kind, *(f"{value * 1000:.1f}" for value in figure[1:])]
        for each in found.searches
        for figure in each.figures
    ]
    text = (
        f"{await machine()}. Milliseconds of a whole search through the product's function as the application's role, {retrieval.QUESTIONS} questions"
        f" of 5 to 12 words, one at a time; vectors of {retrieval.DIMS} numbers, compared one by one. Passages of one company in bases of"
        f" {retrieval.vectors.EXACT:,}, searched together, beside {found.beside:,} of {retrieval.OTHERS} others.\n\n"
    )
    keep("Retrieval", text + table(["passages", "", "p50", "p95", "slowest"], rows))


async def bench_ai(count: int) -> None:
    """Answers of a persona."""
    api, sandbox = free_ports(2)
    there = {"sandbox_url": f"http://127.0.0.1:{sandbox}", "webhook_url": f"http://127.0.0.1:{api}"}
    async with harness(api_port=api, sandbox_port=sandbox, **there) as base, explained(base):
        figures = await ai.measure(base, count)
        facts = await machine(base)
    rows = [
        [
            name,
            f"{each.conversations:,}",
            f"{each.turns:,}",
            f"{each.rate:.1f}",
            *(f"{each.quantile(share):.1f}" for share in (0.5, 0.95, 0.99)),
            *(f"{seconds * 1000:.0f}" for seconds in each.steps.values()),
            ", ".join(f"{program} {seconds * 1000 / each.conversations:.0f}" for program, seconds in each.cpu.items()),
        ]
        for name, each in zip(("at once", "at half that pace"), figures, strict=True)
    ]
    text = (
        f"{facts}. One worker, one API process, the simulator as customers, model and provider, all on the same machine. Each conversation is a"
        f" burst of {len(ai.BURST)} messages over signed webhooks, answered from a knowledge base by two calls of the model; every message was"
        " answered once (asserted). Seconds from the pause after the last message to the first byte of the answer; then the medians of its steps in"
        " milliseconds: until the model is asked, until it has answered, until it is said, until it is sent. CPU in milliseconds a conversation.\n\n"
    )
    head = ["", "conversations", "turns", "a second", "p50 s", "p95 s", "p99 s", "asked", "composed", "said", "sent", "CPU"]
    keep("Answers", text + table(head, rows))


async def bench_pages(rounds: int) -> None:
    """Every main page in a browser."""
    figures = await pages.measure(rounds)
    facts = await machine()
    text = (
        f"{facts}. Milliseconds from the click, the median of {rounds} visits of a warm browser on the same machine, the demo company. HTML:"
        " it is there; scripts: they ran; first paint; content: nothing is a skeleton any more; by a link: the same"
        " from the press of a link inside the app. kB: what a warm visit loads.\n\n"
    )
    rows = [[figure.page, *(f"{value:.0f}" if value else "–" for value in figure[1:])] for figure in figures]
    keep("Pages", text + table(["", "HTML", "scripts", "first paint", "content", "by a link", "kB"], rows))


async def bench_desk(agents: int, minutes: float, recipients: int) -> None:
    """Agents at work while a campaign is sent."""
    stub = subprocess.Popen([sys.executable, "-m", "tests.bench.stub"], stdout=subprocess.PIPE, cwd=ROOT)
    assert stub.stdout is not None
    port = int(await asyncio.to_thread(stub.stdout.readline))
    api, ui = free_ports(2)
    try:
        there = {"graph_url": f"http://127.0.0.1:{port}", "public_url": f"http://127.0.0.1:{ui}"}
        async with harness(api_port=api, ui_port=ui, **there) as base, explained(base):
            seen = await desk.measure(base, ui, agents=agents, minutes=minutes, recipients=recipients)
            facts = await machine(base)
    finally:
        stub.kill()
        stub.wait()
    text = (
        f"{facts}. {agents} agents with the inbox open for {minutes:g} minutes, {desk.BROWSERS} of them in Chromium on the same machine, while a"
        f" campaign to {recipients:,} people was sent at {desk.THROUGHPUT} a second ({seen.sent:,} had gone at the end) and a customer wrote every"
        f" {desk.EVERY * 1000:.0f} ms. The agents opened {seen.moves:,} conversations and sent {seen.answers:,} answers; {len(seen.errors)} requests"
        f" were refused. {len(seen.painted):,} messages were painted, {seen.missing} never: {seen.overtaken} of these were answered by an agent at"
        " that moment, and the row showed the answer. Memory of the web app in MB, without a page, with all of them, after each minute, five seconds"
        f" after the last message: {' → '.join(f'{mb:.0f}' for mb in seen.rss)}. CPU in % of a core: {_shares(seen.cpu)}; ready to run, and no core was"
        f" free: {_shares(seen.waited)}. For each customer's message a page got {seen.updates:.1f} messages, {seen.bytes / 1000:.1f} kB.\n\n"
        "From the webhook's first byte until the API had answered it, until the worker had told of it, until an agent's connection to the API heard"
        " that, until the web app had sent it to half of the pages and to the last one, and until the browser had drawn it:\n\n"
    )
    rows = [
        [name, *(f"{desk.quantile(found, part) * 1000:.0f}" for part in (0.5, 0.95, 0.99, 1))]
        for name, found in seen.stages.items()
    ]
    for error in sorted(set(seen.errors))[:10]:
        print(error, file=sys.stderr)
    print(dict(seen.frames), file=sys.stderr)
    keep(f"Desk of {agents}", text + table(["", "p50 ms", "p95 ms", "p99 ms", "slowest ms"], rows))


def _shares(shares: dict[str, float]) -> str:
    return ", ".join(f"{name} {part * 100:.0f}" for name, part in shares.items())


def _plain(pairs: list[Pair], one: str, many: str) -> str:
    mine, other = pairs[len(pairs) // 2]
    rows = [
        [name, f"{run.count:,}", f"{run.seconds:.1f}", f"{run.rate:,.0f}", ratio, str(run.rss_mb), _cpu(run)]
        for name, run, ratio in (("ours", mine, _ratio(mine, other)), ("baseline", other, ""))
        if run is not None
    ]
    return table(["", many, "all in s", f"{many}/s", "ratio", "peak MB", f"CPU µs/{one}"], rows)


def main() -> int:
    cli = argparse.ArgumentParser(prog="just bench", description=__doc__)
    which = cli.add_subparsers(dest="which", required=True)
    send = which.add_parser("campaign", help="launch, materialise, send, write back")
    send.add_argument("count", nargs="?", type=int, default=100_000)
    send.add_argument("--sizes", help="several, e.g. 10000,100000,1000000")
    send.add_argument("--workers", type=int, default=1)
    take = which.add_parser("ingest", help="webhooks taken")
    take.add_argument("count", nargs="?", type=int, default=20_000)
    told = which.add_parser("statuses", help="webhooks applied")
    told.add_argument("count", nargs="?", type=int, default=52_000)
    people = which.add_parser("import", help="a contact list")
    people.add_argument("count", nargs="?", type=int, default=50_000)
    seek = which.add_parser("contacts", help="searches and segments among many contacts, made once and kept")
    seek.add_argument("count", nargs="?", type=int, default=1_000_000)
    seek.add_argument("--rounds", type=int, default=5)
    out = which.add_parser("webhooks", help="deliveries to a receiver on this machine")
    out.add_argument("count", nargs="?", type=int, default=30_000)
    out.add_argument("--pairs", type=int, default=3)
    hear = which.add_parser("live", help="many web sockets on one API process")
    hear.add_argument("count", nargs="?", type=int, default=500)
    ask = which.add_parser("reads", help="lists, searches and threads over HTTP, at a tenth of the volume and at all of it")
    ask.add_argument("count", nargs="?", type=int, default=1_000_000)
    work = which.add_parser("desk", help="agents at work while a campaign is sent and customers write")
    work.add_argument("agents", nargs="?", type=int, default=50)
    work.add_argument("--minutes", type=float, default=10)
    work.add_argument("--recipients", type=int, default=100_000)
    talk = which.add_parser("ai", help="bursts of many customers, answered by a persona")
    talk.add_argument("count", nargs="?", type=int, default=2000)
    crowd = which.add_parser("cadences", help="people of a cadence, all due at once")
    crowd.add_argument("count", nargs="?", type=int, default=100_000)
    figures = which.add_parser(
        "analytics", help="every page of figures while a campaign is sent, in a company made once and kept"
    )
    figures.add_argument("count", nargs="?", type=int, default=1_000_000)
    figures.add_argument("--rounds", type=int, default=40)
    parted = which.add_parser("cells", help="two whole installations beside one that has all companies")
    parted.add_argument("count", nargs="?", type=int, default=10_000)
    which.add_parser("retrieval", help="questions to knowledge bases")
    calls = which.add_parser("voice", help="what Retell and VAPI tell and ask of calls")
    calls.add_argument("--seconds", type=float, default=20)
    look = which.add_parser("pages", help="every main page in a browser")
    look.add_argument("--rounds", type=int, default=7)
    for parser in (send, take, told, people):
        parser.add_argument("--no-baseline", action="store_true")
        if parser is not take:
            parser.add_argument("--pairs", type=int, default=5 if parser is send else 3)
    given = cli.parse_args()
    if given.which == "contacts":
        uvloop.run(contacts.bench(given.count, given.rounds))
        uvloop.run(segments.bench(given.count, given.rounds))
        return 0
    alone: dict[str, Callable[[], Coroutine[Any, Any, None]]] = {
        "analytics": lambda: analytics.bench(given.count, given.rounds),
        "live": lambda: live.bench(given.count),
        "webhooks": lambda: hooks.bench(given.count, given.pairs),
        "cadences": lambda: cadences.bench(given.count),
        "reads": lambda: bench_reads(given.count),
        "ai": lambda: bench_ai(given.count),
        "retrieval": bench_retrieval,
        "cells": lambda: cells.bench(given.count),
        "voice": lambda: voice.bench(given.seconds),
    }
    if given.which in alone:
        uvloop.run(alone[given.which]())
        return 0
    if given.which == "desk":
        asyncio.run(bench_desk(given.agents, given.minutes, given.recipients))
        return 0
    if given.which == "pages":
        asyncio.run(bench_pages(given.rounds))
        return 0
    with_baseline = not given.no_baseline
    match given.which:
        case "campaign":
            sizes = [int(size) for size in given.sizes.split(",")] if given.sizes else [given.count]
            uvloop.run(bench_campaign(sizes, workers=given.workers, pairs=given.pairs, with_baseline=with_baseline))
        case "ingest":
            uvloop.run(bench_ingest(given.count, with_baseline=with_baseline))
        case "statuses":
            uvloop.run(bench_statuses(given.count, pairs=given.pairs, with_baseline=with_baseline))
        case _:
            uvloop.run(bench_import(given.count, pairs=given.pairs, with_baseline=with_baseline))
    return 0


if __name__ == "__main__":
    sys.exit(main())
