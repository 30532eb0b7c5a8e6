"""The engine's contract suite, which also runs against the double, on the real server."""

from __future__ import annotations

import os
import re
import subprocess
import sys

from tests.live.server import ROOT, Server

LEAST = 10


def test_what_holds_of_the_double_holds_of_the_real_server(noise_server: Server) -> None:
    environment = {**os.environ, "WRIT_LIVE_SGLANG": noise_server.url, "WRIT_LIVE_MODEL": str(noise_server.model)}
    command = [sys.executable, "-m", "pytest", "-m", "live", "-rA", "--tb=short", "tests/engines/sglang"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    print(done.stdout)
    assert done.returncode == 0, done.stderr
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed.group(1)) >= LEAST
