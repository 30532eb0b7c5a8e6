"""The phone's switches, as the user's tools and a task's setups throw them."""

from __future__ import annotations

from writ_async.core.state import State
from writ_domains.telecom.phone.handset import get_device, get_vpn, set_device
from writ_domains.telecom.phone.radio import search_network


def on_or_off(value: object) -> str:
    """How a switch is told."""
    return "ON" if value else "OFF"


def flip(state: State, field: str) -> bool:
    """Throw a switch of the phone, and say whether it is on now."""
    now = not getattr(get_device(state), field)
    set_device(state, **{field: now})
    return now


def flip_and_search(state: State, field: str) -> bool:
    """The same of a switch after which the phone looks for a network."""
    now = flip(state, field)
    search_network(state)
    return now


def flip_airplane_mode(state: State) -> bool:
    """Throw the switch of airplane mode, and say whether it is on now. Wi-Fi ends, and a VPN when it goes on."""
    before = get_device(state)
    set_device(state, airplane_mode=not before.airplane_mode)
    if before.airplane_mode:
        set_device(state, network_connection_status="searching")
    if before.wifi_enabled or not before.airplane_mode:
        end_wifi(state)
    if not before.airplane_mode:
        end_vpn(state)
    search_network(state)
    return not before.airplane_mode


def end_wifi(state: State) -> None:
    """Drop the Wi-Fi network that the phone is in."""
    set_device(state, wifi_connected=False, wifi_ssid=None, wifi_signal_strength="none")


def begin_vpn(state: State) -> bool:
    """Bring the VPN up, and say whether it was down."""
    if get_device(state).vpn_connected:
        return False
    set_device(state, vpn_connected=True, vpn_details=get_vpn(state))
    return True


def end_vpn(state: State) -> bool:
    """Take the VPN down, and say whether it was up."""
    if not get_device(state).vpn_connected:
        return False
    set_device(state, vpn_connected=False, vpn_details=None)
    return True
