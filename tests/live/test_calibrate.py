"""`writ calibrate` on the real server while it is busy, and `writ plan` with what it fitted."""

from __future__ import annotations

import json
import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

import pytest
from writ_engines.simulated import Costs, read_costs

from tests.live.server import Server
from writ_async.cli import main

SECONDS = 12
LOW, HIGH = 300, 2000  # ids that the model has


def generate(url: str, prompt: int, output: int, seed: int) -> None:
    rng = Random(seed)
    ids = [rng.randrange(LOW, HIGH) for _ in range(prompt)]
    body = {"input_ids": ids, "sampling_params": {"max_new_tokens": output, "ignore_eos": True}}
    request = urllib.request.Request(
        f"{url}/generate", json.dumps(body).encode(), headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=120) as answer:
        answer.read()


def keep_busy(url: str, over: threading.Event) -> None:
    """Batches of changing size, prompts of changing length."""
    rng, seed = Random(1), 0
    with ThreadPoolExecutor(16) as pool:
        while not over.is_set():
            batch = rng.choice((1, 4, 16))
            seeds = range(seed, seed + batch)
            prompts = [rng.choice((50, 400, 1500)) for _ in seeds]
            list(pool.map(generate, [url] * batch, prompts, [40] * batch, seeds))
            seed += batch


@pytest.fixture(scope="module")
def fitted(noise_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of `writ calibrate`."""
    file = tmp_path_factory.mktemp("calibrated") / "server.json"
    over = threading.Event()
    load = threading.Thread(target=keep_busy, args=(noise_server.url, over))
    load.start()
    try:
        code = main(["calibrate", noise_server.url, "--seconds", str(SECONDS), "--out", str(file)])
    finally:
        over.set()
        load.join()
    assert code == 0
    return file


@pytest.fixture(scope="module")
def costs(fitted: Path) -> Costs:
    return read_costs(fitted)


def test_the_costs_are_those_of_a_tiny_model_on_a_cpu(costs: Costs) -> None:
    assert costs.kv_tokens == 400_000
    assert 1_000 < costs.prefill_rate < 1_000_000
    assert 0.0005 < costs.decode(8, 8 * 500) < 0.5
    assert min(costs.decode_base, costs.decode_request, costs.decode_token) >= 0


def test_a_plan_is_made_with_them(fitted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["plan", "retail", "--n", "24", "--fixed", "8", "--engine-option", f"calibration={fitted}", "--json"]
    assert main(arguments) == 0
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert {"kv-budget", "fixed 8"} <= {outcome["policy"] for outcome in told["outcomes"]}
    assert all(outcome["conversations_per_hour"] > 0 for outcome in told["outcomes"])
