"""SGLang as a discrete-event model in virtual time, behind the protocol of an engine.

Another engine says what is said; the model says when it would have been said, what was in the cache, and what it cost.
The real scheduler, conversations and domains run against it unchanged, ten thousand conversations in seconds.
"""

from writ_engines.simulated.costs import Costs, costs_of, machines, read_costs
from writ_engines.simulated.engine import ENGINE, SimulatedEngine, SimulatedOptions
from writ_engines.simulated.flags import ServerOptions
from writ_engines.simulated.requests import Generation, Report
from writ_engines.simulated.server import Server

__all__ = [
    "ENGINE",
    "Costs",
    "Generation",
    "Report",
    "Server",
    "ServerOptions",
    "SimulatedEngine",
    "SimulatedOptions",
    "costs_of",
    "machines",
    "read_costs",
]
