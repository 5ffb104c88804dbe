"""What operators are given works on what there is: commands, settings, metrics, log events, times."""

import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import Counter, Gauge, Histogram

import api.health
from db.__main__ import _parser
from db.settings import Settings
from tests.architecture.test_readme import recipes
from tests.architecture.tree import ROOT, text

DEPLOY = Path("docs/deploy")
GUIDES = (Path("docs/operations.md"), Path("docs/troubleshooting.md"))
OUTSIDE = {
    "PUBLIC_HOST",
    "WEBHOOK_HOST",
    "POSTGRES_PASSWORD",
    "APP_PASSWORD",
    "IMAGE",
    "FORWARDED_ALLOW_IPS",
    "HEALTH_PORT",
    "METRICS_TOKEN",
}
"""Names in the guides and files that are not settings of the programs."""

COMPOSE: dict[str, Any] = yaml.safe_load(text(DEPLOY / "compose.yaml"))
UNITS = {path.stem: path.read_text() for path in sorted((ROOT / DEPLOY / "systemd").iterdir())}


def _settings() -> set[str]:
    return set(re.findall(r"^# ([A-Z][A-Z0-9_]+)=", text(Path(".env.example")), re.MULTILINE)) | {"SANDBOX_URL"}


def _metrics() -> set[str]:
    """What `/metrics` can say."""
    found = set()
    for metric in vars(api.health).values():
        if isinstance(metric, Counter):
            found.add(f"{metric._name}_total")
        elif isinstance(metric, Histogram):
            found |= {f"{metric._name}_{part}" for part in ("bucket", "sum", "count")}
        elif isinstance(metric, Gauge):
            found.add(metric._name)
    return found


def _seconds(period: str) -> int:
    return int(period.removesuffix("s"))


def test_each_container_runs_a_program_that_there_is() -> None:
    commands = [
        service["command"] for service in COMPOSE["services"].values() if str(service.get("command", "")).startswith("python -m")
    ]
    assert {"python -m api", "python -m ui", "python -m workers", "python -m workers.gateway", "python -m db migrate"} == set(
        commands
    )


def test_containers_are_given_settings_that_there_are() -> None:
    ours = [service["environment"] for service in COMPOSE["services"].values() if service["image"].endswith("-masteria}")]
    assert len(ours) == 5
    assert {name for environment in ours for name in environment} <= _settings() | OUTSIDE


@pytest.mark.parametrize("name", ["workers", "gateway"])
def test_who_sends_is_given_the_time_to_end(name: str) -> None:
    needed = Settings().worker_stop
    assert _seconds(COMPOSE["services"][name]["stop_grace_period"]) > needed
    assert int(re.findall(r"^TimeoutStopSec=(\d+)$", UNITS[f"masteria-{name}"], re.MULTILINE)[0]) > needed


def test_each_unit_runs_a_program_that_there_is() -> None:
    assert len(UNITS) == 5
    for name, unit in UNITS.items():
        module = re.findall(r"^ExecStart=\S+ -m (\S+)", unit, re.MULTILINE)[0]
        assert importlib.util.find_spec(module) is not None, name


@pytest.mark.parametrize("file", ["alerts.yaml", "grafana.json"])
def test_what_is_watched_is_measured(file: str) -> None:
    named = set(re.findall(r"\bmasteria_[a-z_]+", text(DEPLOY / file)))
    assert named
    assert named <= _metrics()
    json.loads(text(DEPLOY / "grafana.json"))


def test_states_that_are_watched_are_counted() -> None:
    pairs = re.findall(
        r'masteria_count\{kind="(\w+)",state="(\w+)"\}',
        text(DEPLOY / "alerts.yaml") + text(DEPLOY / "grafana.json").replace("\\", ""),
    )
    assert len(pairs) > 4
    for kind, state in pairs:
        assert state in api.health.COUNTED[kind]


def test_each_alert_has_its_page() -> None:
    alerts = {rule["alert"] for group in yaml.safe_load(text(DEPLOY / "alerts.yaml"))["groups"] for rule in group["rules"]}
    assert alerts == set(re.findall(r"^### (\w+)$", text(GUIDES[0]), re.MULTILINE))


@pytest.mark.parametrize("guide", GUIDES, ids=str)
def test_what_the_guides_tell_to_type_exists(guide: Path) -> None:
    said = text(guide)
    code = " ".join(re.findall(r"```.*?```|`[^`\n]+`", said, re.DOTALL))
    assert set(re.findall(r"\bjust ([a-z][a-z-]*)", code)) <= recipes()
    commands = next(action.choices for action in _parser()._actions if action.dest == "command")
    assert commands is not None
    assert set(re.findall(r"python -m db ([a-z-]+)", code)) <= set(commands)
    assert set(re.findall(r"`([A-Z][A-Z0-9]+_[A-Z0-9_]+)(?:=[^`]*)?`", said)) <= _settings() | OUTSIDE


def test_log_events_that_the_guides_name_are_written() -> None:
    sources = "".join(path.read_text() for folder in ("api", "db", "ui", "workers") for path in (ROOT / folder).rglob("*.py"))
    named = {
        name for guide in GUIDES for name in re.findall(r"`([a-z]+\.[a-z_]+)`", text(guide)) if not name.endswith((".md", ".io"))
    }
    assert {"job.dead", "job.retry"} <= named
    for name in named:
        assert f'"{name}"' in sources, name
