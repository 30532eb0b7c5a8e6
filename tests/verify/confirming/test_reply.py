"""What a reply to "Shall I cancel it?" means, by kind; the sentences are nobody's."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from writ_async.verify.confirming.patterns import DEEDS
from writ_async.verify.confirming.reply import Meaning, read_reply, read_stances, settle

CANCELLING = frozenset(DEEDS["cancel"])

AGREES = {
    "a bare yes": ["Yes.", "yes", "Y", "yep!", "Yup", "YES!!!", "**Yes**", "yes yes", "aye", "Yeah sure"],
    "an idiom": [
        *("Go ahead.", "Please do.", "Let's do it.", "Make it so.", "By all means.", "Be my guest.", "I confirm."),
        *("You have my approval.", "Sounds good.", "That works for me", "Fine by me.", "Looks right to me, proceed."),
        *("No objections.", "No problem, go ahead.", "I have no complaints, do it", "Everything is correct."),
    ],
    "weak words that stand alone": ["ok", "Okay, thanks!", "Great, thank you.", "Hmm okay", "Alright", "Sure."],
    "what is given, and a yes": [
        "Bought twice, so yes.",
        "It is not needed any more, yes.",
        "Reason: too large. Yes.",
        "No longer of use to me. Go ahead.",
    ],
    "a no to something else": [
        "No other things. Yes, proceed.",
        "Nope, nothing else. Go ahead.",
        "No, that's all. Please proceed.",
        "No questions, do it.",
        "No need to wait, go ahead.",
    ],
    "hesitation that ends in a yes": [
        "Wait, which one was it... oh I see, ok yes do it.",
        "Hold on. Right, found it. Yes, go ahead.",
        "I wasn't sure at first, but go for it.",
        "Really, no way around it? Fine, just do it then, yes.",
    ],
    "typographic apostrophes and dashes": [
        "Let’s do it",
        "That’s right, go ahead",
        "Yes — proceed",
        "I’d say yes… go ahead",
    ],
    "slips of the pen": ["yess", "yse", "procede please", "I confrim", "Go aheda", "absolutley"],
    "other languages": [
        "Sí, por favor",
        "Oui, merci",
        "Ja, bitte",
        "Да",
        "はい",
        "好的",
        "Tak",
        "Sim",
        "D'accord",
        "Hazlo",
        "Vas-y",
        "Machen Sie das bitte",
        "Doe maar",
    ],
    "signs": ["👍", "👍🏽", "✅ go", "👌"],
    "a yes and a question beside it": [
        "Yes please, and how long does it take?",
        "Yes, go ahead. When will I get the mail?",
        "Please go ahead, but where do I see it afterwards?",
    ],
    "a yes and a restriction": [
        "Yes, but please don't touch anything else.",
        "Go ahead. Do not call me about it though.",
        "Yes, proceed; don't worry about the wrapping.",
    ],
    "a condition that is met or harmless": [
        "If that's the only way, then yes, do it.",
        "Yes, if possible today.",
        "Go ahead if you can.",
        "If it can't be changed, then yes, proceed.",
        "Yes. If anything goes wrong, stop and tell me.",
    ],
    "what is to be shown afterwards": [
        "Yes. When it's done, send me a summary so that I can look it over.",
        "Yes, and confirm it to me by mail.",
        "Go ahead. I'd rather not spell the name again, you have it there.",
        "Yes. Do not add any fee without my okay.",
    ],
    "a yes, and a no to more": [
        "Yes, it all looks right. Go ahead, and no, there are no other things to change.",
        "Please proceed, no, nothing else.",
        "Do it, and no, that's all.",
        "Yes, go on, and no, I don't need anything more.",
    ],
    "what the user does not know": [
        "Yes, that would be good. It was my last trip, but I'm not sure what the booking number was.",
        "Go ahead, please. I am not sure of the order number.",
    ],
    "grumbling": ["Yes. This is outrageous.", "Ugh, fine, go ahead.", "Yes, though I'm not happy about it."],
    "a request in the form of a question": [
        "Could you please go ahead?",
        "Can you proceed with that?",
        "Would you do it, please?",
    ],
}
REQUESTS = {
    "an imperative that says it once more": [
        "Cancel it.",
        "Please cancel the whole thing.",
        "Just cancel it then, thanks.",
        "I'd like to cancel it.",
        "Go with the second one.",
        "I'll take the cheaper one.",
        "Can you cancel it for me?",
    ],
}
OTHERS: dict[Meaning, dict[str, list[str]]] = {
    "denies": {
        "a bare no": [
            "No.",
            "nope",
            "No thanks",
            "No, thank you",
            "Nein danke",
            "いいえ",
            "不",
            "👎",
            "Not yet.",
            "Don't.",
            "NO!",
        ],
        "a negated doing": [
            *(
                "Don’t do it yet, please.",
                "Please don't cancel it.",
                "Do not go ahead.",
                "I don't want this.",
                "never do that",
            ),
            *("I don't want you to proceed.", "Please do not process it.", "I can't agree to that."),
        ],
        "a yes that is taken back": [
            "Yes... no.",
            "Ok. Actually no.",
            "Yes, go ahead. No, don't do it.",
        ],
    },
    "holds": {
        "waiting": [
            "Wait, please.",
            "Hold on",
            "One moment",
            "Let me think about it.",
            "I need more time.",
            "Never mind.",
            "Stop.",
        ],
        "not sure": [
            "I'm not sure.",
            "I'm not sure what it costs.",
            "I am not sure about the price.",
            "I'm not decided.",
        ],
        "second thoughts": [
            "I've changed my mind.",
            "On second thought, leave it.",
            "I'd rather not.",
            "Scratch that.",
        ],
        "it is wrong": [
            *(
                "That's not correct, I meant the blue one.",
                "That is not what I asked for.",
                "This is wrong.",
                "It isn't right.",
            ),
            *("That doesn't look right.", "You got it wrong.", "Not quite what I had in mind, not the one I meant."),
        ],
        "a yes that is put off": [
            "Yes, and no, wait, there is another one.",
            "Yes, wait, hold on.",
            "Yes... actually hold off.",
            "Ok, but let me check first.",
        ],
        "shown first": [
            *(
                "Sounds good. List it all for me and I'll confirm.",
                "Yes, but show me the new bill so that I can approve it.",
            ),
            *("Right. Write it down for my approval first.", "Send the details, please. I'll approve right away."),
            *("Yes, but don't do anything until I say so.", "Tell me the total before you change it."),
            "Go through the prices again. Once that is clear I'll choose one.",
        ],
        "first something else": ["That's too expensive.", "I need to know the price first.", "Tell me more."],
    },
    "conditions": {
        "a condition on the yes": [
            *(
                "Yes, if it is free.",
                "Go ahead as long as it costs nothing.",
                "Yes, unless there is a fee.",
                "Only if it arrives by Monday.",
            ),
            *("Yes. But only if nothing is charged.", "I agree, provided that you waive it."),
        ],
    },
    "asks": {
        "a question": [
            "Which one?",
            "How do I proceed?",
            "Is that right?",
            "What happens if I say yes?",
            "Is it ok to go ahead?",
        ],
        "a tag": ["You refund all of it, right?", "It goes back to my card, correct?"],
        "weak words before a question": [
            "Ok, but what does it cost?",
            "Right, and how long is that?",
            "Great, and the other one?",
        ],
        "a question of the agent": ["Can you confirm the amount?", "Could you confirm that it is free?"],
    },
    "tells": {
        "a piece of what was asked": [
            "The green one.",
            "My name is Ada Quill.",
            "It's the one from March",
            "Sure, my name is Ada and I live in Rome",
        ],
        "a yes that is reported": [
            "I haven't agreed to anything",
            "I never said yes",
            "Nobody said go ahead",
            "I didn't confirm it",
        ],
        "please alone": ["Please", "please, thank you"],
    },
}


def cases(table: dict[str, list[str]]) -> list[object]:
    return [pytest.param(reply, id=f"{kind}: {reply}") for kind, replies in table.items() for reply in replies]


@pytest.mark.parametrize("reply", cases(AGREES))
def test_it_agrees(reply: str) -> None:
    assert read_reply(reply, CANCELLING).meaning == "agrees", read_stances(reply, CANCELLING)


@pytest.mark.parametrize("reply", cases(REQUESTS))
def test_it_wants_it_done(reply: str) -> None:
    assert read_reply(reply, CANCELLING).meaning == "requests", read_stances(reply, CANCELLING)


@pytest.mark.parametrize(
    ("meaning", "reply"),
    [
        pytest.param(meaning, reply, id=f"{meaning}, {kind}: {reply}")
        for meaning, table in OTHERS.items()
        for kind, replies in table.items()
        for reply in replies
    ],
)
def test_it_does_not_agree(meaning: Meaning, reply: str) -> None:
    assert read_reply(reply, CANCELLING).meaning == meaning, read_stances(reply, CANCELLING)


def test_the_words_that_agreed_are_told() -> None:
    assert read_reply("Thanks for looking. Please go ahead with it.").words == "go ahead"


def test_sentences_about_other_things_do_not_count() -> None:
    stances = read_stances("Yes to the lamp. No, not the kettle.")
    about = {"lamp": lambda sentence: "lamp" in sentence, "kettle": lambda sentence: "kettle" in sentence}
    assert settle(stances, about["lamp"]).meaning == "agrees"
    assert settle(stances, about["kettle"]).meaning == "denies"


PLEASANTRIES = st.sampled_from(
    ["Thank you so much.", "Hello!", "I really appreciate your help.", "Thanks again!", "Have a great day.", "Oh well."]
)


@given(
    reply=st.sampled_from([reply for replies in AGREES.values() for reply in replies]),
    before=st.lists(PLEASANTRIES, max_size=2),
    after=st.lists(PLEASANTRIES, max_size=2),
)
def test_pleasantries_around_it_change_nothing(reply: str, before: list[str], after: list[str]) -> None:
    assert read_reply("\n".join([*before, reply, *after]), CANCELLING).meaning == "agrees"


@given(
    reply=st.sampled_from([reply for replies in OTHERS["denies"].values() for reply in replies]),
    around=st.lists(PLEASANTRIES, max_size=2),
)
def test_nor_do_they_make_a_yes_of_a_no(reply: str, around: list[str]) -> None:
    assert read_reply("\n".join([*around, reply, *around]), CANCELLING).meaning == "denies"


@given(st.text(max_size=300))
def test_any_text_can_be_read(text: str) -> None:
    assert read_reply(text, CANCELLING).meaning


@pytest.mark.parametrize(
    "unit", [".", "(", "!?", " ", "if ", "yes ", "no ", "all ", "that is all ", "please ", "'", "a,", "\n-", "1."]
)
def test_hostile_text_is_read_in_bounded_time(unit: str) -> None:
    text = unit * 20_000
    began = time.process_time()
    read_reply(text, CANCELLING)
    assert time.process_time() - began < 2.0
