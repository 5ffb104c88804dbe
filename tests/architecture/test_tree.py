"""The shape of the repository: what lies where, how long, how documented, and what may never be in it."""

import ast
import re
from pathlib import Path

from tests.architecture.tree import PROGRAMS, ROOT, nodes, python_files, text, tracked, tree

TOP = {
    "api", "db", "ui", "workers", "tests", "docs", ".ci", "pyproject.toml", "justfile", "Containerfile", ".containerignore",
    "README.md", "SECURITY.md", "CHANGELOG.md", "requirements.lock", ".env.example", ".gitignore",
}  # fmt: skip
MAX_LINES = 400
LONGER: dict[str, str] = {
    "db/jobs.py": "the one catalogue of all jobs, each in a few lines",
    "api/openapi/rights.py": "the one matrix of rights, a line for each operation",
}
"""Path: why it is clearer as one file."""
FORBIDDEN_NAMES = {"utils", "util", "common", "misc", "helpers", "helper"}
REGISTRIES = re.compile(
    r"https?://[^\s\"')]*(pypi\.org|pythonhosted\.org|registry\.npmjs\.org|registry\.yarnpkg\.com)", re.IGNORECASE
)
ARCHIVES = re.compile(r"https?://[^\s\"']+\.(whl|tar\.gz|tgz|deb)\b")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b")
SKIPPED = re.compile(r"pytest\.(mark\.)?(skip|xfail|importorskip)|@unittest\.skip")
HERE = Path("tests/architecture/test_tree.py")


def sources() -> list[Path]:
    """Everything people wrote as text."""
    return [path for path in tracked() if path.suffix not in {".png", ".ico", ".woff2", ".xlsx"} and path != HERE]


def test_the_top_level_is_the_owners() -> None:
    assert {path.parts[0] for path in tracked()} - TOP == set()


def test_files_answer_one_question() -> None:
    long = {str(path): len(text(path).splitlines()) for path in python_files()}
    assert {path: lines for path, lines in long.items() if lines > MAX_LINES and path not in LONGER} == {}
    assert [path for path in LONGER if long.get(path, 0) <= MAX_LINES] == []


def test_lines_of_styles_and_scripts_can_be_read() -> None:
    written = [path for path in tracked() if path.parts[0] == "ui" and path.suffix in {".css", ".js", ".html"}]
    assert written
    assert {str(path): n for path in written for n, line in enumerate(text(path).splitlines(), 1) if len(line) > 160} == {}


def test_scripts_stand_where_a_browser_or_node_runs_them() -> None:
    """What decides is Python; the bridge of linked devices is one file."""
    homes = (
        "api/openapi",
        "docs/zapier",
        "tests/bench/baseline",
        "tests/e2e/typescript",
        "ui",
        "workers/qr/bridge",
        "workers/sandbox/meta",
    )
    scripts = [path for path in tracked() if path.suffix in {".js", ".mjs", ".cjs", ".ts"}]
    assert [str(path) for path in scripts if not str(path).startswith(homes)] == []
    bridge = [path for path in scripts if str(path).startswith("workers/qr/bridge")]
    assert [len(text(path).splitlines()) <= MAX_LINES for path in bridge] == [True]


def test_no_file_is_called_after_nothing() -> None:
    assert [str(path) for path in python_files() if FORBIDDEN_NAMES & {path.stem, *path.parts}] == []


def test_init_files_are_empty() -> None:
    assert [str(path) for path in python_files() if path.name == "__init__.py" and text(path).strip()] == []


def test_every_folder_of_code_is_a_package() -> None:
    folders = {path.parent for path in python_files() if path.parent != Path()}
    assert sorted(str(folder) for folder in folders if folder / "__init__.py" not in tracked()) == []


def test_every_module_says_why_it_exists() -> None:
    silent = [str(path) for path in python_files(*PROGRAMS) if path.name != "__init__.py" and not ast.get_docstring(tree(path))]
    assert silent == []


def test_decisions_are_counted_without_a_gap() -> None:
    names = sorted(path for path in tracked() if path.parts[:2] == ("docs", "decisions"))
    assert [path.name[:5] for path in names] == [f"{number:04}-" for number in range(1, len(names) + 1)]
    assert [text(path).partition(" ")[2].partition(".")[0] for path in names] == [str(n) for n in range(1, len(names) + 1)]


def test_the_api_resolves_its_types_at_run_time() -> None:
    assert [str(path) for path in python_files("api") if "from __future__ import annotations" in text(path)] == []


def test_nothing_is_unfinished_or_skipped() -> None:
    assert [
        str(path) for path in python_files() if path != HERE and (UNFINISHED.search(text(path)) or SKIPPED.search(text(path)))
    ] == []


def _by_the_clock(node: ast.AST) -> bool:
    """Whether an assertion demands that something took less than so long."""
    clocks = {"monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "process_time", "thread_time"}
    return isinstance(node, ast.Assert) and any(
        isinstance(part, ast.Compare)
        and isinstance(part.ops[0], ast.Lt | ast.LtE)
        and any(isinstance(sub, ast.BinOp) and isinstance(sub.op, ast.Sub) for sub in ast.walk(part.left))
        and any(isinstance(call, ast.Attribute) and call.attr in clocks for call in ast.walk(part.left))
        for part in ast.walk(node)
    )


def test_no_test_judges_by_the_clock() -> None:
    """A machine that is busy with others is slow, and nothing is wrong. Benchmarks measure, and fault scenarios give up at some time."""
    measuring = {("tests", "bench"), ("tests", "faults")}
    assert [
        f"{path}:{node.lineno}"
        for path in python_files("tests")
        if path.parts[:2] not in measuring
        for node in nodes(path)
        if _by_the_clock(node)
    ] == []


def _drawn_anew(node: ast.AST) -> bool:
    """Whether this is a `parametrize` one of whose texts, which name the cases, differs from process to process."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "parametrize"
        and any(
            isinstance(name, ast.Name | ast.Attribute)
            and (name.id if isinstance(name, ast.Name) else name.attr).startswith(("uuid", "now"))
            for part in ast.walk(node)
            if isinstance(part, ast.JoinedStr)
            for name in ast.walk(part)
        )
    )


def test_cases_have_the_same_name_in_every_process() -> None:
    """Workers of one run must collect the same tests: a case named by a drawn number or by the moment stops the run."""
    assert [
        f"{path}:{node.lineno}"
        for path in python_files("tests")
        for node in nodes(path)
        if isinstance(node, ast.Call) and _drawn_anew(node)
    ] == []


def test_no_package_registry_is_named() -> None:
    assert [str(path) for path in sources() if REGISTRIES.search(text(path)) or ARCHIVES.search(text(path))] == []


def test_no_path_of_one_machine_is_written_down() -> None:
    homes = {str(ROOT.parent), str(Path.home())} - {"/"}
    assert [str(path) for path in sources() if any(f"{home}/" in text(path) for home in homes)] == []


def _imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in nodes(path):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            names.add(node.module or "")
    return names


def test_the_wire_contract_is_data() -> None:
    allowed = re.compile(
        r"^(api\.contract(\..+)?|db(\.\w+)?\.errors|db\.\w+\.enums|db\.contacts\.reasons|db(\.\w+)?\.events|db\.permissions|db\.contacts\.(filter|segment_rule)|db\.boards\.rule|db\.cadences\.plan|db\.incoming\.recipe|db\.personas\.(config|trial)|db\.conversations\.hours|db\.contacts\.phones|db\.messages\.content|db\.texts|msgspec|datetime|typing|uuid|decimal|enum|functools|collections\.abc|pathlib)$"
    )
    strange = {str(path): bad for path in python_files("api") if path.parts[1] == "contract"
               if (bad := sorted(name for name in _imports(path) if not allowed.match(name)))}  # fmt: skip
    assert strange == {}


def test_one_place_knows_of_the_row_that_tells_of_a_next_page() -> None:
    found = [str(path) for path in (*python_files("api"), *python_files("db")) if re.search(r"limit \+ 1", text(path))]
    assert found == ["api/pagination.py"]


def test_events_are_data() -> None:
    allowed = re.compile(
        r"^(db\.\w+\.enums|db\.events|db\.permissions|msgspec|typing|uuid|enum|datetime|collections\.abc|pathlib)$"
    )
    strange = {str(path): bad for path in python_files("db") if path.name == "events.py"
               if (bad := sorted(name for name in _imports(path) if not allowed.match(name)))}  # fmt: skip
    assert strange == {}


def test_the_screens_import_of_ours_only_the_contract() -> None:
    ours = re.compile(rf"^({'|'.join(name for name in PROGRAMS if name != 'ui')})(\.|$)")
    strange = {
        str(path): bad
        for path in python_files("ui")
        if (bad := sorted(name for name in _imports(path) if ours.match(name) and not name.startswith("api.contract")))
    }
    assert strange == {}
