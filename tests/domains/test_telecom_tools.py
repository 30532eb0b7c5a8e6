"""The carrier's tools and the phone's: what each leaves, what the other side learns, what stays half done."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from writ_domains.telecom import DOMAIN
from writ_domains.telecom.phone.handset import ApnSettings, get_device, get_surroundings
from writ_domains.telecom.schema import load
from writ_domains.telecom.world import generate

from writ_async.core.acting import act, open_state
from writ_async.core.message import Requestor
from writ_async.core.state import State
from writ_async.core.task import EnvCall, InitialState

WORLD = generate(5, 30)


def someone(world: Any = WORLD) -> tuple[str, str, str]:
    """A customer, an active line of theirs on a plan with a limit, and its number."""
    for customer in world.tables["customers"].values():
        for line_id in customer.line_ids:
            line = world.tables["lines"][line_id]
            plan = world.tables["plans"][line.plan_id]
            if line.status == "Active" and line.data_used_gb < plan.data_limit_gb:
                return customer.customer_id, line_id, line.phone_number
    raise AssertionError("no customer has an active line")


CUSTOMER, LINE, NUMBER = someone()
OWNED = {"customer_id": CUSTOMER, "line_id": LINE}


def begin(*calls: EnvCall) -> State:
    """A state in which the phone is in the customer's hand."""
    who = EnvCall("user", "set_user_info", {"name": "Ann", "phone_number": NUMBER})
    return open_state(InitialState(calls=(who, *calls)), DOMAIN, WORLD)


def do(state: State, name: str, requestor: Requestor = "user", **arguments: Any) -> str:
    result = act(DOMAIN, state, name, arguments, requestor)
    assert not result.error, result.content
    return result.content


def fails(state: State, name: str, requestor: Requestor = "user", **arguments: Any) -> str:
    result = act(DOMAIN, state, name, arguments, requestor)
    assert result.error, result.content
    return result.content


def test_a_whole_phone_has_service_data_and_pictures() -> None:
    state = begin()
    assert do(state, "run_speed_test") == "Speed Test Result: 275.00 Mbps (Excellent). Connection is very fast."
    assert do(state, "can_send_mms") == "Your messaging app can send MMS messages."


def test_the_phone_learns_what_the_network_does_to_its_line() -> None:
    state = begin()
    do(state, "suspend_line", "assistant", **OWNED, reason="lost")
    assert not get_surroundings(state).line_active
    assert "No Signal" not in do(state, "check_status_bar"), "the phone finds out when it looks for a network"
    assert "No Signal" in do(state, "reboot_device")
    do(state, "resume_line", "assistant", **OWNED)
    assert "No Signal" in do(state, "check_status_bar")
    assert "Excellent" in do(state, "reboot_device")
    for wanted in (True, False):
        do(state, "enable_roaming" if wanted else "disable_roaming", "assistant", **OWNED)
        assert get_surroundings(state).roaming_allowed is wanted


def test_data_that_is_used_up_stops_until_enough_is_added() -> None:
    line = WORLD.tables["lines"][LINE]
    limit = WORLD.tables["plans"][line.plan_id].data_limit_gb
    state = begin(EnvCall("assistant", "set_data_usage", {**OWNED, "data_used_gb": limit + 1.0}))
    assert do(state, "run_speed_test") == "Speed test failed: No Connection."
    do(state, "refuel_data", "assistant", **OWNED, gb_amount=1)
    assert "failed" in do(state, "run_speed_test"), "what is used up to the last byte is used up"
    do(state, "refuel_data", "assistant", **OWNED, gb_amount=0.5)
    assert "Excellent" in do(state, "run_speed_test")


def test_more_data_is_charged_to_the_draft_and_a_bill_that_is_begun_has_the_same_id_each_time() -> None:
    for _ in range(2):
        state = begin()
        customer = state.get("customers", CUSTOMER)
        assert customer is not None
        for bill_id in customer.bill_ids:
            bill = state.get("bills", bill_id)
            if bill is not None and bill.status == "Draft":
                do(state, "send_payment_request", "assistant", customer_id=CUSTOMER, bill_id=bill_id)
        do(state, "refuel_data", "assistant", **OWNED, gb_amount=2)
        added = state.get("bills", "B00000001")
        assert added is not None
        assert (added.status, len(added.line_items), added.total_due) == ("Draft", 1, added.line_items[0].amount)


def test_a_payment_goes_from_the_request_to_the_paid_bill() -> None:
    debt = {**OWNED, "new_bill_id": "B77", "contract_ended": False}
    customer = next(
        key
        for key, one in WORLD.tables["customers"].items()
        if key == CUSTOMER and not any(WORLD.tables["bills"][bill].status == "Overdue" for bill in one.bill_ids)
    )
    state = begin(EnvCall("assistant", "suspend_line_for_overdue_bill", debt))
    assert do(state, "check_payment_request") == "No payment request has been made."
    assert do(state, "make_payment") == "You do not have a payment request."
    do(state, "send_payment_request", "assistant", customer_id=customer, bill_id="B77")
    assert fails(state, "send_payment_request", "assistant", customer_id=customer, bill_id="B77")
    due = state.get("bills", "B77")
    assert due is not None
    assert do(state, "check_payment_request") == f"You have a payment request for bill B77 of {due.total_due} USD."
    do(state, "make_payment")
    paid = state.get("bills", "B77")
    assert paid is not None
    assert paid.status == "Paid"
    assert get_surroundings(state).payment_request is None


def test_apn_settings_are_set_back_at_the_restart_and_not_before() -> None:
    state = begin(EnvCall("user", "break_apn_settings", {}))
    assert "No Signal" in do(state, "reset_apn_settings")
    assert "Excellent" in do(state, "reboot_device")
    assert get_device(state).active_apn_settings == ApnSettings()
    assert do(state, "reboot_device").startswith("Restarting network services...\nStatus Bar: ")


def test_a_vpn_whose_server_does_poorly_goes_on_to_do_so_in_this_conversation_alone() -> None:
    state = begin(EnvCall("user", "break_vpn", {}))
    assert "27.50 Mbps (Good)" in do(state, "run_speed_test")
    do(state, "disconnect_vpn")
    do(state, "connect_vpn")
    assert "PerformanceLevel.POOR" in do(state, "check_vpn_status")
    other = begin()
    do(other, "connect_vpn")
    assert "PerformanceLevel.EXCELLENT" in do(other, "check_vpn_status")


def test_airplane_mode_ends_a_vpn_and_a_network_comes_back_with_it() -> None:
    state = begin()
    do(state, "connect_vpn")
    assert do(state, "toggle_airplane_mode").endswith("✈️ Airplane Mode | 🔋 " + f"{get_device(state).battery_level}%")
    assert do(state, "toggle_wifi").startswith("Cannot change Wi-Fi settings")
    assert "Excellent | 5G" in do(state, "toggle_airplane_mode")
    assert do(state, "check_vpn_status") == "VPN is turned OFF."


def test_a_locked_card_out_of_its_tray_is_missing_and_locked_again_when_it_is_back() -> None:
    state = begin(EnvCall("user", "lock_sim_card", {"mode": "puk"}), EnvCall("user", "unseat_sim_card", {}))
    assert do(state, "check_sim_status") == "No SIM card detected in the phone."
    do(state, "reseat_sim_card")
    assert do(state, "check_sim_status") == "The SIM card is locked with a PUK code."


@pytest.mark.parametrize("junk", [None, 3, 2.5, True, [], {}])
def test_a_mode_that_is_no_text_is_left_there_and_refused(junk: Any) -> None:
    state = begin()
    fails(state, "set_network_mode_preference", mode=junk)
    assert get_device(state).network_mode_preference == junk
    assert "Good | 4G" in do(state, "check_status_bar")
    fails(state, "check_network_mode_preference")
    do(state, "set_network_mode_preference", mode="4g_5g_preferred")
    assert do(state, "check_network_mode_preference") == "Network Mode Preference: 4g_5g_preferred"


@pytest.mark.parametrize("junk", ["internet", 3, [1]])
def test_apn_settings_that_are_no_object_are_left_there_and_break_what_needs_them(junk: Any) -> None:
    state = begin()
    fails(state, "set_apn_settings", apn_settings=junk)
    assert get_device(state).active_apn_settings == junk
    for name in ("check_apn_settings", "reset_apn_settings", "can_send_mms", "reboot_device"):
        fails(state, name)
    before = get_device(state).data_enabled
    fails(state, "toggle_data")
    assert get_device(state).data_enabled is not before
    do(state, "set_apn_settings", apn_settings={})
    assert do(state, "can_send_mms").startswith("Your messaging app can")


@pytest.mark.parametrize(
    ("given", "port", "flag"),
    [
        ({"mms_port": "8080", "reset_at_reboot": "yes"}, 8080, True),
        ({"mms_port": " 80 ", "reset_at_reboot": 0}, 80, False),
        ({"mms_port": 80.0, "reset_at_reboot": "OFF"}, 80, False),
        ({"mms_port": True, "reset_at_reboot": 1.0}, 1, True),
        ({"mms_port": None}, None, False),
    ],
)
def test_apn_settings_are_read_leniently(given: dict[str, Any], port: int | None, flag: bool) -> None:
    state = begin()
    do(state, "set_apn_settings", apn_settings=given)
    assert get_device(state).active_apn_settings == ApnSettings(mms_port=port, reset_at_reboot=flag)


NO_SETTINGS: list[dict[str, Any]] = [
    *({"mms_port": "x"}, {"mms_port": 1.5}, {"reset_at_reboot": None}, {"reset_at_reboot": 2}),
    *({"apn_name": "web"}, {"a": 1}, {"mmsc_url": 3}),
]


@pytest.mark.parametrize("given", NO_SETTINGS)
def test_apn_settings_that_are_none_are_refused_and_nothing_changes(given: dict[str, Any]) -> None:
    state = begin()
    before = state.digest()
    fails(state, "set_apn_settings", apn_settings=given)
    assert state.digest() == before


def test_a_phone_in_nobodys_hand_learns_nothing() -> None:
    state = State(WORLD)
    act(DOMAIN, state, "suspend_line", {**OWNED, "reason": "lost"})
    assert get_surroundings(state) == get_surroundings(State(WORLD))


def test_a_database_file_may_leave_the_phone_out() -> None:
    bare = load(b'{"plans": [], "customers": [], "lines": [], "bills": [], "devices": []}')
    assert get_device(State(bare)) == get_device(State(load(b"{}")))


NAMES = [name for name, tool in DOMAIN.user_tools.items() if not tool.required]
SWITCHES = {
    "toggle_data": "data_enabled",
    "toggle_roaming": "roaming_enabled",
    "toggle_data_saver_mode": "data_saver_mode",
    "toggle_wifi_calling": "wifi_calling_enabled",
    "toggle_wifi": "wifi_enabled",
}


@given(st.lists(st.sampled_from(NAMES), max_size=12))
def test_the_same_calls_leave_the_same_state_and_reads_leave_none(names: list[str]) -> None:
    one, other = begin(), begin()
    for name in names:
        before = one.digest()
        assert act(DOMAIN, one, name, {}, "user") == act(DOMAIN, other, name, {}, "user")
        if DOMAIN.user_tools[name].kind == "read":
            assert one.digest() == before
    assert one.digest() == other.digest()


@pytest.mark.parametrize("name", SWITCHES)
def test_a_switch_thrown_twice_is_where_it_was(name: str) -> None:
    state = begin()
    before = state.digest()
    do(state, name)
    assert state.digest() != before
    do(state, name)
    assert state.digest() == before


@pytest.mark.parametrize("name", SWITCHES)
def test_a_fork_of_a_state_has_a_phone_of_its_own(name: str) -> None:
    state = begin()
    fork = state.fork()
    do(fork, name)
    assert getattr(get_device(state), SWITCHES[name]) != getattr(get_device(fork), SWITCHES[name])
