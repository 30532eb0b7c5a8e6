#!/usr/bin/env bash
# Make a virtual environment with this package, editable, and what people who work on it need.
#   set_up.sh UV PYTHON VENV      UV is fetched with pip where it is absent
# uv is fast, but reads neither pip's certificates nor its index settings: where it fails, pip does the same.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
uv=${1:?set_up.sh UV PYTHON VENV} python=${2:?} venv=${3:?}
log=$(mktemp)
trap 'rm -f "$log"' EXIT

fast() {
  [ -x "$uv" ] || "$python" -m pip install -q --disable-pip-version-check --root-user-action=ignore \
    --target "$(dirname "$(dirname "$uv")")" uv || return
  # With pip in it: after activation `pip install` has to reach this environment and no other.
  "$uv" venv -q --allow-existing --seed --python "$python" "$venv" || return
  "$uv" pip install -q --python "$venv/bin/python" -e . --group dev -c constraints.txt
}

plain() {
  "$python" -m venv --clear "$venv"
  "$venv/bin/python" -c '
import tomllib
with open("pyproject.toml", "rb") as file:
    print(*tomllib.load(file)["dependency-groups"]["dev"], sep="\n")' >"$venv/dev.txt"
  "$venv/bin/python" -m pip install -q --disable-pip-version-check -e . -r "$venv/dev.txt" -c constraints.txt
}

if ! fast 2>"$log"; then
  echo "uv could not set $venv up, so pip does; uv said: $(tail -n 1 "$log")" >&2
  plain
fi
