"""What is told when: all at once or drop by drop, as asked or not, a wish that comes late, a slip that is put right."""

from __future__ import annotations

from typing import Final

from writ_async.behaviour.pieces import is_heard, words_of, wrong_version
from writ_async.behaviour.talk import Talk, asks_then_tells, says
from writ_async.behaviour.value import PLAIN, Material, Value


def _tells_all_at_once(talk: Talk) -> bool:
    mistaken = talk.detail("correction")
    return set(talk.opening) >= {piece for piece in talk.pieces if not mistaken or piece.slot != mistaken}


def _tells_only_when_asked(talk: Talk) -> bool:
    return all(
        turn.is_asked and turn is not talk.turns[0]
        for turn in talk.turns
        if any(piece.part == "fact" for piece in turn.told)
    )


def _tells_bit_by_bit(talk: Talk) -> bool:
    return sum(bool(turn.told) for turn in talk.turns) >= min(3, len(talk.pieces))


def _tells_goal_last(talk: Talk) -> bool:
    later = {piece for turn in talk.turns[1:] for piece in turn.told}
    return bool(talk.goals) and later.issuperset(talk.goals) and bool(talk.opening)


def _tells_another_fact_first(talk: Talk) -> bool:
    """An answer that told a fact, and not the one asked for, which was told afterwards."""
    facts = [piece for piece in talk.pieces if piece.part == "fact"]
    for index, turn in enumerate(talk.turns):
        told = {piece for piece in turn.told if piece.part == "fact"}
        heard = turn.heard.casefold().replace("email address", "email")
        asked = {piece for piece in facts if piece.slot.replace("_", " ") in heard}
        later = {piece for after in talk.turns[index + 1 :] for piece in after.told}
        if index and told and asked and not asked & told and asked & later:
            return True
    return False


def _adds_when_asked_for_yes(talk: Talk) -> bool:
    """A wish or question told with a yes: by that turn alone, as small talk before may have had its words."""
    return any(
        piece.part != "fact" and is_heard(piece, words_of(turn.text))
        for turn in talk.turns[1:]
        if turn.is_asked_for_yes
        for piece in talk.pieces
    )


def _corrects_itself(talk: Talk) -> bool:
    slot = talk.detail("correction")
    fact = next((fact for fact in talk.task.scenario.facts if fact.slot == slot), None)
    if fact is None:
        return False
    wrong, right = wrong_version(fact.value).casefold(), fact.value.casefold()
    texts = [turn.text.casefold() for turn in talk.turns]
    first = next((index for index, text in enumerate(texts) if wrong in text), len(texts))
    return any(right in text for text in texts[first + 1 :])


VALUES: Final = (
    Value(
        "disclosure=all_at_once",
        (
            "Say everything you know in your first message.",
            "Put your request and all your details into the opening message.",
            "Do not wait to be asked: tell the whole story at once.",
        ),
        _tells_all_at_once,
        trigger="opening",
        apart=(
            "cooperation=other_first cooperation=withholds_once cooperation=answers_asked "
            "ignorance=asks_where ignorance=asks_meaning drift confirmation=one_at_a_time ambiguity "
            "infeasible fallback utterances=cut_off"
        ),
    ),
    Value(
        "disclosure=on_request",
        (
            "Open with your request alone and give personal details only when the agent asks for them.",
            "Keep who you are to yourself until you are asked.",
            "State what you want first; every other detail comes only on request.",
        ),
        _tells_only_when_asked,
        trigger="asked",
        turns=2,
        needs=lambda material: bool(material.facts),
    ),
    Value(
        "disclosure=drip",
        (
            "Tell one thing per message, and let the agent ask for the next.",
            "Give your information drop by drop, a single point in each message.",
            "Start with the bare wish and hand out one further detail at a time.",
        ),
        _tells_bit_by_bit,
        trigger="asked",
        turns=6,
        needs=lambda material: len(material.pieces) - len(material.goals) >= 2,
        apart="confirmation=one_at_a_time drift fallback cooperation=other_first",
        against=r"\bin one go\b",
    ),
    Value(
        "disclosure=reversed",
        (
            "Begin with the details and who you are; say what you actually want only after that.",
            "Tell the circumstances first and the wish last.",
            "Put the cart before the horse: details first, the request itself in your second message.",
        ),
        _tells_goal_last,
        trigger="opening",
        turns=1,
        needs=lambda material: len(material.goals) == 1 and material.says_only_once("goal"),
        apart=(
            "cooperation=other_first cooperation=withholds_once cooperation=answers_asked "
            "ignorance=asks_where ignorance=asks_meaning confirmation=one_at_a_time drift"
        ),
        opens=True,
        against=r"\bstraight to the point\b",
    ),
    Value(
        "cooperation=answers_asked",
        ("Answer exactly what you are asked.", "Give the detail that was asked for, no other one."),
        _tells_only_when_asked,
        weight=PLAIN,
        needs=lambda material: bool(material.facts),
    ),
    Value(
        "cooperation=other_first",
        (
            "When you are first asked for a detail, give another one instead; give the right one when asked again.",
            "Answer the first question about you with a different detail than the one asked for, then come round.",
        ),
        _tells_another_fact_first,
        trigger="asked",
        turns=1,
        needs=lambda material: len(material.facts) >= 2,
        against=r"\b(?:answer questions directly|easy to deal with)\b",
    ),
    Value(
        "cooperation=withholds_once",
        (
            "The first time you are asked for a personal detail, refuse and ask why it is needed; then give it.",
            "Be reluctant once: say you would rather not tell, and yield when the agent explains.",
            "Hold back once when asked who you are, then cooperate.",
        ),
        asks_then_tells(r"rather not|why do you need|prefer not|really need|don't like giving"),
        trigger="asked",
        turns=1,
        needs=lambda material: bool(material.facts),
        against=r"\b(?:answer questions directly|easy to deal with)\b",
    ),
    Value(
        "cooperation=refuses_optional",
        (
            "Say early on that your reasons are private, and do not go into the background.",
            "Keep your motives to yourself; mention that they are private.",
        ),
        says(r"private|to myself|none of your|not go into"),
        trigger="opening",
    ),
    Value(
        "drift=adds_at_confirmation",
        (
            "Keep your last wish or question back until the agent first asks you to confirm, then add it.",
            "Forget one part of what you want, and bring it up when you say yes for the first time.",
        ),
        _adds_when_asked_for_yes,
        trigger="confirmation",
        turns=1,
        needs=lambda material: material.writes and (material.several_wishes or material.says_only_once("question")),
        apart="confirmation=one_at_a_time",
        against=r"\bin one go\b",
    ),
    Value(
        "correction=self_corrects",
        (
            "Give your {detail} wrongly at first, with two characters at its end swapped; put it "
            "right a message later.",
            "Mix up the end of your {detail} when you first give it, then notice and correct it "
            "before anything is done.",
        ),
        _corrects_itself,
        trigger="asked",
        turns=1,
        needs=lambda material: bool(material.correctable_slots()),
        apart="cooperation=other_first channel=spelled_out",
        details=Material.correctable_slots,
    ),
)
