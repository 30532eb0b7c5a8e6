#!/usr/bin/env bash
# The real small model before and after it has imitated kept rows, all of it on this CPU. What was done is not done again.
#   examples/reproduce/smollm2/run.sh OUT [ROWS] [TASKS]
# Needs .venv, .venv-sglang and the model: `make reproduce-smollm2` sets them up and calls this.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
out=$(realpath -m "${1:?run.sh OUT [ROWS] [TASKS]}") rows=${2:-140} tasks=${3:-24} port=${PORT:-30170}
base=$root/.sglang/models/smollm2
writ=$root/.venv/bin/writ
cd "$root"
export OMP_NUM_THREADS=1 HF_HUB_OFFLINE=1 TOKENIZERS_PARALLELISM=false
mkdir -p "$out"

for python in .venv/bin/python .venv-sglang/bin/python; do
  "$python" -c 'import importlib.metadata as m; m.version("writ-lending")' 2>"$out/lending.txt" ||
    .tools/bin/uv pip install -q --python "$python" --no-deps -e examples/domain
done

"$writ" synth lending --n "$((rows + 60))" --seed 1 --behaviours off --quiet --out "$out/rows"
[ -f "$out/model/config.json" ] ||
  .venv-sglang/bin/python -m examples.reproduce.smollm2 --run "$out/rows" --model "$base" --out "$out/model" --rows "$rows"

answers() {
  curl -sf --max-time 5 -o "$out/health.txt" "http://127.0.0.1:$port/health"
}

# Wait for a server of this script's own, ten minutes at most: await PID LOG.
await() {
  for _ in $(seq 300); do
    if answers; then return; fi
    if ! kill -0 "$1" 2>/dev/null; then break; fi
    sleep 2
  done
  echo "run.sh: the server at port $port does not answer; its log is $2" >&2
  exit 1
}

# The same tasks, of another world, before and after; the scripted user talks to the model.
evaluate() {
  local name=$1 model=$2 served
  [ ! -f "$out/$name/summary.json" ] || return 0
  if answers; then
    echo "run.sh: another server answers at port $port; give a free one as PORT" >&2
    exit 1
  fi
  tools/sglang_cpu/serve.sh "$model" "$port" > "$out/$name.log" 2>&1 &
  served=$!
  trap "kill $served 2>/dev/null || true" EXIT
  await $served "$out/$name.log"
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
