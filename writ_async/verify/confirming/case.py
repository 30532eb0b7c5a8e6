"""One write before the answer that was to confirm it: what was said around it, and what it names."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from writ_async.conversation.calls import ExecutedCall
from writ_async.core.domain import Domain
from writ_async.verify.confirming.arguments import Argument, Arguments
from writ_async.verify.confirming.family import Family
from writ_async.verify.confirming.kin import Kin, Phrases, named_in
from writ_async.verify.confirming.naming import Part, Record
from writ_async.verify.confirming.patterns import either
from writ_async.verify.confirming.reply import is_further_wish, names_nothing
from writ_async.verify.confirming.shown import Shown, flat_values
from writ_async.verify.confirming.turns import Turn, TurnIndex
from writ_async.verify.confirming.wording import has_any, has_phrase, has_value, phrase_of

_LEAST_TELLING, _MOST_TELLING = 10, 1e12  # of the numbers of a record; small ones count anything
_ANSWERS = ("yes", "none")  # values of records that are said of anything, as in "(yes/no)"


class Case:
    """A write, the turns up to the answer (the latest first), and the records that it names as last shown.

    Of the turns `answered` is the answer's place, `since` the message of the write before; `written` gives the ids
    that any write names, `arguments` what this one is about.
    `recent` are the turns since the write before; `older` count only where they name what is written to.
    """

    def __init__(
        self,
        write: ExecutedCall,
        spoken: TurnIndex,
        answered: int,
        since: int,
        shown: Shown,
        domain: Domain,
        written: Callable[[], Phrases],
        arguments: Arguments,
    ) -> None:
        self._first = bisect_right(spoken.messages, since, 0, answered + 1)
        self._answered = answered
        self.written = written
        self.write, self.shown, self.domain, self.answer = write, shown, domain, spoken.turns[answered]
        self.arguments = arguments
        self.recent = spoken.turns[self._first : answered + 1][::-1]
        self._turns: Sequence[Turn] | None = None
        self._spoken = spoken
        self._about: list[Turn] | None = None
        self.until = write.message
        self.ids = arguments.of_kind("record")
        self.names = tuple(dict.fromkeys([str(argument.value) for argument in self.ids]))
        chosen = (*arguments.of_kind("part"), *arguments.of_kind("variant"))
        self.chosen = frozenset([str(argument.value) for argument in chosen])
        self._own_ids = tuple([phrase_of(name) for name in self.names])
        self._ids = self._own_ids
        if self.chosen:
            self._ids = tuple(dict.fromkeys((*self._own_ids, *map(phrase_of, self.chosen))))
        self._records: dict[str, Record | None] | None = None
        self._parts: tuple[Part, ...] | None = None
        self._left_out: list[Part] | None = None
        self._part_forms: tuple[str, ...] | None = None
        self._words: dict[int, str] = {}
        self.families: dict[tuple[str, str], Family | None] = {}
        """What was made out of variants, by the ids of one and of what it takes the place of."""
        self._kin: list[tuple[Kin, str]] | None = None
        self._described: tuple[list[str], set[str | float]] | None = None

    @property
    def older(self) -> Sequence[Turn]:
        """The turns before those that are recent, the latest first."""
        return self.turns()[len(self.recent) :]

    @property
    def left_out(self) -> list[Part]:
        """The parts of the record that the write does not name."""
        if self._left_out is None:
            self._left_out = [part for part in self.parts if not self.chosen & part.texts]
        return self._left_out

    def turns(self, agents_only: bool = False) -> Sequence[Turn]:
        """All turns up to the answer, or those of the agent, the latest first."""
        if self._turns is None:
            self._turns = self._spoken.turns[self._answered :: -1]
        return [turn for turn in self._turns if not turn.by_user] if agents_only else self._turns

    def turn_telling(self, value: Any, agents_only: bool) -> Turn | None:
        """The latest turn whose words about the write tell a value."""
        for turn in self.turns(agents_only):
            if has_value(self.words(turn), value):
                return turn
        return None

    def turn_naming(self, text: str, agents_only: bool) -> Turn | None:
        """The latest turn whose words about the write have those of a text."""
        phrase = phrase_of(text)
        for turn in self.turns(agents_only) if len(phrase) > 2 else ():
            if phrase in self.words(turn):
                return turn
        return None

    @property
    def records(self) -> Mapping[str, Record | None]:
        """What was last shown under each id that the write names; looked up when somebody asks."""
        if self._records is None:
            self._records = {name: self._record(name) for name in self.names}
        return self._records

    @property
    def main(self) -> Record | None:
        """The first record that the write names and that was shown."""
        return next((record for record in self.records.values() if record is not None), None)

    def _record(self, name: str) -> Record | None:
        """What was last shown under an id; the object that it belongs to itself, not one that merely mentions it."""
        best: Record | None = None
        for record in self.shown.named(name, self.until):
            if record.key == name or next(iter(record.fields.values()), None) == name or len(record.fields) > 4:
                return record
            best = best or record
        return best

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts of the record that is written to."""
        if self._parts is None:
            main = self.main
            self._parts = self.shown.parts_of(main) if main is not None else ()
        return self._parts

    def pool(self) -> Iterator[Turn]:
        """The turns that may have laid this write out, the latest first."""
        yield from self.recent
        if self._about is None:
            self._about = self._spoken.naming((*self._ids, *self._forms_of_parts()), self._first)
        yield from self._about

    def is_about(self, turn: Turn) -> bool:
        """Whether a turn names what is written to, or a part of it that is."""
        return self.is_named(turn.words)

    def is_named(self, words: str) -> bool:
        """Whether words name the record of the write or one of the parts that it is about."""
        return has_any(words, self._ids) or has_any(words, self._forms_of_parts())

    def _forms_of_parts(self) -> tuple[str, ...]:
        """The phrases that name the parts that the write is about: those that it names, else all."""
        if self._part_forms is None:
            taken = [part for part in self.parts if not self.chosen or self.chosen & part.texts]
            self._part_forms = tuple(dict.fromkeys(form for part in taken for form in part.forms))
        return self._part_forms

    def touches(self, words: str) -> bool:
        """Whether words name the record of the write, or anything that is in it."""
        return self.is_named(words) or any(part.is_in(words) for part in self.parts) or self.is_described(words)

    def speaks_of_all(self, words: str, argument: Argument) -> bool:
        """Whether words speak of all records of the kind, such as "all pending orders"."""
        noun = _noun(argument)
        if f" {noun}" not in words:
            return False
        return _several(noun).search(words) is not None

    def calls_it(self, words: str, by_noun: bool = False) -> bool:
        """Whether words speak of the record as a whole, by the word for its kind or, unless `by_noun`, as "it"."""
        return (self._patterns.names_kind if by_noun else self._patterns.calls_it).search(words) is not None

    @property
    def _patterns(self) -> NounPatterns:
        return _noun_patterns(tuple([_noun(argument) for argument in self.ids]))

    def points_there(self, words: str) -> bool:
        """Whether words point to an address by where it stands."""
        return self._patterns.points_there.search(words) is not None

    def is_described(self, words: str) -> bool:
        """Whether words pick out the record by two of its own values, or by one that people call it by."""
        record = self.main
        if record is None:
            return False
        described_by, own = self._descriptions(record)
        if any(has_phrase(words, text) for text in described_by):
            return True
        return sum(has_value(words, value) for value in own) > 1

    def _descriptions(self, record: Record) -> tuple[list[str], set[str | float]]:
        """The words by which people call the record, and its other values, of which it takes two."""
        if self._described is None:
            own = {value for value in record.fields.values() if _describes(value)}
            own -= {record.key, str(record.fields.get(self.domain.user_argument, "")), *_ANSWERS}
            self._described = described(record, self.domain.describing_fields), own
        return self._described

    def kin(self) -> list[tuple[Kin, str]]:
        """The records of the same kind as each that is written to, with the id of that one."""
        if self._kin is None:
            named = [(argument.name, str(argument.value)) for argument in self.ids]
            self._kin = [(self.shown.kin_of(self.records[name], field, name), name) for field, name in named]
        return self._kin

    def others(self) -> list[str]:
        """The ids of the other records of the same kind that were shown, and of those that other writes name."""
        shown = [other for kin, name in self.kin() for other in kin.others(name, self.until)]
        written = sorted(name for names in self.written().values() for _, name in names) if self.ids else []
        return list(dict.fromkeys((*shown, *(name for name in written if name not in self.names))))

    def names_another(self, words: str) -> bool:
        """Whether words name another record than that of the write, or what is in another one alone."""
        tokens = words.split()
        return self._names_another_id(words, tokens) or any(
            kin.are_told_by_parts(words, tokens, self._own_names(kin), name, self.until) for kin, name in self.kin()
        )

    def _names_another_id(self, words: str, tokens: Sequence[str]) -> bool:
        if any(kin.are_named(words, tokens, name, self.until) for kin, name in self.kin()):
            return True
        return bool(self.ids) and any(name not in self.names for name in named_in(self.written(), words, tokens))

    def _own_names(self, kin: Kin) -> frozenset[str]:
        main = self.main
        return kin.name_words(main) if main is not None else frozenset()

    def names_other_part(self, words: str) -> bool:
        """Whether words name a part of the same record that the write leaves alone."""
        return bool(self.chosen) and any(part.is_in(words) for part in self.left_out)

    def narrows(self, words: str, topic: re.Pattern[str], others: re.Pattern[str]) -> bool | None:
        """Whether words that want "only" something mean this write by it, or something else; None where neither."""
        if topic.search(words) or (self.chosen and self.is_named(words)):
            return True
        return False if others.search(words) or any(part.is_in(words) for part in self.parts) else None

    def words(self, turn: Turn) -> str:
        """What a turn says, without the lines that are about other things than the write."""
        known = self._words.get(turn.message)
        if known is None:
            known = self._words[turn.message] = turn.words if self._is_all_about_it(turn) else self._filtered(turn)
        return known

    def _is_all_about_it(self, turn: Turn) -> bool:
        """Whether no line of a turn can be about another thing, however it is looked at line by line."""
        if turn.by_user:
            # What names nothing, as most answers, is about nothing else.
            return len(turn.lines) == 1 and names_nothing(turn.words)
        # Of a single line that names the record all counts, whatever else it names.
        return (len(turn.lines) == 1 and has_any(turn.words, self._own_ids)) or not self.names_another(turn.words)

    def is_of_another(self, words: str) -> bool:
        """Whether words name another record by its id and not that of the write, so that names in them are its."""
        if not self._own_ids or has_any(words, self._own_ids):
            return False
        return self._names_another_id(words, words.split())

    def is_elsewhere(self, words: str, by_user: bool) -> bool:
        """Whether words are about something else alone: another record, or a wish of the user beside this one."""
        return self.names_another(words) or (
            by_user and (is_further_wish(words) or self._patterns.by_its_content.search(words) is not None)
        )

    def _filtered(self, turn: Turn) -> str:
        kept: list[str] = []
        elsewhere = goes_on = False
        for line, listed in turn.lines:
            if names_nothing(line):
                elsewhere = elsewhere and (listed or goes_on)
            elif turn is self.answer and is_further_wish(line):
                # Behind a yes, whatever it names: what is wanted next is no part of what was agreed.
                break
            elif self.is_named(line) and not self.is_of_another(line):
                elsewhere = goes_on = False
            elif self.is_elsewhere(line, turn.by_user):
                elsewhere = True
                goes_on = goes_on or (turn.by_user and is_further_wish(line))
            elif goes_on:
                continue
            elif not listed:
                elsewhere = False
            if not elsewhere:
                kept.append(line)
        return "".join(kept).replace("  ", " ")

    def part_of(self, name: str) -> Part | None:
        """The part of the record that an id stands for."""
        return next((part for part in self.parts if name in part.texts), None)


def _describes(value: Any) -> bool:
    """Whether a value of a record may tell it from others, with another one: a short text, or a number of some size."""
    if isinstance(value, str):
        return 2 < len(value) < 40
    return isinstance(value, int | float) and _LEAST_TELLING <= abs(value) <= _MOST_TELLING


@lru_cache(maxsize=64)
def _several(noun: str) -> re.Pattern[str]:
    """What speaks of several records of a kind."""
    return re.compile(f"{either('SEVERAL')}{re.escape(noun)}s? ")


class NounPatterns(NamedTuple):
    """What calls a record by what is in it, as a whole, as a whole by its noun, and what points to an address."""

    by_its_content: re.Pattern[str]
    calls_it: re.Pattern[str]
    names_kind: re.Pattern[str]
    points_there: re.Pattern[str]


@lru_cache(maxsize=64)
def _noun_patterns(words: tuple[str, ...]) -> NounPatterns:
    nouns = "|".join(map(re.escape, words)) or "(?!)"
    return NounPatterns(
        re.compile(f" (?:{nouns}){either('BY_CONTENT')}"),
        re.compile(f" (?:(?:{nouns})s?|it|them) "),
        re.compile(f" (?:{nouns})s? "),
        re.compile(either("THERE").replace("{kind}", f"(?:{nouns})")),
    )


def _noun(argument: Argument) -> str:
    """What people call the kind of record that an argument is the id of."""
    return argument.name.removesuffix("_id").replace("_", " ").strip() or "record"


def described(record: Record, fields: frozenset[str]) -> list[str]:
    """The words of those fields of a record by which people call it."""
    values = [item for name, value in record.fields.items() if name in fields for item in flat_values({name: value})]
    return [str(item) for item in values if isinstance(item, str | int | float) and not isinstance(item, bool)]
