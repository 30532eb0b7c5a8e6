"""What stands at the top of the phone's screen, and behind most answers of its tools."""

from __future__ import annotations

from typing import Final

from writ_async.core.state import State
from writ_domains.telecom.phone.handset import Device, Signal, get_device

_SIGNALS: Final[dict[Signal, str]] = {
    "none": "📵 No Signal",
    "poor": "📶¹ Poor",
    "fair": "📶² Fair",
    "good": "📶³ Good",
    "excellent": "📶⁴ Excellent",
}


def status_bar(device: Device) -> str:
    """The bar as one line."""
    shown = ["✈️ Airplane Mode"] if device.airplane_mode else _cellular(device)
    if device.wifi_enabled and device.wifi_connected:
        shown.append(f"📡 Connected to {device.wifi_ssid}" if device.wifi_ssid else "📡 Enabled")
    if device.vpn_connected:
        shown.append("🔒 VPN Connected")
    shown.append(f"🔋 {device.battery_level}%")
    return f"Status Bar: {' | '.join(shown)}"


def _cellular(device: Device) -> list[str]:
    technology = device.network_technology_connected
    shown = [_SIGNALS[device.network_signal_strength]]
    if technology == "none":
        return [*shown, "📵 Data Disabled"]
    if not device.data_enabled:
        return [*shown, technology, "📵 Data Disabled"]
    return [*shown, technology, "📱 Data Enabled", *(["🔽 Data Saver"] if device.data_saver_mode else [])]


def with_bar(state: State, text: str) -> str:
    """What a switch answers: a sentence, and below it the bar as it is now."""
    return f"{text}\n{status_bar(get_device(state))}"
