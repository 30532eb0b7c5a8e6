#!/usr/bin/env bash
# Make a virtual environment with the real SGLang server for a CPU: about 1.7 GB, one to three minutes.
#   install.sh UV PYTHON VENV
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
uv=${1:?install.sh UV PYTHON VENV} python=${2:?} venv=${3:?}

# uv does not read pip's settings; a machine that keeps a CPU build of torch on disk says so there.
links=${PIP_FIND_LINKS:-$("$python" -m pip config get global.find-links 2>/dev/null || true)}
export UV_FIND_LINKS=${UV_FIND_LINKS:-${links// /,}}

"$uv" venv -q --clear --python "$python" "$venv"
install=("$uv" pip install -q --python "$venv/bin/python" --no-deps -r "$here/requirements.txt")
# The pin of torch is a CPU build, which PyPI does not have: it is on disk, or it comes from PyTorch's own index.
"${install[@]}" 2>"$venv/install.log" || "${install[@]}" --torch-backend cpu || {
  cat "$venv/install.log" >&2
  echo "$venv was not made: the package index did not give all that tools/sglang_cpu/requirements.txt names (see above)" >&2
  exit 1
}
