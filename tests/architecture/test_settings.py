"""The environment is read in one place per program, and each name is explained in .env.example."""

import ast
import re
from pathlib import Path

from db.settings import Settings
from tests.architecture.tree import nodes, python_files, text

READERS = {"db/settings.py", "ui/settings.py", "workers/sandbox/config.py"}
PASS_ON = {
    "db/up/supervisor.py": "gives each program its environment",
    "db/up/output.py": "asks whether the terminal wants colour",
    "db/backup.py": "gives pg_dump its environment",
    "workers/cage.py": "gives who reads strangers' files what the interpreter needs, and nothing else",
    "workers/qr/bridge.py": "gives the engine of linked devices what it needs, and no secret",
    "workers/qr/install.py": "gives npm its environment",
    "api/__main__.py": "tells the metrics library of its child processes",
}
SANDBOX_OWN = {
    "SANDBOX_HOST",
    "SANDBOX_DATA",
    "SANDBOX_SPEED",
    "SANDBOX_PUBLIC_URL",
    "SANDBOX_ROUTES",
    "SANDBOX_ADMIN_TOKEN",
    "SANDBOX_SEED",
}


def _reads_environment(path: Path) -> bool:
    return any(
        isinstance(node, ast.Attribute)
        and node.attr in {"environ", "getenv", "environb"}
        and isinstance(node.value, ast.Name)
        and node.value.id == "os"
        for node in nodes(path)
    )


def test_the_environment_is_read_in_settings_only() -> None:
    readers = {str(path) for path in python_files("api", "db", "ui", "workers") if _reads_environment(path)}
    assert readers - READERS - set(PASS_ON) == set()


def test_the_example_names_every_setting_and_its_default() -> None:
    example = dict(re.findall(r"^# ([A-Z][A-Z0-9_]+)=(.*)$", text(Path(".env.example")), re.MULTILINE))
    web = set(re.findall(r'env\.get\("([A-Z_]+)"', text(Path("ui/settings.py"))))
    ours = {name.upper() for name in Settings.__struct_fields__}
    assert set(example) == ours | web
    defaults = Settings()
    assert {name: value for name, value in example.items() if name in ours} == {
        name.upper(): str(getattr(defaults, name)) for name in Settings.__struct_fields__
    }
