"""The GPU measurement's arithmetic: what is swept, and that the fit gives back the costs that made the cells."""

from __future__ import annotations

from pathlib import Path
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from writ_engines.simulated.costs import Costs, costs_of, read_costs

from bench.gpu.data import DecodeCell, Fit, Measured, PrefillCell
from bench.gpu.fit import fit_costs, least_squares
from bench.gpu.server import command
from bench.gpu.sweep import SMALL, Plan, decode_cells, prefill_shapes
from bench.gpu.table import page

H200 = costs_of("qwen3-4b", "h200")
POOL, LONGEST = 807_000, 40_954


def decode_cell(costs: Costs, requests: int, context: int, noise: float) -> DecodeCell:
    kv = requests * (context + 48.0)
    seconds = costs.decode(requests, int(kv)) * noise
    return DecodeCell(
        requests=requests,
        context=context,
        new_tokens=96,
        steps=90,
        mean_requests=float(requests),
        mean_kv=kv,
        step_seconds=seconds,
        wall_step_seconds=seconds,
        answer_p50=1.0,
        answer_p95=1.0,
    )


def prefill_cell(costs: Costs, prompts: int, new: int, cached: int) -> PrefillCell:
    cell = PrefillCell(
        prompts=prompts, new=new, cached=cached, cached_found=float(cached), busy_seconds=1.0, wall_seconds=1.0
    )
    return msgspec.structs.replace(cell, busy_seconds=costs.prefill(cell.tokens, cell.pairs))


def cells(costs: Costs, noise: float = 0.0) -> tuple[list[DecodeCell], list[PrefillCell]]:
    rng = Random(0)
    decode = [
        decode_cell(costs, batch, context, 1 + rng.uniform(-noise, noise))
        for context, batches in decode_cells(Plan(), POOL, LONGEST)
        for batch in batches
    ]
    return decode, [prefill_cell(costs, *shape) for shape in prefill_shapes(Plan(), POOL, LONGEST)]


@given(
    base=st.floats(1e-3, 1e-2),
    request=st.floats(0.0, 1e-4),
    token=st.floats(1e-9, 1e-7),
    rate=st.floats(1e3, 1e5),
    attention=st.floats(1e-11, 1e-8),
)
def test_the_fit_gives_back_the_costs_that_made_the_cells(
    base: float, request: float, token: float, rate: float, attention: float
) -> None:
    costs = Costs(
        decode_base=base,
        decode_request=request,
        decode_token=token,
        prefill_rate=rate,
        prefill_attention=attention,
        kv_tokens=POOL,
    )
    found, fit = fit_costs(*cells(costs), POOL)
    assert found.decode_base == pytest.approx(base, rel=1e-3)
    assert found.decode_request == pytest.approx(request, rel=1e-3, abs=1e-9)
    assert found.decode_token == pytest.approx(token, rel=1e-3)
    assert found.prefill_rate == pytest.approx(rate, rel=1e-3)
    assert found.prefill_attention == pytest.approx(attention, rel=1e-2)
    assert fit.decode_largest < 1e-3
    assert fit.prefill_largest < 1e-3


def test_noise_of_three_per_cent_moves_the_costs_by_little() -> None:
    found, fit = fit_costs(*cells(H200, noise=0.03), POOL)
    assert found.decode_base == pytest.approx(H200.decode_base, rel=0.1)
    assert found.decode_token == pytest.approx(H200.decode_token, rel=0.1)
    assert fit.decode_rms < 0.03


def test_no_coefficient_is_negative() -> None:
    assert min(least_squares([(1.0, 1.0), (1.0, 2.0), (1.0, 3.0)], [3.0, 2.0, 1.0])) >= 0.0


def test_too_few_cells_are_refused() -> None:
    with pytest.raises(ValueError, match="too few"):
        least_squares([(1.0, 2.0)], [1.0])


@pytest.mark.parametrize(("plan", "pool", "longest"), [(Plan(), POOL, LONGEST), (SMALL, 60_000, 32_762)])
def test_every_cell_fits_into_the_pool_and_the_context(plan: Plan, pool: int, longest: int) -> None:
    decode = list(decode_cells(plan, pool, longest))
    assert len({context for context, _ in decode}) >= 3
    for context, batches in decode:
        assert batches == sorted(set(batches), reverse=True)
        assert batches[0] * (context + plan.new_tokens) <= pool
    prefill = list(prefill_shapes(plan, pool, longest))
    assert {cached > 0 for _, _, cached in prefill} == {True, False}
    assert all(prompts * (new + cached) <= pool and new + cached < longest for prompts, new, cached in prefill)


def test_costs_are_a_file_that_the_simulated_server_reads(tmp_path: Path) -> None:
    costs, _ = fit_costs(*cells(H200), POOL)
    (tmp_path / "costs.json").write_bytes(msgspec.json.encode(costs))
    assert read_costs(tmp_path / "costs.json") == costs


def test_the_page_shows_every_cell() -> None:
    decode, prefill = cells(H200)
    costs, fit = fit_costs(decode, prefill, POOL)
    measured = Measured(
        model="m", device="d", started="2026-01-01", decode=decode, prefill=prefill, costs=costs, fit=fit
    )
    text = page(measured)
    assert text.count("\n| ") >= len(decode) + len(prefill)
    assert msgspec.json.decode(msgspec.json.encode(measured), type=Measured) == measured
    assert isinstance(fit, Fit)


def test_the_bundle_is_served_with_the_flags_that_it_was_cut_down_for() -> None:
    words = command("cuda", Path("/m"), 1, Path("/site"), ["--tp", "1"])
    assert "--skip-tokenizer-init" in words
    assert words[-2:] == ["--tp", "1"]
    assert "--skip-tokenizer-init" not in command("cuda", Path("/m"), 1, None, [])
    assert command("cpu", Path("/m"), 1, None, [])[0].endswith("serve.sh")
