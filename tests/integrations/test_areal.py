"""AReaL needs a GPU to be installed: its contract for a workflow class, `run(data, base_url=..., ...)`, is played here."""

import pytest

from tests.support.chat_double import EngineServer, serve
from writ_async import Setting, Task
from writ_async.integrations.areal import WritWorkflow
from writ_async.registry import load_domain, make_engine
from writ_async.rl import TaskSource
