#!/usr/bin/env bash
# Pack SGLang for a Hopper machine that has CUDA 13, Python 3.12, torch 2.11 and triton, but no package index: one archive
# of about 44 MB. Downloads half a gigabyte of wheels and leaves out what `--attention-backend triton` never loads.
#   build.sh OUT          makes OUT/gpu_site.tar.xz; needs `make live-env`, for the tokenizer of its tiny model
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)
out=${1:?build.sh OUT}
mkdir -p "$out"
out=$(cd "$out" && pwd)
wheels=$out/wheels site=$out/site

target=(--python-version 3.12 --implementation cp --abi cp312 --abi abi3 --abi none --platform any)
for glibc in 2_39 2_34 2_31 2_28 2_27 2_26 2_24 2_17 2_5; do target+=(--platform "manylinux_${glibc}_x86_64"); done
target+=(--platform manylinux2014_x86_64 --platform manylinux1_x86_64)
python3 -m pip download -q --no-deps --only-binary=:all: "${target[@]}" -d "$wheels" -r "$here/requirements.txt"

rm -rf "$site"
mkdir -p "$site"
for wheel in "$wheels"/*.whl; do unzip -q -o "$wheel" -d "$site"; done
# Of the kernels only common_ops for sm90 is loaded: 14 MB of 365.
rm -r "$site"/sglang/{multimodal_gen,test,srt/grpc/_core*,srt/server/_core*}
rm -r "$site"/sgl_kernel/{flash_ops*,sm100,infllm_ops*,flashmla_ops*}
cp "$here/sitecustomize.py" "$site/"
mkdir -p "$site/qwen3-4b-dummy"
cp "$here/config.json" "$root"/.sglang/models/tiny-qwen3/{tokenizer.json,tokenizer_config.json,chat_template.jinja} "$site/qwen3-4b-dummy/"
tar -C "$site" -cJf "$out/gpu_site.tar.xz" .
ls -l "$out/gpu_site.tar.xz"
