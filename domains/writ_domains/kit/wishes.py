"""What a user wishes for, put into a draft: goals are played, and one scenario is told in the first and second person.

A wish is one goal with its words. Its phrase follows "I want to ...", and all its texts are in the user's first person:

>>> Wish(
...     objective="cancel",
...     params={"order": {"id": "#W1234567"}, "reason": "no longer needed"},
...     phrase="cancel my order #W1234567",
...     remarks=("It is no longer needed.",),
... ).phrase
'cancel my order #W1234567'

`draft_request` makes the draft of one wish or several; a whole recipe stands in `gold.py`. `tell_wish` is for recipes
that play their goals themselves and have more to say than fits a wish.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any, Final

import msgspec

from writ_async.core.domain import Draft
from writ_async.core.task import Fact, Scenario
from writ_domains.kit.gold import Gold, Unfit
from writ_domains.kit.identity import Identity
from writ_domains.kit.phrasing import Forms, ask, greeting, instructions, pick, second_person, sentences, told

_BACKGROUND: Final = 0.35
_NEXT: Final[Forms] = (
    "I'd also [like|want|need|love] to {}.", "I also [want|need|wish|have|hope] to {}.",
    "[Besides|Next|Then|Also|Furthermore|Moreover|Secondly], I['d like| want| need| have] to {}.",
    "[Besides|Next|After that|Also|Then], I[ want| need|'d want|'d love] to {}.",
    "[Another|One more] thing: I['d like| want| need] to {}.",
    "[On top of that|While I'm at it|And then], I [want|need|wish] to {}.",
    "[My|The] next [thing|wish|point] is to {}.",
)  # fmt: skip
_LAST: Final[Forms] = (
    "[Finally|Lastly|And last|And finally|To finish], I['d like| want| need| wish| have] to {}.",
    "[Lastly|Finally], I[ still want| still need|'d like] to {}.", "I also [want|need|wish|have] to {}.",
    "[The|My] last [thing|point|wish|request] is to {}.",
    "[One|A] last thing: I['d like| want| need] to {}.",
)  # fmt: skip
_IN_ORDER: Final[Forms] = (
    "It [has to|must|should] be done in [this|that] order, one after the other.",
    "Please [do|see to|handle] these [things|matters] in [exactly |just |]that order.",
    "The order matters[: first the first thing, then the next| here|, so keep to it].",
    "I [want|need|would like to have] them [carried out|done|dealt with] in the order in which I [name|say] them.",
)
_CHANGE_OF_MIND: Final[Forms] = (
    "When the agent asks you to confirm that, you do not: you have changed your mind.",
    "As soon as you are asked for a yes to it, you think better of it and want something else instead.",
    "You do not confirm it when you are asked to, for by then you have changed your mind.",
)
_ACCEPT_NO: Final[Forms] = (
    "If you are told that something cannot be done, you accept that in the end and ask for nothing in its place.",
    "In the end you take a clear no for an answer.",
    "You do not argue for ever when the agent explains that a request is not possible.",
)


class Wish(msgspec.Struct, frozen=True, gc=False):
    """One goal as the user wants it; `params` lack only who asks.

    `phrase` is the wish, `remarks` are said with it, `details` are said with it or when asked for. `question` asks for
    the decision's figure of the name `answer`, which the agent then has to tell. `refused` is a wish that the policy
    has to forbid, beside others that it allows. `pins` are sentences, each with the kind of the choice that it settles.
    `choice` is what is said when asked which of several things is meant, where `params` leave that open.
    """

    objective: str
    params: dict[str, Any]
    phrase: str
    remarks: tuple[str, ...] = ()
    details: tuple[Fact, ...] = ()
    question: str = ""
    answer: str = ""
    refused: bool = False
    pins: tuple[tuple[str, str], ...] = ()
    choice: str = ""


def either(first: Wish, second: Wish, remark: str) -> Wish:
    """The first wish or, where it cannot be met, the second one, for which `remark` asks.

    Both are goals of the domain's objective `first_possible`; no question is asked, as the answer would tell which.
    """
    options = [{"objective": one.objective, "params": one.params} for one in (first, second)]
    return msgspec.structs.replace(
        first,
        objective="first_possible",
        params={"options": options},
        remarks=(*first.remarks, remark),
        question="",
        answer="",
    )


class Request(msgspec.Struct, frozen=True, gc=False):
    """The wishes of one draw, in the order in which they are to be carried out.

    `intro` is a first-person sentence that is said before the wishes. `ordered`: the user insists on their order.
    `unknown` are second-person forms of what the user does not know, `background` first-person small talk.
    """

    wishes: tuple[Wish, ...]
    intro: str = ""
    ordered: bool = False
    unknown: Forms = ()
    background: Forms = ()


def draft_change(
    first: Wish, then: Wish, remark: str, request: Request, identity: Identity, gold: Gold, rng: Random
) -> Draft:
    """The draft of a user who takes the first wish back when asked to confirm it: what counts is the second.

    `remark` is what is said then: that the first is off, and what is wanted instead. Raises `Unfit` as `draft_request`.
    """
    decision = gold.lay_out(first.objective, {"who": identity.who, **first.params})
    second = gold.play_goal(then.objective, {"who": identity.who, **then.params})
    if decision.writes == second.writes:
        raise Unfit("the user would want the same again")
    told = _tell(request, [msgspec.structs.replace(first, question="")], identity, "", False, rng)
    change = sentences(remark, *then.remarks, *(detail.text for detail in then.details))
    return gold.draft(with_change(told, change, rng))


def with_change(scenario: Scenario, change: str, rng: Random) -> Scenario:
    """The scenario of a user who says `change`, in the first person, instead of a yes to the wish that is told."""
    told = sentences(
        scenario.task_instructions, pick(rng, _CHANGE_OF_MIND), f"What you then say: {second_person(change)}"
    )
    return msgspec.structs.replace(scenario, task_instructions=told, change=change)


def draft_request(request: Request, identity: Identity, gold: Gold, rng: Random) -> Draft:
    """The draft of a request. Raises `Unfit` when a goal has no single answer or a gold call is refused."""
    amounts: list[float] = []
    wishes: list[Wish] = []
    for wish in request.wishes:
        refused = gold.refusal or wish.refused
        decision = gold.play_goal(
            wish.objective, {"who": identity.who, **wish.params}, refused=refused, asked=bool(wish.question)
        )
        for kind, text in wish.pins:
            gold.pin(kind, text)
        gold.choice = gold.choice or wish.choice
        due = abs(decision.figures.get(wish.answer, 0.0))
        if wish.question and due and not refused:
            amounts.append(due)
            wishes.append(wish)
        else:
            wishes.append(msgspec.structs.replace(wish, question=""))
    order = gold.pin("writes", pick(rng, _IN_ORDER)) if request.ordered else ""
    refusal = gold.refusal or any(wish.refused for wish in request.wishes)
    return gold.draft(_tell(request, wishes, identity, order, refusal, rng), amounts)


def _tell(
    request: Request, wishes: Sequence[Wish], identity: Identity, order: str, refusal: bool, rng: Random
) -> Scenario:
    said, reason = [greeting(rng)], []
    facts = list(identity.facts)

    def remark(text: str) -> None:
        said.append(text)
        reason.append(second_person(text))

    if request.background and rng.random() < _BACKGROUND:
        remark(pick(rng, request.background))
    if request.intro:
        remark(request.intro)
    for number, wish in enumerate(wishes):
        if number == 0:
            said.append(ask(rng, wish.phrase))
            reason.append(told(rng, wish.phrase))
        else:
            remark(pick(rng, _LAST if number == len(wishes) - 1 else _NEXT).format(wish.phrase))
        for text in (*wish.remarks, *(text for _, text in wish.pins)):
            remark(text)
        # With several wishes a detail that comes later would not say which wish it belongs to.
        for detail in wish.details:
            if len(wishes) == 1 and rng.random() < 0.5:
                facts.append(detail)
            else:
                remark(detail.text)
        if wish.question:
            remark(wish.question)
    if order:
        remark(order)
    return Scenario(
        reason_for_call=sentences(*reason),
        known_info=second_person(sentences(*(fact.text for fact in facts))),
        unknown_info=sentences(identity.unknown, pick(rng, request.unknown) if request.unknown else ""),
        task_instructions=sentences(instructions(rng), pick(rng, _ACCEPT_NO) if refusal else ""),
        request=sentences(*said),
        facts=tuple(rng.sample(facts, len(facts))),
    )


def tell_wish(
    identity: Identity,
    phrase: str,
    details: Sequence[str],
    rng: Random,
    *,
    facts: Sequence[Fact] = (),
    unknown: str = "",
    extra: str = "",
) -> Scenario:
    """A scenario of one wish (a verb phrase) with first-person details; `facts` are said when asked for.

    `unknown` and `extra` are second-person sentences on what the user does not know, and on how to behave.
    """
    known = [*identity.facts, *facts]
    at_once = [known[0].text] if rng.random() < 0.4 else []
    if rng.random() < 0.25:
        at_once.insert(0, known[1].text)
    body = sentences(*details)
    said = [*at_once, ask(rng, phrase), body] if rng.random() < 0.7 else [ask(rng, phrase), body, *at_once]
    return Scenario(
        reason_for_call=sentences(told(rng, phrase), second_person(body)),
        known_info=second_person(sentences(*(fact.text for fact in known))),
        unknown_info=unknown,
        task_instructions=sentences(instructions(rng), extra),
        request=sentences(greeting(rng), *said),
        facts=tuple(known),
    )
