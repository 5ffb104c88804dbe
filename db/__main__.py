"""`python -m db …`: commands for a whole installation: start, migrate, back up, restore, repair.

Commands: up, serve, migrate, seed, close-demo, second-factor-off, backup, restore, held, stats, rotate-keys, new-key, sweep, shell.
"""

import argparse
import asyncio
import sys
from pathlib import Path

from db import settings as settings_module


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m db", description="State of Master IA: start, migrate, back up.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    up = commands.add_parser("up", help="start everything on this machine")
    up.add_argument("--no-demo", action="store_true", help="without the demo company")
    commands.add_parser("serve", help="only the embedded Postgres and Valkey")
    commands.add_parser("migrate", help="bring the schema up to date")
    made = commands.add_parser("seed", help="make the demo company, once")
    made.add_argument(
        "--large", nargs="?", type=int, const=1_000_000, metavar="contacts", help="a large company too, for judging speed"
    )
    commands.add_parser("close-demo", help="take the published password from the demo company's people")
    off = commands.add_parser("second-factor-off", help="let somebody in by the password alone who lost app and recovery codes")
    off.add_argument("email")
    backup = commands.add_parser("backup", help="everything into one file")
    backup.add_argument("file", nargs="?", type=Path, help="default: masteria-<date>.zip")
    restore = commands.add_parser("restore", help="a backup into this installation")
    restore.add_argument("file", type=Path)
    restore.add_argument("--replace", action="store_true", help="even when there is data here already: it is lost")
    held = commands.add_parser("held", help="what is held after a restore, a copy or a failover")
    choice = held.add_mutually_exclusive_group()
    choice.add_argument("--hold", action="store_true", help="hold all that waits, before the programs of a copied machine start")
    choice.add_argument("--release", action="store_true", help="let all of it go on: some people may get a message twice")
    stats = commands.add_parser("stats", help="compare the kept figures with what they count")
    stats.add_argument("--repair", action="store_true", help="count anew where they differ")
    stats.add_argument("--rebuild", action="store_true", help="count everything anew, while everything runs")
    commands.add_parser("rotate-keys", help="seal every secret anew with the first key of SECRET_KEYS")
    new_key = commands.add_parser("new-key", help="print a fresh entry for SECRET_KEYS")
    new_key.add_argument("name", nargs="?", help="default: today's date")
    commands.add_parser("sweep", help="wake jobs that wait although they are due")
    commands.add_parser("shell", help="a Python prompt with the database connected")
    return parser


def main(argv: list[str]) -> int:
    """Runs one command; what goes wrong on purpose is one sentence on stderr and code 1."""
    args = _parser().parse_args(argv)
    settings = settings_module.load()
    if args.command == "up":
        from db.up.supervisor import up

        return up(settings, demo=not args.no_demo)
    if args.command == "serve":
        from db import log
        from db.up.servers import serve

        log.configure(settings.log_level)
        asyncio.run(serve(settings))
        return 0
    if args.command == "new-key":
        from datetime import UTC, datetime

        from db.crypto import new_key

        print(new_key(args.name or datetime.now(UTC).strftime("k%Y%m%d")))
        return 0
    from db.up.commands import run

    return run(args, settings)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
