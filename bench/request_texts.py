"""What the requests of a run are like, measured: how much of one stands in another, word for word."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

from bench.report import Figure
from writ_async import RunView

_WORD: Final = re.compile(r"[a-z0-9](?:[\w'@.-]*\w)?")
_LENGTH: Final = 4
_MOST: Final = 1000


def request_figures(run: RunView) -> list[Figure]:
    """The table: of the first 1,000 requests of each domain, lower-cased words alone, values and ids among them."""
    figures: list[Figure] = []
    requests: dict[str, list[str]] = {}
    for task in run.tasks():
        requests.setdefault(task.domain, []).append(task.scenario.request)
    for domain, texts in sorted(requests.items()):
        chosen = [text for text in texts[:_MOST] if text]
        shared, distinct = repetition(chosen)
        what = f"of {len(chosen):,} {domain} requests"
        figures.append(Figure(f"4-grams of a request found in another {what}", 100 * shared, "%", 65))
        figures.append(Figure(f"distinct-4 {what}", distinct, "", 0.4, least=True))
    return figures


def repetition(texts: Sequence[str]) -> tuple[float, float]:
    """The share of a text's 4-grams that stand in another text, on average over texts; distinct ones by all.

    Texts of fewer than four words are left out.
    """
    grams = [found for text in texts if (found := _grams_of(text))]
    texts_with = Counter(gram for found in grams for gram in set(found))
    if not grams:
        return 0.0, 0.0
    shares = [sum(texts_with[gram] > 1 for gram in found) / len(found) for found in grams]
    return sum(shares) / len(shares), len(texts_with) / sum(map(len, grams))


def _grams_of(text: str) -> list[tuple[str, ...]]:
    words = _WORD.findall(text.lower())
    return [tuple(words[place : place + _LENGTH]) for place in range(len(words) - _LENGTH + 1)]
