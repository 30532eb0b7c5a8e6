"""What happens before a conversation: the calls that a task's initial state may name, beside the tools of either side.

The names and effects are those of τ²-bench, so that its tasks can be played; tasks of our own plant their faults with
them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

import msgspec

from writ_async.core.message import Requestor
from writ_async.core.state import State
from writ_async.core.tool import ToolError
from writ_domains.telecom import lookups
from writ_domains.telecom.charges import add_bill_of, add_item
from writ_domains.telecom.phone.handset import (
    PHONE,
    VPN,
    Permissions,
    apn_of,
    get_device,
    get_vpn,
    set_device,
    set_surroundings,
)
from writ_domains.telecom.phone.radio import search_network
from writ_domains.telecom.phone.switches import begin_vpn, end_vpn, flip_airplane_mode
from writ_domains.telecom.schema import TODAY, Bill
from writ_domains.telecom.tools.phone_apps import allow

_LAST_MONTH = ("2025-01-01", "2025-01-31")
_LAST_DUE = "2025-01-15"


def set_user_info(state: State, name: str, phone_number: str) -> None:
    """Say who holds the phone, and which number it has."""
    set_surroundings(state, name=name, phone_number=phone_number)


def set_user_location(state: State, abroad: bool) -> None:
    """Say where the phone is."""
    set_surroundings(state, is_abroad=abroad)


def turn_airplane_mode_on(state: State) -> None:
    """Leave airplane mode on; where it was on, it was off in between."""
    if not flip_airplane_mode(state):
        flip_airplane_mode(state)


def turn_airplane_mode_off(state: State) -> None:
    """Leave airplane mode off; where it was off, it was on in between."""
    if flip_airplane_mode(state):
        flip_airplane_mode(state)


def unseat_sim_card(state: State) -> None:
    """Take the SIM card out of its tray."""
    set_device(state, sim_card_missing=True)
    search_network(state)


def lock_sim_card(state: State, mode: Literal["pin", "puk"]) -> None:
    """Lock the SIM card; no tool unlocks it."""
    if mode in ("pin", "puk"):
        set_device(state, sim_card_status=f"locked_{mode}")
    search_network(state)


def turn_data_on(state: State) -> None:
    """Leave mobile data on; the phone does not look for a network."""
    set_device(state, data_enabled=True)


def turn_data_off(state: State) -> None:
    """Leave mobile data off."""
    set_device(state, data_enabled=False)
    search_network(state)


def turn_roaming_on(state: State) -> None:
    """Leave data roaming on."""
    set_device(state, roaming_enabled=True)
    search_network(state)


def turn_roaming_off(state: State) -> None:
    """Leave data roaming off."""
    set_device(state, roaming_enabled=False)
    search_network(state)


def turn_data_saver_mode_on(state: State) -> None:
    """Leave data saver on."""
    set_device(state, data_saver_mode=True)


def turn_data_saver_mode_off(state: State) -> None:
    """Leave data saver off."""
    set_device(state, data_saver_mode=False)


def break_apn_settings(state: State) -> None:
    """Give the phone an APN that does not exist: it finds no network until the settings are set back."""
    settings = msgspec.structs.replace(apn_of(get_device(state)), apn_name="broken")
    set_device(state, active_apn_settings=settings)
    search_network(state)


def break_apn_mms_setting(state: State) -> None:
    """Take the server for picture messages out of the APN settings."""
    settings = msgspec.structs.replace(apn_of(get_device(state)), mmsc_url=None)
    set_device(state, active_apn_settings=settings)


def set_wifi_calling(state: State, enabled: bool, mms_over_wifi: bool | None = None) -> None:
    """Leave calls over Wi-Fi on or off, and picture messages over Wi-Fi where that is said."""
    if get_device(state).wifi_calling_enabled != enabled:
        set_device(state, wifi_calling_enabled=not get_device(state).wifi_calling_enabled)
    if mms_over_wifi is not None:
        set_device(state, wifi_calling_mms_over_wifi=mms_over_wifi)


def break_vpn(state: State) -> None:
    """Leave the VPN connected to a server that does poorly, and goes on to do so."""
    state.put(PHONE, VPN, msgspec.structs.replace(get_vpn(state), server_performance="poor"))
    end_vpn(state)
    begin_vpn(state)


def remove_app_permission(state: State, app_name: str, permission: str) -> None:
    """Take a permission from an app; of an unknown app or permission nothing is taken."""
    permission = permission.lower()
    if app_name in get_device(state).app_statuses and permission in Permissions.__struct_fields__:
        allow(state, app_name, permission, allowed=False)


def set_data_usage(state: State, customer_id: str, line_id: str, data_used_gb: float) -> None:
    """Say how many gigabytes a line has used."""
    line = lookups.get_line_of(state, customer_id, line_id)
    state.put("lines", line_id, msgspec.structs.replace(line, data_used_gb=data_used_gb))


def suspend_line_for_overdue_bill(
    state: State, customer_id: str, line_id: str, new_bill_id: str, contract_ended: bool
) -> None:
    """Suspend an active line over last month's bill; its contract ended with that month where that is said."""
    line = lookups.get_line(state, line_id)
    if line.status != "Active":
        raise ToolError("only an active line can be suspended over a bill")
    price = lookups.get_plan(state, line.plan_id).price_per_month
    if price <= 0:
        raise ToolError("a plan without a price leaves no bill")
    customer = lookups.get_customer(state, customer_id)
    if lookups.first_bill(state, customer, "Overdue") is not None:
        raise ToolError("the customer has an overdue bill already")
    begin, end = _LAST_MONTH
    bill = Bill(new_bill_id, customer_id, begin, end, begin, 0.0, _LAST_DUE, status="Overdue")
    add_bill_of(state, customer, bill)
    add_item(state, bill, price, f"Charge for line {line_id}")
    contract_end = end if contract_ended else line.contract_end_date
    changed = msgspec.structs.replace(
        line, status="Suspended", suspension_start_date=TODAY, contract_end_date=contract_end
    )
    state.put("lines", line_id, changed)


SETUPS: Final[Mapping[Requestor, Mapping[str, Callable[..., Any]]]] = {
    "assistant": {one.__name__: one for one in (set_data_usage, suspend_line_for_overdue_bill)},
    "user": {
        "simulate_network_search": search_network,
        **{
            one.__name__: one
            for one in (
                set_user_info,
                set_user_location,
                turn_airplane_mode_on,
                turn_airplane_mode_off,
                unseat_sim_card,
                lock_sim_card,
                turn_data_on,
                turn_data_off,
                turn_roaming_on,
                turn_roaming_off,
                turn_data_saver_mode_on,
                turn_data_saver_mode_off,
                break_apn_settings,
                break_apn_mms_setting,
                set_wifi_calling,
                break_vpn,
                remove_app_permission,
            )
        },
    },
}
"""The functions by whose records they write to, and by name."""
