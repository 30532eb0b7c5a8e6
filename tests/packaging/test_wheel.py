"""What is in the wheel: three packages, their data files, and nothing else."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    out = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    with zipfile.ZipFile(next(out.glob("*.whl"))) as wheel:
        return set(wheel.namelist())


def test_data_files_and_the_mark_of_types_are_in_the_wheel(names: set[str]) -> None:
    assert {"writ_async/py.typed", "writ_domains/retail/policy.md", "writ_domains/airline/policy.md"} <= names


def test_every_module_of_the_three_packages_is_in_the_wheel(names: set[str]) -> None:
    for root in (ROOT, ROOT / "engines", ROOT / "domains"):
        for package in ("writ_async", "writ_engines", "writ_domains"):
            for module in (root / package).rglob("*.py"):
                assert str(module.relative_to(root)) in names


def test_nothing_else_is_in_the_wheel(names: set[str]) -> None:
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"writ_async", "writ_engines", "writ_domains"}


def test_the_entry_points_are_declared(names: set[str]) -> None:
    assert any(name.endswith(".dist-info/entry_points.txt") for name in names)
