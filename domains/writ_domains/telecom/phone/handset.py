"""The phone in the user's hand, what is around it, and the server of its VPN: the records of the table `phone`.

What a switch leaves is written field by field, at once: a tool that fails half-way leaves what it had changed by then,
as τ²-bench's does. The tools validate little: at run time `network_mode_preference` and `active_apn_settings` hold
whatever JSON value a model passed, and a tool that then needs a real one refuses.
"""

from __future__ import annotations

from typing import Any, Final, Literal, TypeAlias, cast

import msgspec

from writ_async.core.state import State
from writ_async.core.tool import ToolError

PHONE: Final = "phone"
"""The table of all of them."""
DEVICE: Final = "device"
SURROUNDINGS: Final = "surroundings"
VPN: Final = "vpn"
"""The record of what the VPN connects to, which no database file shows: a server that does poorly goes on to do so."""

SimStatus: TypeAlias = Literal["active", "missing", "locked_pin", "locked_puk"]
Technology: TypeAlias = Literal["none", "2G", "3G", "4G", "5G"]
Signal: TypeAlias = Literal["none", "poor", "fair", "good", "excellent"]
Connection: TypeAlias = Literal["connected", "searching", "no_service", "emergency_only"]
NetworkMode: TypeAlias = Literal["4g_5g_preferred", "4g_only", "3g_only", "2g_only"]
Performance: TypeAlias = Literal["unknown", "poor", "fair", "good", "excellent"]
ApnName: TypeAlias = Literal["internet", "broken"]

NETWORK_MODES: Final[tuple[NetworkMode, ...]] = ("4g_5g_preferred", "4g_only", "3g_only", "2g_only")


class ApnSettings(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """How the phone reaches the carrier's data network, and its server for picture messages."""

    apn_name: ApnName = "internet"
    reset_at_reboot: bool = False
    mms_apn: str | None = "mms"
    mmsc_url: str | None = "http://mms.carrier.com/mms/wapenc"
    mms_proxy: str | None = None
    mms_port: int | None = None


class VpnDetails(msgspec.Struct, frozen=True, gc=False):
    """A VPN connection while it is up."""

    server_address: str | None = None
    protocol: str | None = None
    server_performance: Performance = "unknown"


VPN_SERVER: Final = VpnDetails("192.168.1.1", "OpenVPN", "excellent")
"""What a VPN connects to, until a task makes it worse."""


class Permissions(msgspec.Struct, frozen=True, gc=False):
    """What an app may do."""

    sms: bool = False
    storage: bool = False
    phone: bool = False
    network: bool = False


class App(msgspec.Struct, frozen=True, gc=False):
    """An app that is installed."""

    app_name: str
    permissions: Permissions = Permissions()


_APPS: Final = {
    "messaging": App("messaging", Permissions(sms=True, storage=True, phone=True)),
    "browser": App("browser", Permissions(storage=True, network=True)),
}
_SIGNALS: Final[dict[Technology, Signal]] = {"2G": "poor", "3G": "fair", "4G": "good", "5G": "excellent"}


class Device(msgspec.Struct, frozen=True, gc=False):
    """Everything that can be set or seen on the phone."""

    sim_card_status: SimStatus = "active"
    sim_card_missing: bool = False
    airplane_mode: bool = False
    network_signal_strength: Signal = "good"
    network_technology_connected: Technology = "5G"
    network_connection_status: Connection = "connected"
    battery_level: int = 80
    data_enabled: bool = True
    roaming_enabled: bool = False
    network_mode_preference: NetworkMode = "4g_5g_preferred"
    active_apn_settings: ApnSettings = ApnSettings()
    wifi_enabled: bool = False
    wifi_connected: bool = False
    wifi_ssid: str | None = None
    wifi_signal_strength: Signal = "none"
    wifi_calling_enabled: bool = False
    wifi_calling_mms_over_wifi: bool = False
    data_saver_mode: bool = False
    vpn_enabled_setting: bool = False
    vpn_connected: bool = False
    vpn_details: VpnDetails | None = None
    app_statuses: dict[str, App] = msgspec.field(default_factory=lambda: dict(_APPS))

    @property
    def sim_status(self) -> SimStatus:
        """How the card stands; one that is out of its tray is missing, whatever its lock."""
        return "missing" if self.sim_card_missing else self.sim_card_status


class PaymentRequest(msgspec.Struct, frozen=True, gc=False):
    """A bill that the user was asked to pay, in dollars."""

    bill_id: str
    amount_due: float
    paid: bool = False


class Surroundings(msgspec.Struct, frozen=True, gc=False):
    """Who holds the phone, where, and what the network lets it do there."""

    name: str | None = None
    phone_number: str | None = None
    is_abroad: bool = False
    roaming_allowed: bool = False
    signal_strength: dict[Technology, Signal] = msgspec.field(default_factory=lambda: dict(_SIGNALS))
    mobile_data_usage_exceeded: bool = False
    line_active: bool = True
    payment_request: PaymentRequest | None = None


def get_device(state: State) -> Device:
    """The phone."""
    return cast(Device, state.get(PHONE, DEVICE))


def get_surroundings(state: State) -> Surroundings:
    """What is around the phone."""
    return cast(Surroundings, state.get(PHONE, SURROUNDINGS))


def get_vpn(state: State) -> VpnDetails:
    """What the VPN connects to."""
    return cast(VpnDetails, state.get(PHONE, VPN))


def set_device(state: State, **changes: Any) -> None:
    """Write fields of the phone."""
    state.put(PHONE, DEVICE, msgspec.structs.replace(get_device(state), **changes))


def set_surroundings(state: State, **changes: Any) -> None:
    """Write fields of what is around the phone."""
    state.put(PHONE, SURROUNDINGS, msgspec.structs.replace(get_surroundings(state), **changes))


def apn_of(device: Device) -> ApnSettings:
    """The APN settings. Raises `ToolError` where something else was written there."""
    if not isinstance(device.active_apn_settings, ApnSettings):
        raise ToolError("the phone's APN settings cannot be read any more")
    return device.active_apn_settings
