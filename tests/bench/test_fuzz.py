"""A short go of the fuzzer: every reader answers what is nearly right, and the fuzzer sees those that do not."""

from __future__ import annotations

import time
from random import Random

import msgspec
import pytest

from bench.fuzz import HangError, fuzz_all, fuzz_target, hangs_are_given_up
from bench.trust_loads import mutation
from bench.trust_loads.corpora import COMPLETIONS, FOREIGN, TOKENS
from bench.trust_loads.mutation import mutated_json, mutated_text, mutated_value
from bench.trust_loads.targets import Target


@pytest.fixture(autouse=True)
def long_texts_are_left_to_the_bench(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mutation, "_RARE", 0.0)


def test_no_reader_crashes_on_some_thousands_of_inputs() -> None:
    found = fuzz_all(12_000, seed=5)
    assert sum(one.inputs for one in found.values()) > 11_000
    assert [example for one in found.values() for example in one.examples] == []
    assert all(0 < one.answered < one.inputs for name, one in found.items() if name not in ("completions", "calculate"))


def test_inputs_are_those_of_the_seed() -> None:
    def drawn(seed: int) -> list[str]:
        rng = Random(seed)
        return [mutated_text(rng, COMPLETIONS[0], TOKENS, COMPLETIONS[1]) for _ in range(50)]

    assert drawn(1) == drawn(1) != drawn(2)


def test_a_value_is_changed_and_the_one_it_is_made_of_is_not() -> None:
    before = msgspec.json.encode(FOREIGN)
    rng = Random(3)
    made = {mutated_json(rng, rng.choice(FOREIGN), FOREIGN[0]) for _ in range(300)}
    assert len(made) > 250
    assert any(mutated_value(rng, FOREIGN[0], FOREIGN[1], json=False) != FOREIGN[0] for _ in range(5))
    assert msgspec.json.encode(FOREIGN) == before


def test_a_crash_is_counted_with_its_input_and_a_refusal_in_order_is_not_one() -> None:
    def feed(number: int) -> None:
        if number == 3:
            raise KeyError("three")
        if number == 4:
            raise ValueError("four")

    numbers = iter(range(10))
    found = fuzz_target(Target("numbers", lambda rng: next(numbers), feed, (ValueError,), 1.0), 10, seed=1)
    assert (found.inputs, found.answered, found.crashes, found.slow) == (10, 1, 1, 0)
    assert found.examples == ["numbers: KeyError: 'three' on 3"]


def test_what_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.fuzz._GIVEN_UP", 0.05)
    monkeypatch.setattr("bench.fuzz.SLOW", 0.01)

    def feed(given: int) -> None:
        while given == 0:
            time.monotonic()

    numbers = iter(range(2))
    with hangs_are_given_up():
        found = fuzz_target(Target("loop", lambda rng: next(numbers), feed, (), 1.0), 2, seed=1)
    assert (found.inputs, found.crashes, found.slow) == (2, 0, 1)
    assert found.examples[0].startswith(f"loop: {HangError.__name__}")
