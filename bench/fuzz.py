"""Inputs that are nearly right, by the million: no reader may crash on one, or take a second.

    python bench/fuzz.py [--inputs 200000] [--seed 1] [--target NAME...] [--json FILE]

Each input is a real one with a few changes (`trust_loads/mutation.py`), drawn from the seed: the n-th of a target is
the same in each run with as many targets. What a reader may say of it is an answer: a message, or one of the errors
that it names. Anything else is a crash, and is printed with the input; and a hang is an input that takes more than a
second of the processor.
"""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from random import Random
from types import FrameType

import msgspec

from bench.report import Figure, make_parser, positive, run_script, show_figures, write_json
from bench.trust_loads.targets import Target, all_targets
from writ_async import InputError

SLOW = 1.0
"""CPU seconds that are too many for one input."""
_GIVEN_UP = 10.0
_EXAMPLES = 3


class HangError(BaseException):
    """An input was given up."""


class Fuzzed(msgspec.Struct):
    """What came of one target. `answered` are inputs that were refused in order."""

    inputs: int = 0
    answered: int = 0
    crashes: int = 0
    slow: int = 0
    slowest: float = 0.0
    seconds: float = 0.0
    examples: list[str] = []


def fuzz_target(target: Target, inputs: int, seed: int, until: float = float("inf")) -> Fuzzed:
    """Feed so many inputs to a target, or fewer where the clock (`time.monotonic`) gets there before."""
    found = Fuzzed()
    rng = Random(f"{seed}/{target.name}")
    draw, feed, answers = target.draw, target.feed, target.answers
    clock = time.thread_time
    began = clock()
    for number in range(inputs):
        if number % 1024 == 0:
            signal.setitimer(signal.ITIMER_VIRTUAL, _GIVEN_UP)
            if time.monotonic() > until and number:
                break
        given = draw(rng)
        started = clock()
        try:
            feed(given)
        except answers:
            found.answered += 1
        except (Exception, HangError) as exc:
            found.crashes += not isinstance(exc, HangError)
            if len(found.examples) < _EXAMPLES:
                found.examples.append(f"{target.name}: {type(exc).__name__}: {exc!s:.200} on {given!r:.1000}")
        took = clock() - started
        if took > found.slowest:
            found.slowest = took
        if took > SLOW:
            found.slow += 1
            if len(found.examples) < _EXAMPLES:
                found.examples.append(f"{target.name}: took {took:.1f} s on {given!r:.1000}")
        found.inputs += 1
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    found.seconds = clock() - began
    return found


@contextmanager
def hangs_are_given_up() -> Iterator[None]:
    """End what takes far too long, by a timer that runs while this process does."""

    def give_up(number: int, frame: FrameType | None) -> None:
        raise HangError

    before = signal.signal(signal.SIGVTALRM, give_up)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def fuzz_all(inputs: int, seed: int, names: Sequence[str] = (), seconds: float = float("inf")) -> dict[str, Fuzzed]:
    """Feed so many inputs to all targets together, each its share, or as many as there is time for."""
    logging.disable(logging.NOTSET)
    found: dict[str, Fuzzed] = {}
    with all_targets() as targets, hangs_are_given_up():
        unknown = set(names) - {target.name for target in targets}
        if unknown:
            known = ", ".join(target.name for target in targets)
            raise InputError(f"no target {min(unknown)!r}; there are: {known}")
        chosen = [target for target in targets if not names or target.name in names]
        whole = sum(target.share for target in chosen)
        end = time.monotonic() + seconds
        for index, target in enumerate(chosen):
            now = time.monotonic()
            until = now + max(0.0, end - now) / (len(chosen) - index)
            found[target.name] = fuzz_target(target, max(1, round(inputs * target.share / whole)), seed, until)
    return found


def figures_of(found: dict[str, Fuzzed]) -> list[Figure]:
    """The counts of each target and of all."""
    figures = [
        Figure(
            f"fuzz, {name}: inputs ({one.answered / one.inputs:.0%} refused, slowest {one.slowest * 1e3:.0f} ms)",
            one.inputs,
        )
        for name, one in found.items()
    ]
    inputs, seconds = sum(one.inputs for one in found.values()), sum(one.seconds for one in found.values())
    return [
        *figures,
        Figure("fuzz: inputs", inputs),
        Figure("fuzz: inputs a second of CPU", inputs / max(seconds, 1e-9), "/s"),
        Figure("fuzz: crashes", sum(one.crashes for one in found.values()), "", 0),
        Figure(f"fuzz: inputs that took more than {SLOW:g} s of CPU", sum(one.slow for one in found.values()), "", 0),
    ]


def main(arguments: list[str]) -> None:
    """Fuzz and print."""
    parser = make_parser(__doc__)
    parser.add_argument("--inputs", metavar="N", type=positive, default=200_000, help="of all targets (200,000)")
    parser.add_argument("--seed", metavar="N", type=positive, default=1, help="(1)")
    parser.add_argument("--target", action="append", default=[], metavar="NAME", help="this one; may be repeated")
    options = parser.parse_args(arguments)
    found = fuzz_all(options.inputs, options.seed, options.target)
    figures = figures_of(found)
    show_figures(figures, f"seed {options.seed}")
    for one in found.values():
        for example in one.examples:
            print(f"    {example}")
    write_json(options.json, figures)


if __name__ == "__main__":
    raise SystemExit(run_script(main))
