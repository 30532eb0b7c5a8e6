"""The records of one kind that a conversation has shown, and whether words name one: an index for all its writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from writ_async.verify.confirming.naming import Record, name_words
from writ_async.verify.confirming.wording import forms_of_word, phrase_of, singular_of

Phrases = dict[str, list[tuple[str, str]]]
"""Ids with their phrases, by the longest word of the phrase."""


def phrases_of(names: Iterable[str]) -> Phrases:
    """Ids as phrases that are looked up by a word; those without letters and figures are left out."""
    found: Phrases = {}
    for name in names:
        _add_phrase(found, name)
    return found


def _add_phrase(phrases: Phrases, name: str) -> None:
    phrase = phrase_of(name)
    longest = max(phrase.split(), key=len, default="")
    if longest:
        phrases.setdefault(longest, []).append((phrase, name))


def named_in(phrases: Phrases, words: str, tokens: Iterable[str]) -> Iterator[str]:
    """The ids whose phrases stand in words, in any order; `tokens` are these words one by one."""
    for token in phrases.keys() & tokens:
        for phrase, name in phrases[token]:
            if phrase in words:
                yield name


class Kin:
    """Records that go by the ids in one of their fields. Of each message that shows an id the first record counts."""

    def __init__(self) -> None:
        self._records: dict[str, list[Record]] = {}
        self._phrases: Phrases = {}
        self._unread: list[tuple[str, Record]] = []
        self._beginnings: dict[str, str] = {}
        """What all forms of a word begin with, behind a blank, by the words of the names of parts."""
        self._having: dict[str, set[str]] = {}
        self._name_words: dict[int, frozenset[str]] = {}

    def add(self, name: str, record: Record) -> None:
        """Take in a record under its id; those of earlier messages come first."""
        shown = self._records.get(name)
        if shown is None:
            shown = self._records[name] = []
            _add_phrase(self._phrases, name)
        elif shown[-1].message == record.message:
            return
        shown.append(record)
        self._unread.append((name, record))

    def name_words(self, record: Record) -> frozenset[str]:
        """The words of the names of the parts of a record, taken apart once."""
        found = self._name_words.get(id(record))
        if found is None:
            found = self._name_words[id(record)] = name_words(record)
        return found

    def latest(self, name: str, until: int) -> Record | None:
        """What was last shown under an id before a message."""
        for record in reversed(self._records[name]):
            if record.message < until:
                return record
        return None

    def others(self, but: str, until: int) -> list[str]:
        """The ids that were shown before a message but for one, those that were shown last first."""
        found = [(record.message, name) for name in self._records if (record := self.latest(name, until)) is not None]
        found.sort(key=_message, reverse=True)
        return [name for _, name in found if name != but]

    def are_named(self, words: str, tokens: Sequence[str], but: str, until: int) -> bool:
        """Whether words name a record other than one by its id."""
        named = named_in(self._phrases, words, tokens)
        return any(name != but and self.latest(name, until) is not None for name in named)

    def are_told_by_parts(self, words: str, tokens: Sequence[str], own: frozenset[str], but: str, until: int) -> bool:
        """Whether words are of the names of parts of other records than one, as last shown, and none of its `own`."""
        self._take_names()
        for word, beginning in self._beginnings.items():
            if (
                beginning in words
                and word not in own
                and any(form in tokens for form in forms_of_word(word))
                and any(self._has_word(name, word, until) for name in self._having[word] if name != but)
            ):
                return True
        return False

    def _take_names(self) -> None:
        """Read the names of the parts of the records that are new."""
        for name, record in self._unread:
            for word in self.name_words(record):
                if word not in self._having:
                    self._having[word] = set()
                    self._beginnings[word] = f" {singular_of(word)}"
                self._having[word].add(name)
        self._unread.clear()

    def _has_word(self, name: str, word: str, until: int) -> bool:
        record = self.latest(name, until)
        return record is not None and word in self.name_words(record)


def _message(found: tuple[int, str]) -> int:
    return found[0]
