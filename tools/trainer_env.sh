#!/usr/bin/env bash
# Make an environment with what requirements/trainers/NAME.txt pins, this package and pytest. NAME is a trainer, for
# `make test-trainers`, or reproduce, for `make reproduce-small`. NAME.excluded.txt beside it, where there is one, has what
# the trainer asks for and can do without here.
#   trainer_env.sh UV PYTHON VENV NAME
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
uv=${1:?trainer_env.sh UV PYTHON VENV NAME} python=${2:?} venv=${3:?} name=${4:?}

# uv does not read pip's settings; a machine that keeps a CPU build of torch on disk says so there.
links=${PIP_FIND_LINKS:-$("$python" -m pip config get global.find-links 2>/dev/null || true)}
export UV_FIND_LINKS=${UV_FIND_LINKS:-${links// /,}}

"$uv" venv -q --clear --python "$python" "$venv"
install=("$uv" pip install -q --python "$venv/bin/python" -r "requirements/trainers/$name.txt" -e '.[tokens]'
  pytest pytest-asyncio pytest-xdist hypothesis)
excluded=requirements/trainers/$name.excluded.txt
[ ! -f "$excluded" ] || install+=(--excludes "$excluded")
# Where torch is pinned it is a CPU build, which PyPI does not have: it is on disk, or it comes from PyTorch's own index.
"${install[@]}" 2>"$venv/install.log" || "${install[@]}" --torch-backend cpu || {
  cat "$venv/install.log" >&2
  echo "$venv was not made: the package index did not give all that requirements/trainers/$name.txt names (see above)" >&2
  exit 1
}
