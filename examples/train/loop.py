"""The loop: imitate kept rows, then improve on the policy's own rollouts, with the server's weights following.

    rollouts on the server -> token ids, logprobs, rewards -> a step -> a checkpoint -> the server's weights -> rollouts

The server samples with temperature 1 and no cut-off, so its logprobs are those of the policy itself, and each rollout
shows that they are what the trainer computes (`Round.gap`): nothing was tokenised again in between.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from statistics import fmean
from typing import Any

import msgspec
import torch
from transformers import AutoModelForCausalLM
from transformers.utils import logging
from writ_engines.sglang import SglangOptions, make_sglang
from writ_engines.sglang.control import ServerControl

from examples.train.losses import group_advantages, imitation_gradients, policy_loss, token_logprobs, written_tokens
from examples.train.rows import row_tokens
from writ_async import (
    Engine,
    Limits,
    Rules,
    Setting,
    Task,
    TokenSequence,
    ToolMessage,
    Trajectory,
    load_domain,
    make_tasks,
    open_chat_format,
    rollouts,
)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What to train on. Kept rows are imitated `epochs` times; then come `rounds` of `tasks` x `group` rollouts."""

    model: str
    url: str
    out: str
    domain: str = "retail"
    seed: int = 0
    rows: int = 8
    epochs: int = 12
    rows_per_step: int = 1
    rounds: int = 4
    tasks: int = 4
    group: int = 8
    steps_per_round: int = 2
    max_steps: int = 8
    max_tokens: int = 48
    imitation_rate: float = 5e-3
    policy_rate: float = 1e-3
    clip: float = 0.2


class Round(msgspec.Struct, kw_only=True):
    """One round of rollouts and the steps on them. `losses` has one value before each step and one after the last.

    `version` names the weights that wrote every token. `gap` is the largest difference between a logprob of the
    server's and the trainer's own; `typical` the standard deviation of the logprobs, to hold it against.
    """

    version: str
    rollouts: int
    tokens: int
    reward: float
    gap: float
    typical: float
    losses: list[float]


class Report(msgspec.Struct, kw_only=True):
    """What happened: the imitation's loss per token by epoch, then the rounds. `version` is what the server has now."""

    imitation: list[float] = []
    rounds: list[Round] = []
    version: str = ""


async def train(settings: Settings) -> Report:
    """Run the loop with the server at `settings.url`, which serves `settings.model`. Checkpoints go to
    `settings.out`, an absolute path that the server can read.
    """
    torch.manual_seed(settings.seed)
    logging.disable_progress_bar()
    model = AutoModelForCausalLM.from_pretrained(settings.model, dtype=torch.float32)
    control = ServerControl(settings.url)
    options = SglangOptions(url=settings.url, model=settings.model, max_tokens=settings.max_tokens, logprobs=True)
    engine = make_sglang(options, Setting(tasks={}, domains={}, seed=settings.seed))
    report = Report()
    try:
        await control.wait_ready()
        report.imitation = await imitate(model, settings)
        report.version = await swap(model, control, settings, "imitation")
        tasks = make_tasks(settings.domain, settings.tasks * settings.rounds, seed=settings.seed + 1, mix="normal=1")
        optimizer = torch.optim.AdamW(model.parameters(), lr=settings.policy_rate, weight_decay=0.0)
        for number in range(settings.rounds):
            chosen = tasks[number * settings.tasks : (number + 1) * settings.tasks]
            groups = await sample(chosen, engine, settings)
            report.rounds.append(improve(model, optimizer, groups, settings, report.version))
            print(describe(report.rounds[-1]), flush=True)
            report.version = await swap(model, control, settings, f"round-{number + 1}")
    finally:
        await engine.aclose()
        await control.aclose()
    return report


async def imitate(model: Any, settings: Settings) -> list[float]:
    """Fine-tune on kept rows of the scripted oracle; the loss per token in each epoch."""
    domain = load_domain(settings.domain)
    chat = open_chat_format(settings.model)
    tasks = make_tasks(settings.domain, settings.rows, seed=settings.seed, mix="normal=1")
    async with rollouts(tasks, agent="scripted", agent_options={"mistakes": "0.2"}, seed=settings.seed) as stream:
        kept = [row async for row in stream if row.verdict is not None and row.verdict.kept]
    sequences = [row_tokens(row, domain, chat) for row in sorted(kept, key=lambda row: row.id)]
    optimizer = torch.optim.AdamW(model.parameters(), lr=settings.imitation_rate, weight_decay=0.0)
    losses: list[float] = []
    for _ in range(settings.epochs):
        total = 0.0
        for start in range(0, len(sequences), settings.rows_per_step):
            total += imitation_gradients(model, sequences[start : start + settings.rows_per_step])
            optimizer.step()
            optimizer.zero_grad()
        losses.append(total / sum(map(written_tokens, sequences)))
        print(f"imitation: {losses[-1]:.3f} nats a token", flush=True)
    return losses


async def sample(tasks: Sequence[Task], engine: Engine, settings: Settings) -> list[list[Trajectory]]:
    """A group of rollouts for each task: the policy as the agent, a scripted user. Rows that broke off are left out."""
    groups: dict[str, list[Trajectory]] = defaultdict(list)
    rules, limits = Rules(max_steps=settings.max_steps), Limits(concurrency=64)
    async with rollouts(
        tasks, engine, "scripted", trials=settings.group, seed=settings.seed, rules=rules, limits=limits
    ) as stream:
        async for row in stream:
            tokens = row.tokens.get("agent")
            known = tokens is not None and tokens.complete and tokens.logprobs and None not in tokens.logprobs
            if row.verdict is not None and known:
                groups[row.task_id].append(row)
    return [sorted(group, key=lambda row: row.trial) for group in groups.values()]


def reward_of(row: Trajectory) -> float:
    """The benchmark's reward; and, as a beginner never gets it, a little for form.

    Each tool call that ran counts for, each defect that the engine noted (broken JSON, a turn cut off) against.
    """
    assert row.verdict is not None
    ran = sum(isinstance(message, ToolMessage) and not message.error for message in row.messages)
    return row.verdict.reward.reward + 0.1 * ran - 0.1 * len(row.notes)


def improve(
    model: Any,
    optimizer: torch.optim.Optimizer,
    groups: Sequence[Sequence[Trajectory]],
    settings: Settings,
    version: str,
) -> Round:
    """Steps of the group-relative policy gradient on one round of rollouts, all made by weights `version`."""
    batch: list[tuple[TokenSequence, float]] = []
    rewards: list[float] = []
    for group in groups:
        scores = [reward_of(row) for row in group]
        rewards += scores
        batch += zip((row.tokens["agent"] for row in group), group_advantages(scores), strict=True)
    if not batch:
        raise RuntimeError("no rollout came back whole; see the server's log")
    stale = {span.version for tokens, _ in batch for span in tokens.weights} - {version}
    if stale:
        raise RuntimeError(f"tokens of weights {sorted(stale)} in a round of {version}")
    count = sum(len(tokens.logprobs) for tokens, _ in batch)
    with torch.no_grad():
        ours = [token_logprobs(model, tokens) for tokens, _ in batch]
    theirs = torch.tensor([value for tokens, _ in batch for value in tokens.logprobs])
    gap = (torch.cat(ours) - theirs).abs().max().item()
    return Round(
        version=version,
        rollouts=len(batch),
        tokens=count,
        reward=fmean(rewards),
        gap=gap,
        typical=theirs.std().item(),
        losses=descend(model, optimizer, batch, settings),
    )


def descend(
    model: Any, optimizer: torch.optim.Optimizer, batch: Sequence[tuple[TokenSequence, float]], settings: Settings
) -> list[float]:
    """Optimizer steps on sequences with their advantages; the loss before each step, and after the last."""
    count = sum(len(tokens.logprobs) for tokens, _ in batch)
    losses: list[float] = []
    for step in range(settings.steps_per_round + 1):
        last = step == settings.steps_per_round
        total = 0.0
        with torch.set_grad_enabled(not last):
            for tokens, advantage in batch:
                if advantage:
                    loss = policy_loss(model, tokens, advantage, settings.clip) / count
                    total += loss.item()
                    if not last:
                        loss.backward()
        losses.append(total)
        if not last:
            optimizer.step()
            optimizer.zero_grad()
    return losses


def describe(row: Round) -> str:
    """One round in a line."""
    return (
        f"{row.rollouts} rollouts by {row.version!r}: reward {row.reward:.3f}, surrogate loss {row.losses[0]:.4f} -> "
        f"{row.losses[-1]:.4f}, {row.tokens} tokens whose logprobs are the server's within {row.gap:.1g}"
    )


async def swap(model: Any, control: ServerControl, settings: Settings, version: str) -> str:
    """Give the server the model's weights under a new name, and empty its prefix cache; what it says they are called.

    Nothing runs between two rounds. `retract` would let rollouts that are under way go on with the new weights.
    """
    folder = f"{settings.out}/{version}"
    model.save_pretrained(folder)
    async with control.paused("retract"):
        await control.update_weights(folder, version=version)
    return await control.weight_version()
