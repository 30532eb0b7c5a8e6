"""What the cells of a diagnosis show, as values to compare: of either side's tools, each where the manual looks for it.

Several tools show one thing, such as the status bar and the network screen. A thing is looked at by the tool that the
manual names for it, so each cell stands for what is learnt there, and no two for the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from writ_async.core.state import State
from writ_async.core.tool import ToolError
from writ_domains.kit.goals import fetch_with_tools
from writ_domains.telecom import lookups
from writ_domains.telecom.phone.handset import Signal, SimStatus, apn_of, get_device
from writ_domains.telecom.schema import Line, Plan
from writ_domains.telecom.tools import TOOLS


class Bar(msgspec.Struct, frozen=True, gc=False):
    """The status bar: whether airplane mode is on, and the signal."""

    airplane: bool
    signal: Signal


class AccessPoint(msgspec.Struct, frozen=True, gc=False):
    """The APN settings: the name of the access point, and whether a server for picture messages is set."""

    name: str
    pictures: bool


class Network(msgspec.Struct, frozen=True, gc=False):
    """The network screen: whether mobile data and data roaming are on."""

    data: bool
    roaming: bool


class Vpn(msgspec.Struct, frozen=True, gc=False):
    """The VPN: whether it is connected, and to a server that does poorly."""

    connected: bool
    poor: bool


class Usage(msgspec.Struct, frozen=True, gc=False):
    """Gigabytes of the running cycle: used, and what may be used with what was added."""

    used: float
    limit: float
    added: float


def _status_bar(state: State) -> Bar:
    device = get_device(state)
    return Bar(device.airplane_mode, device.network_signal_strength)


def _sim(state: State) -> SimStatus:
    return get_device(state).sim_status


def _access_point(state: State) -> AccessPoint:
    settings = apn_of(get_device(state))
    return AccessPoint(settings.apn_name, settings.mmsc_url is not None)


def _network(state: State) -> Network:
    device = get_device(state)
    return Network(device.data_enabled, device.roaming_enabled)


def _data_saver(state: State) -> bool:
    return get_device(state).data_saver_mode


def _mode(state: State) -> str:
    return get_device(state).network_mode_preference


def _vpn(state: State) -> Vpn:
    device = get_device(state)
    details = device.vpn_details
    poor = device.vpn_connected and details is not None and details.server_performance == "poor"
    return Vpn(device.vpn_connected, poor)


def _wifi_calling(state: State) -> bool:
    return get_device(state).wifi_calling_enabled


def _apps(state: State) -> frozenset[str]:
    return frozenset(get_device(state).app_statuses)


def _permissions(state: State, app_name: str) -> Any:
    app = get_device(state).app_statuses.get(app_name)
    return None if app is None else app.permissions


def _usage(state: State, customer_id: str, line_id: str) -> Usage | None:
    try:
        line = lookups.get_line_of(state, customer_id, line_id)
        plan = lookups.get_plan(state, line.plan_id)
    except ToolError:
        return None
    return Usage(line.data_used_gb, plan.data_limit_gb, line.data_refueling_gb)


def _details(state: State, record_id: str) -> Any:
    """A record; of a line all but the data of the cycle, of a plan all but its limit, which are read as usage."""
    try:
        record = TOOLS["get_details_by_id"].function(state, record_id)
    except ToolError:
        return None
    if isinstance(record, Line):
        return msgspec.structs.replace(record, data_used_gb=0.0, data_refueling_gb=0.0)
    return msgspec.structs.replace(record, data_limit_gb=0.0) if isinstance(record, Plan) else record


FETCH: Final[Mapping[str, Callable[..., Any]]] = {
    **fetch_with_tools(
        TOOLS, "get_customer_by_phone", "get_customer_by_id", "get_customer_by_name", "get_bills_for_customer"
    ),
    "get_details_by_id": _details,
    "get_data_usage": _usage,
    "check_status_bar": _status_bar,
    "check_sim_status": _sim,
    "check_apn_settings": _access_point,
    "check_network_status": _network,
    "check_data_restriction_status": _data_saver,
    "check_network_mode_preference": _mode,
    "check_vpn_status": _vpn,
    "check_wifi_calling_status": _wifi_calling,
    "check_installed_apps": _apps,
    "check_app_permissions": _permissions,
}
"""By the name of each read tool that an objective may read with."""
