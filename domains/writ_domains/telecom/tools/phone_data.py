"""The user's tools for data: mobile data, data saver, speed, Wi-Fi, VPN."""

from __future__ import annotations

from typing import Final

from writ_async.core.state import State
from writ_async.core.tool import read, write
from writ_domains.telecom.phone.handset import VpnDetails, get_device, get_surroundings
from writ_domains.telecom.phone.radio import measure_speed
from writ_domains.telecom.phone.status_bar import with_bar
from writ_domains.telecom.phone.switches import begin_vpn, end_vpn, end_wifi, flip, flip_and_search, on_or_off

_ADVICE: Final = {
    "Very Poor": "Connection is very slow. Basic web browsing might be difficult.",
    "Poor": "Connection is slow. Web browsing may be sluggish, streaming difficult.",
    "Fair": "Connection is okay for web browsing and some standard definition streaming.",
    "Good": "Connection is good for most activities, including HD streaming.",
    "Excellent": "Connection is very fast.",
}


@read
def run_speed_test(state: State) -> str:
    """Measure how fast mobile data is, and what that is good for."""
    measured = measure_speed(get_device(state), get_surroundings(state))
    if measured is None:
        return "Speed test failed: No Connection."
    speed, grade = measured
    return f"Speed Test Result: {speed:.2f} Mbps ({grade}). {_ADVICE[grade]}"


@write
def toggle_data(state: State) -> str:
    """Switch mobile data on, or off again. Without it the phone reaches the internet over Wi-Fi alone."""
    return with_bar(state, f"Mobile Data is now {on_or_off(flip_and_search(state, 'data_enabled'))}.")


@read
def check_data_restriction_status(state: State) -> str:
    """Look at whether something on the phone holds data back: data saver."""
    saver = get_device(state).data_saver_mode
    return "Data Saver mode is ON (limits data usage)." if saver else "Data Saver mode is OFF."


@write
def toggle_data_saver_mode(state: State) -> str:
    """Switch data saver on, or off again. While it is on the phone uses less data, and is slower."""
    return with_bar(state, f"Data Saver Mode is now {on_or_off(flip(state, 'data_saver_mode'))}.")


@read
def check_wifi_status(state: State) -> str:
    """Look at Wi-Fi: whether it is on, and which network the phone is in, with its signal."""
    device = get_device(state)
    if not device.wifi_enabled:
        return "Wi-Fi is turned OFF."
    if not device.wifi_connected:
        return "Wi-Fi is ON but not connected to any network."
    return f"Wi-Fi is ON and connected to '{device.wifi_ssid}'. Signal strength: {device.wifi_signal_strength}."


@write
def toggle_wifi(state: State) -> str:
    """Switch Wi-Fi on, or off again. In airplane mode it stays as it is."""
    if get_device(state).airplane_mode:
        return with_bar(state, "Cannot change Wi-Fi settings while Airplane Mode is ON.")
    now = flip(state, "wifi_enabled")
    if not now:
        end_wifi(state)
    return with_bar(state, f"Wi-Fi is now {on_or_off(now)}.")


@read
def check_wifi_calling_status(state: State) -> str:
    """Look at whether calls may go over Wi-Fi instead of the cellular network."""
    return f"Wi-Fi Calling is currently turned {on_or_off(get_device(state).wifi_calling_enabled)}."


@write
def toggle_wifi_calling(state: State) -> str:
    """Switch calls over Wi-Fi on, or off again."""
    return with_bar(state, f"Wi-Fi Calling is now {on_or_off(flip(state, 'wifi_calling_enabled'))}.")


@read
def check_vpn_status(state: State) -> str:
    """Look at the VPN: whether it is connected, and how well it does."""
    device = get_device(state)
    if device.vpn_connected:
        details = device.vpn_details
        told = "(no specific details available)." if details is None else f"Details: {_details(details)}"
        return f"VPN is ON and connected{' ' if details is None else '. '}{told}"
    if device.vpn_enabled_setting:
        return "VPN is turned ON in settings, but currently not connected."
    return "VPN is turned OFF."


def _details(details: VpnDetails) -> str:
    """A connection as τ²-bench's phone shows it: the text of a Python dict, with the member of an enumeration."""
    grade = details.server_performance
    address, protocol = details.server_address, details.protocol
    shown = f"<PerformanceLevel.{grade.upper()}: {grade!r}>"
    return f"{{'server_address': {address!r}, 'protocol': {protocol!r}, 'server_performance': {shown}}}"


@write
def connect_vpn(state: State) -> str:
    """Connect the phone's VPN."""
    return with_bar(state, "VPN connected successfully.") if begin_vpn(state) else "VPN already connected."


@write
def disconnect_vpn(state: State) -> str:
    """Disconnect the phone's VPN."""
    ended = end_vpn(state)
    return with_bar(state, "VPN disconnected successfully." if ended else "No active VPN connection to disconnect.")
