"""Counts over trajectories by domain and kind, kept up as conversations end, and their tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import msgspec

from writ_async.core.message import AssistantMessage, ToolMessage
from writ_async.core.trajectory import Termination, Trajectory, Usage
from writ_async.curation.selection import Funnel

if TYPE_CHECKING:
    from rich.table import Table


class Group(msgspec.Struct, omit_defaults=True):
    """Counts over some conversations. `judged` of them have a verdict, and `mean_reward` is over those of them that
    were not `stopped` early, whose reward nobody knows.

    `findings` counts the conversations in which a reason was found, however often. `tool_calls` are the agent's;
    `tool_errors` of them were refused. `usage` is by seat.
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


class Summary(msgspec.Struct):
    """Groups by domain, then by kind. `funnel` is that of all filters, once the run has come to its end.

    `saved` is there where conversations could be stopped early.
    """

    groups: dict[str, dict[str, Group]] = {}
    funnel: Funnel | None = None
    version: int = 1
    saved: Saved | msgspec.UnsetType = msgspec.UNSET

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


def render_table(summary: Summary) -> Table:
    """A table of the groups with a line for the whole; fits 80 columns. Steps and calls are means per conversation."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("domain", no_wrap=True)
    table.add_column("kind", no_wrap=True)
    for heading in ("done", "kept", "%", "reward", "steps", "calls", "tokens"):
        table.add_column(heading, justify="right", no_wrap=True)
    last = ""
    for domain, kind, group in summary.rows():
        table.add_row(domain if domain != last else "", kind, *_cells(group))
        last = domain
    table.add_section()
    table.add_row("all", "", *_cells(summary.total()), style="bold")
    return table


def render_reasons(summary: Summary) -> Table:
    """A table of how conversations ended and what the verifiers found, the most frequent first; fits 80 columns."""
    from rich import box
    from rich.table import Table

    total = summary.total()
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("", no_wrap=True)
    table.add_column("reason", overflow="fold")
    table.add_column("conversations", justify="right", no_wrap=True)
    table.add_column("share", justify="right", no_wrap=True)
    for title, counts in (("ended by", total.terminations), ("found", total.findings)):
        first = title
        for reason, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
            table.add_row(first, reason, f"{count:,}", _share(count, total.conversations))
            first = ""
        table.add_section()
    return table


def cost_line(summary: Summary) -> str:
    """What the run cost, by seat and per conversation, in one line; empty where no price is known."""
    total = summary.total()
    seats = {seat: used.dollars for seat, used in sorted(total.usage.items()) if used.nano_dollars}
    whole = sum(seats.values())
    if not whole:
        return ""
    shares = " + ".join(f"{seat} ${dollars:,.2f}" for seat, dollars in seats.items())
    return f"cost ${whole:,.2f} ({shares}), ${whole / total.conversations:.4f} per conversation"


def saved_line(summary: Summary) -> str:
    """What stopping early has saved, in one line; empty where nothing could be stopped."""
    if summary.saved is msgspec.UNSET:
        return ""
    saved = summary.saved
    return (
        f"{saved.conversations:,} conversations stopped early, which saved about "
        f"{saved.calls:,} model calls and {saved.tokens:,} tokens"
    )


def _cells(group: Group) -> tuple[str, ...]:
    count = group.conversations
    return (
        f"{count:,}",
        f"{group.kept:,}" if group.judged else "–",
        _share(group.kept, group.judged),
        f"{group.mean_reward:.3f}" if group.rewarded else "–",
        f"{group.steps / count:.1f}" if count else "–",
        f"{group.tool_calls / count:.1f}" if count else "–",
        _short(group.tokens),
    )


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f}" if whole else "–"


def _short(count: int) -> str:
    """A count in at most five characters: 950, 12.3k, 4.56M."""
    if count < 1000:
        return str(count)
    value = float(count)
    for unit in ("", "k", "M", "G", "T"):
        if value < 999.5:
            return f"{value:.3g}{unit}"
        value /= 1000
    return f"{value:.3g}P"


def _count(counts: dict[str, int], key: str, by: int = 1) -> None:
    counts[key] = counts.get(key, 0) + by
