"""What the script says to each prompt of some tasks, for a server double that is to answer as it does."""

from collections.abc import Sequence

from bench.token_table import make_script
from tests.support.chat_double import Listener
from writ_async import Task
from writ_async.rl import play


async def script_of(tasks: Sequence[Task], trials: int = 1, seed: int = 0) -> Listener:
    """A listener that has heard the script play all trials of these tasks."""
    listener = Listener(make_script(tasks, seed))
    await play([*tasks] * trials, listener, "scripted", seed=seed)
    return listener
