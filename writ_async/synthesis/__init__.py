"""Stage 1: seeded tasks with verifiable outcomes, drawn by the recipes of the domains and proved by executing them."""

from writ_async.synthesis.mix import assign_kinds, parse_mix
from writ_async.synthesis.soundness import gold_messages, why_unsound
from writ_async.synthesis.task_maker import SynthesisReport
from writ_async.synthesis.tasks import synthesise_tasks

__all__ = ["SynthesisReport", "assign_kinds", "gold_messages", "parse_mix", "synthesise_tasks", "why_unsound"]
