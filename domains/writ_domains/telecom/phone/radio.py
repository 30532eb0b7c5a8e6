"""What the phone gets out of its settings and surroundings: a network, data, a speed, picture messages.

The figures are τ²-bench's: a speed in Mbit/s is the mean of what a technology reaches, times a factor for the signal,
times one for a poor VPN and one for data saver.
"""

from __future__ import annotations

from typing import Final

from writ_async.core.state import State
from writ_domains.telecom.phone.handset import (
    Device,
    NetworkMode,
    Signal,
    Surroundings,
    Technology,
    apn_of,
    get_device,
    get_surroundings,
    set_device,
)

_ONLY: Final[dict[NetworkMode, Technology]] = {"4g_only": "4G", "3g_only": "3G", "2g_only": "2G"}
_MBPS: Final[dict[Technology, tuple[float, float]]] = {
    "2G": (0.1, 0.4),
    "3G": (1.0, 5.0),
    "4G": (10.0, 100.0),
    "5G": (50.0, 500.0),
}
"""From and to which speed a technology goes."""
_BY_SIGNAL: Final[dict[Signal, float]] = {"poor": 0.2, "fair": 0.5, "good": 0.8, "excellent": 1.0}
_POOR_VPN: Final = 0.1
_DATA_SAVER: Final = 0.2
_GRADES: Final = ((1.0, "Very Poor"), (5.0, "Poor"), (25.0, "Fair"), (100.0, "Good"))
"""Below which speed a connection is called what; excellent from the last one on."""
BEST_GRADE: Final = "Excellent"


def search_network(state: State) -> None:
    """Have the phone look for a network anew. Raises `ToolError` where its APN settings are none any more."""
    device, around = get_device(state), get_surroundings(state)
    if device.sim_status != "active":
        _lose_network(state)
    else:
        technology, signal = _strongest(device, around)
        set_device(
            state,
            network_connection_status="connected",
            network_technology_connected=technology,
            network_signal_strength=signal,
        )
    if device.airplane_mode:
        _lose_network(state)
    if apn_of(device).apn_name == "broken" or not around.line_active:
        _lose_network(state)


def _lose_network(state: State) -> None:
    set_device(
        state,
        network_connection_status="no_service",
        network_technology_connected="none",
        network_signal_strength="none",
    )


def _strongest(device: Device, around: Surroundings) -> tuple[Technology, Signal]:
    """The technology that the preferred mode leads to, and its signal here; 4G for a mode that is none."""
    signals, mode = around.signal_strength, device.network_mode_preference
    if mode == "4g_5g_preferred" and signals.get("5G", "none") != "none":
        return "5G", signals["5G"]
    technology = _ONLY.get(mode, "4G") if isinstance(mode, str) else "4G"
    return technology, signals.get(technology, "none")


def data_works(device: Device, around: Surroundings) -> bool:
    """Whether mobile data flows."""
    reachable = device.network_signal_strength != "none" and device.network_connection_status != "no_service"
    abroad = around.is_abroad and not (device.roaming_enabled and around.roaming_allowed)
    stopped = abroad or around.mobile_data_usage_exceeded
    return not device.airplane_mode and reachable and device.data_enabled and not stopped


def measure_speed(device: Device, around: Surroundings) -> tuple[float, str] | None:
    """Speed in Mbit/s to two decimals and what it is called; None where no data flows."""
    if not data_works(device, around):
        return None
    vpn = device.vpn_details if device.vpn_connected else None
    factor = _POOR_VPN if vpn is not None and vpn.server_performance == "poor" else 1.0
    if device.data_saver_mode:
        factor *= _DATA_SAVER
    low, high = _MBPS.get(device.network_technology_connected, (0.0, 0.0))
    signal = _BY_SIGNAL.get(device.network_signal_strength, 0.0)
    speed = round((low + high) / 2.0 * signal * factor, 2)
    return speed, next((name for bound, name in _GRADES if speed < bound), BEST_GRADE)


def can_send_pictures(device: Device, around: Surroundings) -> bool:
    """Whether the messaging app can send MMS. Raises `ToolError` where the APN settings are none any more."""
    if not data_works(device, around) or device.network_technology_connected == "2G":
        return False
    if device.wifi_calling_enabled and device.wifi_calling_mms_over_wifi:
        return False  # the phone would send them over Wi-Fi, and the carrier takes none from there
    if apn_of(device).mmsc_url is None:
        return False
    app = device.app_statuses.get("messaging")
    return app is not None and app.permissions.storage and app.permissions.sms
