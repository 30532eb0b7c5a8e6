"""Measures SGLang on this machine's GPU in one command, for bench/README.md and the simulated server.

    python bench/gpu --bundle gpu_site.tar.xz --out OUT         where there is no package index (see README.md)
    python bench/gpu --model MODEL_FOLDER --out OUT             SGLang and a model are installed
    python bench/gpu --url URL --model MODEL_FOLDER --out OUT   a server that runs already
    python bench/gpu --device cpu --model .sglang/models/tiny-qwen3 --out OUT   that it works

OUT gets measured.json (every cell), costs.json (`writ synth --agent simulated` takes it as `calibration`), table.md and
server.log. Flags behind `--` go to the server.
"""

from __future__ import annotations

import sys
from pathlib import Path


def put_checkout_on_path() -> None:
    """Find the packages in this checkout: the machine need not have them installed."""
    root = Path(__file__).resolve().parents[2]
    sys.path[:0] = [str(root), str(root / "engines"), str(root / "domains")]


def start() -> int:
    """Run the command."""
    put_checkout_on_path()
    from bench.gpu.cli import main

    return main(__doc__ or "")


if __name__ == "__main__":
    sys.exit(start())
