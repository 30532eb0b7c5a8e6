"""The viewer's own scripts outside of a browser: what a function of theirs gives, in node."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

STATIC = Path(__file__).resolve().parents[2] / "writ_async/viewer/static"
NODE = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="node is absent")

_RUN = """
const fs = require("fs");
const vm = require("vm");
globalThis.writ = {};
const [scripts, body] = [JSON.parse(process.argv[1]), process.argv[2]];
for (const script of scripts) vm.runInThisContext(fs.readFileSync(script, "utf8"));
const given = JSON.parse(fs.readFileSync(0, "utf8"));
console.log(JSON.stringify(new Function("given", body)(given)));
"""


def in_node(scripts: Sequence[str], body: str, given: Any) -> Any:
    """What the body of a function of `given` returns once some scripts of the page are loaded."""
    assert NODE is not None
    paths = json.dumps([str(STATIC / script) for script in scripts])
    command = [NODE, "-e", _RUN, paths, body]
    done = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
