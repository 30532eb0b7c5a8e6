from collections import Counter

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from writ_async.core.environment import Environment
from writ_async.core.state import State
from writ_async.core.task import KINDS, WITHOUT_WRITE, Kind, Task
from writ_async.errors import InputError
from writ_async.synthesis import assign_kinds, parse_mix, synthesise_tasks, why_unsound

MIXES = st.fixed_dictionaries(dict.fromkeys(KINDS, st.integers(0, 9))).filter(lambda mix: any(mix.values()))


@given(st.integers(0, 300), MIXES)
def test_every_prefix_of_the_kinds_is_within_one_of_the_mix(n: int, weights: dict[Kind, int]) -> None:
    mix = {kind: float(weight) for kind, weight in weights.items()}
    kinds = assign_kinds(n, mix)
    assert len(kinds) == n
    counts: Counter[Kind] = Counter()
    for number, kind in enumerate(kinds, 1):
        counts[kind] += 1
        for each in KINDS:
            assert abs(counts[each] - number * mix[each] / sum(mix.values())) < len(KINDS)
    assert all(counts[kind] == 0 for kind in KINDS if not mix[kind])


def test_a_mix_names_kinds_and_weights() -> None:
    assert parse_mix("normal=1, read-heavy=2.5") == {"normal": 1.0, "read-heavy": 2.5}
    assert parse_mix("") == {**dict.fromkeys(KINDS, 1.0), **dict.fromkeys(WITHOUT_WRITE, 0.5)}
    assert parse_mix("normal") == {"normal": 1.0}


@pytest.fixture(scope="module")
def many(retail_environment: Environment, airline_environment: Environment) -> list[Task]:
    places = [retail_environment, airline_environment]
    return synthesise_tasks(places, 240, 17, parse_mix(""))[0]


def test_no_two_tasks_of_a_world_have_the_same_gold_writes(many: list[Task]) -> None:
    for domain in ("retail", "airline"):
        writing = [task for task in many if task.domain == domain and task.kind not in WITHOUT_WRITE]
        digests = [task.gold_digest for task in writing]
        assert len(set(digests)) == len(digests) == 90
        asked = [str(task.goals) for task in many if task.domain == domain and task.kind in WITHOUT_WRITE]
        assert len(set(asked)) == len(asked) == 30


def test_every_task_is_sound_when_it_is_executed_again(
    many: list[Task], retail_environment: Environment, airline_environment: Environment
) -> None:
    for task in many:
        place = retail_environment if task.domain == "retail" else airline_environment
        state = State(place.world)
        assert why_unsound(task, place.domain, state) == ""
        assert state.digest() == task.gold_digest


def test_kinds_are_what_they_say(
    many: list[Task], retail_environment: Environment, airline_environment: Environment
) -> None:
    burden: dict[str, list[int]] = {}
    for task in many:
        tools = (retail_environment if task.domain == "retail" else airline_environment).domain.tools
        writes = [action for action in task.actions or () if tools[action.name].kind == "write"]
        most = max(len(certificate.cells) for certificate in task.certificates)
        burden.setdefault(task.kind, []).append(most)
        least = {"write-intensive": 2, **dict.fromkeys(WITHOUT_WRITE, 0)}.get(task.kind, 1)
        assert len(writes) == 0 if task.kind in WITHOUT_WRITE else len(writes) >= least
    assert sum(burden["read-heavy"]) / len(burden["read-heavy"]) > sum(burden["normal"]) / len(burden["normal"])
    assert min(burden["read-heavy"]) >= 3


def test_requests_hardly_ever_repeat(many: list[Task]) -> None:
    requests = [task.scenario.request for task in many]
    assert len(set(requests)) >= 0.98 * len(requests)


def test_nothing_that_must_be_read_is_said_in_a_read_heavy_request(many: list[Task]) -> None:
    """Ids of orders, items, reservations and flights are what the reads are for."""
    for task in many:
        if task.kind != "read-heavy":
            continue
        said = " ".join([task.scenario.request, *(fact.text for fact in task.scenario.facts)])
        for action in task.actions or ():
            for name, value in action.arguments.items():
                if name in ("order_id", "reservation_id", "item_ids", "new_item_ids"):
                    for item in value if isinstance(value, list) else [value]:
                        assert item not in said
                if name == "flights":
                    assert all(flight["flight_number"] not in said for flight in value)


def test_a_task_whose_certificate_lacks_a_needed_read_is_unsound(
    many: list[Task], retail_environment: Environment
) -> None:
    task = next(task for task in many if task.domain == "retail" and len(task.certificates) == 1)
    assert why_unsound(
        msgspec.structs.replace(task, certificates=()), retail_environment.domain, State(retail_environment.world)
    )
    actions = task.actions or ()
    only_write = msgspec.structs.replace(task, actions=actions[-1:], certificates=())
    assert why_unsound(only_write, retail_environment.domain, State(retail_environment.world))


def test_a_world_too_small_for_the_tasks_is_refused_with_what_to_do(retail_environment: Environment) -> None:
    place = Environment(retail_environment.domain, retail_environment.domain.generate(1, 1), retail_environment.ref)
    with pytest.raises(InputError, match="raise --world-size or lower --n"):
        synthesise_tasks([place], 3000, 1, parse_mix("read-heavy"))
