"""What operators are given works on what there is: commands, settings, metrics, log events, times."""

import importlib.util
import json
import re
import shlex
import shutil
import subprocess
import sys
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


def test_containers_fit_together() -> None:
    """What one waits for, keeps and is given is there: nothing of it can be run where the tests run."""
    services, volumes = COMPOSE["services"], set(COMPOSE["volumes"])
    for name, service in services.items():
        assert set(service.get("depends_on", ())) <= set(services), name
        waits = service["depends_on"] if isinstance(service.get("depends_on"), dict) else {}
        assert all("healthcheck" in services[one] for one, how in waits.items() if how["condition"] == "service_healthy"), name
        for mounted in service.get("volumes", ()):
            source = mounted.split(":")[0]
            assert (ROOT / DEPLOY / source).exists() if source.startswith("./") else source in volumes, f"{name}: {mounted}"
    asked = set(re.findall(r"\$\{([A-Z_0-9]+)(?::\?[^}]*)?\}", text(DEPLOY / "compose.yaml")))
    written = set(re.findall(r"^([A-Z_0-9]+)=", text(GUIDES[0]), re.MULTILINE))
    assert asked <= written, f"the guide does not write {asked - written}"
    for host in re.findall(r"reverse_proxy ([a-z]+):", text(DEPLOY / "Caddyfile")):
        assert host in services


def test_each_unit_waits_for_units_that_there_are() -> None:
    for name, unit in UNITS.items():
        wanted = {one for line in re.findall(r"^(?:After|Requires|Wants)=(.*)$", unit, re.MULTILINE) for one in line.split()}
        ours = {one.removesuffix(".service") for one in wanted if one.startswith("masteria-")}
        assert ours <= set(UNITS), name
        for key in ("User", "WorkingDirectory", "EnvironmentFile", "ExecStart"):
            assert re.search(rf"^{key}=\S", unit, re.MULTILINE), f"{name} has no {key}"


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        return  # no systemd here: what the units say is looked at above
    for name, unit in UNITS.items():
        here = unit.replace("/opt/masteria/.venv/bin/python", sys.executable)
        (tmp_path / f"{name}.service").write_text(here)
    verify = ["systemd-analyze", "verify", "--recursive-errors=no", *map(str, sorted(tmp_path.iterdir()))]
    done = subprocess.run(verify, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


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


def _told() -> list[str]:
    """Every line of ours that README and docs tell to type, without comments and with its arguments."""
    found = []
    for path in (Path("README.md"), *sorted(path.relative_to(ROOT) for path in (ROOT / "docs").glob("*.md"))):
        blocks = re.findall(r"^```(?:sh|text)?\n(.*?)^```", text(path), re.MULTILINE | re.DOTALL)
        lines = [line for block in blocks for line in block.splitlines()] + re.findall(
            r"`((?:just|python -m) [^`\n]+)`", text(path)
        )
        found += [line.split(" #")[0].strip() for line in lines if re.search(r"\b(just|python -m) [a-z]", line)]
    return sorted(set(found))


@pytest.mark.parametrize("line", [line for line in _told() if "python -m db" in line])
def test_each_command_of_the_database_that_is_told_is_understood(line: str) -> None:
    words = shlex.split(re.split(r"python -m db ?", line)[1].split("|")[0])
    if words:
        _parser().parse_args(words)


@pytest.mark.parametrize("line", [line for line in _told() if re.search(r"(^|rust-just )just [a-z]", line)])
def test_each_recipe_that_is_told_takes_what_it_is_given(line: str) -> None:
    name, *given = re.split(r"(?:^|rust-just )just ", line)[1].split("|")[0].split()
    head = re.search(rf"^{name}((?: \*?[a-z]+)*):", text(Path("justfile")), re.MULTILINE)
    assert head is not None, f"there is no recipe {name}"
    assert not given or head[1], f"{name} takes no {given}"


@pytest.mark.parametrize("line", [line for line in _told() if "python -m" in line and "python -m db" not in line])
def test_each_program_that_is_told_exists(line: str) -> None:
    for module in re.findall(r"python -m ([a-z_.]+[a-z])", line):
        assert importlib.util.find_spec(module) is not None


def test_what_waits_in_front_waits_longer_than_a_program_takes_to_be_replaced() -> None:
    tries = [_seconds(found) for found in re.findall(r"lb_try_duration (\d+s)", text(DEPLOY / "Caddyfile"))]
    assert len(tries) == text(DEPLOY / "Caddyfile").count("reverse_proxy ") == 2
    assert min(tries) >= _seconds(COMPOSE["services"]["api"]["stop_grace_period"])


def test_log_events_that_the_guides_name_are_written() -> None:
    sources = "".join(path.read_text() for folder in ("api", "db", "ui", "workers") for path in (ROOT / folder).rglob("*.py"))
    named = {
        name for guide in GUIDES for name in re.findall(r"`([a-z]+\.[a-z_]+)`", text(guide)) if not name.endswith((".md", ".io"))
    }
    assert {"job.dead", "job.retry"} <= named
    for name in named:
        assert f'"{name}"' in sources, name
