"""`smollm2/run.sh` beside programs that only note how they were called: what it sets up, and what it waits for."""

from __future__ import annotations

import shutil
import socket
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "examples/reproduce/smollm2/run.sh"
NOTES = 'echo "$0 $*" >> "$(dirname "$0")/../../calls.txt"\n'
ANSWERS = """
import http.server, sys
class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self): self.send_response(200); self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Health).serve_forever()
"""


def program(path: Path, body: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/usr/bin/env bash\n{body}")
    path.chmod(0o755)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout in which every program does nothing and ends well, and the server ends at once."""
    for name in (".tools/bin/uv", ".venv/bin/writ", ".venv/bin/python", ".venv-sglang/bin/python"):
        program(tmp_path / name, NOTES)
    program(tmp_path / "tools/sglang_cpu/serve.sh", "echo no torch here; exit 3\n")
    script = tmp_path / "examples/reproduce/smollm2/run.sh"
    script.parent.mkdir(parents=True)
    shutil.copy(SCRIPT, script)
    return tmp_path


def run(checkout: Path) -> tuple[subprocess.CompletedProcess[str], str]:
    """What the script says, and every call of a program."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = str(taken.getsockname()[1])
    script = checkout / "examples/reproduce/smollm2/run.sh"
    environment = {"PATH": f"{Path(shutil.which('bash') or '').parent}:/usr/bin:/bin", "PORT": port}
    done = subprocess.run(
        ["bash", str(script), str(checkout / "out")], env=environment, capture_output=True, text=True, timeout=60
    )
    return done, (checkout / "calls.txt").read_text()


def test_a_server_that_does_not_come_up_is_a_line_and_nothing_is_evaluated(checkout: Path) -> None:
    done, calls = run(checkout)
    assert done.returncode == 1
    assert "does not answer; its log is" in done.stderr
    assert done.stderr.count("\n") == 1
    assert (checkout / "out/before.log").read_text() == "no torch here\n"
    assert "--n 200 --seed 1" in calls
    assert "--engine sglang" not in calls


def test_the_example_is_installed_where_it_is_missing_and_nowhere_else(checkout: Path) -> None:
    program(checkout / ".venv-sglang/bin/python", NOTES + '[ "$1" != -c ]\n')
    _, calls = run(checkout)
    (installed,) = [line for line in calls.splitlines() if "/uv " in line]
    assert "--python .venv-sglang/bin/python --no-deps -e examples/domain" in installed


def test_both_models_play_as_many_tasks_as_are_told_of_and_are_compared(checkout: Path) -> None:
    program(checkout / "tools/sglang_cpu/serve.sh", f"exec python3 -c '{ANSWERS}' \"$2\"\n")
    done, calls = run(checkout)
    assert done.returncode == 0, done.stderr
    played = [line for line in calls.splitlines() if "--engine sglang" in line]
    assert ["--n 24 --seed 900" in line for line in played] == [True, True]
    assert calls.splitlines()[-1].endswith("compare {0}/before {0}/after".format(checkout / "out"))
