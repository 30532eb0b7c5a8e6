"""Fits the simulated server's formulas (engines/writ_engines/simulated/costs.py) to measured cells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from math import sqrt
from typing import TypeVar

from writ_engines.simulated.costs import Costs

from bench.gpu.data import DecodeCell, Fit, PrefillCell

Cell = TypeVar("Cell")


def fit_costs(decode: Sequence[DecodeCell], prefill: Sequence[PrefillCell], kv_tokens: int) -> tuple[Costs, Fit]:
    """The costs with the least relative error, none of them negative. Raises `ValueError` for too few cells."""
    base, request, token = least_squares(
        [(1.0, cell.mean_requests, cell.mean_kv) for cell in decode], [cell.step_seconds for cell in decode]
    )
    # A prefill that is shorter than a decode step says nothing about the rate: its cost is that of a step.
    long = [cell for cell in prefill if cell.seconds > 2 * base] or list(prefill)
    per_token, per_pair = least_squares(
        [(float(cell.tokens), cell.pairs) for cell in long], [cell.seconds for cell in long]
    )
    if per_token <= 0:  # attention alone explains the times: a model this small has nothing else to compute
        per_token = min(cell.seconds / cell.tokens for cell in long) / 100
    costs = Costs(
        decode_base=base,
        decode_request=request,
        decode_token=token,
        prefill_rate=1 / per_token,
        prefill_attention=per_pair,
        kv_tokens=kv_tokens,
    )
    decode_errors = _errors(
        decode,
        lambda cell: costs.decode_base + request * cell.mean_requests + token * cell.mean_kv,
        lambda cell: cell.step_seconds,
    )
    prefill_errors = _errors(
        long, lambda cell: per_token * cell.tokens + per_pair * cell.pairs, lambda cell: cell.seconds
    )
    return costs, Fit(
        decode_rms=_rms(decode_errors),
        decode_largest=max(decode_errors),
        prefill_rms=_rms(prefill_errors),
        prefill_largest=max(prefill_errors),
    )


def least_squares(rows: Sequence[tuple[float, ...]], values: Sequence[float]) -> tuple[float, ...]:
    """Coefficients >= 0 that minimise the sum of squared relative errors.

    Few columns, so that each choice of those that are not zero is solved by itself. Raises `ValueError` when there are
    fewer rows than columns.
    """
    if not rows or len(rows) < len(rows[0]):
        raise ValueError("too few cells were measured to fit anything")
    width = len(rows[0])
    scaled = [[feature / value for feature in row] for row, value in zip(rows, values, strict=True)]
    best, least = (0.0,) * width, float(len(rows))
    for size in range(1, width + 1):
        for chosen in combinations(range(width), size):
            solution = _solve([[row[column] for column in chosen] for row in scaled])
            if solution is None or min(solution) < 0:
                continue
            full = [0.0] * width
            for column, coefficient in zip(chosen, solution, strict=True):
                full[column] = coefficient
            error = sum((sum(c * f for c, f in zip(full, row, strict=True)) - 1) ** 2 for row in scaled)
            if error < least:
                best, least = tuple(full), error
    return best


def _solve(rows: Sequence[Sequence[float]]) -> list[float] | None:
    """The least-squares solution of rows · x = 1 by the normal equations; None where columns depend on each other."""
    width = len(rows[0])
    norms = [sqrt(sum(row[column] ** 2 for row in rows)) for column in range(width)]
    if not all(norms):
        return None
    unit = [[value / norm for value, norm in zip(row, norms, strict=True)] for row in rows]
    system = [
        [sum(row[i] * row[j] for row in unit) for j in range(width)] + [sum(row[i] for row in unit)]
        for i in range(width)
    ]
    for pivot in range(width):
        swap = max(range(pivot, width), key=lambda index: abs(system[index][pivot]))
        system[pivot], system[swap] = system[swap], system[pivot]
        if abs(system[pivot][pivot]) < 1e-9:
            return None
        for index in range(width):
            if index != pivot:
                factor = system[index][pivot] / system[pivot][pivot]
                system[index] = [a - factor * b for a, b in zip(system[index], system[pivot], strict=True)]
    return [system[i][width] / system[i][i] / norms[i] for i in range(width)]


def _errors(cells: Sequence[Cell], said: Callable[[Cell], float], seen: Callable[[Cell], float]) -> list[float]:
    return [abs(said(cell) / seen(cell) - 1) for cell in cells]


def _rms(values: Sequence[float]) -> float:
    return sqrt(sum(value * value for value in values) / len(values))
