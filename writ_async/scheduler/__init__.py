"""Runs thousands of conversations at once on engines: bounded, cancellable, with deadlines."""

from writ_async.scheduler.garbage import quiet_gc
from writ_async.scheduler.job import AdmissionName, Counters, Job, Limits, LookBack, OnFinish, Stop, Timing
from writ_async.scheduler.rollouts import Rollouts, run_rollouts

__all__ = [
    "AdmissionName",
    "Counters",
    "Job",
    "Limits",
    "LookBack",
    "OnFinish",
    "Rollouts",
    "Stop",
    "Timing",
    "quiet_gc",
    "run_rollouts",
]
