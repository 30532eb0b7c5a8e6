"""What a person sees on a terminal while a run goes on: a few calm lines that stay where they are.

`screen_lines` makes them from a `Progress` and a `Pace`, which remembers a while of samples; it knows no terminal. All
numbers are of now but for those behind "done"; what is left is reckoned from the pace of the last minute, so that it is
right after a resume, too.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from writ_async.cli.terminal import shorten, visible_line
from writ_async.runs.progress import Progress
from writ_async.scheduler.loop_lag import HIGH

if TYPE_CHECKING:
    from rich.text import Text

KEYS = "q: begin no more and end in order · Q: stop now"
_WINDOW = 60.0
_SAMPLES = 240
_REASONS = 3


class Sample(msgspec.Struct, frozen=True):
    """Counts at a moment, `when` in seconds: conversations that ended, model calls, tokens of those that ended."""

    when: float
    finished: int = 0
    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0


class Rates(msgspec.Struct, frozen=True):
    """The same a second."""

    finished: float = 0.0
    calls: float = 0.0
    prompt_tokens: float = 0.0
    completion_tokens: float = 0.0


class Pace:
    """The samples of the last minute, and what they say a second."""

    def __init__(self, when: float) -> None:
        self.started = when
        self._samples: deque[Sample] = deque(maxlen=_SAMPLES)

    def take(self, progress: Progress, when: float) -> None:
        """Add a sample; old ones go."""
        usage = progress.summary.total().usage.values()
        self._samples.append(
            Sample(
                when,
                progress.counters.finished,
                progress.counters.requests,
                sum(used.prompt_tokens for used in usage),
                sum(used.completion_tokens for used in usage),
            )
        )
        while len(self._samples) > 2 and when - self._samples[1].when > _WINDOW:
            self._samples.popleft()

    def rates(self) -> Rates:
        """What happened a second."""
        if len(self._samples) < 2 or (seconds := self._samples[-1].when - self._samples[0].when) <= 0:
            return Rates()
        first, last = self._samples[0], self._samples[-1]
        return Rates(
            (last.finished - first.finished) / seconds,
            (last.calls - first.calls) / seconds,
            (last.prompt_tokens - first.prompt_tokens) / seconds,
            (last.completion_tokens - first.completion_tokens) / seconds,
        )

    def seconds_left(self, left: int) -> float | None:
        """How long so many conversations take at this pace; None while nobody knows."""
        rate = self.rates().finished
        return left / rate if rate > 0 else None


def screen_lines(label: str, progress: Progress, pace: Pace, when: float, width: int = 80) -> list[Text]:
    """The lines of the screen, none longer than `width`."""
    from rich.text import Text

    lines = [
        Text.assemble(*_bar(label, progress, width)),
        Text.assemble(*_labelled("done", _done(progress))),
        Text.assemble(*_labelled("now", _now(progress))),
        Text.assemble(*_labelled("time", _time(progress, pace, when))),
        Text.assemble(*_labelled("calls", _calls(progress, pace))),
        *(Text.assemble((f"{name:<8}", "dim"), (text, style)) for name, text, style in _remarks(progress)),
        Text(KEYS, style="dim"),
    ]
    for line in lines:
        line.truncate(width, overflow="ellipsis")
        line.no_wrap = True
    return lines


def spell_seconds(seconds: float) -> str:
    """A time as people read it.

    >>> spell_seconds(42), spell_seconds(3700), spell_seconds(200000)
    ('0:42', '1:01:40', '2 d 7 h')
    """
    whole = round(seconds)
    if whole >= 48 * 3600:
        return f"{whole // 86400} d {whole % 86400 // 3600} h"
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _bar(label: str, progress: Progress, width: int) -> Iterator[tuple[str, str]]:
    done = min(progress.total, progress.done_before + progress.counters.finished)
    share = done / progress.total if progress.total else 0.0
    figures = f" {done:,} of {progress.total:,}  {100 * share:.0f} %"
    room = max(8, width - len(label) - 1 - len(figures))
    full = int(share * room)
    yield f"{label} ", "bold"
    yield "━" * full, "green"
    yield "─" * (room - full), "dim"
    yield figures, ""


def _labelled(name: str, parts: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    yield f"{name:<8}", "dim"
    for index, (text, style) in enumerate(parts):
        yield (" · " if index else ""), "dim"
        yield text, style


def _done(progress: Progress) -> list[tuple[str, str]]:
    total, counters = progress.summary.total(), progress.counters
    parts = [(f"{total.conversations:,} rows", "")]
    if total.judged:
        parts.append((f"{total.kept:,} kept ({100 * total.kept / total.judged:.0f} %)", "green"))
    if counters.failed:
        parts.append((f"{counters.failed:,} failed", "red"))
    if counters.stopped:
        parts.append((f"{counters.stopped:,} stopped early", ""))
    if dollars := sum(used.dollars for used in total.usage.values()):
        parts.append((f"${dollars:,.2f}", ""))
    return parts


def _now(progress: Progress) -> list[tuple[str, str]]:
    counters = progress.counters
    retrying = sum(max(0, counts.failing) for counts in progress.calls.values())
    waiting = sum(counts.held_back for counts in progress.calls.values())
    parts = [(f"{counters.live:,} live", ""), (f"{counters.in_flight:,} calls out", "")]
    if counters.held:
        parts.append((f"{counters.held:,} waiting", ""))
    if waiting:
        parts.append((f"{waiting:,} rate-limited", "yellow"))
    if retrying:
        parts.append((f"{retrying:,} retrying", "red"))
    if (lag := progress.lag.quantile(0.99)) > HIGH:
        parts.append((f"event loop {1e3 * lag:,.0f} ms late", "yellow"))
    return parts


def _time(progress: Progress, pace: Pace, when: float) -> list[tuple[str, str]]:
    left = max(0, progress.total - progress.done_before - progress.counters.finished)
    seconds = pace.seconds_left(left)
    spent = f"{spell_seconds(when - pace.started)} gone"
    text = spent if seconds is None else f"{spent}, about {spell_seconds(seconds)} left"
    return [(text, "bold"), (f"{pace.rates().finished:,.1f} conversations a second", "")]


def _calls(progress: Progress, pace: Pace) -> list[tuple[str, str]]:
    rates = pace.rates()
    parts = [(f"{rates.calls:,.0f} a second", "")]
    usage = list(progress.summary.total().usage.values())
    if prompt := sum(used.prompt_tokens for used in usage):
        cached = sum(used.cached_tokens for used in usage)
        tokens = f"{_short(rates.prompt_tokens)} tokens in, {_short(rates.completion_tokens)} out a second"
        parts += [(tokens, ""), (f"{100 * cached / prompt:.0f} % from the cache", "")]
    return parts


def _remarks(progress: Progress) -> Iterator[tuple[str, str, str]]:
    findings = progress.summary.total().findings
    if findings:
        most = sorted(findings.items(), key=lambda item: (-item[1], item[0]))[:_REASONS]
        yield "found", visible_line(", ".join(f"{reason} {count:,}" for reason, count in most)), ""
    failing = [counts.last_failure for counts in progress.calls.values() if counts.last_failure]
    if failing:
        yield "server", visible_line(shorten(failing[0])), "red"


def _short(number: float) -> str:
    """A number of tokens in a few characters.

    >>> _short(950), _short(41_200), _short(3_400_000)
    ('950', '41k', '3.4M')
    """
    if number < 1000:
        return f"{number:.0f}"
    return f"{number / 1000:.0f}k" if number < 1_000_000 else f"{number / 1e6:.1f}M"
