"""The sandbox's own settings: read once from the command line and the environment, then passed down.

The only file of the sandbox that looks at `os.environ`. It knows nothing of the product's settings: the sandbox is the
outside world and must not learn how the product is installed.
"""

import argparse
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Where to listen, where to keep state, how fast time passes.

    `speed` divides every human delay (delivered, read, reply, template review, webhook retry); it never touches limits
    (messages per second, segments per second). `routes` maps a public base URL to the one that really reaches it: the
    signature is made over the public one, the connection goes to the other. `seed` fixes ids and outcomes.
    """

    host: str = "127.0.0.1"
    port: int = 8790
    smtp_port: int = 8791
    data: Path = Path(".data/sandbox")
    speed: float = 1.0
    public_url: str = ""
    routes: tuple[tuple[str, str], ...] = ()
    admin_token: str = ""
    seed: int = 1

    @property
    def base_url(self) -> str:
        """The address clients use, without a slash at the end; media links start with it."""
        return self.public_url.rstrip("/") or f"http://{self.host}:{self.port}"


def _routes(text: str) -> tuple[tuple[str, str], ...]:
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    if any(not sep or not left.strip() or not right.strip() for left, sep, right in pairs):
        raise argparse.ArgumentTypeError("a route is PUBLIC_URL=REACHABLE_URL")
    return tuple((left.strip().rstrip("/"), right.strip().rstrip("/")) for left, _, right in pairs)


def _speed(text: str) -> float:
    if not 0 < (value := float(text)) <= 10_000:
        raise argparse.ArgumentTypeError("speed lies between 0 and 10000")
    return value


def parse(argv: Sequence[str], env: Mapping[str, str] = os.environ) -> Settings:
    """Settings from arguments; each default may be set by SANDBOX_HOST, SANDBOX_PORT, … Exits with a message when wrong,
    and when other machines could use the sandbox's own door without a token."""
    cli = argparse.ArgumentParser(prog="python -m workers.sandbox", description="The outside world, on this machine")
    cli.add_argument("--host", default=env.get("SANDBOX_HOST", "127.0.0.1"))
    cli.add_argument("--port", type=int, default=env.get("SANDBOX_PORT", "8790"), help="0 takes a free one")
    cli.add_argument("--smtp-port", type=int, default=env.get("SANDBOX_SMTP_PORT", "8791"), help="-1 turns mail off")
    cli.add_argument("--data", type=Path, default=env.get("SANDBOX_DATA", ".data/sandbox"), help="folder for the state")
    cli.add_argument("--speed", type=_speed, default=env.get("SANDBOX_SPEED", "1"), help="10: people act 10 x faster")
    cli.add_argument("--public-url", default=env.get("SANDBOX_PUBLIC_URL", ""), help="how clients reach this server")
    cli.add_argument("--routes", type=_routes, default=env.get("SANDBOX_ROUTES", ""), help="PUBLIC_URL=REACHABLE_URL,…")
    cli.add_argument("--admin-token", default=env.get("SANDBOX_ADMIN_TOKEN", ""), help="asked for by /sandbox, /mail and /model")
    cli.add_argument("--seed", type=int, default=env.get("SANDBOX_SEED", "1"))
    settings = Settings(**vars(cli.parse_args(argv)))
    if settings.host not in LOOPBACK and not settings.admin_token:
        cli.error(
            f"--host {settings.host} lets other machines read caught mails, sign-in links among them: set SANDBOX_ADMIN_TOKEN"
            " here, and the same where the workers run."
        )
    return settings
