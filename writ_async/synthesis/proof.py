"""Proving a task: its goals are solved anew, and everything that could make its gold wrong is looked at.

`examine_task` finds what a proof says and what speaks against it; `prove_task` gives the task its certificates and
proof, and `check_proof` holds a task that has them against what is found anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from hashlib import blake2b
from typing import Any

import msgspec

from writ_async.core.acting import act, open_state
from writ_async.core.domain import Domain, why_forbidden
from writ_async.core.goal import Ambiguous, GoalRules, NothingFits, decide_goal, mark_in
from writ_async.core.level import level_of
from writ_async.core.message import Message, ToolMessage, UserMessage
from writ_async.core.state import State, World
from writ_async.core.task import Action, Certificate, Goal, OpenChoice, Proof, Task
from writ_async.errors import describe_error, place_of
from writ_async.synthesis.choices import find_choice
from writ_async.synthesis.closure import why_leaking, why_unreachable
from writ_async.synthesis.encodings import WRITES, Step, open_choices
from writ_async.synthesis.solver import Solution, Support, cell_key, goal_rules_of, make_cell, solve_goal
from writ_async.synthesis.soundness import everything_said, gold_exchange, why_gold_unsound
from writ_async.verify.provenance import atoms

_CHARACTERS_PER_TOKEN = 3.5  # of JSON results with ids and numbers, in the tokenizers of open models
_encode = msgspec.json.Encoder(order="deterministic").encode


class Fault(StrEnum):
    """Why a proof does not hold."""

    NO_PROOF = "no_proof"
    """The task states no goals, or has no proof."""
    TIE = "tie"
    """The goal has no single answer in the world: a tie within the margin, or an assertion that is false."""
    ANSWER = "answer"
    """The goal has another answer than the gold writes."""
    NO_COUNTER_WORLD = "no_counter_world"
    """The domain offers no change of a cell, so that nothing shows whether it decides."""
    MISSING_CELL = "missing_cell"
    """A certificate lacks a cell that decides."""
    SUPERFLUOUS_CELL = "superfluous_cell"
    """A certificate holds a cell that decides nothing."""
    ENCODING = "encoding"
    """Another encoding or order that means the same leads to another state, and the request does not settle which."""
    LEAK = "leak"
    """The scenario says what has to be read."""
    CLOSURE = "closure"
    """A read needs something that nobody has said or shown."""
    POLICY = "policy"
    """The policy forbids a gold write in the state in which it is made."""
    REPLAY = "replay"
    """The gold calls fail, or two replays differ, or the hashes are not those of the proof."""
    CHOICE = "choice"
    """What the user says only when asked is not needed, or does not settle which one is meant."""
    UNCHECKABLE = "uncheckable"
    """Something in the task is not what any task has, so that its proof cannot even be looked at."""
    CLAIM = "claim"
    """The proof states a number that is not so."""


class Problem(msgspec.Struct, frozen=True):
    """One thing that speaks against a proof."""

    fault: Fault
    detail: str


class Examination(msgspec.Struct, frozen=True):
    """What was found: problems, the certificates and the proof as they should be (None without an answer), what the
    request leaves open until the user is asked, and the gold conversation.
    """

    problems: tuple[Problem, ...]
    certificates: tuple[Certificate, ...] = ()
    proof: Proof | None = None
    gold_digest: str = ""
    messages: tuple[Message, ...] = ()
    open_choice: OpenChoice | None = None


def prove_task(task: Task, domain: Domain, world: World) -> tuple[Task | None, Examination]:
    """The task with certificates, proof and digest, or None when something speaks against it."""
    found = examine_task(task, domain, world)
    if found.problems or found.proof is None:
        return None, found
    proved = msgspec.structs.replace(
        task,
        certificates=found.certificates,
        proof=found.proof,
        gold_digest=found.gold_digest,
        open_choice=found.open_choice,
    )
    begins = world.digest() if task.initial is None else open_state(task.initial, domain, world).digest()
    if reason := why_gold_unsound(proved, domain, found.messages, found.gold_digest != begins):
        return None, Examination((Problem(Fault.CLOSURE, reason),))
    return proved, found


def check_proof(task: Task, domain: Domain, world: World) -> list[Problem]:
    """What is wrong with the proof of a task, from the world and the task alone."""
    if task.proof is None or not task.goals:
        return [Problem(Fault.NO_PROOF, "the task has no proof")]
    try:
        return _check_claims(task, examine_task(task, domain, world))
    except Exception as exc:  # a task of others may hold anything; its proof then shows nothing
        return [Problem(Fault.UNCHECKABLE, f"{describe_error(exc)} ({place_of(exc)})")]


def _check_claims(task: Task, found: Examination) -> list[Problem]:
    assert task.proof is not None
    problems = list(found.problems)
    problems += _compare_certificates(task.certificates, found.certificates) if found.proof is not None else []
    if found.proof is not None:
        if task.gold_digest != found.gold_digest or task.proof.chain != found.proof.chain:
            problems.append(Problem(Fault.REPLAY, "the gold calls leave other hashes than the proof has"))
        if task.open_choice != found.open_choice:
            problems.append(Problem(Fault.CHOICE, "what the request leaves open is not what the task says"))
        for name in ("level", "burden", "path", "margins", "counters", "plans", "refused", "tool_tokens"):
            if getattr(task.proof, name) != getattr(found.proof, name) and not problems:
                problems.append(Problem(Fault.CLAIM, f"{name} is {getattr(found.proof, name)!r}"))
    return problems


def examine_task(task: Task, domain: Domain, world: World) -> Examination:
    """Solve the goals of a task anew, and look for what speaks against its gold calls."""
    rules = goal_rules_of(domain)
    steps, messages, digest, problems = _play_gold(task, domain, world, rules)
    if problems:
        return Examination(tuple(problems))
    solved: list[tuple[Goal, Solution]] = []
    states = [
        steps[goal.writes[0]].before if goal.writes else open_state(task.initial, domain, world) for goal in task.goals
    ]
    choice, unfair = find_choice(task, domain, rules, list(zip(task.goals, states, strict=True)))
    if unfair:
        return Examination((Problem(Fault.CHOICE, unfair),))
    for goal, state in zip(task.goals, states, strict=True):
        solution, fault = _solve_goal(rules, task, goal, state, domain)
        if fault is not None:
            problems.append(fault)
        if solution is not None:
            solved.append((goal, solution))
    if problems or not solved:
        return Examination(tuple(problems) or (Problem(Fault.NO_PROOF, "the task states no goals"),))
    certificates, counters = _build_certificates(domain, solved)
    counts, differ = open_choices(rules, domain, world, list(steps.values()))
    problems += _compare_ways(rules, solved, states, counts)
    pinned = {pin.kind for pin in task.proof.pins} if task.proof is not None else set()
    problems += _why_unpinned(task)
    problems += [Problem(Fault.ENCODING, f"other {kind} leave another state") for kind in sorted(differ - pinned)]
    if len(task.goals) > 1 and WRITES not in pinned:
        problems += _why_dependent(rules, task, domain, world)
    cells = [cell for certificate in certificates for cell in certificate.cells]
    problems += [Problem(Fault.LEAK, leak) for leak in (*why_leaking(task, domain, cells), *_why_told(task, choice))]
    problems += [Problem(Fault.CLOSURE, unseen) for unseen in why_unreachable(task, domain, messages)]
    again = _play_gold(task, domain, world, rules)
    if (messages, digest) != again[1:3]:
        problems.append(Problem(Fault.REPLAY, "two replays differ"))
    burden = max((len(certificate.cells) for certificate in certificates), default=0)
    results = [message.content for message in messages if isinstance(message, ToolMessage)]
    proof = Proof(
        level=level_of(len(steps), burden),
        burden=burden,
        path=max(_luckiest_path(task, domain, solution, results) for _, solution in solved),
        margins=tuple(_margin_of(solution) for _, solution in solved),
        counters=counters,
        plans=counts,
        pins=task.proof.pins if task.proof is not None else (),
        refused="; ".join(solution.decision.refused for _, solution in solved if solution.decision.refused),
        chain=_hash_chain(task, messages, digest),
        tool_tokens=round(sum(map(len, results)) / _CHARACTERS_PER_TOKEN),
    )
    return Examination(tuple(problems), certificates, proof, digest, tuple(messages), choice)


def _play_gold(
    task: Task, domain: Domain, world: World, rules: GoalRules
) -> tuple[dict[int, Step], list[Message], str, list[Problem]]:
    """The gold writes with the states around them, the gold conversation, the last digest, and what went wrong."""
    params = {write: goal.params for goal in task.goals for write in goal.writes}
    steps: dict[int, Step] = {}
    problems: list[Problem] = []
    state = open_state(task.initial, domain, world)
    world.digest_value()

    def watch(index: int, action: Action, before: State) -> None:
        if domain.writes(action):
            by_agent = action.requestor == "assistant"
            said = params.get(index)
            why = why_forbidden(domain, before, action.name, action.arguments, said) if by_agent else ""
            if why:
                problems.append(Problem(Fault.POLICY, f"{action.name}: {why}"))
            if index not in params:
                problems.append(Problem(Fault.ANSWER, f"no goal asks for {action.name}"))

    messages: list[Message] = [UserMessage(everything_said(task))]
    for index, action in enumerate(task.actions or ()):
        before = state.fork() if domain.writes(action) else state
        watch(index, action, before)
        result = act(domain, state, action.name, action.arguments, action.requestor)
        messages += gold_exchange(index, action, result, domain)
        if result.error:
            problems.append(Problem(Fault.REPLAY, f"{action.name}: {result.content}"))
        if before is not state:
            steps[index] = Step(action, params.get(index, {}), before, state.fork())
    return steps, messages, state.digest(), problems


def _solve_goal(
    rules: GoalRules, task: Task, goal: Goal, state: State, domain: Domain
) -> tuple[Solution | None, Problem | None]:
    try:
        solution = solve_goal(rules, state, goal)
    except Ambiguous as exc:
        return None, Problem(Fault.TIE, str(exc))
    except (NothingFits, KeyError) as exc:
        return None, Problem(Fault.ANSWER, f"{goal.objective}: {exc}")
    decision = solution.decision
    gold = tuple((task.actions or ())[write] for write in goal.writes)
    if decision.refused and gold:
        return None, Problem(Fault.POLICY, decision.refused)
    if not decision.refused and decision.writes != gold:
        return None, Problem(Fault.ANSWER, f"the answer of {goal.objective} is {decision.writes!r}")
    handed_over = any(action.name == domain.hand_over_tool for action in task.actions or ())
    if decision.handed_over and not handed_over:
        return None, Problem(Fault.ANSWER, f"{goal.objective} needs a hand-over, which is not among the gold calls")
    if lost := [value for value in decision.told if value not in (task.communicate or ())]:
        return None, Problem(Fault.ANSWER, f"{goal.objective} asks for {lost[0]!r}, which nobody has to say")
    for name, *arguments in solution.unaltered:
        called = f"{name}({', '.join(map(repr, arguments))})"
        why = f"no change of the domain alters {called}: offer one in `changes`, or name {name} in `standing_reads`"
        return None, Problem(Fault.NO_COUNTER_WORLD, why)
    return solution, None


def _compare_ways(
    rules: GoalRules, solved: Sequence[tuple[Goal, Solution]], states: Sequence[State], counts: dict[str, int]
) -> list[Problem]:
    """What speaks against the writes of goals by other ways to the same end; `counts` is told how many were tried."""
    problems: list[Problem] = []
    for (goal, solution), state in zip(solved, states, strict=True):
        if rules.ways is not None and not solution.decision.refused:
            found = rules.ways(state, goal.params, solution.decision.writes)
            counts[WRITES] = counts.get(WRITES, 0) + found.tried
            problems += [Problem(Fault.ENCODING, found.problem)] if found.problem else []
    return problems


def _why_dependent(rules: GoalRules, task: Task, domain: Domain, world: World) -> list[Problem]:
    """Goals that nothing puts in an order have to have the same answers before any write is made."""
    for goal in task.goals:
        gold = tuple((task.actions or ())[write] for write in goal.writes)
        try:
            _, decision = decide_goal(rules, open_state(task.initial, domain, world), goal)
        except (NothingFits, Ambiguous) as exc:
            return [Problem(Fault.ENCODING, f"{goal.objective} depends on the other writes: {exc}")]
        if not decision.refused and decision.writes != gold:
            return [Problem(Fault.ENCODING, f"the answer of {goal.objective} depends on the other writes")]
    return []


def _build_certificates(
    domain: Domain, solved: Sequence[tuple[Goal, Solution]]
) -> tuple[tuple[Certificate, ...], tuple[tuple[int | None, ...], ...]]:
    found: list[tuple[Certificate, tuple[int | None, ...]]] = []

    def add(write: int | None, support: Support) -> None:
        cells = tuple(make_cell(domain, key) for key in support.keys)
        found.append((Certificate(write, cells), support.counters))

    for goal, solution in solved:
        writes: tuple[int | None, ...] = goal.writes or (None,)
        for write, support in zip(writes, solution.supports, strict=True):
            add(write, support)
        if solution.rest is not None:
            add(None, solution.rest)
    return tuple(one for one, _ in found), tuple(counters for _, counters in found)


def _compare_certificates(claimed: Sequence[Certificate], found: Sequence[Certificate]) -> list[Problem]:
    problems: list[Problem] = []
    if [one.write for one in claimed] != [one.write for one in found]:
        return [Problem(Fault.MISSING_CELL, "the certificates are of other writes")]
    for mine, right in zip(claimed, found, strict=True):
        for cell in right.cells:
            if cell not in mine.cells:
                problems.append(Problem(Fault.MISSING_CELL, _call_text(cell.name, cell.arguments)))
        for cell in mine.cells:
            if cell not in right.cells:
                problems.append(Problem(Fault.SUPERFLUOUS_CELL, _call_text(cell.name, cell.arguments)))
        if not problems and mine.cells != right.cells:
            problems.append(Problem(Fault.CLAIM, "the cells are in another order"))
    return problems


def _why_told(task: Task, choice: OpenChoice | None) -> list[str]:
    """What is said unasked of the one that is meant, where the user is to say that only when asked."""
    before = " ".join((task.scenario.request, *(fact.text for fact in task.scenario.facts)))
    mark = mark_in(before, choice.candidates) if choice is not None else ""
    return [f"{mark!r}, which tells which one is meant"] if mark else []


def _why_unpinned(task: Task) -> list[Problem]:
    text = everything_said(task)
    pins = task.proof.pins if task.proof is not None else ()
    return [
        Problem(Fault.ENCODING, f"the request does not say: {pin.text}")
        for pin in pins
        if not pin.text or pin.text not in text
    ]


def _margin_of(solution: Solution) -> tuple[float, ...]:
    decision = solution.decision
    return () if decision.margin is None else (round(float(decision.margin), 2), float(decision.least))


def _luckiest_path(task: Task, domain: Domain, solution: Solution, results: Sequence[str]) -> int:
    """Cells by which somebody with luck meets the same arguments: those that show them, and what leads there."""
    texts = {
        cell_key(domain, action.name, action.arguments): text
        for action, text in zip(task.actions or (), results, strict=True)
        if not domain.writes(action)
    }
    keys = [key for key in solution.reader.cells if key in texts]
    known = {str(value) for goal in task.goals for _, value in atoms(dict(goal.params))}
    longest = 0
    for write in solution.decision.writes:
        needed: dict[Any, None] = {}
        for _, value in atoms(write.arguments):
            if isinstance(value, str) and value not in known:
                shown = next((key for key in keys if value in texts[key]), None)
                while shown is not None and shown not in needed:
                    needed[shown] = None
                    shown = solution.reader.parents[shown]
        longest = max(longest, len(needed))
    return longest


def _hash_chain(task: Task, messages: Sequence[Message], digest: str) -> str:
    """Hash over all gold calls, their results, and the digest of the last state."""
    total = blake2b(digest_size=16)
    results = [message for message in messages if isinstance(message, ToolMessage)]
    for action, result in zip(task.actions or (), results, strict=True):
        total.update(_encode((action.name, action.arguments, result.content, result.error)))
    total.update(digest.encode())
    return total.hexdigest()


def _call_text(name: str, arguments: dict[str, Any]) -> str:
    return f"{name} {_encode(arguments).decode()}"
