"""One call of an engine outside of conversations: whatever it does but answer is an `EngineError`."""

from __future__ import annotations

from writ_async.conversation.answers import require_completion
from writ_async.core.engine import Completion, Engine, Request
from writ_async.errors import EngineError, WritError, describe_error
from writ_async.scheduler.mishaps import is_leaked


async def ask_engine(engine: Engine, request: Request) -> Completion:
    """The answer to a request. Raises `EngineError`, also for what the engine raises that is none."""
    try:
        return require_completion(await engine.complete(request))
    except WritError:
        raise
    except BaseException as exc:
        if not isinstance(exc, Exception) and not is_leaked(exc):
            raise
        raise EngineError(f"the engine failed: {describe_error(exc)}") from exc
