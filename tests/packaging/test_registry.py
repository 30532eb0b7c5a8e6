"""Domains are found by entry point: looked up once, and anew for a name that was not there before."""

from importlib.metadata import entry_points
from pathlib import Path

import pytest

from writ_async import InputError, load_domain, registry


def install(folder: Path) -> None:
    metadata = folder / "late_shop-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: late-shop\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[writ_async.domains]\nlate_shop = late_shop:SHOP\n")
    (folder / "late_shop.py").write_text("from writ_async import load_domain\n\nSHOP = load_domain('retail')\n")


def test_a_package_that_is_installed_while_the_program_runs_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "_known_points", {})
    with pytest.raises(InputError, match="late_shop"):
        load_domain("late_shop")
    install(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    assert load_domain("late_shop") is load_domain("retail")


def test_the_metadata_of_packages_is_read_once_for_names_that_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[str] = []

    def look(*, group: str) -> tuple[object, ...]:
        looks.append(group)
        return tuple(entry_points(group=group))

    monkeypatch.setattr(registry, "_known_points", {})
    monkeypatch.setattr("writ_async.registry.entry_points", look)
    for name in ("retail", "airline", "retail"):
        load_domain(name)
    assert looks == ["writ_async.domains"]
