"""What a task may say has to hold in the end, by τ²-bench's names: questions about a state, answered by yes or no."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from writ_async.core.message import Requestor
from writ_async.core.state import State
from writ_async.core.tool import ToolError
from writ_domains.telecom import lookups
from writ_domains.telecom.phone.handset import get_device, get_surroundings
from writ_domains.telecom.phone.radio import BEST_GRADE, can_send_pictures, data_works, measure_speed

_CENT_OF_A_MEGABYTE: Final = 1e-6
_NO_CONNECTION: Final = "no connection"


def assert_airplane_mode_status(state: State, expected_status: bool) -> bool:
    """Whether airplane mode is on, or off."""
    return get_device(state).airplane_mode == expected_status


def assert_service_status(state: State, expected_status: str) -> bool:
    """Whether the phone's connection is in a status."""
    return get_device(state).network_connection_status == expected_status


def assert_mobile_data_status(state: State, expected_status: bool) -> bool:
    """Whether mobile data flows, or does not."""
    return data_works(get_device(state), get_surroundings(state)) == expected_status


def assert_mobile_roaming_status(state: State, expected_status: bool) -> bool:
    """Whether data roaming is on, or off."""
    return get_device(state).roaming_enabled == expected_status


def assert_mobile_data_saver_mode_status(state: State, expected_status: bool) -> bool:
    """Whether data saver is on, or off."""
    return get_device(state).data_saver_mode == expected_status


def assert_internet_speed(state: State, expected_speed: float, expected_desc: str | None = None) -> bool:
    """Whether mobile data has a speed at least, in Mbit/s, and is called so."""
    speed, grade = measure_speed(get_device(state), get_surroundings(state)) or (0.0, _NO_CONNECTION)
    return speed >= expected_speed and (expected_desc is None or grade.lower() == expected_desc.lower())


def assert_internet_not_excellent(state: State) -> bool:
    """Whether mobile data is less than excellent."""
    measured = measure_speed(get_device(state), get_surroundings(state))
    return measured is None or measured[1] != BEST_GRADE


def assert_can_send_mms(state: State, expected_status: bool) -> bool:
    """Whether picture messages can be sent, or cannot."""
    return can_send_pictures(get_device(state), get_surroundings(state)) == expected_status


def assert_mobile_data_usage_exceeded(state: State, expected_status: bool) -> bool:
    """Whether the phone is out of data, or not."""
    return get_surroundings(state).mobile_data_usage_exceeded == expected_status


def assert_data_refueling_amount(state: State, customer_id: str, line_id: str, expected_amount: float) -> bool:
    """Whether a line was refuelled by an amount of gigabytes in all."""
    line = lookups.get_line_of(state, customer_id, line_id)
    return abs(line.data_refueling_gb - expected_amount) < _CENT_OF_A_MEGABYTE


def assert_line_status(state: State, customer_id: str, line_id: str, expected_status: str) -> bool:
    """Whether a line is in a status."""
    return lookups.get_line_of(state, customer_id, line_id).status == expected_status


def assert_overdue_bill_exists(state: State, customer_id: str, overdue_bill_id: str) -> bool:
    """Whether a customer has a bill and it is overdue."""
    customer = lookups.get_customer(state, customer_id)
    return overdue_bill_id in customer.bill_ids and lookups.get_bill(state, overdue_bill_id).status == "Overdue"


def assert_no_overdue_bill(state: State, overdue_bill_id: str) -> bool:
    """Whether a bill is paid, or there is none of that id."""
    try:
        return lookups.get_bill(state, overdue_bill_id).status == "Paid"
    except ToolError:
        return True


ASSERTIONS: Final[Mapping[Requestor, Mapping[str, Callable[..., Any]]]] = {
    "assistant": {
        one.__name__: one
        for one in (
            assert_data_refueling_amount,
            assert_line_status,
            assert_overdue_bill_exists,
            assert_no_overdue_bill,
        )
    },
    "user": {
        one.__name__: one
        for one in (
            assert_airplane_mode_status,
            assert_service_status,
            assert_mobile_data_status,
            assert_mobile_roaming_status,
            assert_mobile_data_saver_mode_status,
            assert_internet_speed,
            assert_internet_not_excellent,
            assert_can_send_mms,
            assert_mobile_data_usage_exceeded,
        )
    },
}
"""The functions by whose records they look at, and by name."""
