"""What is in the wheel, and that it runs beside other people's packages."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {"writ_async": ROOT, "writ_engines": ROOT / "engines", "writ_domains": ROOT / "domains"}
UV = ROOT / ".tools/bin/uv"

LIBRARY = """
from writ_async import make_tasks, run

trajectories = run(make_tasks("retail", 2, seed=7, world_size=60))
print(sum(trajectory.verdict is not None and trajectory.verdict.kept for trajectory in trajectories), "kept")
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def binaries(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of commands of a fresh environment that has the wheel and what it depends on, nothing else."""
    venv = tmp_path_factory.mktemp("fresh") / "venv"
    subprocess.run([sys.executable, "-m", "venv", *(["--without-pip"] if UV.exists() else []), str(venv)], check=True)
    what = ["-q", str(wheel), "-c", str(ROOT / "constraints.txt")]
    if UV.exists():
        install = [str(UV), "pip", "install", "--python", str(venv / "bin/python"), *what]
        # What `make env` fetched is enough: the network is asked only where the cache was thrown away.
        if subprocess.run([*install, "--offline"], capture_output=True).returncode:
            subprocess.run(install, check=True)
    else:
        subprocess.run([str(venv / "bin/python"), "-m", "pip", "install", *what], check=True)
    return venv / "bin"


@pytest.fixture
def strange_folder(tmp_path: Path) -> Path:
    """A user's folder whose own packages have the names of this repository's folders, and break when imported."""
    for name in ("engines", "domains", "tests", "bench", "tools", "examples"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(f"raise ImportError('the {name} of somebody else')\n")
    return tmp_path


def run_in(folder: Path, *command: str | Path) -> str:
    """What a command prints that is run as a stranger would: nothing of this process's environment leads here."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "VIRTUAL_ENV"))}
    done = subprocess.run([str(word) for word in command], cwd=folder, env=clean, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_data_files_and_the_mark_of_types_are_in_the_wheel(names: set[str]) -> None:
    packed = {
        str(file.relative_to(root))
        for name, root in PACKAGES.items()
        for file in (root / name).rglob("*")
        if file.suffix in (".md", ".toml", ".json", ".typed", ".js", ".css", ".html", ".svg")
    }
    assert packed <= names
    assert {
        "writ_async/py.typed",
        "writ_async/viewer/static/index.html",
        "writ_async/viewer/static/main.js",
        "writ_async/report/page.html",
        "writ_domains/airline/policy.md",
        "writ_domains/retail/policy.md",
        "writ_engines/openai/prices.toml",
        "writ_engines/simulated/machines.toml",
    } <= names


def test_every_module_of_the_three_packages_is_in_the_wheel(names: set[str]) -> None:
    for package, root in PACKAGES.items():
        modules = {str(module.relative_to(root)) for module in (root / package).rglob("*.py")}
        assert modules
        assert modules <= names


def test_nothing_else_is_in_the_wheel(names: set[str]) -> None:
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)


def test_the_entry_points_are_declared(names: set[str]) -> None:
    assert any(name.endswith(".dist-info/entry_points.txt") for name in names)


@pytest.mark.parametrize("spelling", [("writ",), ("python", "-m", "writ_async")], ids=["command", "module"])
def test_the_installed_command_runs_among_strange_packages(
    spelling: tuple[str, ...], binaries: Path, strange_folder: Path
) -> None:
    small = ("synth", "retail", "airline", "--n", "4", "--world-size", "60", "--quiet")
    run_in(strange_folder, binaries / spelling[0], *spelling[1:], *small, "--out", "run")
    assert (strange_folder / "run" / "trajectories.jsonl").read_bytes().count(b"\n") == 4


def test_the_viewer_of_the_installed_command_is_whole(binaries: Path, strange_folder: Path) -> None:
    run_in(
        strange_folder,
        binaries / "writ",
        "synth",
        "retail",
        "--n",
        "2",
        "--world-size",
        "60",
        "--quiet",
        "--out",
        "run",
    )
    run_in(strange_folder, binaries / "writ", "view", "run", "--static", "page")
    ours = {file.name for file in (ROOT / "writ_async/viewer/static").iterdir()} - {"index.html"}
    assert {file.name for file in (strange_folder / "page/static").iterdir()} == ours


def test_the_installed_library_runs_among_strange_packages(binaries: Path, strange_folder: Path) -> None:
    script = strange_folder / "mine.py"
    script.write_text(LIBRARY)
    assert run_in(strange_folder, binaries / "python", script) == "2 kept\n"


def test_schemas_of_the_tools_come_with_the_installed_domains(binaries: Path, strange_folder: Path) -> None:
    ask = "from writ_async.registry import load_domain; print(*load_domain('retail').schemas)"
    assert "Cancel a pending order" in run_in(strange_folder, binaries / "python", "-c", ask)


def test_a_new_domain_comes_out_of_the_wheel(binaries: Path, strange_folder: Path) -> None:
    run_in(strange_folder, binaries / "writ", "new-domain", "clinic")
    ask = "from writ_clinic import DOMAIN; print(DOMAIN.name, len(DOMAIN.generate(1, 7).tables['members']))"
    assert run_in(strange_folder / "clinic", binaries / "python", "-c", ask) == "clinic 7\n"
