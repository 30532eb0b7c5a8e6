"""Trajectories: what one conversation leaves behind, and what the verifiers said of it.

Nothing in a trajectory depends on the clock or on scheduling: the same seed gives the same bytes.
"""

from __future__ import annotations

from enum import StrEnum
from itertools import islice
from typing import Literal

import msgspec

from writ_async.core.message import Message
from writ_async.errors import InputError

Seat = Literal["agent", "user"]


class Termination(StrEnum):
    """Why a conversation ended."""

    USER_STOP = "user_stop"
    """The user said that it is over: done, handed to a human, or out of scope (see `Signal`)."""
    AGENT_STOP = "agent_stop"
    """The agent said that it is over."""
    MAX_STEPS = "max_steps"
    """The limit on turns and tool rounds was reached."""
    TOO_MANY_ERRORS = "too_many_errors"
    """The limit on failed tool calls was reached."""
    AGENT_ERROR = "agent_error"
    """The agent's message had neither text nor tool calls, or called tools it must not."""
    USER_ERROR = "user_error"
    """The same of the simulated user."""
    TIMEOUT = "timeout"
    """The conversation's or a request's deadline passed."""
    CANCELLED = "cancelled"
    """Somebody stopped the run; what was said so far is kept, but is partial."""
    STOPPED_EARLY = "stopped_early"
    """Its end would have changed nothing: it had failed already, or its task was decided by other trials."""
    CONTEXT_WINDOW_EXCEEDED = "context_window_exceeded"
    """The prompt outgrew the model's context."""
    INFRASTRUCTURE_ERROR = "infrastructure_error"
    """The engine gave no completion; says nothing about the agent, so it counts in no pass^k."""
    UNEXPECTED_ERROR = "unexpected_error"
    """Our own code, or that of a domain, failed at it; or anything else that a benchmark's own files may name."""


COMPLETE = frozenset({Termination.USER_STOP, Termination.AGENT_STOP})
"""The reasons under which a conversation counts as ended by its speakers."""

ENDED_FROM_OUTSIDE = frozenset(
    {
        Termination.TIMEOUT,
        Termination.CANCELLED,
        Termination.STOPPED_EARLY,
        Termination.INFRASTRUCTURE_ERROR,
        Termination.UNEXPECTED_ERROR,
    }
)
"""The reasons that depend on the world outside, so that such rows are never kept beside reproducible ones."""


class Signal(StrEnum):
    """What the user's closing token meant."""

    STOP = "stop"
    TRANSFER = "transfer"
    OUT_OF_SCOPE = "out_of_scope"


CLOSING_TOKENS = {
    Signal.STOP: "###STOP###",
    Signal.TRANSFER: "###TRANSFER###",
    Signal.OUT_OF_SCOPE: "###OUT-OF-SCOPE###",
}
"""What a simulated user writes to end a conversation (τ²-bench's), in the order in which they are looked for."""


class Usage(msgspec.Struct, omit_defaults=True):
    """Tokens of one seat, summed over its requests. `cached_tokens` of the prompt came from the prefix cache.

    `reasoning_tokens` of the completion were thought, not said. `nano_dollars` is what the requests cost, 0 where no
    price is known; whole numbers, so that a sum does not depend on its order.
    """

    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    nano_dollars: int = 0

    def add(self, other: Usage) -> None:
        """Add another count to this one."""
        self.requests += other.requests
        self.prompt_tokens += other.prompt_tokens
        self.completion_tokens += other.completion_tokens
        self.cached_tokens += other.cached_tokens
        self.reasoning_tokens += other.reasoning_tokens
        self.nano_dollars += other.nano_dollars

    @property
    def dollars(self) -> float:
        """What the requests cost."""
        return self.nano_dollars / 1e9


class Note(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an engine wants remembered about a completion; a scripted agent notes the mistakes that it made.

    `turn` counts the seat's completions from 0. `matters` says whether the thing noted makes the conversation unfit for
    training: a verdict acts on it. One that is `planted` was made on purpose, by a script: a verdict has to find what
    it did without the note.
    """

    kind: str
    turn: int
    detail: str = ""
    matters: bool = False
    planted: bool = False


class DatabaseCheck(msgspec.Struct, frozen=True):
    """Whether the final database equals the one that the gold actions leave."""

    db_match: bool
    db_reward: float


class ActionCheck(msgspec.Struct, frozen=True):
    """Whether one gold action was called."""

    name: str
    action_match: bool


class TextCheck(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whether one piece of information was said (communicate), or one assertion holds (nl, env).

    `why` is the reason that a judge gave, empty where there was none to give.
    """

    info: str
    met: bool
    why: str = ""


class Reward(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The benchmark's reward: the product of the components in the task's `reward_basis`.

    `breakdown` holds only those; the checks are there whether or not they count.
    """

    reward: float
    breakdown: dict[str, float] | None = None
    database: DatabaseCheck | None = None
    actions: tuple[ActionCheck, ...] | None = None
    communicate: tuple[TextCheck, ...] | None = None
    nl_assertions: tuple[TextCheck, ...] | None = None
    env_assertions: tuple[TextCheck, ...] | None = None
    note: str = ""


Severity = Literal["error", "turn", "remark"]
"""What a finding costs: the row is not trained on; that message is not; nothing, it is only told."""


class Finding(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing that a verifier found: a stable `reason`, and where and what in words.

    `message` is the index of the message, -1 for the conversation as a whole; `call` that of the call in the message,
    -1 where it is about the message or all of its calls.
    """

    reason: str
    detail: str = ""
    message: int = -1
    call: int = -1
    severity: Severity = "error"


Evidence = Literal["evidence_complete", "unproved", "lucky", "blind"]
"""What a write rested on: its whole certificate; arguments seen, but no certificate known; arguments seen, but part of
the certificate unread or out of date; or arguments that nobody had said or shown."""


class Confirmation(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a write was agreed upon, for a person to follow.

    `asked` is the message in which the agent asked, `answered` that in which the user answered, and `agreed` the words
    that agreed. `listed` says for each argument how it was told and where ("by its id [12]"). `wanting` says what was
    missing, empty where all is well; `alone` are the arguments that nobody but the agent chose.
    """

    asked: int = -1
    answered: int = -1
    agreed: str = ""
    listed: tuple[str, ...] = ()
    wanting: str = ""
    alone: tuple[str, ...] = ()


class WriteEvidence(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one successful write rested on, at the moment when it was made.

    `message` is the index of the message that called, `call` the place of the call in it. `gold` is the index of the
    gold action whose certificate it is held against, or -1. `unseen` are its arguments that nobody had said or shown,
    `missing` the cells that were not read before, `stale` those that were read only before a write changed them.
    `unconfirmed` says what was wanting in the confirmation, `unchosen` are the arguments that nobody but the agent
    chose, `breach` says why the policy forbids the write; all are empty where all is well. `confirmation` says who
    asked and agreed, where, and to what.

    An entry without a name stands for what was rightly not written: the cells are those that show it.
    """

    message: int
    name: str
    label: Evidence
    gold: int = -1
    unseen: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()
    unconfirmed: str = ""
    breach: str = ""
    call: int = 0
    unchosen: tuple[str, ...] = ()
    confirmation: Confirmation | None = None


class Verdict(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What all verifiers said. `kept` is true when nothing speaks against training on the row.

    `evidence` is the worst label of the `writes`, empty where nothing was written.
    """

    reward: Reward
    kept: bool
    findings: tuple[Finding, ...] = ()
    evidence: Evidence | Literal[""] = ""
    writes: tuple[WriteEvidence, ...] = ()


class VersionSpan(msgspec.Struct, frozen=True):
    """Which weights made the tokens from `start` up to, not including, `end`."""

    version: str
    start: int
    end: int


class TokenSequence(msgspec.Struct, frozen=True, omit_defaults=True, dict=True):
    """One seat's whole conversation as the flat sequence of token ids that the model saw and wrote.

    `generated` holds the [start, end) spans of `ids` that the model wrote; all else was given to it. `logprobs` has one
    value per generated token, in order, None where the server told none, or is empty where the engine gave none at
    all. `weights` says which version of the weights made which generated tokens. `complete` is false when part of the
    conversation is missing.
    """

    ids: tuple[int, ...]
    generated: tuple[tuple[int, int], ...] = ()
    logprobs: tuple[float | None, ...] = ()
    weights: tuple[VersionSpan, ...] = ()
    complete: bool = True

    def keep_text(self, text: bytes) -> None:
        """Keep the ids as the inside of a JSON list, `1,2,3`, for whoever writes them down: they are most of a row."""
        self.__dict__["_text"] = text

    @property
    def text(self) -> bytes | None:
        """That text where somebody kept it; no copy has it."""
        return self.__dict__.get("_text")

    def loss_mask(self) -> list[int]:
        """1 for each token that the model wrote, 0 for each that it was given; as long as `ids`."""
        mask = [0] * len(self.ids)
        for start, end in self.generated:
            mask[start:end] = [1] * (end - start)
        return mask

    def aligned_logprobs(self) -> list[float | None]:
        """The logprob of each id, None where it was given or where the server told none; as long as `ids`.

        Raises `InputError` where the model wrote tokens and no logprob is known: nothing can be aligned then.
        """
        if self.generated and not self.logprobs:
            raise InputError("the sequence has no logprobs; ask the engine for them, as with the option logprobs=true")
        aligned: list[float | None] = [None] * len(self.ids)
        values = iter(self.logprobs)
        for start, end in self.generated:
            aligned[start:end] = islice(values, end - start)
        return aligned


class Trajectory(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One finished conversation. `messages` is what was said and done, without the system prompts.

    `chain` has one hash per tool call, each over the one before, the call, its result and the state after it. `seal` is
    two more, over the messages and over what the seats were told; rows of old runs have none.
    `tokens` is by seat, where the engine works on token ids.
    """

    id: str
    task_id: str
    domain: str
    kind: str
    trial: int
    seed: int
    messages: tuple[Message, ...]
    termination: Termination
    signal: Signal | None = None
    steps: int = 0
    errors: int = 0
    digest: str = ""
    chain: tuple[str, ...] = ()
    seal: str = ""
    usage: dict[str, Usage] = {}
    notes: tuple[Note, ...] = ()
    tokens: dict[str, TokenSequence] = {}
    error: str = ""
    verdict: Verdict | None = None
    version: int = 1


def trajectory_id(task_id: str, trial: int) -> str:
    """The id of a task's n-th trial; unique within a run."""
    return f"{task_id}#{trial}"
