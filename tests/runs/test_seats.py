"""Which options of an engine belong to a run, and which only say where and how patiently it is made."""

import pytest

from writ_async.errors import InputError
from writ_async.registry import load_engine, registered_names
from writ_async.runs.seats import EngineSpec, Seats


def test_a_run_may_be_resumed_on_another_server_but_not_with_another_model() -> None:
    here = EngineSpec("sglang", {"url": "http://a:30000", "model": "m", "temperature": "0.7", "attempts": "3"})
    there = EngineSpec("sglang", {"url": "http://b:1,http://c:1", "model": "m", "temperature": "0.7"})
    other = EngineSpec("sglang", {"url": "http://a:30000", "model": "n", "temperature": "0.7"})
    assert Seats(here).row_deciding() == Seats(there).row_deciding()
    assert Seats(here).row_deciding() != Seats(other).row_deciding()
    assert Seats(EngineSpec(), here).row_deciding() == Seats(EngineSpec(), there).row_deciding()


@pytest.mark.parametrize("name", registered_names("engines"))
def test_what_an_engine_says_decides_no_row_are_options_of_it(name: str) -> None:
    factory = load_engine(name)
    assert factory.execution <= set(factory.options.__struct_fields__)


def test_an_unknown_engine_is_named() -> None:
    with pytest.raises(InputError, match="unknown engine 'sgl'"):
        EngineSpec("sgl").row_deciding()
