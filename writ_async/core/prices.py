"""What tokens cost: tables in files, dollars per million tokens by model."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from writ_async.errors import InputError

_SNAPSHOT = re.compile(r"-\d{4}-\d{2}-\d{2}$")


class Price(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Dollars per million tokens. Without `cached`, cached prompt tokens cost what others do.

    `date` says when the price was looked up, `source` where.
    """

    input: float
    output: float
    cached: float | None = None
    date: str = ""
    source: str = ""

    def nano_dollars(self, prompt: int, cached: int, completion: int) -> int:
        """What one request cost; `cached` of its prompt tokens came from the cache. Rounded to a whole number."""
        cached = min(cached, prompt)
        held = self.input if self.cached is None else self.cached
        # A dollar per million tokens is a thousand nano-dollars per token.
        return round(1000 * ((prompt - cached) * self.input + cached * held + completion * self.output))


def read_prices(path: str | Path) -> dict[str, Price]:
    """The table in a TOML file, by model. Raises `InputError` naming the file and what is wrong in it."""
    try:
        table = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        prices = msgspec.convert(table, dict[str, Price])
    except OSError as exc:
        raise InputError(f"prices {path}: cannot be read: {exc.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as exc:
        raise InputError(f"prices {path}: {exc}") from None
    for model, price in prices.items():
        for amount in (price.input, price.output, price.cached or 0.0):
            if not 0 <= amount < math.inf:
                raise InputError(f"prices {path}: a price of {model!r} is {amount}; give dollars per million tokens")
    return prices


def price_of(model: str, prices: Mapping[str, Price]) -> Price | None:
    """The price of a model in a table; None where it is not there.

    A model's dated snapshots have the price of its name, unless they have their own.
    """
    return next((prices[name] for name in (model, _SNAPSHOT.sub("", model)) if name in prices), None)
