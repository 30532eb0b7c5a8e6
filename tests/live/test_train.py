"""The training example on the real server: imitation, policy steps, new weights, and the tokens that prove each."""

from __future__ import annotations

import os
import subprocess
from itertools import pairwise
from pathlib import Path

import anyio
import msgspec
import pytest
from writ_engines.sglang.control import ServerControl
from writ_engines.sglang.engine import SglangEngine

from tests.live.rollout import converse, open_engine
from tests.live.server import RANDOM, ROOT, Server, Servers
from writ_async import Limits, Rules, make_tasks, rollouts
from writ_async.core.engine import Completion, Request
from writ_async.core.trajectory import ENDED_FROM_OUTSIDE, TokenSequence, Trajectory

PYTHON = ROOT / ".venv-sglang" / "bin" / "python"
ROWS, EPOCHS, ROUNDS, TASKS, GROUP = 8, 12, 2, 3, 4
NATS_PER_SCALE = 2e-3  # float32 on both sides, but not the same order of sums


class Round(msgspec.Struct):
    """See examples/train/loop.py."""

    version: str
    rollouts: int
    tokens: int
    reward: float
    gap: float
    typical: float
    losses: list[float]


class Report(msgspec.Struct):
    """See examples/train/loop.py."""

    imitation: list[float]
    rounds: list[Round]
    version: str


@pytest.fixture(scope="module")
def server(servers: Servers) -> Server:
    """Computes in float32, as the trainer does, so that logprobs can be held against each other."""
    return servers.get(RANDOM, "--max-total-tokens", "100000", "--dtype", "float32")


@pytest.fixture(scope="module")
def trained(server: Server, tmp_path_factory: pytest.TempPathFactory) -> tuple[Report, Path]:
    """The example's report, and the folder of its checkpoints."""
    out = tmp_path_factory.mktemp("train")
    settings = {"rows": ROWS, "epochs": EPOCHS, "rounds": ROUNDS, "tasks": TASKS, "group": GROUP}
    command = [str(PYTHON), "-m", "examples.train", "--model", str(server.model), "--url", server.url]
    command += ["--out", str(out), "--report", str(out / "report.json")]
    for name, value in settings.items():
        command += [f"--{name}", str(value)]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True, check=False
    )
    print(done.stdout)
    assert done.returncode == 0, done.stderr[-4000:]
    return msgspec.json.decode((out / "report.json").read_bytes(), type=Report), out


def test_imitation_of_kept_rows_lowers_the_loss_per_token_in_every_epoch(trained: tuple[Report, Path]) -> None:
    losses = trained[0].imitation
    assert len(losses) == EPOCHS
    assert losses[-1] < losses[0] - 2.0
    assert all(later < earlier + 0.1 for earlier, later in pairwise(losses))


def test_the_servers_logprobs_are_those_of_the_trainers_own_forward_pass(trained: tuple[Report, Path]) -> None:
    for row in trained[0].rounds:
        assert row.tokens > 100
        assert row.typical > 0.3, "a model that finds all tokens alike would prove nothing"
        assert row.gap < NATS_PER_SCALE


def test_each_round_is_sampled_by_the_weights_of_the_round_before(trained: tuple[Report, Path], server: Server) -> None:
    report = trained[0]
    assert [row.version for row in report.rounds] == ["imitation", "round-1"]
    assert report.version == "round-2"
    assert all(row.rollouts == TASKS * GROUP for row in report.rounds)
    assert anyio.run(_version, server.url) == "round-2"


def test_policy_steps_lower_the_surrogate_loss_on_their_rollouts(trained: tuple[Report, Path]) -> None:
    for row in trained[0].rounds:
        assert row.losses[-1] < row.losses[0], row


def test_new_weights_find_an_empty_cache_and_name_their_tokens(trained: tuple[Report, Path], server: Server) -> None:
    _swap_back_and_forth(server, trained[1])
    tasks = make_tasks("retail", 1, seed=3, world_size=60)
    engine = open_engine(server, max_tokens=12, logprobs=True)
    rows, seen = converse(tasks, engine, rules=Rules(max_steps=8), limits=Limits(concurrency=1))
    turns = [turn for view in seen.values() for turn in view.turns]
    assert turns[0].usage.cached_tokens == 0
    assert any(turn.usage.cached_tokens > 0 for turn in turns[1:])
    for tokens in rows[0].tokens.values():
        assert {span.version for span in tokens.weights} == {"round-2"}


def test_weights_swapped_in_mid_rollout_show_in_the_tokens_versions(
    trained: tuple[Report, Path], server: Server
) -> None:
    rows = anyio.run(_swap_in_flight, server, trained[1])
    assert not {row.termination for row in rows} & ENDED_FROM_OUTSIDE
    sequences = [tokens for row in rows for tokens in row.tokens.values()]
    assert any(len(_versions(tokens)) > 1 for tokens in sequences), "no conversation saw both weights"
    for tokens in sequences:
        assert len(tokens.logprobs) == sum(tokens.loss_mask())
        covered = sorted((span.start, span.end) for span in tokens.weights)
        assert [place for start, end in covered for place in range(start, end)] == [
            place for start, end in tokens.generated for place in range(start, end)
        ], "each generated token has exactly one version"
        assert _versions(tokens) == sorted(_versions(tokens), reverse=True), "round-2 comes before imitation"


def _versions(tokens: TokenSequence) -> list[str]:
    """The versions in the order of the tokens, each run once."""
    found: list[str] = []
    for span in sorted(tokens.weights, key=lambda span: span.start):
        if not found or found[-1] != span.version:
            found.append(span.version)
    return found


async def _version(url: str) -> str:
    control = ServerControl(url)
    try:
        return await control.weight_version()
    finally:
        await control.aclose()


def _swap_back_and_forth(server: Server, folder: Path) -> None:
    async def swap() -> None:
        control = ServerControl(server.url)
        try:
            for version in ("imitation", "round-2"):
                async with control.paused("retract"):
                    await control.update_weights(str(folder / version), version=version)
        finally:
            await control.aclose()

    anyio.run(swap)


class _Announced:
    """Passes calls on to an engine, and says when the first one has been answered."""

    def __init__(self, engine: SglangEngine) -> None:
        self.engine = engine
        self.answered = anyio.Event()

    async def complete(self, request: Request) -> Completion:
        """See `Engine`."""
        completion = await self.engine.complete(request)
        self.answered.set()
        return completion

    def end_session(self, session: str) -> TokenSequence | None:
        """See `Engine`."""
        return self.engine.end_session(session)

    async def aclose(self) -> None:
        """See `Engine`."""
        await self.engine.aclose()


async def _swap_in_flight(server: Server, folder: Path) -> list[Trajectory]:
    """Conversations during which the weights change from `round-2` to `imitation`."""
    control = ServerControl(server.url)
    agent = _Announced(open_engine(server, max_tokens=300, logprobs=True, extra='{"ignore_eos":true}'))
    tasks, rules = make_tasks("retail", 6, seed=5, world_size=60), Rules(max_steps=6)
    rows: list[Trajectory] = []

    async def swap() -> None:
        await agent.answered.wait()
        async with control.paused("in_place"):
            await control.update_weights(str(folder / "imitation"), version="imitation", flush_cache=False)

    try:
        async with anyio.create_task_group() as group, rollouts(tasks, agent, rules=rules) as stream:
            group.start_soon(swap)
            rows += [row async for row in stream]
    finally:
        await agent.aclose()
        await control.aclose()
    return rows
