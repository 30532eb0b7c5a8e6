"""`writ calibrate`: the costs of a server's steps, fitted to what it says of itself.

SGLang's `/v1/loads` counts decode steps, the requests in them and their time (`decode_moments`), the tokens that
running requests hold, and the tokens and time of prefill. Between two samples a decode step took, on average,
`base + request * batch + token * held`; weighted least squares over all pairs of samples gives the three.
"""

from __future__ import annotations

import itertools
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from writ_async.errors import EngineError, InputError

_SMALL = 1e-9


class Load(msgspec.Struct, frozen=True):
    """What is read of one server in an answer of `/v1/loads`; `decode_moments` begins with steps, requests, µs."""

    num_used_tokens: int = 0
    max_total_num_tokens: int = 0
    total_prefill_uncached_tokens: int = 0
    total_prefill_busy_us: float = 0.0
    decode_moments: tuple[float, ...] = ()


class Loads(msgspec.Struct, frozen=True):
    """An answer of `/v1/loads`."""

    loads: tuple[Load, ...]


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """The costs: seconds, and tokens per second; the simulated engine reads them from a file (option `calibration`)."""

    decode_base: float
    decode_request: float
    decode_token: float
    prefill_rate: float
    prefill_attention: float = 0.0
    kv_tokens: int = 0


class Fitted(msgspec.Struct, frozen=True):
    """A calibration, how many decode steps it rests on, its root mean square error in seconds, and what to mind."""

    costs: Calibration
    steps: int
    error: float
    remarks: tuple[str, ...] = ()


def read_samples(path: str | Path) -> list[Load]:
    """Samples from a file of answers, one JSON object per line. Raises `InputError` when it is no such file."""
    try:
        lines = Path(path).read_bytes().splitlines()
    except OSError as exc:
        raise InputError(f"{path}: {exc.strerror or exc}") from exc
    samples: list[Load] = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                samples += msgspec.json.decode(line, type=Loads, strict=False).loads[:1]
            except msgspec.DecodeError as exc:
                raise InputError(f"{path}:{number}: not an answer of /v1/loads: {exc}") from exc
    return samples


def sample_server(url: str, seconds: float, interval: float = 0.5) -> list[Load]:
    """Ask a server again and again while something else keeps it busy.

    Raises `EngineError` when it does not answer, `InputError` when it answers something else.
    """
    samples: list[Load] = []
    end = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(f"{url.rstrip('/')}/v1/loads", timeout=10) as answer:
                samples += msgspec.json.decode(answer.read(), type=Loads, strict=False).loads[:1]
        except (urllib.error.URLError, TimeoutError, ValueError) as exc:
            if isinstance(exc, msgspec.DecodeError):
                raise InputError(f"{url}/v1/loads answers otherwise than SGLang does: {exc}") from exc
            raise EngineError(f"{url}/v1/loads does not answer: {exc}") from exc
        if time.monotonic() >= end:
            return samples
        time.sleep(interval)


def fit(samples: Sequence[Load]) -> Fitted:
    """Fit the costs. Raises `InputError` when the samples say too little."""
    rows: list[tuple[float, float, float, float]] = []  # steps, batch, held, seconds of a step
    for before, after in itertools.pairwise(samples):
        if len(before.decode_moments) < 3 or len(after.decode_moments) < 3:
            continue
        steps, requests, micros = (after.decode_moments[i] - before.decode_moments[i] for i in range(3))
        if steps > 0 and requests > 0 and micros > 0:
            held = (before.num_used_tokens + after.num_used_tokens) / 2
            rows.append((steps, requests / steps, held, micros / steps / 1e6))
    if len(rows) < 3:
        raise InputError(f"only {len(rows)} pairs of samples show decoding; sample longer, while the server is busy")
    remarks: list[str] = []
    columns = [0, 1, 2]
    solution = _solve(rows, columns)
    while solution is None or min(solution) < 0:
        # What did not vary, or comes out negative, cannot be told apart from the rest: leave it out, the finest first.
        dropped = columns.pop()
        remarks.append(f"{('', 'the batch', 'the tokens held')[dropped]} varied too little to be told apart")
        solution = _solve(rows, columns)
    base, request, token = (*solution, 0.0, 0.0)[:3]
    total = sum(row[0] for row in rows)
    error = sum(n * (base + request * b + token * h - t) ** 2 for n, b, h, t in rows) / total
    first, last = samples[0], samples[-1]
    tokens = last.total_prefill_uncached_tokens - first.total_prefill_uncached_tokens
    micros = last.total_prefill_busy_us - first.total_prefill_busy_us
    if tokens <= 0 or micros <= 0:
        raise InputError("the samples show no prefill; sample while new prompts come in")
    costs = Calibration(
        decode_base=base,
        decode_request=request,
        decode_token=token,
        prefill_rate=tokens / micros * 1e6,
        kv_tokens=last.max_total_num_tokens,
    )
    return Fitted(costs, int(total), error**0.5, tuple(remarks))


def _solve(rows: Iterable[tuple[float, float, float, float]], columns: Sequence[int]) -> list[float] | None:
    """Weighted least squares by the normal equations, with columns scaled alike; None when they are singular."""
    rows = list(rows)
    scales = [1.0, max(row[1] for row in rows), max(max(row[2] for row in rows), 1.0)]
    size = len(columns)
    matrix = [[0.0] * (size + 1) for _ in range(size)]
    for weight, batch, held, seconds in rows:
        values = [1.0, batch / scales[1], held / scales[2]]
        for i, left in enumerate(columns):
            for j, right in enumerate(columns):
                matrix[i][j] += weight * values[left] * values[right]
            matrix[i][size] += weight * values[left] * seconds
    top = max(max(abs(value) for value in line[:size]) for line in matrix)
    for i in range(size):
        pivot = max(range(i, size), key=lambda line: abs(matrix[line][i]))
        if abs(matrix[pivot][i]) < _SMALL * top:
            return None
        matrix[i], matrix[pivot] = matrix[pivot], matrix[i]
        for line in range(size):
            if line != i:
                factor = matrix[line][i] / matrix[i][i]
                matrix[line] = [a - factor * b for a, b in zip(matrix[line], matrix[i], strict=True)]
    return [matrix[i][size] / matrix[i][i] / scales[column] for i, column in enumerate(columns)]
