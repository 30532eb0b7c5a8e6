"""The user's tools for the phone's network: airplane mode, SIM, modes, roaming, APN, restart."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from writ_async.core.state import State
from writ_async.core.tool import ToolError, read, write
from writ_domains.telecom.phone.apn_arguments import read_apn_settings
from writ_domains.telecom.phone.handset import (
    NETWORK_MODES,
    ApnSettings,
    NetworkMode,
    SimStatus,
    apn_of,
    get_device,
    set_device,
)
from writ_domains.telecom.phone.radio import search_network
from writ_domains.telecom.phone.status_bar import status_bar, with_bar
from writ_domains.telecom.phone.switches import flip_airplane_mode, flip_and_search, on_or_off

_SIM: Final[dict[SimStatus, str]] = {
    "active": "Your SIM card is active and working.",
    "missing": "No SIM card detected in the phone.",
    "locked_pin": "The SIM card is locked with a PIN code.",
    "locked_puk": "The SIM card is locked with a PUK code.",
}


@read
def check_status_bar(state: State) -> str:
    """Look at the icons at the top of the screen: signal, network, mobile data, data saver, Wi-Fi, VPN, battery."""
    return status_bar(get_device(state))


@read
def check_network_status(state: State) -> str:
    """Look at the phone's connections: airplane mode, SIM, signal and kind of network, mobile data, roaming, Wi-Fi."""
    device = get_device(state)
    lines = [
        f"Airplane Mode: {on_or_off(device.airplane_mode)}",
        f"SIM Card Status: {device.sim_status}",
        f"Cellular Connection: {device.network_connection_status}",
        f"Cellular Signal: {device.network_signal_strength}",
        f"Cellular Network Type: {device.network_technology_connected}",
        f"Mobile Data Enabled: {'Yes' if device.data_enabled else 'No'}",
        f"Data Roaming Enabled: {'Yes' if device.roaming_enabled else 'No'}",
        f"Wi-Fi Radio: {on_or_off(device.wifi_enabled)}",
        f"Wi-Fi Connected: {'Yes' if device.wifi_connected else 'No'}",
    ]
    if device.wifi_connected:
        lines.append(f"Connected Wi-Fi Network: {device.wifi_ssid}")
    return "\n".join(lines)


@read
def check_network_mode_preference(state: State) -> str:
    """Look at which kinds of network the phone is set to use."""
    mode = get_device(state).network_mode_preference
    if not isinstance(mode, str):
        raise ToolError("the phone's network mode cannot be read any more")
    return f"Network Mode Preference: {mode}"


@write
def set_network_mode_preference(state: State, mode: NetworkMode) -> str:
    """Set which kinds of network the phone uses. Newer ones are faster; the phone looks for a network anew.

    Args:
        mode: The mode that the phone is to have from now on.
    """
    if isinstance(mode, str) and mode not in NETWORK_MODES:
        modes = ", ".join(NETWORK_MODES)
        return with_bar(
            state, f"Failed to set network mode: '{mode}' is not a valid option. Please use one of: {modes}"
        )
    set_device(state, network_mode_preference=mode)
    search_network(state)
    if not isinstance(mode, str):
        raise ToolError("a network mode has to be a text")
    return with_bar(state, f"Preferred Network Mode set to: {mode}")


@write
def toggle_airplane_mode(state: State) -> str:
    """Switch airplane mode on, or off again. While it is on the phone has no network of any kind."""
    return with_bar(state, f"Airplane Mode is now {on_or_off(flip_airplane_mode(state))}.")


@read
def check_sim_status(state: State) -> str:
    """Look at the SIM card: whether it works, is missing, or is locked."""
    return _SIM[get_device(state).sim_status]


@write
def reseat_sim_card(state: State) -> str:
    """Take the SIM card out and put it in again."""
    set_device(state, sim_card_missing=False)
    search_network(state)
    return with_bar(state, "SIM card re-seated successfully.")


@write
def toggle_roaming(state: State) -> str:
    """Switch data roaming on, or off again. While it is on the phone may use data on other networks abroad."""
    return with_bar(state, f"Data Roaming is now {on_or_off(flip_and_search(state, 'roaming_enabled'))}.")


@read
def check_apn_settings(state: State) -> str:
    """Look at the settings by which the phone reaches the carrier's data network and server for picture messages."""
    settings = apn_of(get_device(state))
    return (
        f"Current APN Name: {settings.apn_name}\nMMSC URL (for picture messages): {settings.mmsc_url or 'Not Set'}\n"
        "(These are technical settings, usually best left unchanged.)"
    )


@write
def set_apn_settings(state: State, apn_settings: ApnSettings) -> str:
    """Set the APN settings by hand. What is left out gets the carrier's usual value.

    Args:
        apn_settings: The settings that the phone is to have from now on.
    """
    given: Any = apn_settings
    settings = read_apn_settings(given) if isinstance(given, dict) else given
    set_device(state, active_apn_settings=settings)
    if not isinstance(settings, ApnSettings):
        raise ToolError("APN settings have to be an object")
    search_network(state)
    return with_bar(state, f"APN settings set to: {settings.apn_name}")


@write
def reset_apn_settings(state: State) -> str:
    """Have the APN settings set back to the carrier's usual values when the phone is restarted next."""
    settings = apn_of(get_device(state))
    set_device(state, active_apn_settings=msgspec.structs.replace(settings, reset_at_reboot=True))
    search_network(state)
    return with_bar(state, "APN settings will reset at reboot.")


@write
def reboot_device(state: State) -> str:
    """Restart the phone. It looks for a network anew, and APN settings that wait to be set back are."""
    lines = []
    if apn_of(get_device(state)).reset_at_reboot:
        lines.append("Resetting APN settings...")
        set_device(state, active_apn_settings=ApnSettings())
    lines.append("Restarting network services...")
    set_device(state, network_connection_status="searching")
    search_network(state)
    return with_bar(state, "\n".join(lines))
