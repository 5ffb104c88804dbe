"""Compiles the test files once, as pytest does: each of its processes would else rewrite the assertions of all of them by itself."""

import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from _pytest.assertion import rewrite

ROOT = Path(__file__).parent


def rewrite_one(path: Path) -> None:
    """Leaves alone what is there already and up to date."""
    folder = rewrite.get_cache_dir(path)
    kept = folder / (path.name[:-3] + rewrite.PYC_TAIL)
    if rewrite._read_pyc(path, kept) is None:
        folder.mkdir(exist_ok=True)
        source_hash, code = rewrite._rewrite_test(path, None)  # type: ignore[arg-type]
        rewrite._write_pyc(None, code, source_hash, kept)  # type: ignore[arg-type]


def main() -> None:
    files = [path for path in ROOT.rglob("*.py") if path.name.startswith("test_") or path.name == "conftest.py"]
    with ProcessPoolExecutor(2) as pool:
        list(pool.map(rewrite_one, files, chunksize=8))


if __name__ == "__main__":
    sys.exit(main())
