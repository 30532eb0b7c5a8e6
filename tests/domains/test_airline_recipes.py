"""Airline drafts: they run, the policy permits them, and nothing in them comes from nowhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from functools import cache
from random import Random
from typing import Any

import pytest
from writ_domains.airline import DOMAIN, TOOLS
from writ_domains.airline.policy import (
    MAX_PASSENGERS,
    Reason,
    StateView,
    has_cancelled_flight,
    has_flown,
    is_active,
    may_cancel,
    may_change_cabin,
    may_change_flights,
    may_compensate,
    may_pay_booking,
    may_pay_update,
    nonfree_bags,
)
from writ_domains.airline.recipes import RECIPES
from writ_domains.kit.phrasing import second_person
from writ_domains.kit.sums import for_calculator
from writ_domains.kit.tools import evaluate

from writ_async.core.domain import Draft
from writ_async.core.environment import Environment
from writ_async.core.goal import Reader
from writ_async.core.state import State, World
from writ_async.core.task import WITHOUT_WRITE, Action, Cell, WorldRef
from writ_async.core.tool import call_tool
from writ_async.synthesis.proof import prove_task
from writ_async.synthesis.task_maker import make_task
from writ_async.verify.provenance import SMALL

WORLDS = (DOMAIN.generate(21, 200), DOMAIN.generate(22, 100))
DRAWS = 40
NUMBER = re.compile(r"(?<![\w.$-])-?\$?(\d+(?:\.\d+)?)(?![\w])")


@cache
def _drafts(name: str) -> tuple[tuple[World, Draft], ...]:
    """The drafts of a recipe that every test looks at, with their worlds; drawn once."""
    chosen = next(recipe for recipe in RECIPES if recipe.name == name)
    made = (
        (world, chosen.make(world, Random(f"{name}/{place}/{draw}")))
        for place, world in enumerate(WORLDS)
        for draw in range(DRAWS)
    )
    return tuple((world, draft) for world, draft in made if draft is not None)


def _user_text(draft: Draft) -> str:
    return draft.scenario.said


def _atoms(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _atoms(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from _atoms(inner, key)
    else:
        yield key, value


def _known(key: str, value: Any, said: str, read: str) -> bool:
    """Whether an argument's atom stands in what the user said or in what was read."""
    if isinstance(value, int):
        numbers = {float(found) for found in re.findall(r"\d+(?:\.\d+)?", read)}
        return value in numbers | {float(found) for found in NUMBER.findall(said)}
    if key == "insurance":
        return "insurance" in said.lower()
    if key in ("cabin", "flight_type"):
        return value.replace("_", " ") in said.lower() or f'"{value}"' in read
    if key == "date":
        day = date.fromisoformat(value)
        return value in said or f"{day:%B} {day.day}" in said or f'"{value}"' in read
    return value in said or f'"{value}"' in read


def _replay(world: World, draft: Draft) -> Iterator[tuple[State, Action, list[str], list[Cell]]]:
    """Each gold call with the state, the texts, and the cells read before it; then the call is made."""
    state, texts, cells = State(world), list[str](), list[Cell]()
    for action in draft.actions:
        yield state, action, texts, cells
        result = call_tool(TOOLS, state, action.name, action.arguments)
        assert not result.error, (action, result.content)
        texts.append(result.content)
        if TOOLS[action.name].kind == "read":
            cells.append(Cell(action.name, action.arguments))


def _results(world: World, draft: Draft) -> str:
    """Everything that the gold calls return."""
    state = State(world)
    return " ".join(call_tool(TOOLS, state, action.name, action.arguments).content for action in draft.actions)


def _in_the_head(world: World, draft: Draft) -> str:
    """What those sums of a draft's own goals come to that nobody needs a calculator for, and no others."""
    assert DOMAIN.goals is not None
    state, found = State(world), list[str]()
    for goal in draft.goals:
        decision = DOMAIN.goals.objectives[goal.objective](Reader(state, DOMAIN.goals.fetch), goal.params)
        found += [str(evaluate(one)) for one in decision.sums if not for_calculator(one)]
        for action in (draft.actions[write] for write in goal.writes):
            assert not call_tool(TOOLS, state, action.name, action.arguments).error
    return " ".join(found)


def _check_permitted(state: State, action: Action) -> None:
    """The policy, as far as a state and an argument list can show it."""
    a = action.arguments
    trip = state.get("reservations", a["reservation_id"]) if "reservation_id" in a else None
    user = state.get("users", trip.user_id if trip is not None else a["user_id"])
    assert user is not None
    if action.name == "book_reservation":
        methods = [user.payment_methods[payment["payment_id"]] for payment in a["payment_methods"]]
        assert may_pay_booking(methods)
        assert len(a["passengers"]) <= MAX_PASSENGERS
        assert a["nonfree_baggages"] == nonfree_bags(
            user.membership, a["cabin"], len(a["passengers"]), a["total_baggages"]
        )
        assert a["origin"] != a["destination"]
    elif action.name == "send_certificate":
        trips = [state.get("reservations", key) for key in user.reservations]
        assert any(trip is not None and may_compensate(user, trip) for trip in trips)
    else:
        assert trip is not None
        assert is_active(trip)
        if action.name == "cancel_reservation":
            assert any(may_cancel(StateView(state), trip, why) for why in ("health", "airline cancelled"))
        elif action.name == "update_reservation_flights":
            same = [(leg.flight_number, leg.date) for leg in trip.flights]
            kept = same == [(leg["flight_number"], leg["date"]) for leg in a["flights"]]
            assert (may_change_cabin if kept else may_change_flights)(StateView(state), trip)
            assert a["cabin"] == trip.cabin or may_change_cabin(StateView(state), trip)
            assert may_pay_update(user.payment_methods[a["payment_id"]], 0)
        elif action.name == "update_reservation_baggages":
            assert a["total_baggages"] > trip.total_baggages
            assert a["nonfree_baggages"] >= trip.nonfree_baggages
            assert a["nonfree_baggages"] == nonfree_bags(
                user.membership, trip.cabin, len(trip.passengers), a["total_baggages"]
            )
            assert may_pay_update(user.payment_methods[a["payment_id"]], 0)
        else:
            assert action.name == "update_reservation_passengers"
            assert len(a["passengers"]) == len(trip.passengers)
            assert not has_flown(StateView(state), trip)


@pytest.mark.parametrize("name", [recipe.name for recipe in RECIPES])
def test_drafts_run_are_permitted_and_take_every_argument_from_what_was_said_or_read(name: str) -> None:
    found = 0
    for world, draft in _drafts(name):
        found += 1
        said, easy = _user_text(draft), _in_the_head(world, draft)
        goals = {write for goal in draft.goals for write in goal.writes}
        writes = [n for n, action in enumerate(draft.actions) if TOOLS[action.name].kind == "write"]
        assert sorted(goals) == writes
        for n, (state, action, texts, cells) in enumerate(_replay(world, draft)):
            if n not in goals:
                continue
            _check_permitted(state, action)
            assert any(cell.name == "get_user_details" for cell in cells)
            for key, value in _atoms(action.arguments):
                assert _known(key, value, said, " ".join([*texts, easy])), (name, key, value, said)
        seen = f"{_results(world, draft)} {easy}"
        for value in draft.communicate:
            if value.isdigit() and int(value) <= SMALL:
                continue  # counts follow from the policy, too
            assert re.search(rf"(?<![\d.]){value.replace(' ', '.')}(\.0)?(?![\d])", seen), (name, value)
    assert found >= DRAWS / 4


@pytest.mark.parametrize("name", [recipe.name for recipe in RECIPES])
def test_kinds_hold_what_they_promise(name: str) -> None:
    kind = next(recipe.kind for recipe in RECIPES if recipe.name == name)
    for world, draft in _drafts(name):
        writes = [action for action in draft.actions if TOOLS[action.name].kind == "write"]
        assert sum(action.name == "book_reservation" for action in writes) <= 1
        said = _user_text(draft) + draft.scenario.reason_for_call + draft.scenario.known_info
        flights = world.tables["flights"]
        assert not any(number in said for number in re.findall(r"HAT\d+", said) if number in flights)
        if kind == "write-intensive":
            assert 2 <= len(writes) <= 6
            continue
        assert len(writes) == (0 if kind in WITHOUT_WRITE else 1)
        assert bool(draft.communicate) or kind != "information"
        if kind == "read-heavy":
            user = next(a for a in draft.actions if a.name == "get_user_details").arguments["user_id"]
            ids = world.tables["users"][user].reservations
            assert not any(key in said for key in ids)


@pytest.mark.parametrize("name", [recipe.name for recipe in RECIPES])
def test_every_draft_but_a_few_is_proved(name: str) -> None:
    chosen = next(recipe for recipe in RECIPES if recipe.name == name)
    proved = [
        prove_task(make_task(draft, chosen, Environment(DOMAIN, world, WorldRef("airline")), "t", 0), DOMAIN, world)[0]
        for world, draft in _drafts(name)
    ]
    assert sum(task is not None for task in proved) >= 0.9 * len(proved)
    for task in proved:
        if task is not None and task.proof is not None and chosen.kind == "refusal":
            assert task.proof.refused
            assert [certificate.write for certificate in task.certificates] == [None]


@pytest.mark.parametrize("name", [recipe.name for recipe in RECIPES])
def test_both_tellings_agree_and_read_like_sentences(name: str) -> None:
    for _, draft in _drafts(name):
        told = draft.scenario
        assert told.request
        assert told.reason_for_call
        assert told.task_instructions
        assert [fact.slot for fact in told.facts][:2] == ["user_id", "name"]
        for fact in told.facts:
            assert second_person(fact.text) in told.known_info
            assert fact.value in fact.text
        for text in (told.request, told.reason_for_call, told.known_info):
            assert "  " not in text
            assert "{" not in text
            assert text.endswith((".", "?", "!"))
        for number in re.findall(r"\d+", told.reason_for_call):
            assert number in told.request
        assert not re.search(r"\b(I|me|my|I'm)\b", f"{told.reason_for_call} {told.known_info}")


@pytest.mark.parametrize("name", [recipe.name for recipe in RECIPES])
def test_requests_vary(name: str) -> None:
    requests = [draft.scenario.request for _, draft in _drafts(name)]
    assert len(set(requests)) == len(requests)


def test_all_kinds_are_there_and_names_are_unique() -> None:
    kinds = [recipe.kind for recipe in RECIPES]
    assert min(kinds.count(kind) for kind in ("normal", "write-intensive", "read-heavy")) >= 3
    assert len({recipe.name for recipe in RECIPES}) == len(RECIPES) >= 10


def test_the_only_cancellable_trip_is_the_only_one() -> None:
    for world, draft in _drafts("cancel_only_cancellable"):
        state = State(world)
        user = world.tables["users"][draft.actions[0].arguments["user_id"]]
        text = draft.scenario.request
        reason: Reason = "health" if "health" in text else "weather" if "weather" in text else "change of plan"
        trips = [world.tables["reservations"][key] for key in user.reservations]
        later = [trip for trip in trips if trip.flights[0].date > "2024-05-15"]
        fit = [trip.reservation_id for trip in later if may_cancel(StateView(state), trip, reason)]
        assert fit == [draft.actions[-1].arguments["reservation_id"]]


def test_only_one_trip_lost_a_flight_where_a_certificate_is_the_answer() -> None:
    for world, draft in _drafts("certificate_unknown_trip"):
        state = State(world)
        user = world.tables["users"][draft.actions[0].arguments["user_id"]]
        trips = [world.tables["reservations"][key] for key in user.reservations]
        hit = [trip for trip in trips if has_cancelled_flight(StateView(state), trip)]
        assert len(hit) == 1
        assert draft.actions[-1].arguments["amount"] == 100 * len(hit[0].passengers)


def test_recipes_give_up_in_a_world_without_users() -> None:
    world = DOMAIN.generate(0, 0)
    assert all(recipe.make(world, Random(0)) is None for recipe in RECIPES)


def test_what_leaves_or_arrives_first_or_last_is_asked_for_of_one_day() -> None:
    """Of several days the first or the last would decide alone, and the others would be no evidence."""
    searches = [draft.goals[0].params["search"] for _, draft in _drafts("rebook_by_time")]
    assert all(len(search["dates"]) == 1 for search in searches if search["rank"] != "fastest")
    assert {search["rank"] for search in searches} == {"fastest", "earliest arrival", "latest departure"}
