#!/usr/bin/env bash
# Write the pins anew after pyproject.toml changed: constraints.txt (versions, for `-c`, also beside a wheel) and
# requirements/ (the same versions with the hash of every file, which set-up checks).
#   tools/pin.sh [uv pip compile's options, such as --upgrade-package NAME]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
compile() { .tools/bin/uv pip compile -q --python .venv/bin/python --no-header --no-emit-index-url "$@"; }
hashed() { compile --universal --generate-hashes --no-annotate "$@"; }

compile --group dev --group browser --extra tokens --extra report --extra ray pyproject.toml -o constraints.txt "$@"
hashed --group dev -c constraints.txt pyproject.toml -o requirements/dev.txt
hashed --group browser -c constraints.txt -o requirements/browser.txt
# Tools beside the package.
hashed - -o requirements/uv.txt "$@" <<<uv
hashed - -c constraints.txt -o requirements/audit.txt "$@" <<<pip-audit
