"""How long a server's steps take: a linear model, from a table of machines or fitted to a server."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path

import msgspec

from writ_async.errors import InputError


class Costs(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Seconds of a server's steps, and the size of its KV pool in tokens; see machines.toml for the two formulas.

    `prefill_base` comes on top of each prefill step; 0 where it is not known apart from the tokens.
    """

    decode_base: float
    decode_request: float
    decode_token: float
    prefill_rate: float
    prefill_attention: float = 0.0
    prefill_base: float = 0.0
    kv_tokens: int = 0

    def decode(self, requests: int, kv: int) -> float:
        """Seconds of one decode step of some requests that hold `kv` tokens in all."""
        return self.decode_base + self.decode_request * requests + self.decode_token * kv

    def prefill(self, tokens: int, pairs: float) -> float:
        """Seconds of one prefill step; `pairs` counts the (new token, earlier token) pairs of its requests."""
        computing = max(self.decode_base, tokens / self.prefill_rate)
        return self.prefill_base + computing + self.prefill_attention * pairs


@cache
def machines() -> dict[str, dict[str, Costs]]:
    """The table: costs by model, then by GPU."""
    table = (files("writ_engines.simulated") / "machines.toml").read_bytes()
    return msgspec.toml.decode(table, type=dict[str, dict[str, Costs]])


def costs_of(model: str, gpu: str) -> Costs:
    """The costs of a model on a GPU; case does not matter. Raises `InputError` for a pair that is not in the table."""
    found = machines().get(model.lower(), {}).get(gpu.lower())
    if found is None:
        known = ", ".join(f"{name} on {device}" for name, devices in machines().items() for device in devices)
        raise InputError(
            f"no measurements of model {model!r} on {gpu!r}; known: {known}; `writ calibrate` makes a file of your own"
        )
    return found


def read_costs(path: str | Path) -> Costs:
    """Costs from a file that `writ calibrate` wrote. Raises `InputError` when it cannot be used."""
    try:
        return msgspec.json.decode(Path(path).read_bytes(), type=Costs)
    except OSError as exc:
        raise InputError(f"{path}: {exc.strerror or exc}") from exc
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise InputError(f"{path}: not a file of `writ calibrate`: {exc}") from exc
