"""What a run on many GPUs needs beside them: from the simulation of a few, and assumptions that are said.

Servers are independent of each other: each conversation stays on one. So what one GPU does is what each does, as long
as the clients keep up; how much client that takes follows from calls, rows and tokens a second.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import msgspec

from writ_async.commands.plan import Outcome
from writ_async.errors import InputError

MOST_GPUS = 1_000_000
MOST_ROWS = 10**12


class Assumptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What no simulation says: what the client takes of CPU and memory, and how machines are made up.

    `call_cpu`: seconds of a core for a model call: the engine's client (156 µs, bench/client.py), the conversation, its
    tools and the scheduler (149 µs, bench/scale.py). `row_cpu`: for the verdict of a conversation of 60 messages
    (bench/verdicts.py). `task_cpu`: to draw and prove a task (bench/synthesis.py). `busy`: the share of a core that a
    process may use, so that no call waits for it. `process_bytes`: a process with two worlds (bench/workers.py).
    `live_bytes`: a live conversation of 20 messages (bench/scale.py), `live_token_bytes` for each token of it that is
    kept as an id: its place in a list, its text and what was told of it (same). `token_bytes`: of a prompt's or an
    answer's token on the way to or from the server. `gpus_per_machine`.
    """

    call_cpu: float = 305e-6
    row_cpu: float = 9e-3
    task_cpu: float = 4e-3
    busy: float = 0.6
    process_bytes: float = 150 * 2**20
    live_bytes: float = 21_000
    live_token_bytes: float = 16
    token_bytes: float = 6.0
    gpus_per_machine: int = 8


class Needs(msgspec.Struct, frozen=True, kw_only=True):
    """What so many GPUs do and need. Rates are a second, of all together; `hours` are for `rows`.

    `processes` are actors on Ray, or shards: at least one a machine, for it calls the servers there. `drawing_cores`
    draw tasks as fast as conversations use them up, each with a seed of its own; `drawing_hours` is what one takes for
    all. `memory_bytes` is of each process, `disk_bytes` of all rows, `network_bytes` a second between clients and
    servers, `written_bytes` a second to the shared file system.
    """

    gpus: int
    machines: int
    rows: int
    conversations_per_hour: float
    hours: float
    live: float
    calls: float
    prompt_tokens: float
    prefilled_tokens: float
    output_tokens: float
    cores: float
    processes: int
    memory_bytes: float
    drawing_cores: float
    drawing_hours: float
    disk_bytes: float
    written_bytes: float
    network_bytes: float
    assumptions: Assumptions


def parse_assumptions(pairs: Iterable[tuple[str, str]]) -> Assumptions:
    """The assumptions with some of them replaced. Raises `InputError` for one that is not there or cannot be."""
    given = dict(pairs)
    try:
        assumed = msgspec.convert(given, Assumptions, strict=False)
    except msgspec.ValidationError as exc:
        known = ", ".join(Assumptions.__struct_fields__)
        raise InputError(f"--assume: {exc}; there are: {known}") from None
    for name in Assumptions.__struct_fields__:
        value = getattr(assumed, name)
        if not (math.isfinite(value) and value > 0):
            raise InputError(f"--assume {name} must be above 0, not {value:g}")
    if assumed.busy > 1:
        raise InputError(f"--assume busy is a share of a core, at most 1, not {assumed.busy:g}")
    return assumed


def needs_of(outcome: Outcome, conversations: int, simulated: int, gpus: int, rows: int, assumed: Assumptions) -> Needs:
    """What `gpus` GPUs do and need, from the `outcome` of so many `conversations` on `simulated` of them.

    Raises `InputError` for numbers of GPUs or rows that cannot be.
    """
    for flag, value, most in (("--gpus", gpus, MOST_GPUS), ("--rows", rows, MOST_ROWS)):
        if not 1 <= value <= most:
            raise InputError(f"{flag} must be from 1 to {most:,}, not {value:,}")
    times = gpus / simulated
    per_second = times / outcome.seconds
    ended = conversations * per_second
    calls = outcome.requests * per_second
    tokens_of_live = outcome.prompt_tokens / outcome.requests  # what a conversation holds at the mean of its calls
    live = outcome.live * times
    machines = math.ceil(gpus / assumed.gpus_per_machine)
    cores = (calls * assumed.call_cpu + ended * assumed.row_cpu) / assumed.busy
    processes = machines * math.ceil(cores / machines)
    of_live = assumed.live_bytes + tokens_of_live * assumed.live_token_bytes
    network = (outcome.prompt_tokens + outcome.output_tokens) * per_second * assumed.token_bytes
    return Needs(
        gpus=gpus,
        machines=machines,
        rows=rows,
        conversations_per_hour=3600 * ended,
        hours=rows / ended / 3600,
        live=live,
        calls=calls,
        prompt_tokens=outcome.prompt_tokens * per_second,
        prefilled_tokens=outcome.prefilled_tokens * per_second,
        output_tokens=outcome.output_tokens * per_second,
        cores=cores,
        processes=processes,
        memory_bytes=assumed.process_bytes + live / processes * of_live,
        drawing_cores=ended * assumed.task_cpu,
        drawing_hours=rows * assumed.task_cpu / 3600,
        disk_bytes=rows * outcome.row_bytes,
        written_bytes=ended * outcome.row_bytes,
        network_bytes=network,
        assumptions=assumed,
    )
