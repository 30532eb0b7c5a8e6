"""What a cell of a diagnosis could show instead: the same first symptom with another fault behind it, or one more."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import msgspec

from writ_async.core.goal import Decision, Edit, Key, Reader
from writ_async.core.state import State
from writ_domains.telecom import lookups
from writ_domains.telecom.goals.objectives import BEST_MODE, MESSAGING, NEEDED, OLD_MODES
from writ_domains.telecom.phone.handset import DEVICE, PHONE, VPN_SERVER, ApnSettings, Device, apn_of, get_device
from writ_domains.telecom.schema import Bill, Line, Plan

Edits = tuple[Edit, ...]
_ENDED: Final = "2025-01-31"
_LATER: Final = "2027-12-31"


def _on_phone(state: State, **changes: Any) -> Edits:
    return ((PHONE, DEVICE, msgspec.structs.replace(get_device(state), **changes)),)


def _bar(state: State) -> Iterator[Edits]:
    device = get_device(state)
    yield _on_phone(state, airplane_mode=not device.airplane_mode)
    signal = "none" if device.network_signal_strength != "none" else "excellent"
    yield _on_phone(state, airplane_mode=False, network_signal_strength=signal)


def _sim(state: State) -> Iterator[Edits]:
    yield _on_phone(state, sim_card_missing=not get_device(state).sim_card_missing)
    yield _on_phone(state, sim_card_missing=False, sim_card_status="locked_pin")


def _access_point(state: State) -> Iterator[Edits]:
    settings = apn_of(get_device(state))
    name = "broken" if settings.apn_name == "internet" else "internet"
    server = ApnSettings().mmsc_url if settings.mmsc_url is None else None
    usual = ApnSettings()
    yield _on_phone(state, active_apn_settings=msgspec.structs.replace(settings, apn_name=name))
    yield _on_phone(state, active_apn_settings=msgspec.structs.replace(settings, mmsc_url=server))
    if settings != usual:
        yield _on_phone(state, active_apn_settings=usual)


def _flip(*fields: str) -> Callable[[State], Iterator[Edits]]:
    def changes(state: State) -> Iterator[Edits]:
        for field in fields:
            yield _on_phone(state, **{field: not getattr(get_device(state), field)})

    return changes


def _mode(state: State) -> Iterator[Edits]:
    now = get_device(state).network_mode_preference
    for mode in (*OLD_MODES, BEST_MODE):
        if mode != now:
            yield _on_phone(state, network_mode_preference=mode)


def _vpn(state: State) -> Iterator[Edits]:
    device: Device = get_device(state)
    poor = msgspec.structs.replace(VPN_SERVER, server_performance="poor")
    if device.vpn_connected:
        yield _on_phone(state, vpn_connected=False, vpn_details=None)
    if device.vpn_details != poor:
        yield _on_phone(state, vpn_connected=True, vpn_details=poor)


def _apps(state: State) -> Iterator[Edits]:
    apps = get_device(state).app_statuses
    yield _on_phone(state, app_statuses={name: app for name, app in apps.items() if name != MESSAGING})


def _permissions(state: State) -> Iterator[Edits]:
    apps = get_device(state).app_statuses
    app = apps[MESSAGING]
    for permission in NEEDED:
        now = getattr(app.permissions, permission)
        other = msgspec.structs.replace(app.permissions, **{permission: not now})
        yield _on_phone(state, app_statuses={**apps, MESSAGING: msgspec.structs.replace(app, permissions=other)})


_OF_PHONE: Final[Mapping[str, Callable[[State], Iterator[Edits]]]] = {
    "check_status_bar": _bar,
    "check_sim_status": _sim,
    "check_apn_settings": _access_point,
    "check_network_status": _flip("data_enabled", "roaming_enabled"),
    "check_data_restriction_status": _flip("data_saver_mode"),
    "check_network_mode_preference": _mode,
    "check_vpn_status": _vpn,
    "check_wifi_calling_status": _flip("wifi_calling_enabled"),
    "check_installed_apps": _apps,
    "check_app_permissions": _permissions,
}


def _line(line: Line) -> Iterator[Line]:
    replace = msgspec.structs.replace
    if line.status != "Active":
        yield replace(line, status="Active", suspension_start_date=None)
    else:
        yield replace(line, status="Suspended", contract_end_date=_LATER)
    yield replace(line, roaming_enabled=not line.roaming_enabled)
    yield replace(line, status="Suspended", contract_end_date=_ENDED)


def _bills(state: State, bills: list[Bill]) -> Iterator[Edits]:
    """All that is owed paid; one of several paid; the last one that was issued overdue as well."""
    owed = [bill for bill in bills if bill.status in ("Overdue", "Awaiting Payment")]

    def paid(bill: Bill) -> Edit:
        return "bills", bill.bill_id, msgspec.structs.replace(bill, status="Paid")

    if owed:
        yield tuple(map(paid, owed))
    if len(owed) > 1:
        yield from ((paid(bill),) for bill in owed)
    for bill in bills:
        if bill.status not in ("Overdue", "Awaiting Payment", "Draft"):
            yield (("bills", bill.bill_id, msgspec.structs.replace(bill, status="Overdue")),)
            break


def _usage(state: State, line_id: str) -> Iterator[Edits]:
    line = lookups.get_line(state, line_id)
    limit = lookups.get_plan(state, line.plan_id).data_limit_gb + line.data_refueling_gb
    used = round(limit / 2, 2) if line.data_used_gb >= limit else limit
    # Where the limit itself is reached, half a gigabyte more always does.
    yield (("lines", line_id, msgspec.structs.replace(line, data_used_gb=used)),)


def changes(reader: Reader, key: Key, params: Mapping[str, Any], decision: Decision) -> Iterator[Edits]:
    """Edits after which a cell shows something else, and no other cell does."""
    state, name = reader.state, key[0]
    if name in _OF_PHONE:
        yield from _OF_PHONE[name](state)
    elif name == "get_bills_for_customer":
        yield from _bills(state, reader.cells[key])
    elif name == "get_data_usage":
        yield from _usage(state, key[2])
    elif name == "get_details_by_id":
        record = reader.cells[key]
        if isinstance(record, Line):
            line = lookups.get_line(state, record.line_id)
            yield from ((("lines", line.line_id, other),) for other in _line(line))
        elif isinstance(record, Plan):
            plan = lookups.get_plan(state, record.plan_id)
            dearer = plan.data_refueling_price_per_gb + 1.0
            yield (("plans", plan.plan_id, msgspec.structs.replace(plan, data_refueling_price_per_gb=dearer)),)
