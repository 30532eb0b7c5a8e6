"""What generated shops sell: types of products, a usual price, and the options in which their variants differ."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

import msgspec


class ProductType(msgspec.Struct, frozen=True):
    """A type of product. `price` is that of a plain variant in dollars; `axes` are its options with their values."""

    name: str
    price: int
    axes: dict[str, tuple[str, ...]]


class _Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A product in the file; the values of an option are parted by `|`."""

    price: int
    axes: dict[str, str]


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file of products."""

    products: dict[str, _Row]
    categories: dict[str, frozenset[str]]
    debatable: dict[str, frozenset[str]]


_FILE: Final = msgspec.toml.decode(files(__package__ or "").joinpath("catalogue.toml").read_bytes(), type=_File)
CATALOGUE: Final = tuple(
    ProductType(name, row.price, {axis: tuple(values.split("|")) for axis, values in row.axes.items()})
    for name, row in _FILE.products.items()
)
"""All types of products; a shop has a part of them."""
CATEGORIES: Final = _FILE.categories
"""Products that anybody would say belong together."""
DEBATABLE: Final = _FILE.debatable
"""Products that some would count among a category, and others not; no further one comes into question there."""
