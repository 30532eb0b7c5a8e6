"""The options of all engines on HTTP servers: one name and one meaning, and an error that names the new one."""

from __future__ import annotations

import pytest
from writ_engines.http import HttpOptions
from writ_engines.openai import OpenAIOptions
from writ_engines.sglang import SglangOptions

from writ_async.core.engine import Setting
from writ_async.errors import InputError
from writ_async.registry import load_engine, make_engine, registered_names

SETTING = Setting(tasks={}, domains={}, seed=0)


@pytest.mark.parametrize("options", [OpenAIOptions, SglangOptions])
def test_every_engine_on_servers_has_them(options: type[HttpOptions]) -> None:
    assert issubclass(options, HttpOptions)
    made = options(model="m", url="http://h", attempts=3, deadline=9.0, timeout=0.0)
    assert (made.retry_policy.attempts, made.retry_policy.budget, made.attempt_seconds) == (3, 9.0, float("inf"))


@pytest.mark.parametrize("engine", ["openai", "sglang"])
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"url": "http://h"}, "needs a model"),
        ({"model": "m", "attempts": "0"}, "attempts must be at least 1"),
        ({"model": "m", "timeout": "inf"}, "timeout must be at least 0"),
        ({"model": "m", "max_tokens": "0"}, "max_tokens must be at least 1"),
        ({"model": "m", "rpm": "-1"}, "rpm must be at least 0"),
        ({"model": "m", "proxy": "http://me:secret@proxy:1"}, "proxy must hold no user or password"),
    ],
)
def test_wrong_ones_are_told_alike(engine: str, options: dict[str, str], words: str) -> None:
    with pytest.raises(InputError, match=words):
        make_engine(engine, dict(options), SETTING)


@pytest.mark.parametrize(
    ("engine", "old", "new"),
    [(name, *pair) for name in registered_names("engines") for pair in load_engine(name).renamed.items()],
)
def test_an_old_name_is_answered_with_the_new_one(engine: str, old: str, new: str) -> None:
    assert new in load_engine(engine).options.__struct_fields__
    with pytest.raises(InputError, match=f"option '{old}' is now called '{new}'"):
        make_engine(engine, {old: "1"}, SETTING)
