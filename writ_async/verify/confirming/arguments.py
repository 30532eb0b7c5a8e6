"""The arguments of a write as what a customer has to know of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from writ_async.core.domain import Domain
from writ_async.core.telling import ArgumentKind

_ADDRESS = re.compile(
    r"^(?:address(?:_?line)?_?\d?|street\w*|city|town|state|province|region|zip\w*|post(?:al)?_?code|country)$"
)
_COUNT = re.compile(r"^(?:total_|num_|number_of_|n_)\w+|(?:count|quantity|amount_of_\w+)$")


class Argument(msgspec.Struct, frozen=True):
    """One plain value of a write: where it stands, its kind, and the object of a list that it is part of, if any."""

    path: str
    name: str
    root: str
    kind: ArgumentKind
    value: Any
    owner: Mapping[str, Any] | None = None
    place: int = 0

    def __str__(self) -> str:
        return f"{self.path}={self.value!r}"


class Arguments:
    """All values of a write that could matter to the customer: not who the customer is, and nothing empty."""

    __slots__ = ("_by_kind", "all")

    def __init__(self, values: Mapping[str, Any], domain: Domain) -> None:
        self.all: list[Argument] = []
        """In the order of the call."""
        for name, value in values.items():
            if name == domain.user_argument:
                continue
            if not isinstance(value, str):
                _add_arguments(self.all, value, name, name, name, domain, None, 0)
            elif value:  # as most are, which need no call of their own
                self.all.append(Argument(name, name, name, kind_of(name, value, domain), value))
        self._by_kind: dict[ArgumentKind, list[Argument]] = {}
        for argument in self.all:
            self._by_kind.setdefault(argument.kind, []).append(argument)

    def of_kind(self, kind: ArgumentKind) -> Sequence[Argument]:
        """Those of one kind, in order."""
        return self._by_kind.get(kind, ())


def _add_arguments(
    found: list[Argument],
    value: Any,
    path: str,
    name: str,
    root: str,
    domain: Domain,
    owner: Mapping[str, Any] | None,
    place: int,
) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            _add_arguments(found, item, f"{path}.{key}", key, root, domain, value, place)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            _add_arguments(found, item, f"{path}[{index}]", name, root, domain, owner, index)
    elif value is not None and not isinstance(value, bool) and value != "":
        found.append(Argument(path, name, root, kind_of(name, value, domain), value, owner, place))


def kind_of(name: str, value: Any, domain: Domain) -> ArgumentKind:
    """The kind of a value by what the domain says of its name, else by the name itself."""
    of: type = type(value)
    return _kind(name, domain.telling.kinds.get(name), of)


@lru_cache(maxsize=1024)
def _kind(argument: str, given: ArgumentKind | None, of: type) -> ArgumentKind:
    is_text, is_whole = issubclass(of, str), issubclass(of, int)
    if given is not None and (given != "count" or is_whole or issubclass(of, float)):
        return given
    lower = argument.casefold()
    if "payment" in lower or "card_id" in lower:
        return "payment" if is_text else "told"
    if lower.startswith("new_") and lower.endswith(("_id", "_ids")):
        return "variant"
    if lower.endswith("_ids"):
        return "part"
    if lower.endswith("_id") or lower == "id":
        return "record"
    if _ADDRESS.match(lower):
        return "address"
    if lower == "reason":
        return "reason"
    if is_whole and _COUNT.match(lower):
        return "count"
    return "told"
