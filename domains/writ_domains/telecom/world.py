"""Draws a carrier from a seed: plans, customers, their lines, devices and bills, which fit each other to the cent.

A line is suspended for a reason that its customer's records show: an overdue bill, a contract that has ended, or the
customer's own wish. The phone is whole and in nobody's hand: a task says who holds it, and what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from random import Random
from typing import Final

import msgspec

from writ_async.core.state import World
from writ_async.errors import InputError
from writ_domains.kit.people import Person, draw_digits, draw_names, draw_people
from writ_domains.telecom.phone.handset import (
    DEVICE,
    PHONE,
    SURROUNDINGS,
    VPN,
    VPN_SERVER,
    App,
    Device,
    Permissions,
    Surroundings,
)
from writ_domains.telecom.schema import (
    NAME,
    AccountStatus,
    Address,
    Bill,
    BillStatus,
    Customer,
    DeviceType,
    Line,
    LineItem,
    LineStatus,
    MethodType,
    NetworkDevice,
    PaymentMethod,
    Plan,
)

_LINES = (0.34, 0.62, 0.8, 0.91, 0.97, 1.0)  # cumulative, of 1 to 6 lines
_WITHOUT_LINE = 0.04  # of the customers: they wait to be verified
_STATES = (("well", 0.8), ("bill", 0.87), ("contract", 0.92), ("wish", 0.95), ("waiting", 0.98), ("closed", 1.0))
"""Cumulative, how a line stands; `bill`, `contract` and `wish` are why it is suspended."""
_LAST_BILL: Final[tuple[tuple[BillStatus, float], ...]] = (("Issued", 0.55), ("Paid", 0.9), ("Disputed", 1.0))
_OVERDUE_WITHOUT_SUSPENSION = 0.07
_DRAFTS = 0.7
_OUT_OF_DATA = 0.1
_OVERAGE = 0.15
_ROAMING = 0.5
_HOLDING_FEE = 5.0
_METHODS: Final[tuple[MethodType, ...]] = ("Credit Card", "Debit Card", "PayPal")
_MONTHS: Final = (
    ("2024-12-01", "2024-12-31", "2024-12-05", "2024-12-19"),
    ("2025-01-01", "2025-01-31", "2025-01-05", "2025-01-19"),
    ("2025-02-01", "2025-02-28", "2025-02-05", "2025-02-19"),
)
"""Begin, end, issue and due date of the bills that were issued."""
_NEXT_MONTH: Final = ("2025-03-01", "2025-03-31", "2025-03-01", "2025-03-15")
_APPS: Final = (("maps", ("network",)), ("mail", ("storage", "network")), ("camera", ("storage",)), ("wallet", ()))


class _Catalogue(msgspec.Struct, frozen=True):
    """What there is to sell."""

    plans: tuple[tuple[str, float, float, float], ...]
    devices: tuple[tuple[DeviceType, str, bool], ...]


_CATALOGUE: Final = msgspec.toml.decode(
    files(__package__ or "").joinpath("catalogue.toml").read_bytes(), type=_Catalogue
)


class _Ids:
    """The ids and numbers given so far, so that none is given twice."""

    def __init__(self, rng: Random, size: int) -> None:
        self.rng = rng
        self._width = max(5, len(str(40 * size)))
        self._taken: dict[str, set[str]] = {}

    def draw(self, letter: str) -> str:
        """An id of the records that have a letter."""
        return letter + draw_digits(self.rng, self._width, self._taken.setdefault(letter, set()))

    def number(self) -> str:
        """A phone number."""
        digits = draw_digits(self.rng, 7, self._taken.setdefault("number", set()))
        return f"555-{digits[:3]}-{digits[3:]}"

    def imei(self) -> str:
        """The number of a device."""
        return draw_digits(self.rng, 15, self._taken.setdefault("imei", set()))


def generate(seed: int, size: int) -> World:
    """A carrier with `size` customers, two to three times as many lines, and up to ten plans.

    The same seed and size give the same world. Raises `InputError` when `size` is below 1.
    """
    if size < 1:
        raise InputError(f"a telecom world needs at least 1 user, not {size}")
    rng = Random(f"telecom/{seed}/{size}")
    ids = _Ids(rng, size)
    plans = {plan.plan_id: plan for plan in _draw_plans(ids)}
    world: dict[str, dict[str, object]] = {
        "plans": dict(plans),
        "customers": {},
        "lines": {},
        "bills": {},
        "devices": {},
    }
    for person in draw_people(rng, size, draw_names(rng)):
        customer, lines, devices, bills = _draw_customer(person, tuple(plans.values()), ids)
        world["customers"][customer.customer_id] = customer
        world["lines"].update((line.line_id, line) for line in lines)
        world["devices"].update((device.device_id, device) for device in devices)
        world["bills"].update((bill.bill_id, bill) for bill in bills)
    world[PHONE] = {DEVICE: _draw_phone(rng), SURROUNDINGS: Surroundings(), VPN: VPN_SERVER}
    return World(NAME, world)


def _draw_plans(ids: _Ids) -> list[Plan]:
    """All plans of the catalogue in some order, with prices of this world."""
    rng, found = ids.rng, []
    for name, limit, price, refuel in rng.sample(_CATALOGUE.plans, len(_CATALOGUE.plans)):
        month = round(price + rng.randrange(-4, 5) * 0.5, 2)
        found.append(Plan(ids.draw("P"), name, limit, month, round(refuel + rng.randrange(0, 4) * 0.05, 2)))
    return found


def _draw_customer(
    person: Person, plans: Sequence[Plan], ids: _Ids
) -> tuple[Customer, list[Line], list[NetworkDevice], list[Bill]]:
    rng = ids.rng
    customer_id, standings = ids.draw("C"), _draw_standings(rng)
    devices = [_draw_device(ids) for _ in standings]
    pairs = zip(standings, devices, strict=True)
    lines = [_draw_line(standing, rng.choice(plans), device, ids) for standing, device in pairs]
    bills = _draw_bills(customer_id, lines, "bill" in standings, {plan.plan_id: plan for plan in plans}, ids)
    address = person.address
    customer = Customer(
        customer_id=customer_id,
        full_name=f"{person.name.first_name} {person.name.last_name}",
        date_of_birth=f"{rng.randrange(1945, 2005)}-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d}",
        email=person.email,
        phone_number=lines[0].phone_number if lines and rng.random() < 0.5 else ids.number(),
        address=Address(address.address1, address.city, address.state, address.zip),
        account_status=_account_status(lines),
        payment_methods=tuple(_draw_method(rng) for _ in range(rng.randrange(1, 4))),
        line_ids=tuple(line.line_id for line in lines),
        bill_ids=tuple(bill.bill_id for bill in bills),
        created_at=f"{rng.randrange(2016, 2025)}-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d} 10:30:00",
        last_extension_date=f"2024-{rng.randrange(1, 13):02d}-11" if rng.random() < 0.2 else None,
        goodwill_credit_used_this_year=float(rng.choice((0, 0, 0, 10, 25, 50))),
    )
    return customer, lines, devices, bills


def _draw_standings(rng: Random) -> list[str]:
    """How each of a customer's lines stands."""
    if rng.random() < _WITHOUT_LINE:
        return []
    count = 1 + _cumulative(rng, _LINES)
    return [_STATES[_cumulative(rng, [bound for _, bound in _STATES])][0] for _ in range(count)]


def _cumulative(rng: Random, thresholds: Sequence[float]) -> int:
    """The index of the first threshold above a uniform draw."""
    drawn = rng.random()
    return next(index for index, threshold in enumerate(thresholds) if drawn < threshold)


def _draw_device(ids: _Ids) -> NetworkDevice:
    rng = ids.rng
    kind, model, esim = rng.choice(_CATALOGUE.devices[:8] if rng.random() < 0.8 else _CATALOGUE.devices)
    begun = f"{rng.randrange(2020, 2025)}-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d} 14:30:00"
    moved = f"2025-01-{rng.randrange(1, 29):02d} 09:30:00" if esim and rng.random() < 0.2 else None
    return NetworkDevice(ids.draw("D"), kind, model, ids.imei(), esim, True, begun, moved)


def _draw_line(standing: str, plan: Plan, device: NetworkDevice, ids: _Ids) -> Line:
    rng = ids.rng
    statuses: dict[str, LineStatus] = {"well": "Active", "waiting": "Pending Activation", "closed": "Closed"}
    status = statuses.get(standing, "Suspended")
    out = standing == "well" and rng.random() < _OUT_OF_DATA
    share = rng.uniform(1.01, 1.2) if out else rng.uniform(0.05, 0.95)
    ended = standing in ("contract", "closed")
    contract = (
        f"2025-01-{rng.randrange(10, 32)}" if ended else f"202{rng.randrange(6, 9)}-{rng.randrange(1, 13):02d}-28"
    )
    suspended = f"2025-02-{rng.randrange(1, 21):02d}" if status == "Suspended" else None
    used = round(plan.data_limit_gb * share, 1 if plan.data_limit_gb >= 2 else 2) if status == "Active" else 0.0
    return Line(
        line_id=ids.draw("L"),
        phone_number=ids.number(),
        status=status,
        plan_id=plan.plan_id,
        device_id=device.device_id,
        data_used_gb=used,
        data_refueling_gb=0.0,
        roaming_enabled=rng.random() < _ROAMING,
        contract_end_date=contract,
        last_plan_change_date=f"2024-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d}",
        last_sim_replacement_date=f"2025-01-{rng.randrange(1, 29):02d}" if rng.random() < 0.2 else None,
        suspension_start_date=suspended,
    )


def _draw_bills(customer_id: str, lines: Sequence[Line], owes: bool, plans: dict[str, Plan], ids: _Ids) -> list[Bill]:
    """The bills of the last months, the last one overdue where a line is suspended over it, and maybe a draft."""
    rng = ids.rng
    if not lines:
        return []
    found = []
    for index, month in enumerate(_MONTHS):
        last = index == len(_MONTHS) - 1
        owed = last and (owes or rng.random() < _OVERDUE_WITHOUT_SUSPENSION)
        settled: BillStatus = _LAST_BILL[_cumulative(rng, [bound for _, bound in _LAST_BILL])][0] if last else "Paid"
        items = list(_draw_items(lines, plans, month[2], rng))
        found.append(_bill(ids.draw("B"), customer_id, month, items, "Overdue" if owed else settled))
    if rng.random() < _DRAFTS:
        found.append(_bill(ids.draw("B"), customer_id, _NEXT_MONTH, [], "Draft"))
    return found


def _draw_items(lines: Sequence[Line], plans: dict[str, Plan], date: str, rng: Random) -> list[LineItem]:
    items = []
    for line in lines:
        plan = plans[line.plan_id]
        told = f"Line {line.phone_number}"
        items.append(LineItem(f"{plan.name} - {told}", plan.price_per_month, date, "Plan Charge"))
        if line.status == "Suspended" and line.suspension_start_date is not None and line.suspension_start_date <= date:
            items.append(LineItem(f"Suspension Fee - {told}", _HOLDING_FEE, date, "Fee"))
        elif rng.random() < _OVERAGE:
            amount = round(rng.randrange(2, 30) * 0.5, 2)
            items.append(LineItem(f"Data Overage - {told}", amount, date, "Overage"))
    return items


def _bill(
    bill_id: str, customer_id: str, month: tuple[str, str, str, str], items: Sequence[LineItem], status: BillStatus
) -> Bill:
    begin, end, issued, due = month
    total = round(sum((item.amount for item in items), 0.0), 2)
    return Bill(bill_id, customer_id, begin, end, issued, total, due, tuple(items), status)


def _account_status(lines: Sequence[Line]) -> AccountStatus:
    if not lines:
        return "Pending Verification"
    if all(line.status == "Closed" for line in lines):
        return "Closed"
    return "Suspended" if all(line.status in ("Suspended", "Closed") for line in lines) else "Active"


def _draw_method(rng: Random) -> PaymentMethod:
    return PaymentMethod(
        rng.choice(_METHODS), f"{rng.randrange(10_000):04d}", f"{rng.randrange(1, 13):02d}/{rng.randrange(2026, 2031)}"
    )


def _draw_phone(rng: Random) -> Device:
    """A phone without a fault, in the network that it finds: what is wrong with it is a task's to say."""
    whole = Device(network_signal_strength="excellent", battery_level=rng.randrange(35, 100))
    apps = dict(whole.app_statuses)
    for name, permissions in rng.sample(_APPS, rng.randrange(1, len(_APPS) + 1)):
        apps[name] = App(name, Permissions(**dict.fromkeys(permissions, True)))
    return msgspec.structs.replace(whole, app_statuses=apps)
