"""A small model folder for scripts that are given none."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def default_model(folder: str) -> str:
    """Make one as the tests make theirs: a tokenizer of some thousand ids and a published chat template."""
    if str(ROOT / "tests") not in sys.path:
        sys.path.append(str(ROOT / "tests"))
    from tests.support.chat_folders import write_family

    return str(write_family(Path(folder) / "model", "qwen3-instruct-2507"))
