"""The bench of lost power: a signal to it ends it, also in the middle of a command that it gives in its own process."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROGRAM = """\
import sys
from pathlib import Path
from bench.power import call_writ
command = "synth retail --n 200 --seed 1 --world-size 60 --concurrency 2 --quiet --no-check --out {0}/run"
call_writ(command, Path(sys.argv[1]))
"""


def test_a_signal_that_comes_while_a_command_runs_ends_the_script_and_not_the_command_alone(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(tmp_path)], cwd=ROOT)
    rows = tmp_path / "run" / "trajectories.jsonl"
    while not (rows.exists() and rows.stat().st_size):
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    assert process.wait() == 128 + signal.SIGTERM
