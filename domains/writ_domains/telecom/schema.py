"""The telecom database: the records of the network, in the order of their fields in tool messages, and the phone.

One state holds both parties' records. The network's tables are `plans`, `customers`, `lines`, `bills` and `devices`;
the table `phone` has what the user holds in hand and stands amid (see `phone/handset.py`). A database file is one JSON
object with a list for each of the network's tables and the members `device` and `surroundings` for the phone, which may
be left out.

The tools validate little. At run time `Line.data_used_gb` holds whatever number a task set, and of the phone what
`phone/handset.py` says.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

import msgspec

from writ_async.core.state import State, World
from writ_domains.telecom.phone.handset import DEVICE, PHONE, SURROUNDINGS, VPN, VPN_SERVER, Device, Surroundings

NAME: Final = "telecom"

AccountStatus: TypeAlias = Literal["Active", "Suspended", "Pending Verification", "Closed"]
LineStatus: TypeAlias = Literal["Active", "Suspended", "Pending Activation", "Closed"]
BillStatus: TypeAlias = Literal["Draft", "Issued", "Awaiting Payment", "Paid", "Overdue", "Disputed"]
DeviceType: TypeAlias = Literal["phone", "router", "tablet", "watch", "other"]
MethodType: TypeAlias = Literal["Credit Card", "Debit Card", "PayPal"]

NOW: Final = "2025-02-25 12:08:00"
"""The moment at which every conversation takes place, Eastern time."""
TODAY: Final = NOW[:10]
CYCLE_END: Final = "2025-02-28"
"""The last day of the billing cycle that is running."""


class Entity(msgspec.Struct, frozen=True, gc=False):
    """Base of the network's records: frozen, and outside the cyclic garbage collector."""


class Address(Entity, frozen=True, gc=False):
    """Where a customer is billed."""

    street: str
    city: str
    state: str
    zip_code: str


class PaymentMethod(Entity, frozen=True, gc=False):
    """A means of payment on file."""

    method_type: MethodType
    account_number_last_4: str
    expiration_date: str


class Plan(Entity, frozen=True, gc=False):
    """What a line may use a month, in gigabytes, and its prices in dollars."""

    plan_id: str
    name: str
    data_limit_gb: float
    price_per_month: float
    data_refueling_price_per_gb: float


class NetworkDevice(Entity, frozen=True, gc=False):
    """A device as the network knows it. Moments are written with a blank between day and time."""

    device_id: str
    device_type: DeviceType
    model: str
    imei: str | None = None
    is_esim_capable: bool = False
    activated: bool = False
    activation_date: str | None = None
    last_esim_transfer_date: str | None = None


class Line(Entity, frozen=True, gc=False):
    """A number, its plan, and what was used of it in the running cycle."""

    line_id: str
    phone_number: str
    status: LineStatus = "Pending Activation"
    plan_id: str = ""
    device_id: str | None = None
    data_used_gb: float = 0.0
    data_refueling_gb: float = 0.0
    roaming_enabled: bool = False
    contract_end_date: str | None = None
    last_plan_change_date: str | None = None
    last_sim_replacement_date: str | None = None
    suspension_start_date: str | None = None


class LineItem(Entity, frozen=True, gc=False):
    """One charge or credit of a bill."""

    description: str
    amount: float
    date: str
    item_type: str


class Bill(Entity, frozen=True, gc=False):
    """What a customer owes for a period."""

    bill_id: str
    customer_id: str
    period_start: str
    period_end: str
    issue_date: str
    total_due: float
    due_date: str
    line_items: tuple[LineItem, ...] = ()
    status: BillStatus = "Draft"


class Customer(Entity, frozen=True, gc=False):
    """A customer's profile."""

    customer_id: str
    full_name: str
    date_of_birth: str
    email: str
    phone_number: str
    address: Address
    account_status: AccountStatus = "Pending Verification"
    payment_methods: tuple[PaymentMethod, ...] = ()
    line_ids: tuple[str, ...] = ()
    bill_ids: tuple[str, ...] = ()
    created_at: str = "2025-01-01"
    last_extension_date: str | None = None
    goodwill_credit_used_this_year: float = 0.0


class Database(msgspec.Struct, frozen=True):
    """A database file."""

    plans: tuple[Plan, ...] = ()
    customers: tuple[Customer, ...] = ()
    lines: tuple[Line, ...] = ()
    bills: tuple[Bill, ...] = ()
    devices: tuple[NetworkDevice, ...] = ()
    device: Device = Device()
    surroundings: Surroundings = Surroundings()


IDS: Final[Mapping[str, str]] = {
    "plans": "plan_id",
    "customers": "customer_id",
    "lines": "line_id",
    "bills": "bill_id",
    "devices": "device_id",
}
"""The network's tables, in the order of a database file, with the field that names a record."""
_MOMENTS: Final[Mapping[str, tuple[str, ...]]] = {
    "customers": ("created_at",),
    "devices": ("activation_date", "last_esim_transfer_date"),
}

_decode = msgspec.json.Decoder(Database).decode


def load(data: bytes) -> World:
    """A world from a database file. Raises `msgspec.ValidationError` where it does not fit."""
    database = _decode(data)
    tables: dict[str, dict[str, Any]] = {}
    for table, field in IDS.items():
        rows = tables[table] = {}
        for record in getattr(database, table):
            key = getattr(record, field)
            if key in rows:
                raise msgspec.ValidationError(f"two records have the id {key!r} - at `$.{table}`")
            rows[key] = _with_moments(table, record)
    tables[PHONE] = {DEVICE: database.device, SURROUNDINGS: database.surroundings, VPN: VPN_SERVER}
    return World(NAME, tables)


def _with_moments(table: str, record: Any) -> Any:
    """A record whose moments are written as tool messages show them. Raises `msgspec.ValidationError` for no moment."""
    changed = {}
    for field in _MOMENTS.get(table, ()):
        text = getattr(record, field)
        if text is not None and "T" in text:
            try:
                changed[field] = str(datetime.fromisoformat(text))
            except ValueError:
                raise msgspec.ValidationError(f"{text!r} is no date and time - at `$.{table}.{field}`") from None
    return msgspec.structs.replace(record, **changed) if changed else record


def dump(state: State) -> dict[str, Any]:
    """A state in the shape of a database file, every field of every record included."""
    rows = {table: [record for _, record in state.items(table)] for table in IDS}
    phone = {DEVICE: state.get(PHONE, DEVICE), SURROUNDINGS: state.get(PHONE, SURROUNDINGS)}
    # Through JSON, because `to_builtins` leaves tuples and the shape has lists.
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode({**rows, **phone}))
    return plain
