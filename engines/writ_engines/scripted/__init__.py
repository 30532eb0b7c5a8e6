"""An oracle without a model: plays a task's gold calls as agent, and its request and facts as user.

With `mistakes` it also errs, as often as asked, so that verifiers have something to find; what it did wrong is noted on
the completion in which it happened.
"""

from writ_engines.scripted.agent_missteps import MISSTEPS
from writ_engines.scripted.agent_mistakes import MISTAKES
from writ_engines.scripted.engine import ENGINE, ScriptedEngine, ScriptedOptions

__all__ = ["ENGINE", "MISSTEPS", "MISTAKES", "ScriptedEngine", "ScriptedOptions"]
