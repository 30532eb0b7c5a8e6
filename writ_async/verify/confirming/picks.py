"""Options that an agent numbers, and an answer that picks one by its number: it says what stands there."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from writ_async.verify.confirming.clauses import sentences
from writ_async.verify.confirming.wording import has_any

_LABEL = re.compile(r"(?:^|(?<=\s))(?:option |choice )?\(?([a-h]|\d{1,2})[.):] ", re.MULTILINE)
_BEGINNINGS = tuple(
    [[f"{name}{end}" for end in (". ", ") ", ": ")] for name in names] for names in (("1", "2"), ("a", "b"))
)
"""The labels of the first two options, without which there are none."""
_MOST = 12
_ORDINALS = {"first": 0, "second": 1, "third": 2, "fourth": 3, "fifth": 4, "last": -1}
_PICK = re.compile(
    r"(?:^|(?<!not )(?<!\w))(?:(?:option|choice|number) ?#?([a-h]|\d{1,2})(?!\w)"
    rf"|the ({'|'.join(_ORDINALS)}) (?:one|option|choice)(?!\w))"
)
_BARE_PICK = re.compile(
    r"(?:please |i('ll| will) (?:take|pick|choose|have) |(?:let's |i'd like to |i('ll| will) )?go with |#)?"
    r"\(?([a-h]|\d{1,2})\)?(?: please| it is)?$"
)


_DECLINES = re.compile(
    r"(?:(?:but|and|so|please|ok|okay) ){0,3}(?:no|nope|nah|not|don't|do not|skip|without|never)(?!\w)"
)


def options_in(text: str) -> dict[str, str]:
    """What a plain text offers under consecutive numbers or letters from the first on, by them; empty for one alone."""
    numbers, letters = _BEGINNINGS
    if not (_has_both(text, *numbers) or _has_both(text, *letters)):
        return {}
    found: dict[str, str] = {}
    labels = list(_LABEL.finditer(text))
    for place, label in enumerate(labels[:_MOST]):
        if label[1] not in (str(len(found) + 1), chr(ord("a") + len(found))):
            continue
        end = labels[place + 1].start() if place + 1 < len(labels) else len(text)
        found[label[1]] = text[label.end() : end].split("\n\n")[0].strip()
    return found if len(found) > 1 else {}


def _has_both(text: str, first: Sequence[str], second: Sequence[str]) -> bool:
    return has_any(text, first) and has_any(text, second)


def spelled_out(answer: str, options: Mapping[str, str]) -> str:
    """An answer with what it picks by number said in words behind the sentence that picks it."""
    if not options:
        return answer
    said: list[str] = []
    for sentence in sentences(answer):
        said.append(f"{sentence.text}{'?' if sentence.asks else '.'}")
        clauses = tuple(clause for clause in sentence.clauses if not _DECLINES.match(clause))
        text = sentence.text if clauses == sentence.clauses else ", ".join(clauses)
        said += [options[name] for name in dict.fromkeys(_picked(text, clauses, list(options)))]
    return answer if len(said) == len(sentences(answer)) else "\n".join(said)


def _picked(text: str, clauses: tuple[str, ...], names: list[str]) -> list[str]:
    found = [match[match.lastindex or 0] for clause in clauses if (match := _BARE_PICK.match(clause))]
    found += [match[1] or match[2] for match in _PICK.finditer(text)]
    places = {word: names[place] for word, place in _ORDINALS.items() if place < len(names)}
    return [places.get(name, name) for name in found if places.get(name, name) in names]
