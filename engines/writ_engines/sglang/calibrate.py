"""The costs of a server's steps, fitted to what it says of itself.

SGLang's `/v1/loads` counts decode steps, the requests in them and their time, with squares and products
(`decode_moments`), the tokens that running requests hold, and the tokens and time of prefill. A decode step takes
`base + request * batch + token * held`; least squares over all steps gives the three, with the tokens held taken to be
the mean of the two samples around a step. A server that starts anew between two samples counts from nothing again;
such a pair is left out.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from pathlib import Path

import anyio
import msgspec

from writ_async.core.engine import Calibration
from writ_async.errors import EngineError, InputError
from writ_engines.http import HttpClient
from writ_engines.sglang.options import usual_access
from writ_engines.sglang.server import Load
from writ_engines.simulated.costs import Costs

_SMALL = 1e-9


class LoadSample(Load, frozen=True, kw_only=True):
    """What is read of one server in an answer of `/v1/loads`: what it is doing, and what it has done since its start.

    `decode_moments` are sums over decode steps: steps, requests, µs, requests squared, requests times µs, tokens.
    """

    total_prefill_uncached_tokens: int = 0
    total_prefill_busy_us: float = 0.0
    decode_moments: tuple[float, ...] = ()


class _Loads(msgspec.Struct, frozen=True):
    loads: tuple[LoadSample, ...]


async def calibrate(source: str, seconds: float) -> Calibration:
    """Fit the costs to a server at an address, watched for so long, or to a file of its answers.

    Raises what `sample_server`, `read_samples` and `fit_costs` raise.
    """
    if source.startswith(("http://", "https://")):
        return fit_costs(await sample_server(source, seconds))
    return fit_costs(read_samples(source))


def read_samples(path: str | Path) -> list[LoadSample]:
    """Samples from a file of answers, one JSON object per line. Raises `InputError` when it is no such file."""
    try:
        lines = Path(path).read_bytes().splitlines()
    except OSError as exc:
        raise InputError(f"{path}: {exc.strerror or exc}") from exc
    samples: list[LoadSample] = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                samples += _decode_sample(line)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
                raise InputError(f"{path}:{number}: not an answer of /v1/loads: {exc}") from exc
    return samples


async def sample_server(url: str, seconds: float, interval: float = 0.5) -> list[LoadSample]:
    """Ask a server again and again, every `interval` seconds, while something else keeps it busy.

    Raises `EngineError` when it does not answer, `InputError` when it answers something else.
    """
    access = usual_access([url])
    client = HttpClient(url, headers=access.headers, secrets=access.secrets, timeout=10.0)
    samples: list[LoadSample] = []
    end = anyio.current_time() + seconds
    try:
        while True:
            try:
                samples += _decode_sample(await client.get("/v1/loads"))
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
                raise InputError(f"{url}/v1/loads answers otherwise than SGLang does: {exc}") from exc
            except EngineError as exc:
                raise EngineError(f"{url}/v1/loads does not answer: {exc}", kind=exc.kind) from exc
            if anyio.current_time() >= end:
                return samples
            await anyio.sleep(interval)
    finally:
        await client.aclose()


def _decode_sample(answer: bytes) -> tuple[LoadSample, ...]:
    """The first rank's sample in an answer, if there is one."""
    return msgspec.json.decode(answer, type=_Loads, strict=False).loads[:1]


class _Stretch(msgspec.Struct, frozen=True):
    """The decode steps between two samples: sums over them, in seconds, and the tokens held meanwhile."""

    steps: float
    requests: float
    seconds: float
    squares: float
    products: float
    held: float

    def values(self) -> tuple[tuple[tuple[float, ...], ...], tuple[float, ...]]:
        """Sums over steps of the products of (1, batch, held) with one another, and with the seconds."""
        n, batch, held = self.steps, self.requests, self.held
        left = ((n, batch, n * held), (batch, self.squares, batch * held), (n * held, batch * held, n * held * held))
        return left, (self.seconds, self.products, held * self.seconds)


def _stretch(before: LoadSample, after: LoadSample) -> _Stretch | None:
    """What was decoded between two samples, if anything was."""
    if len(before.decode_moments) < 3 or len(after.decode_moments) < 3:
        return None
    sums = [late - early for early, late in zip(before.decode_moments, after.decode_moments, strict=False)]
    if min(sums[:3]) <= 0:
        return None
    steps, requests, seconds = sums[0], sums[1], sums[2] / 1e6
    squares, products = requests * requests / steps, requests * seconds / steps
    if len(sums) >= 5 and sums[3] > 0 and sums[4] > 0:  # without them all steps between are taken to be alike
        squares, products = sums[3], sums[4] / 1e6
    return _Stretch(steps, requests, seconds, squares, products, (before.num_used_tokens + after.num_used_tokens) / 2)


def _prefill_rate(pairs: Iterable[tuple[LoadSample, LoadSample]]) -> float:
    """Tokens of prompts a second. Raises `InputError` when none was computed."""
    tokens = micros = 0.0
    for before, after in pairs:
        more = after.total_prefill_uncached_tokens - before.total_prefill_uncached_tokens
        longer = after.total_prefill_busy_us - before.total_prefill_busy_us
        if more >= 0 and longer >= 0:
            tokens, micros = tokens + more, micros + longer
    if tokens <= 0 or micros <= 0:
        raise InputError("the samples show no prefill; sample while new prompts come in")
    return tokens / micros * 1e6


def fit_costs(samples: Sequence[LoadSample]) -> Calibration:
    """Fit the costs. Raises `InputError` when the samples say too little."""
    pairs = list(itertools.pairwise(samples))
    stretches = [found for before, after in pairs if (found := _stretch(before, after)) is not None]
    if len(stretches) < 3:
        raise InputError(
            f"only {len(stretches)} pairs of samples show decoding; sample longer, while the server is busy"
        )
    remarks: list[str] = []
    columns = [0, 1, 2]
    solution = _solve(stretches, columns)
    while solution is None or min(solution) < 0:
        # What did not vary, or comes out negative, cannot be told apart from the rest: leave it out, the finest first.
        dropped = columns.pop()
        remarks.append(f"{('', 'the batch', 'the tokens held')[dropped]} varied too little to be told apart")
        solution = _solve(stretches, columns)
    base, request, token = (*solution, 0.0, 0.0)[:3]
    total = sum(stretch.steps for stretch in stretches)
    error = 0.0
    for stretch in stretches:
        expected = stretch.steps * (base + token * stretch.held) + request * stretch.requests
        error += (expected - stretch.seconds) ** 2 / stretch.steps
    costs = Costs(
        decode_base=base,
        decode_request=request,
        decode_token=token,
        prefill_rate=_prefill_rate(pairs),
        kv_tokens=samples[-1].max_total_num_tokens,
    )
    error = (error / total) ** 0.5
    summary = (
        f"a decode step takes {1e3 * base:.3f} ms + {1e6 * request:.2f} µs a request "
        f"+ {1e9 * token:.2f} ns a token held (error {1e3 * error:.3f} ms, "
        f"{int(total):,} steps in {len(samples):,} samples)",
        f"prefill goes at {costs.prefill_rate:,.0f} tokens a second; the pool holds {costs.kv_tokens:,} tokens",
    )
    return Calibration(
        costs=msgspec.structs.asdict(costs), steps=int(total), error=error, summary=summary, remarks=tuple(remarks)
    )


def _solve(stretches: Iterable[_Stretch], columns: Sequence[int]) -> list[float] | None:
    """Least squares by the normal equations, with columns scaled alike; None when they are singular."""
    sums = [stretch.values() for stretch in stretches]
    scales = [max(left[place][place] for left, _ in sums) ** 0.5 or 1.0 for place in range(3)]
    size = len(columns)
    matrix = [
        [sum(left[i][j] for left, _ in sums) / scales[i] / scales[j] for j in columns]
        + [sum(right[i] for _, right in sums) / scales[i]]
        for i in columns
    ]
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
