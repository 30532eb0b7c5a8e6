"""What a verdict costs by the length of a conversation and of a message, and what a thousand real conversations cost.

    python bench/verdicts.py [--n 8] [--seed 1] [--real DIR --data TAU2] [--json FILE]

Conversations of 30, 60, 120 and 240 messages are joined from scripted ones of one world, of tasks with many writes: one
customer after the other speaks with the same agent. All are judged as `writ synth` judges its rows. With `--real` the
files of others are judged as `writ check` judges them, and real conversations of one domain are joined alike. Times are
CPU times of this process, the least of three for each conversation. Nothing that was read before is remembered: what is
cached of texts is forgotten before each verdict, compiled patterns and what is known of domains stay. What is called
warm is the same verdict at once again. A run judges long conversations in slices, between which others have their
turn: the longest slice is what these wait. The collector is as quiet as in a run.

Long messages are rows of one sign or word, as a model writes that has lost its way: of each, twice the length may cost
twice as much.
"""

from __future__ import annotations

import gc
import inspect
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import _lru_cache_wrapper, cache, partial
from pathlib import Path
from statistics import mean
from typing import Any

import msgspec

from bench.core_speed import AIMS_CORE_SECONDS, count_seconds
from bench.report import Figure, make_parser, positive, run_script, show_figures, write_json
from writ_async import (
    Action,
    AssistantMessage,
    Domain,
    Goal,
    InputError,
    Message,
    Scenario,
    State,
    Task,
    Trajectory,
    UserMessage,
    World,
    load_domain,
    run,
)
from writ_async.core.task import Certificate
from writ_async.formats.foreign import BadRow, Foreign, read_foreign
from writ_async.formats.foreign.places import Place, PlaceFinder
from writ_async.formats.foreign.verdicts import check_row
from writ_async.runs.worlds import generate_world
from writ_async.scheduler import quiet_gc
from writ_async.synthesis import parse_mix, synthesise_tasks
from writ_async.verify.outcome import ReplayMismatchError, replay
from writ_async.verify.verdict import judge_in_slices, judge_trajectory

DOMAINS = ("retail", "airline")
SIZES = (30, 60, 120, 240)
MOST_MS = {120: 5.0}
MOST_REAL_SECONDS = 15.0
MOST_GROWTH = 2.5
"""How many times the cost of a conversation half as long; 2 would be linear, and 4 quadratic."""
_REPEATS = 3
_WORLD = 500
ROWS = (
    *(
        ".",
        "-",
        " ",
        "\n",
        "a",
        "1",
        ",",
        "$",
        "•",
        "—",
        "?",
        "*",
        "_",
        "#",
        "(",
        "[",
        "{",
        "<",
        "a.",
        "a-",
        "a@",
        "1,",
        "1-",
    ),
    *("yes ", "not ", "then ", "please ", "if ", "$1 ", "may 1 ", "1 yes ", "i have refunded ", "has been ", "'ll "),
    *("w1234567 ", "reply 1 to ", "if it's $1 ", "the first ", "could you ", "no account found ", "1 main street "),
)
"""What long messages are rows of."""
LONG = 20_000
"""Signs of a long message where no other number is asked for; one twice as long is compared."""
_TEXTS = frozenset({"text", "message", "said", "words", "word", "value", "name", "start", "plain"})
"""How parameters are called that are texts of a conversation, or parts of them."""


class Talk(msgspec.Struct, frozen=True):
    """A conversation on a task of ours."""

    task: Task
    row: Trajectory
    domain: Domain
    world: World

    def judge(self) -> object:
        """Its verdict, as a run has it."""
        return judge_trajectory(self.task, self.row, self.domain, self.world)

    def slices(self) -> Iterator[None]:
        """The same slice by slice."""
        yield from judge_in_slices(self.task, self.row, self.domain, self.world)


class ForeignTalk(msgspec.Struct, frozen=True):
    """A conversation of others, and what it is judged by."""

    row: Foreign
    place: Place

    def judge(self) -> object:
        """Its verdict, as `writ check` has it."""
        return check_row(self.row, self.place.domain, self.place.kinds, self.place.world, self.place.task)


AnyTalk = Talk | ForeignTalk


def forget() -> None:
    """Empty the caches of all functions of texts; those of compiled patterns stay."""
    for known in text_caches():
        known.cache_clear()


@cache
def text_caches() -> list[_lru_cache_wrapper[Any]]:
    """The caches of functions of texts. What the collector has frozen it does not list: this is called before."""
    found = []
    for thing in gc.get_objects():
        if isinstance(thing, _lru_cache_wrapper) and str(getattr(thing, "__module__", "")).startswith("writ_"):
            of = inspect.signature(thing)
            if not _TEXTS.isdisjoint(of.parameters) and "Pattern" not in str(of.return_annotation):
                found.append(thing)
    return found


def cost(talk: AnyTalk) -> float:
    """The least CPU milliseconds of a verdict on a conversation whose texts were never seen."""
    times = []
    for _ in range(_REPEATS):
        forget()
        start = time.process_time()
        talk.judge()
        times.append(time.process_time() - start)
    return 1000 * min(times)


def warm_cost(talk: AnyTalk) -> float:
    """The least CPU milliseconds of a verdict on a conversation that was judged just before."""
    talk.judge()
    times = []
    for _ in range(_REPEATS):
        start = time.process_time()
        talk.judge()
        times.append(time.process_time() - start)
    return 1000 * min(times)


def longest_slice(talk: Talk) -> float:
    """The CPU milliseconds of the longest slice of a verdict, the least of a few times."""
    longest = []
    for _ in range(_REPEATS):
        forget()
        times, start = [0.0], time.process_time()
        for _ in talk.slices():
            times.append(time.process_time() - start)
            start = time.process_time()
        longest.append(max(*times, time.process_time() - start))
    return 1000 * min(longest)


def joined(parts: Sequence[Sequence[Message]]) -> tuple[Message, ...]:
    """Conversations as one: who comes later is not greeted, and only the last one ends."""
    found: list[Message] = []
    for part in parts:
        if found and isinstance(found[-1], UserMessage):
            found.pop()
        start = next((place for place, one in enumerate(part) if isinstance(one, UserMessage)), 0) if found else 0
        found += part[start:]
    return tuple(found)


def joined_task(tasks: Sequence[Task]) -> Task:
    """The tasks of conversations that were joined, as one."""
    actions: list[Action] = []
    certificates: list[Certificate] = []
    goals: list[Goal] = []
    for task in tasks:
        since = len(actions)
        actions += task.actions or ()
        certificates += (Certificate(_moved(one.write, since), one.cells) for one in task.certificates)
        goals += (
            msgspec.structs.replace(goal, writes=tuple(write + since for write in goal.writes)) for goal in task.goals
        )
    scenarios = [task.scenario for task in tasks]
    return msgspec.structs.replace(
        tasks[0],
        actions=tuple(actions),
        certificates=tuple(certificates),
        goals=tuple(goals),
        communicate=tuple(info for task in tasks for info in task.communicate or ()),
        scenario=Scenario(
            reason_for_call="\n".join(one.reason_for_call for one in scenarios),
            request="\n".join(one.request for one in scenarios),
            facts=tuple(fact for one in scenarios for fact in one.facts),
        ),
        gold_digest="",
        behaviour=None,
        first_wish=None,
        open_choice=None,
        proof=None,
    )


def _moved(write: int | None, by: int) -> int | None:
    return None if write is None else write + by


def scripted_talks(domain_name: str, size: int, count: int, seed: int) -> Iterator[tuple[int, Talk]]:
    """Conversations of about so many messages with many writes, each with its number of messages."""
    domain = load_domain(domain_name)
    place = generate_world(domain, seed, _WORLD)
    tasks = synthesise_tasks([place], 3 * count * max(1, size // 30), seed, parse_mix("write-intensive=1"))[0]
    by_id = {task.id: task for task in tasks}
    rows = [(by_id[row.task_id], row) for row in run(tasks, "scripted", seed=seed)]
    for _ in range(count):
        taken = _take(rows, size, place.domain, place.world)
        messages = joined([row.messages for _, row in taken])
        row = msgspec.structs.replace(taken[-1][1], messages=messages, notes=())
        task = joined_task([task for task, _ in taken])
        yield len(messages), Talk(task, row, place.domain, place.world)


def _take(
    rows: list[tuple[Task, Trajectory]], size: int, domain: Domain, world: World
) -> list[tuple[Task, Trajectory]]:
    """Rows that come to about so many messages and whose writes can be made one after the other; they are taken out."""
    taken: list[tuple[Task, Trajectory]] = []
    state, total = State(world), 0
    for pair in list(rows):
        if total + len(pair[1].messages) > size + 8:
            continue
        try:
            replay(domain, state, pair[1].messages)
        except ReplayMismatchError:
            break
        rows.remove(pair)
        taken.append(pair)
        total += len(pair[1].messages)
        if total >= size - 4:
            break
    return taken


def with_long_message(talk: Talk, by_user: bool, text: str) -> Talk:
    """A scripted conversation in whose middle somebody says a long text beside what they say anyhow."""
    messages = list(talk.row.messages)
    kind = UserMessage if by_user else AssistantMessage
    said = [place for place, one in enumerate(messages) if isinstance(one, kind) and one.content]
    place = said[len(said) // 2]
    messages[place] = msgspec.structs.replace(messages[place], content=f"{messages[place].content} {text}")
    row = msgspec.structs.replace(talk.row, messages=tuple(messages))
    return msgspec.structs.replace(talk, row=row)


def long_figures(signs: int, seed: int) -> list[Figure]:
    """How the cost of a verdict grows with the length of one message: the worst of all rows of signs and words."""
    found: list[Figure] = []
    talk = next(talk for _, talk in scripted_talks(DOMAINS[0], SIZES[0], 1, seed))
    talk.judge()
    usual = cost(talk)
    for by_user in (False, True):
        worst, slowest = (0.0, ""), (0.0, "")
        for row in ROWS:
            texts = [(row * length)[:length] for length in (signs, 2 * signs)]
            short, long = (cost(with_long_message(talk, by_user, text)) - usual for text in texts)
            # What costs less than the conversation itself is not worth a ratio.
            if long > usual:
                worst = max(worst, (long / max(short, usual / 2), row))
            slowest = max(slowest, (long, row))
        what = f"{'user' if by_user else 'agent'}'s message of {2 * signs:,} signs"
        found.append(Figure(f"{what} against half of it, {worst[1]!r}", worst[0], "×", MOST_GROWTH))
        found.append(Figure(f"{what}, {slowest[1]!r}", slowest[0], "ms"))
    return found


def real_rows(folder: str, finder: PlaceFinder) -> list[ForeignTalk]:
    """All conversations of a folder's files, each with what it is judged by."""
    files = sorted(Path(folder).glob("*.json.gz"))
    if not files:
        raise InputError(f"{folder}: holds no .json.gz file")
    rows = [row for file in files for row in read_foreign(file) if not isinstance(row, BadRow)]
    return [ForeignTalk(row, finder.find(row)) for row in rows]


def real_talks(rows: Sequence[ForeignTalk], size: int, count: int) -> Iterator[tuple[int, ForeignTalk]]:
    """The longest real conversations joined and cut after so many messages, those of each agent by themselves.

    The short ones are the beginnings of the long ones, so that they can be compared.
    """
    left = sorted(rows, key=lambda talk: -len(talk.row.messages))
    for _ in range(count):
        first = left.pop(0)
        parts = [first.row]
        for talk in list(left):
            if sum(len(one.messages) for one in parts) >= 1.1 * SIZES[-1]:
                break
            if talk.place.domain.name == first.place.domain.name and talk.row.format == first.row.format:
                left.remove(talk)
                parts.append(talk.row)
        messages = joined([one.messages for one in parts])[:size]
        row = msgspec.structs.replace(first.row, messages=messages, places=(), call_places=(), gold=None)
        yield len(messages), ForeignTalk(row, msgspec.structs.replace(first.place, task=None))


def figures_by_size(what: str, talks: Callable[[int], Iterator[tuple[int, AnyTalk]]]) -> list[Figure]:
    """Milliseconds of a verdict by the number of messages, and how they grow; those of the script have aims."""
    found: list[Figure] = []
    costs: dict[int, float] = {}
    warm: list[AnyTalk] = []
    for size in SIZES:
        made = list(talks(size))
        made[0][1].judge()
        spent, counts = [], []
        for _, talk in made:
            counts.append(min(count_seconds() for _ in range(_REPEATS)))  # beside each, for cores change their speed
            spent.append(cost(talk))
        whole = size / mean(messages for messages, _ in made)
        costs[size] = mean(spent) * whole
        aim = MOST_MS.get(size) if isinstance(made[0][1], Talk) else None
        found.append(Figure(f"{what}, {size} messages", costs[size], "ms", aim))
        if aim is not None:
            there = mean(ms / count for ms, count in zip(spent, counts, strict=True)) * AIMS_CORE_SECONDS * whole
            found.append(Figure(f"  on a core that counts to five million in {AIMS_CORE_SECONDS} s", there, "ms", aim))
        if size == 120:
            warm = [talk for _, talk in made]
    grown = costs[SIZES[-1]] / costs[SIZES[-2]]
    found.append(Figure(f"{what}, 120 messages, warm", mean(map(warm_cost, warm)), "ms"))
    if slices := [longest_slice(talk) for talk in warm if isinstance(talk, Talk)]:
        found.append(Figure(f"{what}, 120 messages, longest slice", mean(slices), "ms"))
    found.append(Figure(f"{what}, {SIZES[-1]} against {SIZES[-2]} messages", grown, "×", MOST_GROWTH))
    return found


def real_figures(folder: str, data: str | None, count: int) -> list[Figure]:
    """What verdicts on conversations of others cost: by their length, and on all of a folder, one after the other."""
    rows = real_rows(folder, PlaceFinder("tau2", data, "", ()))
    figures = figures_by_size("real", partial(real_talks, rows, count=count))
    forget()
    start = time.process_time()
    for talk in rows:
        talk.judge()
    spent = time.process_time() - start
    return [*figures, Figure("1,000 real conversations", 1000 * spent / len(rows), "s", MOST_REAL_SECONDS)]


def main(arguments: list[str]) -> None:
    """Print the figures."""
    parser = make_parser(__doc__, n=8, of="conversations of each length, half of each domain")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--signs", metavar="N", type=positive, default=LONG, help=f"of long messages, and twice as many ({LONG:,})"
    )
    parser.add_argument("--real", default="", help="a folder of files of others")
    parser.add_argument("--data", default=None, help="the benchmark's data that these are judged by")
    options = parser.parse_args(arguments)
    half = max(1, options.n // 2)
    figures: list[Figure] = []
    text_caches()
    with quiet_gc(0):
        for domain in DOMAINS:
            talks = partial(scripted_talks, domain, count=half, seed=options.seed)
            figures += figures_by_size(f"scripted, {domain}", talks)
        if options.real:
            figures += real_figures(options.real, options.data, options.n)
        figures += long_figures(options.signs, options.seed)
    show_figures(figures, "CPU time of a verdict")
    write_json(options.json, figures)


if __name__ == "__main__":
    sys.exit(run_script(main))
