"""Customers of the carrier as recipes draw them: whose phone does what, how they are found, and how they complain."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from random import Random
from typing import Any, Final

import msgspec

from writ_async.core.domain import Draft, Reach
from writ_async.core.level import MANY, Extent
from writ_async.core.message import Requestor
from writ_async.core.state import State, World
from writ_async.core.task import Action, EnvCall, Goal, InitialState
from writ_domains.kit.gold import Gold, Unfit, choose_one, recipe_maker
from writ_domains.kit.identity import MORE_NAMES, Identity, say_fact
from writ_domains.kit.phrasing import figure, pick, sentences
from writ_domains.kit.wishes import Request, Wish, draft_request
from writ_domains.telecom import phrases
from writ_domains.telecom.goals import RULES
from writ_domains.telecom.goals.objectives import DATA, PICTURES, SERVICE
from writ_domains.telecom.goals.ways import begin, is_mended
from writ_domains.telecom.phone.handset import get_device, get_surroundings
from writ_domains.telecom.phone.radio import data_works
from writ_domains.telecom.recipes.faults import Fault, Place, on
from writ_domains.telecom.schema import TODAY, Customer, Line
from writ_domains.telecom.setups import SETUPS
from writ_domains.telecom.syncing import keep_in_step
from writ_domains.telecom.tools import TOOLS, USER_TOOLS

_BY_NAME: Final = 0.35
_ABROAD: Final = 0.4
_MOST_STEPS: Final = 53  # of a conversation that may have a hundred, with all that is said beside
_AMOUNTS: Final = (1.0, 2.0)
COMPLAINTS: Final = (
    (SERVICE,), (SERVICE,), (DATA,), (DATA,), (PICTURES,), (PICTURES,), (DATA, PICTURES), (SERVICE, DATA),
)  # fmt: skip
"""What is complained of in one conversation."""

make_recipe: Final = recipe_maker(RULES, TOOLS, tries=30, user_tools=USER_TOOLS, after_call=keep_in_step)


class Holder(msgspec.Struct, frozen=True, gc=False):
    """A customer and the line whose phone is in their hand."""

    customer: Customer
    line: Line


def holders(world: World) -> tuple[Holder, ...]:
    """All lines that can be mended, with their customers: active ones, and those suspended over a bill alone."""
    return world.index("telecom.holders", _find_holders)


def ended(world: World) -> tuple[Holder, ...]:
    """All lines that are suspended because their contract has ended."""
    return world.index("telecom.ended", _find_ended)


def _lines_of(world: World) -> Iterable[tuple[Customer, Line]]:
    lines, names = world.tables["lines"], world.tables["customers"]
    for customer in names.values():
        yield from ((customer, lines[line_id]) for line_id in customer.line_ids if line_id in lines)


def _has_ended(line: Line) -> bool:
    return line.contract_end_date is not None and line.contract_end_date < TODAY


def _find_holders(world: World) -> tuple[Holder, ...]:
    return tuple(
        Holder(customer, line)
        for customer, line in _lines_of(world)
        if not _has_ended(line)
        and (
            (line.status == "Active" and line.data_used_gb < world.tables["plans"][line.plan_id].data_limit_gb)
            or (line.status == "Suspended" and _owes(world, customer))
        )
    )


def _find_ended(world: World) -> tuple[Holder, ...]:
    return tuple(
        Holder(customer, line)
        for customer, line in _lines_of(world)
        if line.status == "Suspended" and _has_ended(line) and not _owes(world, customer)
    )


def _owes(world: World, customer: Customer) -> bool:
    return any(world.tables["bills"][bill_id].status == "Overdue" for bill_id in customer.bill_ids)


def place_for(holder: Holder, complaints: tuple[str, ...], world: World, rng: Random) -> Place:
    """Where faults of a customer's are planted; who complains of service alone is at home."""
    abroad = complaints != (SERVICE,) and rng.random() < _ABROAD
    number = 1
    while (bill_id := f"B9{number:07d}") in world.tables["bills"]:
        number += 1
    line = holder.line
    plan = world.tables["plans"][line.plan_id]
    return Place(holder.customer.customer_id, line, plan, complaints, abroad, bill_id)


def draw_holder(world: World, rng: Random, *, suspend: bool) -> Holder:
    """A customer with a line that can be mended; where it is to be suspended, one who owes nothing for other lines."""
    holder = choose_one(rng, holders(world))
    if suspend and holder.line.status == "Active" and _owes(world, holder.customer):
        raise Unfit("the customer owes a bill already")
    return holder


def plant(
    gold: Gold, place: Place, holder: Holder, faults: Sequence[Fault], extra: Sequence[EnvCall], rng: Random
) -> None:
    """Put the phone into the customer's hand, and the faults into it."""
    calls = [on("user", "set_user_info", name=holder.customer.full_name, phone_number=holder.line.phone_number)]
    if place.abroad:
        calls += [on("user", "set_user_location", abroad=True), on("user", "turn_roaming_on")]
        of_line = {"customer_id": place.customer_id, "line_id": place.line.line_id}
        calls.append(EnvCall("assistant", "enable_roaming", of_line))
    for fault in faults:
        calls += fault.plant(place, rng)
    calls += extra
    if place.line.status == "Suspended" or any(fault.name == "bill" for fault in faults):
        calls.append(on("user", "simulate_network_search"))
    begin_with(gold, calls)


def begin_with(gold: Gold, calls: Sequence[EnvCall]) -> None:
    """Have a draft begin with calls, as a task's initial state does."""
    gold.initial = InitialState(calls=tuple(calls))
    tools = {"assistant": TOOLS, "user": USER_TOOLS}
    for call in calls:
        function = SETUPS[call.env_type].get(call.func_name) or tools[call.env_type][call.func_name].function
        function(gold.state, **call.arguments)
        keep_in_step(gold.state)


def identify(holder: Holder, rng: Random) -> Identity:
    """By the number of the line, or by name and date of birth; the number is said either way."""
    customer, number = holder.customer, holder.line.phone_number
    called = say_fact("phone_number", number, phrases.NUMBER, rng)
    named = say_fact("name", customer.full_name, MORE_NAMES, rng)
    if rng.random() < _BY_NAME:
        born = say_fact("date_of_birth", customer.date_of_birth, phrases.BORN, rng)
        return Identity(
            {"full_name": customer.full_name, "date_of_birth": customer.date_of_birth}, (named, born, called)
        )
    return Identity({"phone_number": number}, (named, called))


def complain(place: Place, holder: Holder, gold: Gold, rng: Random, *, whole: bool = False) -> Draft:
    """The draft of a customer who complains of what is planted. Raises `Unfit` where a complaint would be untrue."""
    state, complaints = gold.state, place.complaints
    params: dict[str, Any] = {
        "number": holder.line.phone_number,
        "complaints": list(complaints),
        "abroad": place.abroad,
    }
    remarks = []
    if place.abroad:
        remarks.append(pick(rng, phrases.ABROAD))
    if DATA in complaints or PICTURES in complaints:
        amount = pick(rng, _AMOUNTS)
        params["gigabytes"] = amount
        remarks.append(pick(rng, phrases.REFUEL).format(figure(amount)))
    if rng.random() < 0.5:
        remarks.append(pick(rng, phrases.WILLING))
    if whole:
        params["whole"] = True
        remarks.append(pick(rng, phrases.WHOLE))
    for one in complaints:
        if is_mended(begin(state), {"complaints": [one]}):
            raise Unfit("what is complained of works")
    said = [pick(rng, phrases.COMPLAINT[_symptom(one, state)]) for one in complaints]
    identity = identify(holder, rng)
    wish = Wish("mend", params, pick(rng, phrases.MEND), remarks=tuple(remarks))
    request = Request((wish,), intro=sentences(*said), unknown=phrases.NO_IDEA)
    return _with_looks(draft_request(request, identity, gold, rng), complaints)


def _symptom(complaint: str, state: State) -> str:
    """What a customer sees of what does not work: data that fails is not data that is slow."""
    if complaint != DATA:
        return complaint
    return "slow" if data_works(get_device(state), get_surroundings(state)) else DATA


_LOOKS: Final = {SERVICE: "check_status_bar", DATA: "run_speed_test", PICTURES: "can_send_mms"}


def _with_looks(draft: Draft, complaints: Sequence[str]) -> Draft:
    """A draft in which a request for payment is looked at before it is paid and the bill after, and the phone last."""
    user: Requestor = "user"
    actions: list[Action] = []
    moved: dict[int, int] = {}
    bills: list[str] = []
    for index, action in enumerate(draft.actions):
        if action.name == "make_payment":
            actions.append(Action("check_payment_request", {}, user))
        moved[index] = len(actions)
        actions.append(action)
        if action.name == "send_payment_request":
            bills.append(action.arguments["bill_id"])
        if action.name == "make_payment" and bills:
            actions.append(Action("get_details_by_id", {"id": bills.pop(0)}))
    if any(goal.writes for goal in draft.goals):
        actions += [Action(_LOOKS[one], {}, user) for one in complaints]
    if sum(_steps_of(action) for action in actions) > _MOST_STEPS:
        raise Unfit("a talkative user's conversation would have too many steps")
    goals = tuple(Goal(one.objective, one.params, tuple(moved[write] for write in one.writes)) for one in draft.goals)
    return msgspec.structs.replace(draft, actions=tuple(actions), goals=goals)


def _steps_of(action: Action) -> int:
    """About how many messages a call takes: users are asked, for two steps at once mostly, and agree to writes."""
    if action.requestor == "user":
        return 3
    return 4 if TOOLS[action.name].kind == "write" else 2


def reach(writes: tuple[int, int], cells: tuple[int, int] = (1, MANY)) -> Reach:
    """What a recipe can come to, which has more of both where more is wrong."""
    return Reach(Extent(writes, cells), "faults")
