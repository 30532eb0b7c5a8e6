"""Stage 2: the same request told by many users: behaviours, sampled by seed, rendered, and proved to change nothing."""

from writ_async.synthesis.behaviour.assign import BehaviourReport, draw_behaviour, parse_behaviours, with_behaviours
from writ_async.synthesis.behaviour.diversity import Diversity, measure_diversity, render_diversity
from writ_async.synthesis.behaviour.neutral import not_neutral
from writ_async.synthesis.behaviour.render import render_instruction, wordings
from writ_async.synthesis.behaviour.sample import sample_behaviour

__all__ = [
    "BehaviourReport",
    "Diversity",
    "draw_behaviour",
    "measure_diversity",
    "not_neutral",
    "parse_behaviours",
    "render_diversity",
    "render_instruction",
    "sample_behaviour",
    "with_behaviours",
    "wordings",
]
