#!/usr/bin/env bash
# The real SGLang server on a CPU with a tiny model: for tests of a client, never for speed.
#   serve.sh MODEL PORT [flags of sglang.launch_server]
# Needs .venv-sglang and the models: `make live-env`. The stand-ins of stubs/ take the place of what only a GPU runs.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
model=${1:?serve.sh MODEL PORT [flags]} port=${2:?}
shift 2
# One thread of OpenMP: with more, a model this small is up to ten times slower beside other load.
export OMP_NUM_THREADS=1 SGLANG_USE_CPU_ENGINE=1 PYTHONPATH=$here/stubs PYTHONWARNINGS=ignore
export HF_HUB_OFFLINE=1 TRANSFORMERS_OFFLINE=1 TOKENIZERS_PARALLELISM=false
exec "$root/.venv/bin/writ" serve "$model" --port "$port" --device cpu --python "$root/.venv-sglang/bin/python" -- \
  --attention-backend torch_native --sampling-backend pytorch --disable-overlap-schedule --sleep-on-idle --log-level-http warning --mem-fraction-static 0.3 "$@"
