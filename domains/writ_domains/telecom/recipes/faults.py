"""Faults as they are planted: what is done to a phone or an account before a conversation, and what it disturbs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final

import msgspec

from writ_async.core.message import Requestor
from writ_async.core.task import EnvCall
from writ_domains.kit.gold import Unfit
from writ_domains.kit.phrasing import pick
from writ_domains.telecom.goals.objectives import DATA, MESSAGING, OLD_MODES, PICTURES, SERVICE
from writ_domains.telecom.schema import Line, Plan

_JUST_OVER: Final = 0.1  # gigabytes: what is added has to bring the line well below its limit


class Place(msgspec.Struct, frozen=True, gc=False):
    """Where faults are planted: a customer's line with its plan, and the complaints; `bill_id` is that of no bill."""

    customer_id: str
    line: Line
    plan: Plan
    complaints: tuple[str, ...]
    abroad: bool
    bill_id: str


class Fault(msgspec.Struct, frozen=True, gc=False):
    """A fault: which complaints it is behind, how many calls mend it, and what plants it.

    `restarts` tells that one more call mends it, a restart, which all faults of a phone have in common.
    """

    name: str
    complaints: tuple[str, ...]
    calls: int
    plant: Callable[[Place, Random], Sequence[EnvCall]]
    restarts: bool = False
    abroad: bool = False


def on(side: Requestor, name: str, /, **arguments: Any) -> EnvCall:
    """A call before the conversation."""
    return EnvCall(side, name, arguments)


def _plain(name: str, **arguments: Any) -> Callable[[Place, Random], Sequence[EnvCall]]:
    return lambda place, rng: (on("user", name, **arguments),)


def _suspend(place: Place, rng: Random) -> Sequence[EnvCall]:
    """Nothing where the line is suspended over a bill in the world itself."""
    if place.line.status == "Suspended":
        return ()
    return (suspend(place, contract_ended=False),)


def suspend(place: Place, *, contract_ended: bool) -> EnvCall:
    """The suspension of a line over a bill of last month."""
    return on(
        "assistant",
        "suspend_line_for_overdue_bill",
        customer_id=place.customer_id,
        line_id=place.line.line_id,
        new_bill_id=place.bill_id,
        contract_ended=contract_ended,
    )


def _use_up(place: Place, rng: Random) -> Sequence[EnvCall]:
    used = round(place.plan.data_limit_gb + _JUST_OVER * rng.randrange(0, 4), 2)
    return (_of_line("set_data_usage", place, data_used_gb=used),)


def _of_line(name: str, place: Place, **arguments: Any) -> EnvCall:
    return on("assistant", name, customer_id=place.customer_id, line_id=place.line.line_id, **arguments)


def _stay_home(place: Place, rng: Random) -> Sequence[EnvCall]:
    return (_of_line("disable_roaming", place),)


def _set_old_mode(place: Place, rng: Random) -> Sequence[EnvCall]:
    """2G where picture messages alone are complained of: they go over 3G."""
    mode = pick(rng, OLD_MODES) if DATA in place.complaints else OLD_MODES[0]
    return (on("user", "set_network_mode_preference", mode=mode),)


_ANY: Final = (SERVICE, DATA, PICTURES)
_BOTH: Final = (DATA, PICTURES)
FAULTS: Final = (
    Fault("airplane", _ANY, 1, _plain("turn_airplane_mode_on")),
    Fault("sim", _ANY, 1, _plain("unseat_sim_card")),
    Fault("apn", _ANY, 1, _plain("break_apn_settings"), restarts=True),
    Fault("bill", _ANY, 3, _suspend, restarts=True),
    Fault("data", _BOTH, 1, _plain("turn_data_off")),
    Fault("roaming", _BOTH, 1, _plain("turn_roaming_off"), abroad=True),
    Fault("line_roaming", _BOTH, 1, _stay_home, abroad=True),
    Fault("usage", _BOTH, 1, _use_up),
    Fault("saver", (DATA,), 1, _plain("turn_data_saver_mode_on")),
    Fault("mode", _BOTH, 1, _set_old_mode),
    Fault("vpn", (DATA,), 1, _plain("break_vpn")),
    Fault("server", (PICTURES,), 1, _plain("break_apn_mms_setting"), restarts=True),
    Fault("wifi_calling", (PICTURES,), 1, _plain("set_wifi_calling", enabled=True, mms_over_wifi=True)),
    Fault("storage", (PICTURES,), 1, _plain("remove_app_permission", app_name=MESSAGING, permission="storage")),
    Fault("sms", (PICTURES,), 1, _plain("remove_app_permission", app_name=MESSAGING, permission="sms")),
)
"""In the order in which they are planted: airplane mode would end a VPN."""


def count_calls(faults: Sequence[Fault]) -> int:
    """How many calls mend faults together."""
    names = {fault.name for fault in faults}
    shared = int({"apn", "server"} <= names)  # one reset mends both
    return sum(fault.calls for fault in faults) - shared + int(any(fault.restarts for fault in faults))


def draw_faults(place: Place, rng: Random, least: int, most: int) -> list[Fault]:
    """Faults behind the complaints of a place, which so many calls mend. Raises `Unfit` where there are none."""
    fit = [one for one in FAULTS if set(one.complaints) & set(place.complaints) and (place.abroad or not one.abroad)]
    suspended = place.line.status == "Suspended"
    for _ in range(12):
        chosen = rng.sample(fit, len(fit))
        if suspended:  # what the world itself holds is a fault of every draw
            chosen.sort(key=lambda one: one.name != "bill")
        wanted = rng.randint(least, most)
        faults: list[Fault] = []
        for fault in chosen:
            if count_calls([*faults, fault]) <= wanted:
                faults.append(fault)
            elif suspended and not faults:
                break
        if faults and least <= count_calls(faults) <= most:
            return [fault for fault in FAULTS if fault in faults]
    raise Unfit("no faults come to so many calls")
