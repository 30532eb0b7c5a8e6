"""Amounts of money: shown, said, in the policy, or reckoned from such.

What is reckoned may be a sum, a difference, a product with a small count, or both; sums of what one result lists as
well. Where an agent says that money has moved, the reckoning rests on what the same message shows and what the writes
returned, for among many amounts every other can be reckoned somehow.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from writ_async.verify.claims.deeds import WORDS, Claim, DeedWords, Done, is_form
from writ_async.verify.claims.ground import Ground
from writ_async.verify.claims.sentences import Sentence

_AMOUNT: Final = re.compile(
    r"(?:us|ca|au)?[$€£] ?(?P<one>\d{1,9}(?:,\d{3})*(?:\.\d{1,2})?)(?!\d|,\d|[kmb]\b)"
    r"|(?<![\w.,-])(?P<two>\d{1,9}(?:,\d{3})*(?:\.\d{1,2})?) ?(?:dollars|usd|euros?|bucks)\b"
)
_ABOUT: Final = re.compile(
    r"\b(?:about|around|roughly|approximately|approx\.?|nearly|almost|over|under|below|above|less than|more than"
    r"|up to|at least|at most|exceed\w*|within|cap|limit|budget|maximum|max|minimum|between"
    r"|range|vary|varies|from)\b|[~<>≤≥≈]"
)
_MOVING: Final = (*WORDS["deeds"], *WORDS["light"])
_LONG: Final = 5
_LOCAL: Final = 9
_RANGE: Final = re.compile(r" ?(?:-|–|to) ?[$€£]")
_TOTAL: Final = re.compile(r"total|\bsum\b|combined|overall|altogether|together|\bnet\b|difference|sav(?:e|ing)")
_NEAR: Final = 4
_FEW: Final = 8
_POOL: Final = 32
_COUNTS: Final = range(2, 10)
_RECKONINGS: Final = 12
_MOST_SUMS: Final = 50_000


def unfounded_amounts(sentence: Sentence, done: Sequence[Done], ground: Ground, words: DeedWords) -> list[Claim]:
    """The amounts in a sentence that nothing shows and nothing gives."""
    if (
        not any(sign in sentence.text for sign in "$€£")
        and "dollar" not in sentence.plain
        and "usd" not in sentence.plain
    ):
        return []
    if sentence.is_told():
        return []
    found: list[Claim] = []
    moved = _says_moved(done, words)
    for match in _AMOUNT.finditer(sentence.plain):
        cents = round(float((match["one"] or match["two"]).replace(",", "")) * 100)
        if cents == 0 or cents in ground.amounts:
            continue
        if is_shown(cents, ground, said=not moved) or sentence.is_example():
            ground.amounts[cents] = None
            continue
        if _ABOUT.search(sentence.plain[max(0, match.start() - 24) : match.start()]) or _RANGE.match(
            sentence.plain, match.end()
        ):
            continue
        here = [round(float((m["one"] or m["two"]).replace(",", "")) * 100) for m in _AMOUNT.finditer(sentence.plain)]
        others = [amount for amount in here if amount != cents]
        if is_reckoned(cents, ground, others, moved=moved, total=_TOTAL.search(sentence.plain) is not None):
            ground.amounts[cents] = None
            continue
        found.append(
            (f"{match[0].strip()} was neither shown nor said, and nothing gives it", "error" if moved else "turn")
        )
    return found[:1]


def _says_moved(done: Sequence[Done], words: DeedWords) -> bool:
    """Whether a sentence says of money that it has been moved."""
    return any(words.named(claim.verb) or is_form(claim.verb, _MOVING) for claim in done)


def forms_of(cents: int) -> tuple[str, ...]:
    """The ways in which a number is written in results."""
    whole, rest = divmod(cents, 100)
    if rest == 0:
        forms: tuple[str, ...] = (f"{whole}", f"{whole}.0", f"{whole}.00")
    elif rest % 10 == 0:
        forms = (f"{whole}.{rest // 10}", f"{whole}.{rest:02d}")
    else:
        forms = (f"{whole}.{rest:02d}",)
    return forms


def is_shown(cents: int, ground: Ground, *, said: bool) -> bool:
    """Whether an amount stands in a result, or, with `said`, in the customer's words or the policy.

    A whole number has to stand in a result as a number: in a text it may count anything.
    """
    for form in forms_of(cents):
        if cents % 100 and (form in ground.shown or f"-{form}" in ground.shown):
            return True
        if form in ground.explained:
            return True
        if said and (form in ground.told or form in ground.policy):
            return True
    return any(cents in record.cents for record in ground.records())


def is_reckoned(cents: int, ground: Ground, here: Sequence[int], *, moved: bool, total: bool) -> bool:
    """Whether an amount can be reckoned from those that it may rest on.

    `here` are the other amounts of its sentence. Money that `moved` rests on them, on what was said last, and on what
    the writes returned; any other amount also on the records that somebody named, on the policy, and, where it is said
    to be a `total`, on one number of each of several results.
    """
    if moved:
        near = [*here, *reversed(ground.amounts)][:_NEAR]
        return _gives(cents, near) or any(
            _is_part_sum(cents, record.cents) for record in ground.written() if not record.ids
        )
    local = [*here, *reversed(ground.amounts)][:_LOCAL]
    if _adds_up(cents, local) or any(cents == sum(record.cents) for record in ground.records()):
        return True
    named = [cents for record in ground.spoken_of() for cents in record.cents]
    policy = [round(float(word) * 100) for word in ground.policy if word.isdecimal() and len(word) < _LONG]
    pool = list(dict.fromkeys([*here, *reversed(ground.amounts), *reversed(named), *policy]))
    if _gives(cents, pool[: _POOL if cents % 100 else 2 * _POOL], times=True):
        return True
    if ground.reckoned >= _RECKONINGS:
        return True  # Whoever adds up so much is not followed any further.
    ground.reckoned += 1
    return any(_is_part_sum(cents, record.cents) for record in ground.records()) or (
        total and _is_a_choice(cents, ground)
    )


def _is_a_choice(cents: int, ground: Ground) -> bool:
    """Whether an amount is the sum of numbers of different results, one of each."""
    sums = {0}
    for numbers in ground.numbers_by_result():
        sums |= {total + number for total in sums for number in numbers}
        if cents in sums:
            return True
        if len(sums) > _MOST_SUMS:
            return False
    return False


def _is_part_sum(cents: int, amounts: Sequence[int]) -> bool:
    """Whether an amount is the sum of all of a record's, or of some of a short one's."""
    if cents == sum(amounts):
        return True
    sums = {0}
    if len(amounts) <= _FEW:
        for amount in amounts:
            sums |= {total + amount for total in sums}
    return cents in sums


def _gives(cents: int, pool: Sequence[int], *, times: bool = False) -> bool:
    """Whether a pool of amounts gives another by a sum or a difference of two.

    With `times` also by a small multiple of one, and, where it is in whole dollars, of a sum or a difference.
    """
    known = set(pool) - {0}
    for count in (1, *_COUNTS) if times else (1,):
        part, rest = divmod(cents, count)
        if rest:
            continue
        if count > 1 and part in known:
            return True
        if (count == 1 or cents % 100 == 0) and any(
            abs(part - amount) in known or (part + amount) in known for amount in known
        ):
            return True
    return False


def _adds_up(cents: int, amounts: Sequence[int]) -> bool:
    """Whether an amount is a sum of some of a few others, each added or taken off."""
    sums = {0}
    for amount in amounts:
        sums |= {total + amount for total in sums} | {total - amount for total in sums}
        if cents in sums or -cents in sums:
            return True
    return False
