"""The settings of the run that README and docs show, which several tests read."""

from writ_async.commands.synth import SynthConfig
from writ_async.runs.seats import EngineSpec, Seats

README_SYNTH = SynthConfig(
    domains=("retail", "airline"), n=400, seed=1, seats=Seats(EngineSpec("scripted", {"mistakes": "0.25"}))
)
"""`writ synth retail airline --n 400 --seed 1 --mistakes 0.25`: the run of the README."""
