"""A small domain in which the user has tools too: a box with a light, a cable, a code and a button in the hall.

It is a test's own: what the house makes of it, it makes of any domain whose users have tools. A box is jammed (its
light is red, a press on the button helps), its account is blocked (amber, the agent unblocks it), or it wants an update
(blinking: the agent sends it, for the code that stands on the box alone).
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any, Final, Literal

import msgspec
from writ_domains.kit.evidence import load_user_actions
from writ_domains.kit.tables import load_and_dump
from writ_domains.kit.tools import transfer_to_human_agents

from writ_async import Domain, Draft, State, ToolError, World, make_tools, read, write
from writ_async.core.domain import Recipe, Slot
from writ_async.core.task import Action, Cell, Certificate, Fact, Scenario

NAME: Final = "router"
Light = Literal["red", "green", "amber", "blinking"]


class Account(msgspec.Struct, frozen=True, gc=False):
    """A customer's account and the box that belongs to it."""

    account_id: str
    box: str
    blocked: bool = False


class Box(msgspec.Struct, frozen=True, gc=False):
    """What stands in the customer's hall."""

    box: str
    account_id: str
    light: Light
    code: int
    cable: Literal["plugged in", "loose"] = "plugged in"


load, dump = load_and_dump(NAME, {"accounts": Account, "boxes": Box})


def generate(seed: int, size: int) -> World:
    """A world of `size` accounts, each with a box that has one fault."""
    rng = Random(seed)
    accounts: dict[str, Account] = {}
    boxes: dict[str, Box] = {}
    for number, code in enumerate(rng.sample(range(1000, 9999), size)):
        account_id, name = f"acc{4000 + number}", f"box{7000 + number}"
        light: Light = rng.choice(("red", "amber", "blinking"))
        accounts[account_id] = Account(account_id, name, blocked=light == "amber")
        boxes[name] = Box(name, account_id, light, code)
    return World(NAME, {"accounts": accounts, "boxes": boxes})


def _box(state: State, box: str) -> Box:
    found: Box | None = state.get("boxes", box)
    if found is None:
        raise ToolError("there is no such box here")
    return found


def _account(state: State, account_id: str) -> Account:
    found: Account | None = state.get("accounts", account_id)
    if found is None:
        raise ToolError("no account has this id")
    return found


@read
def look_up_account(state: State, account_id: str) -> Account:
    """Show an account: its box, and whether it is blocked.

    Args:
        account_id: The id of the account, for instance 'acc4000'.
    """
    return _account(state, account_id)


@write
def unblock_account(state: State, account_id: str) -> Account:
    """Unblock an account.

    Args:
        account_id: The id of the account, for instance 'acc4000'.
    """
    account = msgspec.structs.replace(_account(state, account_id), blocked=False)
    state.put("accounts", account_id, account)
    box = _box(state, account.box)
    state.put("boxes", box.box, msgspec.structs.replace(box, light="green"))
    return account


@write
def send_update(state: State, account_id: str, code: int) -> str:
    """Send the newest software to a box.

    Args:
        account_id: The id of the account, for instance 'acc4000'.
        code: The code that stands on the box.
    """
    box = _box(state, _account(state, account_id).box)
    if box.code != code:
        raise ToolError("this is not the code of the box")
    state.put("boxes", box.box, msgspec.structs.replace(box, light="green"))
    return "The update was sent."


def _lights(box: Box) -> str:
    return f"Light: {box.light}"


@read
def check_light(state: State, box: str) -> str:
    """Look at the light of a box.

    Args:
        box: What is printed on the box, for instance 'box7000'.
    """
    return _lights(_box(state, box))


@read
def read_code(state: State, box: str) -> str:
    """Read the code below a box.

    Args:
        box: What is printed on the box, for instance 'box7000'.
    """
    return f"Code: {_box(state, box).code}"


@write
def press_button(state: State, box: str) -> str:
    """Press the button on a box.

    Args:
        box: What is printed on the box, for instance 'box7000'.
    """
    found = _box(state, box)
    if found.light == "red":
        found = msgspec.structs.replace(found, light="green")
        state.put("boxes", box, found)
    return f"You press it.\n{_lights(found)}"


@write
def pull_cable(state: State, box: str, side: Literal["left", "right"]) -> str:
    """Pull a cable out of a box and put it back, or leave it.

    Args:
        box: What is printed on the box, for instance 'box7000'.
        side: On which side of the box the cable is.
    """
    found = msgspec.structs.replace(_box(state, box), cable="loose" if side == "left" else "plugged in")
    state.put("boxes", box, found)
    return f"The cable is {found.cable}."


TOOLS: Final = make_tools((look_up_account, unblock_account, send_update, transfer_to_human_agents))
USER_TOOLS: Final = make_tools((check_light, read_code, press_button, pull_cable))
POLICY: Final = """\
You help customers with the box in their hall. Look the account up, have the customer look at the light, and go by it:
red: have them press the button. Amber: unblock the account. Blinking: ask for the code below the box, send the update.
"""


def _draft(account: Account, actions: list[Action], certified: list[tuple[int, list[int]]]) -> Draft:
    cells = [Cell(action.name, action.arguments) for action in actions]
    return Draft(
        scenario=Scenario(
            reason_for_call="Your box at home does not work, and you want it to work again.",
            known_info=f"Your account id is {account.account_id}.",
            request="My box at home does not work. Please help me to get it to work again.",
            facts=(Fact("account", account.account_id, f"My account id is {account.account_id}."),),
        ),
        actions=tuple(actions),
        certificates=tuple(Certificate(write, tuple(cells[one] for one in read)) for write, read in certified),
    )


def _user(name: str, arguments: Mapping[str, Any]) -> Action:
    return Action(name, dict(arguments), "user")


def _pick(world: World, rng: Random, light: str) -> Account | None:
    fit = [one for one in world.tables["accounts"].values() if world.tables["boxes"][one.box].light == light]
    return rng.choice(fit) if fit else None


def _opening(account: Account) -> list[Action]:
    return [Action("look_up_account", {"account_id": account.account_id}), _user("check_light", {"box": account.box})]


def unjam(world: World, rng: Random) -> Draft | None:
    """The user presses the button, and looks again."""
    account = _pick(world, rng, "red")
    if account is None:
        return None
    box = {"box": account.box}
    steps = [*_opening(account), _user("press_button", box), _user("check_light", box)]
    return _draft(account, steps, [(2, [0, 1])])


def unblock(world: World, rng: Random) -> Draft | None:
    """The agent unblocks the account, once the light is known to be amber."""
    account = _pick(world, rng, "amber")
    if account is None:
        return None
    steps = [*_opening(account), Action("unblock_account", {"account_id": account.account_id})]
    return _draft(account, [*steps, _user("check_light", {"box": account.box})], [(2, [0, 1])])


def update(world: World, rng: Random) -> Draft | None:
    """The agent sends the update, for which the user reads the code to it."""
    account = _pick(world, rng, "blinking")
    if account is None:
        return None
    code: int = world.tables["boxes"][account.box].code
    sent = Action("send_update", {"account_id": account.account_id, "code": code})
    steps = [*_opening(account), _user("read_code", {"box": account.box}), sent]
    return _draft(account, steps, [(3, [0, 1, 2])])


DOMAIN: Final = Domain(
    name=NAME,
    policy=POLICY,
    tools=TOOLS,
    user_tools=USER_TOOLS,
    generate=generate,
    load=load,
    dump=dump,
    recipes=(
        Recipe("unjam", "normal", unjam),
        Recipe("unblock", "normal", unblock),
        Recipe("update", "read-heavy", update),
    ),
    slots=(Slot("account", "account id"),),
    user_argument="account_id",
    record_ids=r"\bbox\d{4}\b",
    hand_over_tool="transfer_to_human_agents",
    user_actions=load_user_actions(__name__),
)
