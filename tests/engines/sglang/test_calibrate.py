from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import msgspec
import pytest
from aiohttp import web
from aiohttp.typedefs import Handler
from writ_engines.sglang.calibrate import LoadSample, fit_costs, read_samples, sample_server
from writ_engines.simulated import Costs, read_costs

from writ_async.errors import EngineError, InputError


def samples(base: float, request: float, token: float, *, noise: float = 0.0, vary: bool = True) -> list[LoadSample]:
    """A server's answers while its load changes."""
    rng = Random(1)
    steps = requests = micros = prefilled = busy = 0.0
    found = []
    for number in range(80):
        batch = 8 + (number % 10) * 12 if vary else 32
        held = 20_000 + (number * 7919) % 500_000 if vary else 100_000
        found.append(
            LoadSample(
                num_used_tokens=held,
                max_total_num_tokens=800_000,
                total_prefill_uncached_tokens=int(prefilled),
                total_prefill_busy_us=busy,
                decode_moments=(steps, requests, micros, 0.0, 0.0, 0.0),
            )
        )
        following = 20_000 + ((number + 1) * 7919) % 500_000 if vary else 100_000
        took = base + request * batch + token * (held + following) / 2
        steps += 50
        requests += 50 * batch
        micros += 50 * took * 1e6 * (1 + noise * rng.uniform(-1, 1))
        prefilled += 4000
        busy += 100_000
    return found


def test_the_costs_that_made_the_samples_are_found_again() -> None:
    found = msgspec.convert(fit_costs(samples(0.003, 5e-5, 3.3e-8)).costs, Costs)
    assert found.decode_base == pytest.approx(0.003, rel=1e-3)
    assert found.decode_request == pytest.approx(5e-5, rel=1e-3)
    assert found.decode_token == pytest.approx(3.3e-8, rel=1e-3)
    assert found.prefill_rate == pytest.approx(40_000)
    assert found.kv_tokens == 800_000


def test_noise_moves_them_little() -> None:
    fitted = fit_costs(samples(0.003, 5e-5, 3.3e-8, noise=0.03))
    assert fitted.costs["decode_token"] == pytest.approx(3.3e-8, rel=0.1)
    assert fitted.error < 0.001


def test_what_varies_between_two_samples_is_told_apart_too() -> None:
    """Each stretch has the same mean batch; only squares and products show that steps differ."""
    found, moments = [], [0.0] * 6
    for number in range(20):
        found.append(
            LoadSample(
                num_used_tokens=1000,
                max_total_num_tokens=8000,
                total_prefill_uncached_tokens=100 * number,
                total_prefill_busy_us=5000.0 * number,
                decode_moments=tuple(moments),
            )
        )
        for batch in (2, 14, 8):
            micros = 3000 + 100 * batch
            for place, value in enumerate((1, batch, micros, batch * batch, batch * micros, batch)):
                moments[place] += value
    fitted = fit_costs(found)
    assert fitted.costs["decode_base"] == pytest.approx(0.003)
    assert fitted.costs["decode_request"] == pytest.approx(1e-4)
    assert fitted.remarks == ("the tokens held varied too little to be told apart",)


def test_a_server_that_starts_anew_between_two_samples_does_no_harm() -> None:
    whole = samples(0.003, 5e-5, 3.3e-8)
    found = msgspec.convert(fit_costs([*whole[40:], *whole[:40]]).costs, Costs)
    assert found.decode_base == pytest.approx(0.003, rel=1e-3)
    assert found.prefill_rate == pytest.approx(40_000)


def test_what_did_not_vary_is_left_out_and_said() -> None:
    fitted = fit_costs(samples(0.003, 5e-5, 3.3e-8, vary=False))
    assert fitted.costs["decode_token"] == 0.0
    assert fitted.remarks
    assert fitted.costs["decode_base"] == pytest.approx(0.003 + 5e-5 * 32 + 3.3e-8 * 100_000)


def test_an_idle_server_says_too_little() -> None:
    with pytest.raises(InputError, match="while the server is busy"):
        fit_costs([LoadSample()] * 5)


def test_answers_in_a_file_are_read_and_a_bad_line_is_named(tmp_path: Path) -> None:
    path = tmp_path / "loads.jsonl"
    lines = [msgspec.json.encode({"loads": [load], "version": "x"}) for load in samples(0.003, 5e-5, 3e-8)]
    path.write_bytes(b"\n".join(lines))
    assert len(read_samples(path)) == 80
    path.write_bytes(lines[0] + b"\nnot json\n")
    with pytest.raises(InputError, match=r"loads\.jsonl:2"):
        read_samples(path)


def test_the_simulated_engine_reads_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "server.json"
    path.write_bytes(msgspec.json.encode(fit_costs(samples(0.003, 5e-5, 3.3e-8)).costs))
    assert read_costs(path).prefill_rate == pytest.approx(40_000)
    with pytest.raises(InputError, match="No such file"):
        read_costs(tmp_path / "none.json")


@pytest.mark.asyncio
async def test_a_server_is_sampled_while_it_is_busy() -> None:
    waiting = iter(samples(0.003, 5e-5, 3.3e-8))

    async def loads(_: web.Request) -> web.Response:
        return web.Response(body=msgspec.json.encode({"loads": [next(waiting)]}))

    async with serving(loads) as url:
        found = await sample_server(url, seconds=0.3, interval=0.01)
    assert found == samples(0.003, 5e-5, 3.3e-8)[: len(found)]
    assert len(found) > 3


@pytest.mark.asyncio
async def test_what_answers_otherwise_or_not_at_all_is_told() -> None:
    async def page(_: web.Request) -> web.Response:
        return web.Response(text="<html>")

    async with serving(page) as url:
        with pytest.raises(InputError, match="answers otherwise"):
            await sample_server(url, seconds=0.1)
    with pytest.raises(EngineError, match="does not answer"):
        await sample_server(url, seconds=0.1)


@asynccontextmanager
async def serving(answer: Handler) -> AsyncIterator[str]:
    """The address of a server with these loads."""
    app = web.Application()
    app.router.add_get("/v1/loads", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
