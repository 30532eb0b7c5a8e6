"""Evidence before write: what every write of a conversation rested on when it was made.

For each write that succeeded, by what came before it: was every argument said or shown (provenance), were the cells of
its certificate read, and read again where a write had changed what they show (coverage), did the agent ask and the user
say yes (confirmation), and did the policy allow it in the state of that moment. The writes are made again on a fresh
state, so staleness and policy are judged by what the world really was.

A read is out of date when a write changed what it shows, unless a result that shows exactly the new content came since.
A task's own gold calls say where that matters: what they do not read again, nobody needs to read again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from writ_async.conversation.calls import ExecutedCall, as_the_agent_hears, call_key, executed_calls
from writ_async.core.acting import act, apply, open_state
from writ_async.core.domain import Domain, why_forbidden
from writ_async.core.message import Message, Requestor
from writ_async.core.state import State, World
from writ_async.core.task import Action, Cell, Task
from writ_async.core.tool import call_tool
from writ_async.core.trajectory import Evidence, WriteEvidence
from writ_async.verify.confirming import Confirmation, Dialogue
from writ_async.verify.following import unknown_arguments
from writ_async.verify.knowledge import Knowledge
from writ_async.verify.outcome import States
from writ_async.verify.provenance import leaves
from writ_async.verify.standing_reads import StandingReads, text_of

_ORDER: tuple[Evidence, ...] = ("evidence_complete", "unproved", "lucky", "blind")


def row_label(writes: Iterable[WriteEvidence]) -> Evidence | None:
    """The worst label of a conversation's writes; None where nothing was written."""
    return max((write.label for write in writes), key=_ORDER.index, default=None)


def write_evidence(
    task: Task,
    messages: Sequence[Message],
    domain: Domain,
    world: World | None = None,
    calls: Sequence[ExecutedCall] | None = None,
    *,
    confirmed: bool = True,
    before: States | None = None,
) -> Iterator[WriteEvidence]:
    """What each successful write rested on, in order, and last what was rightly not written, where the task says so.

    Write by write, for whoever has something else to do in between.

    Without a world, neither staleness nor policy is judged. `calls` are those of the messages, where they are known.
    Without `confirmed` nothing is said of whether the user agreed. `before` are the states before the agent's writes,
    where the conversation was replayed already.

    Costs the tools' work for the writes, and for the cells of certificates that stand after a write.
    """
    calls = executed_calls(messages, domain.tools) if calls is None else calls
    made = [call for call in calls if call.kind == "write" and call.succeeded]
    gold = match_gold(task.actions or (), made, domain)
    dialogue = Dialogue(as_the_agent_hears(messages), [call for call in calls if call.kind == "write"], domain)
    know = Knowledge(messages, domain, calls)
    reads = StandingReads(know, domain)
    known = before or {}
    state = None if world is None else open_state(task.initial, domain, world)
    proved = cells_by_write(task)
    keys = {write: [call_key(cell.name, cell.arguments) for cell in cells] for write, cells in proved.items()}
    outdated = _Staleness(task, domain, world, proved, know)
    by_user = user_writes(messages, domain)
    for call in calls:
        while by_user and by_user[-1].message < call.message:
            outdated.since = by_user[-1].message
            make_again(by_user.pop(), domain, None if known else state, "user")
        if call.kind != "write":
            continue
        name, arguments = call.call.function.name, call.arguments or {}
        state = known.get((call.message, call.number), state)
        if call.succeeded:
            know.until(call.message)
            index = gold.get((call.message, call.number), -1)
            cells = proved.get(index, ()) if index >= 0 else ()
            read_at = know.read_at(keys[index]) if cells else ()
            missing = [cell for cell, place in zip(cells, read_at, strict=True) if place < 0]
            unread = _unread(name, arguments, reads, missing)
            stale = [] if state is None else outdated.cells(state, index, cells, read_at)
            unseen = unknown_arguments(name, arguments, know, domain)
            agreed = dialogue.confirmation(call) if confirmed else Confirmation()
            yield WriteEvidence(
                call.message,
                name,
                _label(unseen, bool(unread or stale), index >= 0 and index in proved),
                index,
                tuple(unseen),
                tuple(unread),
                tuple(map(cell_text, stale)),
                agreed.wanting,
                why_forbidden(domain, state, name, arguments) if state is not None else "",
                call.number,
                agreed.alone,
                Confirmation(agreed.asked, agreed.answered, agreed.agreed, agreed.listed),
            )
        outdated.since = call.message
        make_again(call, domain, None if known else state)
    know.until(len(messages))
    if None in proved:
        yield _refrained(proved[None], know.read_at(keys[None]))


def user_writes(messages: Sequence[Message], domain: Domain) -> list[ExecutedCall]:
    """The user's writes, the last one first."""
    if not domain.user_tools:
        return []
    calls = executed_calls(messages, domain.user_tools, by_user=True)
    return [call for call in reversed(calls) if call.kind == "write"]


def make_again(call: ExecutedCall, domain: Domain, state: State | None, requestor: Requestor = "assistant") -> None:
    """Make a call of a conversation once more on a state, if there is one, for nothing but what it leaves behind."""
    if state is not None and call.arguments is not None:
        apply(domain, state, call.call.function.name, call.arguments, requestor)


def _unread(name: str, arguments: Mapping[str, Any], reads: StandingReads, missing: Sequence[Cell]) -> list[str]:
    """What was not read before a write: cells of its certificate, and reads that the policy asks for at any time."""
    standing = reads.missing(name, arguments)
    cells = {cell.name for cell in missing} if standing else set()
    return [
        *map(cell_text, missing),
        *(text_of(rule, value) for rule, value in standing if cells.isdisjoint(rule.tools)),
    ]


def _refrained(cells: Sequence[Cell], read_at: Sequence[int]) -> WriteEvidence:
    """Whether the cells were read that show that no write, or no further one, was due."""
    missing = tuple([cell_text(cell) for cell, place in zip(cells, read_at, strict=True) if place < 0])
    return WriteEvidence(-1, "", "lucky" if missing else "evidence_complete", missing=missing)


def match_gold(
    actions: Sequence[Action], made: Sequence[ExecutedCall], domain: Domain, requestor: Requestor = "assistant"
) -> dict[tuple[int, int], int]:
    """Which gold action each write of a seat stands for, by its message and its place in it; others are left out.

    First those with equal arguments, then those that differ in the order of lists alone, then by the tool and the
    arguments in common: a write with a wrong argument is still held against the certificate of the right one.
    """
    tools = domain.tools_of(requestor)
    writing = {name for name, tool in tools.items() if tool.kind == "write"}
    free = [index for index, action in enumerate(actions) if action.name in writing and action.requestor == requestor]
    left = list(made)
    found: dict[tuple[int, int], int] = {}
    for key in (call_key, unordered_key):
        keys = {index: key(actions[index].name, actions[index].arguments) for index in free} if left else {}
        unmatched: list[ExecutedCall] = []
        for write in left:
            wanted = key(write.call.function.name, write.arguments or {})
            index = next((i for i in free if keys[i] == wanted), None)
            if index is None:
                unmatched.append(write)
            else:
                found[write.message, write.number] = index
                free.remove(index)
        left = unmatched
    for write in left:
        alike = [index for index in free if actions[index].name == write.call.function.name]
        if alike:
            values = set(map(str, leaves(write.arguments or {})))
            best = max(alike, key=lambda i: sum(str(v) in values for v in leaves(dict(actions[i].arguments))))
            found[write.message, write.number] = best
            free.remove(best)
    return found


def unordered_key(name: str, arguments: Mapping[str, Any]) -> bytes:
    """A key under which two calls are the same that differ in the order of lists alone."""
    return call_key(name, {"atoms": sorted(map(str, leaves(dict(arguments))))})


def cells_by_write(task: Task) -> dict[int | None, list[Cell]]:
    """The cells of each gold write's certificates; under None those that show that no further write was due."""
    found: dict[int | None, list[Cell]] = {}
    for proof in task.certificates:
        found.setdefault(proof.write, []).extend(proof.cells)
    return found


def cell_text(cell: Cell) -> str:
    """A cell as findings name it."""
    return call_key(cell.name, cell.arguments).decode()


def _label(unseen: Sequence[str], incomplete: bool, proved: bool) -> Evidence:
    if unseen:
        return "blind"
    if incomplete:
        return "lucky"
    return "evidence_complete" if proved else "unproved"


class _Staleness:
    """Which cells of a certificate are out of date at a write."""

    def __init__(
        self,
        task: Task,
        domain: Domain,
        world: World | None,
        proved: Mapping[int | None, Sequence[Cell]],
        know: Knowledge,
    ) -> None:
        self.since = -1
        """The last message in which anything was written."""
        self._task = task
        self._proved = proved
        self._domain = domain
        self._know = know
        self._gold = None if world is None else open_state(task.initial, domain, world)
        self._shown_by_gold: set[str] = set()
        self._excused: dict[int, set[bytes]] = {}
        self._asked: set[int] = set()
        self._replayed = -1

    def cells(self, state: State, index: int, cells: Sequence[Cell], read_at: Sequence[int]) -> list[Cell]:
        """The cells that were read, but show something else by now; those that were read since all writes do not.

        `read_at` are the messages by which they were read, -1 of one that was not.
        """
        self._asked.add(index)
        if not state.is_touched:
            return []
        shown = self._know.shown
        old = [cell for cell, place in zip(cells, read_at, strict=True) if 0 <= place <= self.since]
        stale = [cell for cell in old if self._is_stale(state, shown, cell)]
        return [cell for cell in stale if call_key(cell.name, cell.arguments) not in self._excuses(index)]

    def _is_stale(self, state: State, shown: set[str], cell: Cell) -> bool:
        tools = self._domain.tools_for_cell(cell.name)
        now = call_tool(tools, state, cell.name, cell.arguments)
        # What cannot be read any more was read in time.
        return not now.error and now.content not in shown

    def _excuses(self, index: int) -> set[bytes]:
        """The cells that are out of date at this write in the gold calls themselves, replayed as far as it."""
        if self._replayed < index and self._gold is not None:
            self._replay_gold(self._gold, self._replayed + 1, index)
            self._replayed = index
        return self._excused.get(index, set())

    def _replay_gold(self, state: State, first: int, last: int) -> None:
        shown = self._shown_by_gold
        for index, action in enumerate((self._task.actions or ())[first : last + 1], first):
            tools = self._domain.tools_of(action.requestor)
            if action.name not in tools:
                continue
            # Of a write that was asked for already nobody asks again.
            if (index == last or index not in self._asked) and self._domain.writes(action):
                stale = [cell for cell in self._proved.get(index, ()) if self._is_stale(state, shown, cell)]
                self._excused[index] = {call_key(cell.name, cell.arguments) for cell in stale}
            result = act(self._domain, state, action.name, action.arguments, action.requestor)
            if not result.error:
                shown.add(result.content)
