"""The gold calls of a draft, executed while they are gathered, so that a draft whose gold fails is never proposed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

from domains.retail import orders, tools
from domains.retail.schema import Order, Product, User
from writ_async.domain import ToolError
from writ_async.state import State, World
from writ_async.task import Action, Cell, Certificate

_FUNCTIONS: dict[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (
        tools.find_user_id_by_email,
        tools.find_user_id_by_name_zip,
        tools.get_user_details,
        tools.get_order_details,
        tools.get_product_details,
        tools.modify_user_address,
        tools.modify_pending_order_address,
        orders.cancel_pending_order,
        orders.modify_pending_order_payment,
        orders.modify_pending_order_items,
        orders.exchange_delivered_order_items,
        orders.return_delivered_order_items,
    )
}


class Unfit(Exception):
    """The draw does not make a task; another one may."""


def user_cell(user_id: str) -> Cell:
    """Reading a profile."""
    return Cell("get_user_details", {"user_id": user_id})


def order_cell(order_id: str) -> Cell:
    """Reading an order."""
    return Cell("get_order_details", {"order_id": order_id})


def product_cell(product_id: str) -> Cell:
    """Reading a product with its variants."""
    return Cell("get_product_details", {"product_id": product_id})


class Gold:
    """Gold calls on a state of their own. A cell is read once, however often it is asked for."""

    def __init__(self, world: World) -> None:
        self.state = State(world)
        self.actions: list[Action] = []
        self.certificates: list[Certificate] = []
        self._read: list[Cell] = []

    def read(self, cells: Sequence[Cell]) -> None:
        """Add the reads that have not been made yet."""
        for cell in cells:
            if cell not in self._read:
                self._read.append(cell)
                self._call(cell.name, cell.arguments)

    def write(self, name: str, arguments: dict[str, Any], cells: Sequence[Cell]) -> Order | User:
        """Add the missing reads, then the write with them as its certificate. Raises `Unfit` when a tool refuses."""
        self.read(cells)
        self.certificates.append(Certificate(len(self.actions), tuple(cells)))
        return cast(Order | User, self._call(name, arguments))

    def product(self, product_id: str) -> Product:
        """A product; not a gold call. Raises `Unfit` when the world has none with this id."""
        found = self.state.get("products", product_id)
        if found is None:
            raise Unfit("the order names a product that is not sold")
        return cast(Product, found)

    def _call(self, name: str, arguments: dict[str, Any]) -> Any:
        self.actions.append(Action(name, arguments))
        try:
            return _FUNCTIONS[name](self.state, **arguments)
        except ToolError as exc:
            raise Unfit(f"{name}: {exc}") from exc
