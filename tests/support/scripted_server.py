"""What the script says to each prompt of some tasks, for a server double that is to answer as it does."""

from collections.abc import Sequence

from tests.support.chat_double import Listener
from writ_async import Setting, Task
from writ_async.registry import load_domain, make_engine
from writ_async.rl import play


async def script_of(tasks: Sequence[Task], trials: int = 1, seed: int = 0) -> Listener:
    """A listener that has heard the script play all trials of these tasks."""
    domains = {task.domain: load_domain(task.domain) for task in tasks}
    setting = Setting(tasks={task.id: task for task in tasks}, domains=domains, seed=seed)
    listener = Listener(make_engine("scripted", {}, setting))
    await play([*tasks] * trials, listener, "scripted", seed=seed)
    return listener
