"""What the README tells people to type exists."""

import re
from pathlib import Path

from tests.architecture.tree import ROOT, text

README = Path("README.md")
BOTH = ("pip install uv && uvx --from rust-just just up", "pip install uv && uvx --from rust-just just test")


def recipes() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*)(?: \*?[a-z]+)*:", text(Path("justfile")), re.MULTILINE))


def test_the_two_commands_come_first() -> None:
    readme = text(README)
    commands = re.findall(r"^```sh\n(.+?)```", readme, re.MULTILINE | re.DOTALL)
    assert commands[0].strip() == BOTH[0]
    assert BOTH[1] in readme
    assert BOTH[1] in text(Path(".ci/run"))


def test_every_recipe_that_is_named_exists() -> None:
    code = " ".join(re.findall(r"```.*?```|`[^`\n]+`", text(README), re.DOTALL)).replace("rust-just just", "just")
    named = set(re.findall(r"\bjust ([a-z][a-z-]*)", code))
    assert {"up", "test", "backup"} <= named
    assert named <= recipes()


def test_every_link_to_a_file_leads_somewhere() -> None:
    for source in (README, Path("CHANGELOG.md"), *sorted(path.relative_to(ROOT) for path in (ROOT / "docs").rglob("*.md"))):
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", text(source)):
            if not target.endswith(".png"):  # `just screenshots` makes them
                assert (ROOT / source.parent / target).exists(), f"{source}: {target}"


def test_every_setting_that_is_named_exists() -> None:
    known = set(re.findall(r"^# ([A-Z][A-Z0-9_]+)=", text(Path(".env.example")), re.MULTILINE))
    named = set(re.findall(r"`([A-Z][A-Z0-9]+_[A-Z0-9_]+)(?:=[^`]*)?`", text(README)))
    assert named <= known | {"SANDBOX_URL"}
