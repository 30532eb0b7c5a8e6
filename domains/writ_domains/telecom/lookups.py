"""Finding the network's records, each in O(1) through an index of the world, and each refusing in one sentence."""

from __future__ import annotations

from collections.abc import Iterator

from writ_async.core.state import State, World
from writ_async.core.tool import ToolError
from writ_domains.telecom.schema import Bill, Customer, Line, NetworkDevice, Plan


def get_customer(state: State, customer_id: str) -> Customer:
    """The customer with this id."""
    customer: Customer | None = state.get("customers", customer_id)
    if customer is None:
        raise ToolError("no customer has this id")
    return customer


def get_line(state: State, line_id: str) -> Line:
    """The line with this id, whosever it is."""
    line: Line | None = state.get("lines", line_id)
    if line is None:
        raise ToolError("no line has this id")
    return line


def get_plan(state: State, plan_id: str) -> Plan:
    """The plan with this id."""
    plan: Plan | None = state.get("plans", plan_id)
    if plan is None:
        raise ToolError("no plan has this id")
    return plan


def get_network_device(state: State, device_id: str) -> NetworkDevice:
    """The device with this id."""
    device: NetworkDevice | None = state.get("devices", device_id)
    if device is None:
        raise ToolError("no device has this id")
    return device


def get_bill(state: State, bill_id: str) -> Bill:
    """The bill with this id, whosever it is."""
    bill: Bill | None = state.get("bills", bill_id)
    if bill is None:
        raise ToolError("no bill has this id")
    return bill


def get_line_of(state: State, customer_id: str, line_id: str) -> Line:
    """A line of a customer."""
    if line_id not in get_customer(state, customer_id).line_ids:
        raise ToolError("the customer has no line with this id")
    return get_line(state, line_id)


def bills_of(state: State, customer: Customer) -> Iterator[Bill]:
    """A customer's bills, in the order in which the profile lists them."""
    return (get_bill(state, bill_id) for bill_id in customer.bill_ids)


def first_bill(state: State, customer: Customer, status: str) -> Bill | None:
    """The first of a customer's bills that is in a status."""
    return next((bill for bill in bills_of(state, customer) if bill.status == status), None)


def _owners(world: World) -> dict[str, str]:
    """Customers by number: their own, and those of their lines, in the order of the database."""
    lines = world.tables["lines"]
    found: dict[str, str] = {}
    for key, customer in world.tables["customers"].items():
        found.setdefault(customer.phone_number, key)
        for line_id in customer.line_ids:
            if line_id in lines:
                found.setdefault(lines[line_id].phone_number, key)
    return found


def _numbers(world: World) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, line in world.tables["lines"].items():
        found.setdefault(line.phone_number, key)
    return found


def _names(world: World) -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = {}
    for key, customer in world.tables["customers"].items():
        found.setdefault((customer.full_name.lower(), customer.date_of_birth), []).append(key)
    return found


def find_by_phone(state: State, phone_number: str) -> Customer:
    """The customer whose number, or a line of whom, this is. No tool adds a customer or changes a number."""
    customer_id = state.world.index("telecom.owners", _owners).get(phone_number)
    if customer_id is None:
        raise ToolError("no customer has this phone number")
    return get_customer(state, customer_id)


def find_line_by_phone(state: State, phone_number: str) -> Line | None:
    """The line with a number, if there is one."""
    line_id = state.world.index("telecom.numbers", _numbers).get(phone_number)
    return None if line_id is None else get_line(state, line_id)


def find_by_name(state: State, full_name: str, date_of_birth: str) -> list[Customer]:
    """The customers of a name, ignoring case, who were born on a day, in the order of the database."""
    if not isinstance(full_name, str):
        raise ToolError("a name has to be a text")
    if not isinstance(date_of_birth, str):
        return []
    keys = state.world.index("telecom.names", _names).get((full_name.lower(), date_of_birth), ())
    return [get_customer(state, key) for key in keys]
