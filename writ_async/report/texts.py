"""Numbers as a report writes them."""

from __future__ import annotations

from writ_async.verify.intervals import Interval

_LEAST_P = 0.001
UNKNOWN = "–"


def percent(value: float | None, digits: int = 1) -> str:
    """A share as per cent: 0.125 is `12.5 %`."""
    return UNKNOWN if value is None else f"{100 * value:.{digits}f} %"


def points(value: Interval | None) -> str:
    """An estimate in per cent with its interval: `62.5 (51.0 to 72.9)`."""
    if value is None:
        return UNKNOWN
    return f"{100 * value.estimate:.1f} ({100 * value.low:.1f} to {100 * value.high:.1f})"


def estimate(value: Interval | None) -> str:
    """An estimate in per cent, without its interval."""
    return UNKNOWN if value is None else f"{100 * value.estimate:.1f}"


def number(value: float | None, digits: int = 1) -> str:
    """A number with its thousands apart."""
    return UNKNOWN if value is None else f"{value:,.{digits}f}"


def dollars(value: float | None) -> str:
    """An amount, with more places the smaller it is."""
    if value is None:
        return UNKNOWN
    return f"${value:,.2f}" if value >= 10 else f"${value:.4f}"


def share(part: int, whole: int) -> str:
    """A part of a whole in per cent."""
    return percent(part / whole if whole else None)


def p_value(p: float) -> str:
    """A p value with three digits, which none is small enough to be 0 in."""
    return f"{p:.3f}" if p >= _LEAST_P else f"< {_LEAST_P}"
