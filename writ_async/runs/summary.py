"""Counts over trajectories by domain and kind, kept up as conversations end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from writ_async.core.message import AssistantMessage, ToolMessage
from writ_async.core.trajectory import Termination, Trajectory, Usage
from writ_async.curation.selection import Funnel
from writ_async.synthesis.phrase_report import PhraseReport


class Group(msgspec.Struct, omit_defaults=True):
    """Counts over some conversations. `judged` of them have a verdict, and `mean_reward` is over those of them that
    were not `stopped` early, whose reward nobody knows.

    `findings` counts the conversations in which a reason was found, however often, `notes` the messages that an engine
    noted something about, by its kind. `tool_calls` are the agent's; `tool_errors` of them were refused. `usage` is by
    seat.
    """

    conversations: int = 0
    judged: int = 0
    stopped: int = 0
    kept: int = 0
    mean_reward: float = 0.0
    reward_sum: float = 0.0
    steps: int = 0
    tool_calls: int = 0
    tool_errors: int = 0
    findings: dict[str, int] = {}
    notes: dict[str, int] = {}
    terminations: dict[str, int] = {}
    usage: dict[str, Usage] = {}

    def add(self, trajectory: Trajectory) -> None:
        """Count one more conversation; costs O(its messages)."""
        self.conversations += 1
        self.steps += trajectory.steps
        for message in trajectory.messages:
            if isinstance(message, AssistantMessage):
                self.tool_calls += len(message.tool_calls)
            elif isinstance(message, ToolMessage):
                self.tool_errors += message.error and message.requestor == "assistant"
        for note in trajectory.notes:
            _count(self.notes, note.kind)
        _count(self.terminations, trajectory.termination.value)
        self._add_usage(trajectory.usage)
        if (verdict := trajectory.verdict) is not None:
            self.judged += 1
            self.kept += verdict.kept
            if trajectory.termination is Termination.STOPPED_EARLY:
                self.stopped += 1
            else:
                self.reward_sum += verdict.reward.reward
                self.mean_reward = self.reward_sum / self.rewarded
            for reason in dict.fromkeys(finding.reason for finding in verdict.findings):
                _count(self.findings, reason)

    def merge(self, other: Group) -> None:
        """Add the counts of another group."""
        for name in _SUMS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.mean_reward = self.reward_sum / self.rewarded if self.rewarded else 0.0
        for reason, count in other.findings.items():
            _count(self.findings, reason, count)
        for kind, count in other.notes.items():
            _count(self.notes, kind, count)
        for termination, count in other.terminations.items():
            _count(self.terminations, termination, count)
        self._add_usage(other.usage)

    def _add_usage(self, usage: dict[str, Usage]) -> None:
        for seat, used in usage.items():
            self.usage.setdefault(seat, Usage()).add(used)

    @property
    def rewarded(self) -> int:
        """How many conversations `mean_reward` is over."""
        return self.judged - self.stopped

    @property
    def tokens(self) -> int:
        """Prompt and completion tokens of all seats."""
        return sum(used.prompt_tokens + used.completion_tokens for used in self.usage.values())


_SUMS = ("conversations", "judged", "stopped", "kept", "reward_sum", "steps", "tool_calls", "tool_errors")


class Saved(msgspec.Struct):
    """Conversations that were stopped early, and how many model calls and tokens that has saved, by estimate."""

    conversations: int = 0
    calls: int = 0
    tokens: int = 0


class Keeping(msgspec.Struct):
    """How far a run is that shall keep so many rows: `kept` of those `asked` for, after so many `rounds` and `tasks`.

    `missing` counts by cell what is still wanted, `retired` the reasons that spoke against tasks of which no attempt
    passed, by task. `ended` says why no more was tried, where that was not for want of tasks.
    """

    asked: int = 0
    kept: int = 0
    rounds: int = 0
    tasks: int = 0
    missing: dict[str, int] = {}
    retired: dict[str, dict[str, int]] = {}
    ended: str = ""


class Summary(msgspec.Struct):
    """Groups by domain, then by kind. `funnel` is that of all filters, once the run has come to its end.

    `saved` is there where conversations could be stopped early, `keeping` where a number of rows was asked for,
    `phrasing` where a model said requests anew.
    `notices` are what the engines said of themselves at the start, `remarks` what stands out in the rows
    (`writ_async.runs.remarks`).
    """

    groups: dict[str, dict[str, Group]] = {}
    funnel: Funnel | None = None
    version: int = 1
    saved: Saved | msgspec.UnsetType = msgspec.UNSET
    keeping: Keeping | msgspec.UnsetType = msgspec.UNSET
    phrasing: PhraseReport | msgspec.UnsetType = msgspec.UNSET
    notices: list[str] = []
    remarks: list[str] = []

    def add(self, trajectory: Trajectory) -> None:
        """Count one more conversation."""
        kinds = self.groups.setdefault(trajectory.domain, {})
        group = kinds.get(trajectory.kind)
        if group is None:
            group = kinds[trajectory.kind] = Group()
        group.add(trajectory)

    def merge(self, other: Summary) -> None:
        """Add the groups of another summary."""
        for domain, kind, group in other.rows():
            self.groups.setdefault(domain, {}).setdefault(kind, Group()).merge(group)

    def rows(self) -> Iterator[tuple[str, str, Group]]:
        """Domain, kind and group, in alphabetical order."""
        for domain, kinds in sorted(self.groups.items()):
            for kind, group in sorted(kinds.items()):
                yield domain, kind, group

    def total(self) -> Group:
        """All groups as one."""
        total = Group()
        for _, _, group in self.rows():
            total.merge(group)
        return total


def summarise_rows(trajectories: Iterable[Trajectory]) -> Summary:
    """The summary of some trajectories."""
    summary = Summary()
    for trajectory in trajectories:
        summary.add(trajectory)
    return summary


def _count(counts: dict[str, int], key: str, by: int = 1) -> None:
    counts[key] = counts.get(key, 0) + by
