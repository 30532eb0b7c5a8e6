#!/usr/bin/env bash
# Make a virtual environment with this package, editable, and what people who work on it need.
#   set_up.sh UV PYTHON VENV      UV is fetched with pip where it is absent
# uv is fast, but reads neither pip's certificates nor its index settings: where it fails, pip does the same.
# Every file that is fetched has to have a hash of requirements/; this package is built by the pinned hatchling in VENV.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
uv=${1:?set_up.sh UV PYTHON VENV} python=${2:?} venv=${3:?}
log=$(mktemp)
trap 'rm -f "$log"' EXIT

fast() {
  [ -x "$uv" ] || "$python" -m pip install -q --disable-pip-version-check --root-user-action=ignore \
    --target "$(dirname "$(dirname "$uv")")" --require-hashes -r requirements/uv.txt || return
  # With pip in it: after activation `pip install` has to reach this environment and no other.
  "$uv" venv -q --allow-existing --seed --python "$python" "$venv" || return
  local install=("$uv" pip install -q --python "$venv/bin/python")
  "${install[@]}" --require-hashes -r requirements/dev.txt || return
  "${install[@]}" --no-deps --no-build-isolation -e .
}

plain() {
  "$python" -m venv --clear "$venv"
  local install=("$venv/bin/python" -m pip install -q --disable-pip-version-check)
  "${install[@]}" --require-hashes -r requirements/dev.txt
  "${install[@]}" --no-deps --no-build-isolation -e .
}

if ! fast 2>"$log"; then
  echo "uv could not set $venv up, so pip does; uv said: $(tail -n 1 "$log")" >&2
  plain
fi
