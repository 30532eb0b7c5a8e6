"""How the measured server is started: from an archive, without its package being installed, and ended."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import urllib.request
from pathlib import Path

import pytest

from bench.gpu.server import ROOT, StartError, command, free_port, running, unpack

# In place of the real one: serves /ready, and says no where CUDA graphs are wanted.
LAUNCHER = """
import os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer

if "--disable-cuda-graph" not in sys.argv:
    sys.exit("capture failed")
assert os.environ["SGLANG_IS_FLASHINFER_AVAILABLE"] == "false"

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

HTTPServer(("127.0.0.1", int(sys.argv[sys.argv.index("--port") + 1])), Handler).serve_forever()
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A bundle as an archive, unpacked."""
    source = tmp_path / "source" / "sglang"
    source.mkdir(parents=True)
    (source / "__init__.py").touch()
    (source / "launch_server.py").write_text(LAUNCHER)
    archive = tmp_path / "bundle.tar.xz"
    with tarfile.open(archive, "w:xz") as tar:
        tar.add(source, "sglang")
    assert unpack(source.parent, tmp_path / "unused") == source.parent
    return unpack(archive, tmp_path / "site")


def test_a_server_runs_from_the_bundle_and_is_gone_afterwards(site: Path, tmp_path: Path) -> None:
    port = free_port()
    words = command("cuda", tmp_path, port, site, ["--disable-cuda-graph"])
    with running(words, port, site, tmp_path / "log", 60.0) as (url, seconds):
        assert urllib.request.urlopen(f"{url}/anything", timeout=5).status == 200
        assert seconds > 0
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(url, timeout=5)


def test_a_server_that_ends_while_it_starts_is_an_error_with_its_last_words(site: Path, tmp_path: Path) -> None:
    port = free_port()
    words = command("cuda", tmp_path, port, site, [])
    with pytest.raises(StartError, match="capture failed"), running(words, port, site, tmp_path / "log", 60.0):
        pass


def test_a_server_that_is_not_ready_in_time_is_an_error(site: Path, tmp_path: Path) -> None:
    words = command("cuda", tmp_path, free_port(), site, ["--disable-cuda-graph"])
    with pytest.raises(StartError, match="not ready"), running(words, free_port(), site, tmp_path / "log", 0.1):
        pass


def test_the_command_needs_no_installed_package_but_the_checkout() -> None:
    libraries = str(Path(pytest.__file__).parents[1])  # what is installed, without what its .pth files add
    code = (
        "import runpy; runpy.run_path('bench/gpu/__main__.py')['put_checkout_on_path']();"
        "import bench.gpu.measure as measure; print(measure.__file__)"
    )
    command = [sys.executable, "-S", "-c", code]
    done = subprocess.run(command, cwd=ROOT, env={"PYTHONPATH": libraries}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()) == ROOT / "bench/gpu/measure.py"
