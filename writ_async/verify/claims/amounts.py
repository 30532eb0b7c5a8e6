"""Amounts of money: shown, said, in the policy, or reckoned from such.

What is reckoned may be a sum, a difference, a product with a small count, or both; sums of what one result lists as
well. Where an agent says that money has moved, the reckoning rests on what the same message shows and what the writes
returned, for among many amounts every other can be reckoned somehow.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from writ_async.verify.claims.deeds import WORDS, DeedWords, Done, is_form
from writ_async.verify.claims.ground import Ground
from writ_async.verify.claims.said import Claim, Said, Sentence, signed_amounts
from writ_async.verify.claims.shown_amounts import forms_of, has_number

_NAMED: Final = re.compile(r"(?<![\w.,$€£-])(\d{1,9}(?:,\d{3})*(?:\.\d{1,2})?) ?(?:dollars|usd|euros?|bucks)\b")
_CURRENCIES: Final = frozenset({"dollars", "usd", "euro", "euros", "bucks"})
_ABOUT: Final = re.compile(
    r"\b(?:about|around|roughly|approximately|approx\.?|nearly|almost|over|under|below|above|less than|more than"
    r"|up to|at least|at most|exceed\w*|within|cap|limit|budget|maximum|max|minimum|between"
    r"|range|vary|varies|from)\b|[~<>≤≥≈]"
)
_LONG: Final = 5
_LOCAL: Final = 8
_RANGE: Final = re.compile(r" ?(?:-|–|to) ?[$€£]")
_WILL: Final = re.compile(r"\bwill\b|'ll\b|\bgoing to\b")
_PROMISED: Final = re.compile(rf"\b(?:{'|'.join(WORDS['promised'])})\b")
_COMING_BACK: Final = "|".join(WORDS["comes_back"])
_REFUND_OF: Final = re.compile(rf"\b(?:{_COMING_BACK})\w*[^$€£.;,(]{{0,25}}$")
_REFUNDED: Final = re.compile(rf"^[^$€£.;,()]{{0,24}}\b(?:{_COMING_BACK}|back\b)")
_EACH: Final = re.compile(r"(?:\bfor (?:each|all) (?:of )?(?:the |your )?|[x×*] ?)([2-9])\b")
_SHARED: Final = re.compile(
    r"(?:[÷/] ?|\b(?:divided|split) (?:evenly )?(?:by|between|among|across) (?:the )?)([2-9])\b"
)
_TOTAL: Final = re.compile(r"total|\bsum\b|combined|overall|altogether|together|\bnet\b|difference|sav(?:e|ing)")
_NEAR: Final = 4
_FEW: Final = 8
_POOL: Final = 32
_COUNTS: Final = range(2, 10)
_PARTY: Final = range(2, 6)
_RECKONINGS: Final = 12
_MOST_SUMS: Final = 20_000


def unfounded_amounts(said: Said, deeds: Sequence[Done], ground: Ground, words: DeedWords) -> list[Claim]:
    """The amounts in a message that nothing shows and nothing gives, one a sentence."""
    found: list[Claim] = []
    before: list[int] = []
    sentence: Sentence | None = None
    for match in _amounts_in(said):
        cents = _cents(match)
        before = before[-_LOCAL:]
        before.append(cents)
        if cents == 0 or cents in ground.amounts:
            continue
        done = _mover(match, said, deeds, words)
        moved = done is not None
        old = done is None or done.of_old
        if is_shown(cents, ground) if old or done is None else is_written(cents, ground, _showing(done, words)):
            ground.amounts[cents] = None
            continue
        if sentence is not None and match.start() < sentence.end and found:
            continue  # Its sentence has been named.
        sentence = said.sentence(match.start())
        if sentence.is_told() or sentence.is_example() or _is_rough(said.plain, match, sentence.start):
            continue
        if moved or not is_said(cents, ground):
            others = [_cents(m) for m in signed_amounts(sentence.plain)]
            basis = [amount for amount in dict.fromkeys([*others, *before[::-1]]) if amount != cents]
            refunded = _is_refund(said.plain, match)
            if not (
                is_reckoned(cents, ground, basis, sentence.plain, moved=moved, refunded=refunded)
                or is_listed(cents, said.cents, others)
            ):
                why = f"{match[0].strip()} was neither shown nor said, and nothing gives it"
                found.append(Claim(match.start(), why, "error" if moved else "turn"))
                continue
        ground.amounts[cents] = None
    return found


def _mover(match: re.Match[str], said: Said, deeds: Sequence[Done], words: DeedWords) -> Done | None:
    """What the clause around an amount says was done, if it says so."""
    if not deeds:
        return None
    sentence = said.sentence(match.start())
    return next(
        (
            done
            for done in deeds
            if sentence.start <= done.place < sentence.end
            and match[0] in done.clause
            and (words.named(done.verb) or is_form(done.verb, "deeds") or is_form(done.verb, "light"))
        ),
        None,
    )


def _showing(done: Done, words: DeedWords) -> tuple[str, ...]:
    """The words of a result that show that a clause is true, whoever did it; none for the agent's own deeds."""
    if done.first:
        return ()
    return tuple(word for part in done.clause.split() for deed in words.named(part) for word in deed.shown)


def _amounts_in(said: Said) -> list[re.Match[str]]:
    if _CURRENCIES.isdisjoint(said.words):
        return said.signed()
    return [*said.signed(), *_NAMED.finditer(said.plain)]


def _cents(match: re.Match[str]) -> int:
    return round(float(match[1].replace(",", "")) * 100)


def _is_rough(plain: str, match: re.Match[str], start: int) -> bool:
    """Whether an amount is said to be about so much in the sentence that starts there, or is the end of a range."""
    before = plain[max(start, match.start() - 24) : match.start()]
    return _ABOUT.search(before) is not None or _RANGE.match(plain, match.end()) is not None


def is_shown(cents: int, ground: Ground) -> bool:
    """Whether an amount stands in a result. A whole number has to stand there as one: in a text it counts anything."""
    forms = forms_of(cents)
    for form in forms:
        if form in ground.explained or (cents % 100 and ground.shown.has_number(form)):
            return True
    return ground.has_amount(cents)


def is_written(cents: int, ground: Ground, showing: Sequence[str] = ()) -> bool:
    """Whether an amount stands in what a write returned, or in a result that is no record, such as a calculator's.

    Where a result has one of the `showing` words, it need not be a write's.
    """
    forms = forms_of(cents)
    if any(form in ground.explained for form in forms):
        return True
    results = [write.result for write in ground.writes]
    if showing:
        results += [result for result in ground.results if any(word in result for word in showing)]
    return any(has_number(result, form) for result in results for form in forms)


def is_said(cents: int, ground: Ground) -> bool:
    """Whether an amount stands in the customer's words or in the policy."""
    return ground.was_told(cents) or any(form in ground.policy for form in forms_of(cents))


def _is_refund(plain: str, match: re.Match[str]) -> bool:
    """Whether an amount is right beside the word that says that it comes back."""
    left = plain[max(0, match.start() - 40) : match.start()]
    return _REFUND_OF.search(left) is not None or _REFUNDED.match(plain[match.end() : match.end() + 36]) is not None


def is_reckoned(
    cents: int, ground: Ground, here: Sequence[int], plain: str, *, moved: bool, refunded: bool = False
) -> bool:
    """Whether an amount can be reckoned from those that it may rest on.

    `here` are the other amounts of its sentence, `plain`, and those before it in its message. Money that `moved` rests
    on them, on what was said last, and on what the writes returned; any other amount also on the records that somebody
    named, on the policy, and, where it is said to be a total, on one number of each of several results. What a sentence
    says is for each of so many is taken so often. Of whole dollars that are promised or `refunded`, few amounts are
    taken, for among many every other can be reckoned somehow.
    """
    if moved:
        near = [*here, *reversed(ground.amounts)][:_NEAR]
        return _gives(cents, near) or any(
            _is_part_sum(cents, record.cents) for record in ground.written() if not record.ids
        )
    for found in _SHARED.finditer(plain):
        if any(round(amount / int(found[1])) == cents for amount in here[:_LOCAL]):
            return True
    for found in _EACH.finditer(plain):
        part, rest = divmod(cents, int(found[1]))
        if not rest and _adds_up(part, here[:_LOCAL]):
            return True
    local = [*here, *reversed(ground.amounts)][:_LOCAL]
    if _adds_up(cents, local) or any(cents == sum(record.cents) for record in ground.records()):
        return True
    named = [cents for record in ground.spoken_of() for cents in record.cents][::-1]
    said = [*reversed(ground.amounts)]
    if cents % 100 == 0 and (refunded or _promises(plain)):
        few = [*dict.fromkeys([*here, *said[:_FEW], *named[:_FEW]])]
        multiples = {count * amount for count in _PARTY for amount in few}
        beside = {other for amount in here for other in (cents + amount, abs(cents - amount))}
        return (
            cents in multiples
            or _gives(cents, few)
            or any(not beside.isdisjoint(record.cents) for record in ground.records())
        )
    # In order, for of many amounts only the first are taken.
    policy = sorted(round(float(word) * 100) for word in ground.policy if word.isdecimal() and len(word) < _LONG)
    pool = [*dict.fromkeys([*here, *said, *named, *policy])]
    if _gives(cents, pool[: _POOL if cents % 100 else 2 * _POOL], times=True):
        return True
    if ground.reckoned >= _RECKONINGS:
        return True  # Whoever adds up so much is not followed any further.
    ground.reckoned += 1
    return any(_is_part_sum(cents, record.cents) for record in ground.records()) or (
        _TOTAL.search(plain) is not None and _is_a_choice(cents, ground)
    )


def _promises(plain: str) -> bool:
    """Whether a sentence says of what is promised that it will come."""
    will = _WILL.search(plain)
    return will is not None and _PROMISED.search(plain, will.end()) is not None


def is_listed(cents: int, numbers: Sequence[int], others: Sequence[int]) -> bool:
    """Whether an amount is one of the numbers of a message that is data, or can be reckoned from such.

    Two of them give it, or one and some of the `others` of its sentence.
    """
    if not numbers:
        return False
    rest = [amount for amount in others if amount != cents][:_NEAR]
    return (
        cents in numbers
        or _gives(cents, numbers)
        or any(_adds_up(abs(cents - number), rest) or _adds_up(cents + number, rest) for number in set(numbers))
    )


def _is_a_choice(cents: int, ground: Ground) -> bool:
    """Whether an amount is the sum of numbers of different results, one of each."""
    sums = {0}
    for numbers in ground.numbers_by_result():
        if any((cents - number) in sums for number in numbers):
            return True
        if len(sums) * len(numbers) > _MOST_SUMS:
            return False
        sums |= {total + number for total in sums for number in numbers}
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
        if not sums.isdisjoint((cents - amount, cents + amount, -cents - amount, amount - cents)):
            return True
        sums |= {total + amount for total in sums} | {total - amount for total in sums}
    return False
