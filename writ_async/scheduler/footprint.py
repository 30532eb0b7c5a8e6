"""How many KV tokens a conversation holds that others do not share, from what engines report.

A seat's context is its last prompt and its answer. What is shared of it stands at the front: an agent's system prompt
and tools are the same for all of its domain, a user's instructions for all, a user's scenario for the trials of one
task. The first prompt of a seat is divided by characters; later prompts only add what is the conversation's own.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import msgspec

from writ_async.conversation.prompts import USER_TEMPLATE, agent_system_prompt, user_system_prompt
from writ_async.conversation.rules import Rules
from writ_async.core.engine import Completion, Request
from writ_async.core.message import Message
from writ_async.core.trajectory import Seat
from writ_async.scheduler.job import Job
from writ_async.scheduler.ticket import Prefix

CHARACTERS = 4.0
"""Characters of a token, until engines have told."""


class Prefixes:
    """What is known of shared prefixes: their characters, and their tokens once a prompt with them was measured."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._characters: dict[Hashable, int] = {}
        self._tokens: dict[Hashable, int] = {}
        self._holders: dict[Hashable, int] = {}  # of a task's prefix: the trials that share it now
        self._seen_tokens = 0.0
        self._seen_characters = 0.0

    @property
    def characters_per_token(self) -> float:
        """Over all first prompts so far."""
        return self._seen_characters / self._seen_tokens if self._seen_tokens else CHARACTERS

    def shared_prefixes(self, job: Job, seats: Sequence[Seat]) -> tuple[Prefix, ...]:
        """The prefixes of a conversation on one server, the one that fewest share last; to be released when it ends."""
        found: list[Prefix] = []
        if "agent" in seats:
            found.append(self._known_prefix(("agent", job.domain.name), job))
        if "user" in seats:
            key = ("user", job.task.id)
            found += [self._known_prefix(("user",), job), self._known_prefix(key, job)]
            self._holders[key] = self._holders.get(key, 0) + 1
        return tuple(found)

    def release_prefixes(self, shared: Sequence[Prefix]) -> None:
        """Forget the prefix of a task whose last trial has ended: a long run has many tasks."""
        for key, _ in shared:
            holders = self._holders.get(key, 0)
            if holders > 1:
                self._holders[key] = holders - 1
            elif holders:
                del self._holders[key], self._characters[key]
                self._tokens.pop(key, None)

    def divide_prompt(self, keys: Sequence[Hashable], tokens: int, characters: int) -> list[Prefix]:
        """Divide a first prompt of some tokens and characters; gives its prefixes that were not measured before."""
        self._seen_tokens += tokens
        self._seen_characters += characters
        found: list[Prefix] = []
        for key in keys:
            if key not in self._tokens:
                self._tokens[key] = round(tokens * self._characters.get(key, 0) / max(characters, 1))
                found.append((key, self._tokens[key]))
        return found

    def measured_tokens(self, keys: Sequence[Hashable]) -> int:
        """The measured tokens of some prefixes together."""
        return sum(self._tokens.get(key, 0) for key in keys)

    def _known_prefix(self, key: tuple[Hashable, ...], job: Job) -> Prefix:
        characters = self._characters.get(key)
        if characters is None:
            characters = self._characters[key] = _prefix_characters(key, job, self._rules)
        known = self._tokens.get(key)
        return key, round(characters / self.characters_per_token) if known is None else known


def _prefix_characters(key: tuple[Hashable, ...], job: Job, rules: Rules) -> int:
    if key[0] == "agent":
        tools: Sequence[dict[str, Any]] = job.domain.schemas
        told = agent_system_prompt(job.domain.policy, rules.agent_prompt)
        return len(told.content) + len(msgspec.json.encode(tools))
    head = len((rules.user_prompt or USER_TEMPLATE).partition("{")[0])  # up to the first field all users read the same
    if len(key) == 1:
        return head
    tools = job.domain.user_schemas
    told = user_system_prompt(job.task.scenario, None, rules.user_prompt, with_tools=bool(tools))
    return len(told.content) + (len(msgspec.json.encode(tools)) if tools else 0) - head


class Footprint:
    """One conversation's own tokens, kept up with every answer; `own_tokens` is their sum over the seats."""

    __slots__ = ("_keys", "_prefixes", "_seats", "_seen", "own_tokens")

    def __init__(self, prefixes: Prefixes, shared: Sequence[Prefix]) -> None:
        self._prefixes = prefixes
        self._keys: dict[Seat, list[Hashable]] = {"agent": [], "user": []}
        for key, _ in shared:
            seat: Seat = "agent" if isinstance(key, tuple) and key[0] == "agent" else "user"
            self._keys[seat].append(key)
        self._seats: dict[Seat, tuple[int, int]] = {}  # shared tokens, own tokens
        self._seen: dict[Seat, tuple[int, int]] = {}  # messages, characters; only for engines that report no usage
        self.own_tokens = 0

    def count_answer(self, request: Request, completion: Completion) -> list[Prefix]:
        """Take an answer; gives prefixes that have been measured with it."""
        usage, seat = completion.usage, request.seat
        tokens = usage.prompt_tokens + usage.completion_tokens
        if not usage.prompt_tokens:
            tokens = self._guess_tokens(request, completion)
        known = self._seats.get(seat)
        measured: list[Prefix] = []
        if known is None:
            characters = _message_characters(request.messages) + len(msgspec.json.encode(request.tools))
            measured = self._prefixes.divide_prompt(self._keys[seat], usage.prompt_tokens or tokens, characters)
            known = (self._prefixes.measured_tokens(self._keys[seat]), 0)
        own = max(tokens - known[0], 0)
        self.own_tokens += own - known[1]
        self._seats[seat] = (known[0], own)
        return measured

    def _guess_tokens(self, request: Request, completion: Completion) -> int:
        """Tokens by characters, for an engine that does not say; looks at new messages alone."""
        messages, characters = self._seen.get(request.seat, (0, 0))
        if not messages:
            characters = len(msgspec.json.encode(request.tools))
        characters += _message_characters(request.messages[messages:]) + _message_characters((completion.message,))
        self._seen[request.seat] = (len(request.messages) + 1, characters)
        return round(characters / CHARACTERS)


def _message_characters(messages: Sequence[Message]) -> int:
    characters = 0
    for message in messages:
        characters += len(message.content or "")
        for call in getattr(message, "tool_calls", ()):
            characters += len(call.function.name) + len(call.function.arguments)
    return characters
