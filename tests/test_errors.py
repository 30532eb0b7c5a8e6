"""The tree of errors is the one that `errors.py` draws."""

import pkgutil
import re
from importlib import import_module
from inspect import getmembers, isclass
from pathlib import Path

import pytest
import writ_domains
import writ_engines

import writ_async
from writ_async import errors
from writ_async.errors import EngineError, EngineErrorKind, InputError, describe_error, unwrap_group


def test_every_exception_of_the_package_is_drawn_at_its_place() -> None:
    defined = {
        found
        for package in (writ_async, writ_engines, writ_domains)
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
        if not module.name.endswith("__main__") and not module.name.startswith("writ_async.integrations.")
        for _, found in getmembers(import_module(module.name), isclass)
        if issubclass(found, Exception) and found.__module__.startswith("writ_")
    }
    # Adapters import their trainers, which are not here; what they define is read from their source.
    adapters = [path.read_text() for path in (Path(writ_async.__file__).parent / "integrations").glob("*.py")]
    assert len(adapters) > 7
    assert not any(re.search(r"^class \w+\(.*(Error|Exception)\b", text, re.MULTILINE) for text in adapters)
    depth: list[str] = []
    drawn: dict[str, str] = {}
    for line in (errors.__doc__ or "").split("Beside the tree")[0].splitlines():
        name = line.lstrip("│├└─ ").split(" ")[0]
        if name.endswith("Error"):
            level = (len(line) - len(line.lstrip("│├└─ "))) // 4
            del depth[level:]
            drawn[name] = depth[-1] if depth else "Exception"
            depth.append(name)
    in_tree = {found.__name__: found.__mro__[1].__name__ for found in defined if issubclass(found, errors.WritError)}
    assert drawn == in_tree
    aside = (errors.__doc__ or "").split("Beside the tree")[1]
    assert all(found.__name__ in aside for found in defined if not issubclass(found, errors.WritError))


def test_the_kind_of_a_failure_is_a_word_in_rows() -> None:
    assert f"{EngineError('gone', kind=EngineErrorKind.REFUSED).kind}: gone" == "refused: gone"


@pytest.mark.parametrize(
    ("inner", "wanted"),
    [
        ([ValueError("a"), InputError("b")], InputError),
        ([ExceptionGroup("", [ValueError("a")])], ValueError),
        ([ValueError("a"), KeyError("b")], ExceptionGroup),
    ],
)
def test_a_group_is_unwrapped_where_it_is_about_one_error(inner: list[Exception], wanted: type[Exception]) -> None:
    assert type(unwrap_group(ExceptionGroup("", inner))) is wanted


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("http://u:p@h:1/x is down", "http://h:1/x is down"),
        ("https://u:p@s@[::1]:1", "https://[::1]:1"),
        ("http://u@h http://v:w@i", "http://h http://i"),
        ("write to a@b, see http://h/a@b and http://h?x=a@b", "write to a@b, see http://h/a@b and http://h?x=a@b"),
    ],
)
def test_no_error_tells_the_user_of_an_address(said: str, told: str) -> None:
    assert str(InputError(said)) == str(EngineError(said)) == told
    assert describe_error(ValueError(said)) == f"ValueError: {told}"
