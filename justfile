# Every recipe runs inside the locked environment that `_env` keeps in .venv.
set shell := ["bash", "-euo", "pipefail", "-c"]
py := ".venv/bin/python"

# Start everything on this machine: servers, migrations, demo company, API, workers, UI and sandbox
up *args: _env
    @{{py}} -m db up {{args}}
