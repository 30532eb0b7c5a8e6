"""What tokens cost at vendors whose prices the package knows: `prices.toml`."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from writ_async.core.prices import Price, price_of, read_prices

_OURS = Path(__file__).with_name("prices.toml")


@cache
def _own_prices() -> dict[str, Price]:
    return read_prices(_OURS)


def find_price(model: str, file: str = "") -> Price | None:
    """The price of a model from the user's file, else from ours; None where neither has it.

    A model's dated snapshots have the price of its name, unless they have their own. Raises `InputError` for a file
    that cannot be read.
    """
    theirs = price_of(model, read_prices(file)) if file else None
    return theirs or price_of(model, _own_prices())
