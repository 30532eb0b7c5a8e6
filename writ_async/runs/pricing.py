"""What the tokens of rows cost: as it was counted while they were played, or by prices that one has now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from writ_async.core.prices import Price, price_of
from writ_async.core.trajectory import Usage
from writ_async.runs.manifest import Manifest
from writ_async.runs.row_numbers import RowNumbers


def models_of(manifest: Manifest) -> dict[str, str]:
    """The model that plays each seat, or judges, as its engine's option names it, else the name of the engine."""
    seats: Mapping[str, Any] = manifest.config.get("seats") or {}
    agent = _model(seats.get("agent"))
    judge = str(manifest.config.get("judge", "")).partition(":")[2]
    return {"agent": agent, "user": _model(seats["user"]) if seats.get("user") else agent, "judge": judge}


def _model(seat: Any) -> str:
    options = seat.get("options") if isinstance(seat, Mapping) else None
    named = options.get("model") if isinstance(options, Mapping) else None
    return str(named or (seat.get("name", "") if isinstance(seat, Mapping) else ""))


def price_rows(rows: list[RowNumbers], models: Mapping[str, str], prices: Mapping[str, Price]) -> list[RowNumbers]:
    """The rows with the costs of seats whose model is in `prices` counted by those; others stay as they were counted.

    A model's folder has the price of its last name, too.
    """
    known: dict[str, Price] = {
        seat: price for seat, model in models.items() if (price := _find(model, prices)) is not None
    }
    if not known:
        return rows
    return [
        msgspec.structs.replace(row, usage={seat: _priced(used, known.get(seat)) for seat, used in row.usage.items()})
        for row in rows
    ]


def unpriced(rows: list[RowNumbers], models: Mapping[str, str]) -> list[str]:
    """The models whose tokens have no price, or whose seat it is where no name is known."""
    found: dict[str, None] = {}
    for seat, model in models.items():
        used = [row.usage[seat] for row in rows if seat in row.usage]
        if any(one.completion_tokens for one in used) and not any(one.nano_dollars for one in used):
            found[model or f"the {seat}"] = None
    return list(found)


def _find(model: str, prices: Mapping[str, Price]) -> Price | None:
    return price_of(model, prices) or price_of(model.rstrip("/").rpartition("/")[2], prices)


def _priced(used: Usage, price: Price | None) -> Usage:
    if price is None:
        return used
    cost = price.nano_dollars(used.prompt_tokens, used.cached_tokens, used.completion_tokens)
    return msgspec.structs.replace(used, nano_dollars=cost)
