#!/usr/bin/env bash
# The real small model before and after it has imitated kept rows, all of it on this CPU. What was done is not done again.
#   examples/reproduce/smollm2/run.sh OUT [ROWS] [TASKS]
# Needs .venv, .venv-sglang and the model: `make reproduce-smollm2` sets them up and calls this.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
out=$(realpath -m "${1:?run.sh OUT [ROWS] [TASKS]}") rows=${2:-140} tasks=${3:-40} port=${PORT:-30170}
base=$root/.sglang/models/smollm2
writ=$root/.venv/bin/writ
cd "$root"
export OMP_NUM_THREADS=1 HF_HUB_OFFLINE=1 TOKENIZERS_PARALLELISM=false
mkdir -p "$out"

"$root/.tools/bin/uv" pip install -q --python .venv/bin/python --no-deps -e examples/domain
"$root/.tools/bin/uv" pip install -q --python .venv-sglang/bin/python --no-deps -e examples/domain

"$writ" synth lending --n "$((rows + 60))" --seed 1 --behaviours off --quiet --out "$out/rows"
[ -f "$out/model/config.json" ] ||
  .venv-sglang/bin/python -m examples.reproduce.smollm2 --run "$out/rows" --model "$base" --out "$out/model" --rows "$rows"

# The same tasks, of another world, before and after; the scripted user talks to the model.
evaluate() {
  local name=$1 model=$2 served
  [ ! -f "$out/$name/summary.json" ] || return 0
  tools/sglang_cpu/serve.sh "$model" "$port" > "$out/$name.log" 2>&1 &
  served=$!
  trap 'kill $served 2>/dev/null || true' EXIT
  for _ in $(seq 300); do
    curl -sf "http://127.0.0.1:$port/health" > "$out/$name.health" && break
    sleep 2
  done
  "$writ" synth lending --n "$tasks" --seed 900 --behaviours off --mix normal=1,read-heavy=1 --max-steps 40 \
    --engine sglang --engine-option "url=http://127.0.0.1:$port" --engine-option "model=$model" \
    --engine-option max_tokens=192 --engine-option temperature=0 \
    --user-engine scripted --stop-when-failing 0 --no-check --quiet --concurrency 8 --out "$out/$name"
  kill $served
  wait $served 2>/dev/null || true
  trap - EXIT
}
evaluate before "$base"
evaluate after "$out/model"

"$writ" compare "$out/before" "$out/after" || true
