"""The ways from a phone that does not work to one that does: a search over what both sides can do.

Whether a complaint is mended is asked of the phone itself, by the functions that tasks end by, not of the diagnosis.
The calls of the search are those that anybody could come to: every switch, every setting that the manual names, and
what the agent may write to the customer's records under the policy. A phone is restarted after a suspension was lifted,
for the policy says so, whatever else makes it look for a network.

No fix is shorter than the diagnosis says: a call takes at most one off what is due (`tests/domains` tries that on
states of all kinds), so a fix has at least as many calls as are due in the beginning. The search holds the calls of the
fix against that at every state along it, and makes them in every order in which each changes something.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from writ_async.core.goal import Ambiguous, NothingFits, Reader, Ways
from writ_async.core.state import State
from writ_async.core.task import Action
from writ_async.core.tool import ToolError
from writ_domains.telecom import assertions
from writ_domains.telecom.goals.fetch import FETCH
from writ_domains.telecom.goals.objectives import (
    BEST_MODE,
    DATA,
    MESSAGING,
    NEEDED,
    PICTURES,
    SERVICE,
    Diagnosis,
    NeedsPerson,
    Params,
    by_user,
)
from writ_domains.telecom.phone.handset import apn_of, get_device
from writ_domains.telecom.phone.radio import BEST_GRADE
from writ_domains.telecom.policy import why_forbidden
from writ_domains.telecom.syncing import keep_in_step
from writ_domains.telecom.tools import TOOLS, USER_TOOLS

_SWITCHES: Final = (
    *("toggle_airplane_mode", "reseat_sim_card", "reset_apn_settings", "reboot_device", "toggle_data"),
    *("toggle_roaming", "toggle_data_saver_mode", "toggle_wifi", "toggle_wifi_calling", "connect_vpn"),
    *("disconnect_vpn", "make_payment"),
)
_RESTART: Final = "reboot_device"
_RESUME: Final = "resume_line"


class Node(tuple[State, bool]):
    """A state, and whether a restart is owed since a suspension was lifted."""

    __slots__ = ()

    @property
    def state(self) -> State:
        """The state."""
        return self[0]

    @property
    def owed(self) -> bool:
        """Whether the phone is still to be restarted."""
        return self[1]


def begin(state: State) -> Node:
    """Where a search begins."""
    return Node((state, False))


def calls_of(state: State, params: Params) -> Iterator[Action]:
    """All calls of both sides that could matter to a customer's complaint."""
    yield from (by_user(name) for name in _SWITCHES)
    yield by_user("set_network_mode_preference", mode=BEST_MODE)
    for permission in NEEDED:
        yield by_user("grant_app_permission", app_name=MESSAGING, permission=permission)
    finder = Diagnosis(Reader(state, FETCH), params)
    customer = finder.customer
    line = {"customer_id": customer.customer_id, "line_id": finder.line.line_id}
    yield from (Action(name, line) for name in ("suspend_line", _RESUME, "enable_roaming", "disable_roaming"))
    if params.get("gigabytes"):
        yield Action("refuel_data", {**line, "gb_amount": params["gigabytes"]})
    for bill_id in customer.bill_ids:
        yield Action("send_payment_request", {"customer_id": customer.customer_id, "bill_id": bill_id})


def make(node: Node, action: Action, params: Params) -> Node | None:
    """Where a call leads; None where the policy forbids it, its tool refuses, or it changes nothing."""
    by_agent = action.requestor == "assistant"
    if by_agent and action.name == "suspend_line":
        return None  # only when the customer wants that, and nobody does who complains
    if by_agent and why_forbidden(node.state, action.name, action.arguments, params):
        return None
    state = node.state.fork()
    try:
        (TOOLS if by_agent else USER_TOOLS)[action.name].function(state, **action.arguments)
    except ToolError:
        return None
    keep_in_step(state)
    owed = action.name == _RESUME or (node.owed and action.name != _RESTART)
    same = state.digest_value() == node.state.digest_value() and owed == node.owed
    return None if same else Node((state, owed))


def is_mended(node: Node, params: Params) -> bool:
    """Whether the phone does all that its user complained of, and no restart is owed."""
    state, complaints = node.state, params["complaints"]
    if node.owed or not assertions.assert_service_status(state, "connected"):
        return False
    if SERVICE in complaints and get_device(state).network_signal_strength == "none":
        return False
    if DATA in complaints and not assertions.assert_internet_speed(state, 0.0, BEST_GRADE):
        return False
    return PICTURES not in complaints or assertions.assert_can_send_mms(state, True)


def count_due(node: Node, params: Params) -> int | None:
    """How many calls the diagnosis says are due from a state; None where only a person can help.

    Nothing wrong and still no signal is a phone that has not looked for a network since, and has to be restarted.
    """
    found = Diagnosis(Reader(node.state, FETCH), params)
    try:
        found.look()
    except NeedsPerson:
        return None
    names = [action.name for action in found.writes]
    waits = apn_of(get_device(node.state)).reset_at_reboot
    if waits and "reset_apn_settings" in names:
        names.remove("reset_apn_settings")
    unseen = not names and not is_mended(node, params)
    if (node.owed or unseen) and _RESTART not in names:
        names.append(_RESTART)
    return len(names)


def compare_ways(state: State, params: Mapping[str, Any], writes: Sequence[Action]) -> Ways:
    """Hold a fix against all others: whether it mends, whether one is shorter, whether one as long ends elsewhere."""
    try:
        problem = _why_not_shortest(begin(state), params, writes)
        if problem:
            return Ways(0, problem)
        tried, ends = _count_ends(begin(state), params, writes)
    except (NothingFits, Ambiguous) as exc:
        return Ways(0, str(exc))
    return Ways(tried, "" if len(ends) == 1 else f"the same calls in other orders leave {len(ends)} states")


def _why_not_shortest(node: Node, params: Params, writes: Sequence[Action]) -> str:
    """Why the writes are no fix, or a call beside them would lead further at one of their states."""
    left = list(writes)
    if is_mended(node, params):
        return "nothing has to be mended"
    for number, action in enumerate(writes):
        due = count_due(node, params)
        if due != len(left):
            return f"{due} calls are due before call {number} ({action.name}), not {len(left)}"
        for other in calls_of(node.state, params):
            after = None if other in left else make(node, other, params)
            if after is not None and (less := count_due(after, params)) is not None and less < due:
                return f"{other.name} would do for call {number} ({action.name})"
        made = make(node, action, params)
        if made is None:
            return f"call {number} ({action.name}) changes nothing or may not be made"
        node = made
        left.pop(0)
    return "" if is_mended(node, params) else "the complaint is not mended in the end"


def _count_ends(node: Node, params: Params, writes: Sequence[Action]) -> tuple[int, set[int]]:
    """In how many orders the writes were tried, and the states in which the complaint is mended after all of them."""
    ends: set[int] = set()
    level: dict[tuple[frozenset[int], int, bool], tuple[Node, int]] = {
        (frozenset(), node.state.digest_value(), node.owed): (node, 1)
    }
    for _ in writes:
        following: dict[tuple[frozenset[int], int, bool], tuple[Node, int]] = {}
        for (made, _digest, _owed), (here, ways) in level.items():
            for number, action in enumerate(writes):
                if number in made or (after := make(here, action, params)) is None:
                    continue
                key = (made | {number}, after.state.digest_value(), after.owed)
                following[key] = (after, ways + following.get(key, (after, 0))[1])
        level = following
    mended = [(key[1], ways) for key, (one, ways) in level.items() if is_mended(one, params)]
    ends.update(digest for digest, _ in mended)
    return sum(ways for _, ways in mended) - 1, ends
