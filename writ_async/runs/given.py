"""Whether what a caller gave can be: numbers within bounds, values of the types that are asked for.

The words are those of the command, `--trials` for `trials`; the library call puts them in its own (`writ_async.api`).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from typing import Any, Final, TypeVar, cast

import msgspec

from writ_async.conversation import Rules
from writ_async.core.task import Task
from writ_async.errors import InputError
from writ_async.scheduler import Limits
from writ_async.verify.judge import Judge

T = TypeVar("T")

MOST_TASKS: Final = 10_000_000
MOST_USERS: Final = 1_000_000
MOST_TRIALS: Final = 1_000_000
MOST_WORKERS: Final = 4_096
MOST: Final = (1 << 63) - 1
"""Of any other number: files and tables hold 64 bits."""


def require_whole(flag: str, value: Any, least: int = -MOST, most: int = MOST) -> None:
    """Raise `InputError` for what is no whole number, or is out of bounds."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise InputError(f"{flag} must be a whole number, not {_shown(value)}")
    if value < least:
        raise InputError(f"{flag} must be at least {least}, not {_shown(value)}")
    if value > most:
        raise InputError(f"{flag} must be at most {most:,}, not {_shown(value)}")


def require_text(flag: str, value: Any) -> None:
    """Raise `InputError` for what is no text."""
    if not isinstance(value, str):
        raise InputError(f"{flag} must be a text, not {_shown(value)}")


def require_seconds(flag: str, value: Any) -> None:
    """Raise `InputError` for what is no number of seconds from 0 on."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"{flag} must be a number of seconds, not {_shown(value)}")
    if isnan(value) or value < 0:
        raise InputError(f"{flag} must be at least 0, not {value:g}")


def require_limits(limits: Any) -> Limits:
    """The bounds of a run. Raises `InputError` for what is no `Limits`, and for a bound that cannot be."""
    given = _require_struct("limits", limits, Limits)
    require_whole("--concurrency", given.concurrency, 1)
    require_whole("--in-flight", given.in_flight, 0)
    require_whole("--kv-tokens", given.kv_tokens, 0)
    require_seconds("--request-timeout", given.request_timeout)
    require_seconds("--timeout", given.conversation_timeout)
    return given


def require_rules(rules: Any) -> Rules:
    """The rules of conversations. Raises `InputError` for what is no `Rules`, and for a rule that cannot be."""
    given = _require_struct("rules", rules, Rules)
    require_whole("--max-steps", given.max_steps, 1)
    require_whole("--max-errors", given.max_errors, 1)
    require_whole("--user-retries", given.user_retries, 0)
    require_whole("--retries-unreadable", given.retries_unreadable, 0)
    return given


def _require_struct(name: str, value: Any, kind: type[T]) -> T:
    if not isinstance(value, kind):
        raise InputError(f"{name} must be a {kind.__name__}, not {_shown(value)}; as in {kind.__name__}(...)")
    try:
        msgspec.convert(msgspec.to_builtins(value), kind)
    except (msgspec.ValidationError, TypeError) as exc:
        raise InputError(f"{name}: {exc}") from None
    return value


def require_engine(name: str, given: Any) -> None:
    """Raise `InputError` for what is no engine: a class where an instance is needed, something without `complete`."""
    if isinstance(given, type):
        raise InputError(f"{name} is the class {given.__name__}; give an instance of it")
    if not callable(getattr(given, "complete", None)):
        raise InputError(
            f"{name} must be a registered name, an EngineSpec, or an engine with a method `complete`, not "
            f"{_shown(given)}"
        )


def require_judge(given: Any) -> Judge:
    """The judge of a call. Raises `InputError` for what cannot judge."""
    if isinstance(given, type) or not callable(getattr(given, "judge", None)):
        raise InputError(f"judge must be a registered name or have a method `judge`, not {_shown(given)}")
    return cast(Judge, given)


def require_tasks(tasks: Any) -> list[Task]:
    """The tasks of a call, of which one may come more than once.

    Raises `InputError` for what is no sequence of tasks, and for two different ones of one id.
    """
    if isinstance(tasks, Task | str) or not hasattr(tasks, "__iter__"):
        raise InputError(f"tasks must be a list of Task, not {_shown(tasks)}; make_tasks and load_tasks give one")
    given = list(tasks)
    by_id: dict[str, Task] = {}
    for place, task in enumerate(given):
        if not isinstance(task, Task):
            raise InputError(f"tasks[{place}] must be a Task, not {_shown(task)}; make_tasks and load_tasks give them")
        if (known := by_id.setdefault(task.id, task)) is not task and known != task:
            raise InputError(f"tasks[{place}] is another task than the one before it of the id {task.id!r}; rename it")
    return given


def require_callable(name: str, value: Any) -> None:
    """Raise `InputError` for what is given and cannot be called."""
    if value is not None and not callable(value):
        raise InputError(f"{name} must be a function, not {_shown(value)}")


def require_names(flag: str, value: Any) -> Sequence[str]:
    """The names of a list. Raises `InputError` for a single text, whose letters would be taken for names."""
    if isinstance(value, str) or not isinstance(value, Sequence) or not all(isinstance(name, str) for name in value):
        raise InputError(f"{flag} must be a list of texts, not {_shown(value)}")
    return value


def _shown(value: Any) -> str:
    """A value in an error: shortened, and never a traceback of its own."""
    if isinstance(value, int) and value.bit_length() > 256:
        return f"a number of {value.bit_length():,} bits"
    try:
        text = repr(value)
    except Exception:
        text = f"a {type(value).__name__}"
    return text if len(text) <= 60 else f"{text[:60]}…"
