"""Prices that are given go before those that were counted; what has none is named."""

from __future__ import annotations

from pathlib import Path

import msgspec

from tests.support.written_runs import solved, write_run
from writ_async.core.prices import Price
from writ_async.core.trajectory import Usage
from writ_async.runs.pricing import models_of, price_rows, unpriced
from writ_async.runs.row_numbers import read_rows
from writ_async.runs.view import RunView

SEATS = {
    "agent": {"name": "sglang", "options": {"model": "models/Small-4B/"}},
    "user": {"name": "openai", "options": {"model": "big-2026-01-01"}},
}
USED = {"agent": Usage(2, 1000, 100, 400), "user": Usage(1, 50, 10, nano_dollars=77)}


def test_a_models_folder_has_the_price_of_its_last_name_and_others_stay_as_counted(tmp_path: Path) -> None:
    run = RunView.open(write_run(tmp_path / "run", [solved("a", usage=USED)], seats=SEATS))
    models = models_of(run.manifest)
    assert models == {"agent": "models/Small-4B/", "user": "big-2026-01-01", "judge": ""}
    rows = read_rows(run).rows
    assert unpriced(rows, models) == ["models/Small-4B/"]
    priced = price_rows(rows, models, {"Small-4B": Price(input=1, cached=0.1, output=10)})
    # 600 at 1, 400 at 0.1 and 100 at 10 dollars per million: 1,640 millionths of a dollar
    assert priced[0].usage["agent"].nano_dollars == 1_640_000
    assert priced[0].usage["user"].nano_dollars == 77
    assert unpriced(priced, models) == []
    again = price_rows(priced, models, {"big": Price(input=0, output=1)})
    assert again[0].usage["user"].nano_dollars == 10_000
    assert price_rows(rows, models, {"other": Price(input=1, output=1)}) == rows


def test_a_model_as_judge_has_its_price_too(tmp_path: Path) -> None:
    used = {"agent": Usage(1, 10, 5, nano_dollars=5), "judge": Usage(1, 1000, 100)}
    run = RunView.open(write_run(tmp_path / "run", [solved("a", usage=used)], judge="openai:strict"))
    models, rows = models_of(run.manifest), read_rows(run).rows
    assert models["judge"] == "strict"
    assert unpriced(rows, models) == ["strict"]
    priced = price_rows(rows, models, {"strict": Price(input=1, output=10)})
    assert priced[0].usage["judge"].nano_dollars == 2_000_000


def test_an_engine_without_a_model_is_priced_by_its_name(tmp_path: Path) -> None:
    run = RunView.open(write_run(tmp_path / "run", [solved("a", usage=USED)], seats={"agent": {"name": "mine"}}))
    assert models_of(run.manifest) == {"agent": "mine", "user": "mine", "judge": ""}
    bare = msgspec.structs.replace(run.manifest, config={})
    assert models_of(bare) == {"agent": "", "user": "", "judge": ""}
    assert unpriced(read_rows(run).rows, models_of(bare)) == ["the agent"]
