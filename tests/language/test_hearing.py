"""What a message does is heard by signs of speech acts, however it is put."""

import time

import pytest

from writ_async.language.hearing import Reaction, hear
from writ_async.language.sentences import sentences_in

SAID: dict[Reaction, tuple[str, ...]] = {
    "answer": (
        "Please give me your order number so I can look at it and assist you further.",
        "Could you tell me your last name, and I'll see how else I can help you?",
        "Kindly share your email, so that we can find out whether there is anything else to be done.",
        "To go on with it, please provide:\n- your name\n- your city\nLet me know if you need any bags.",
        "To see what options are available, could you tell me your travel dates?",
        "Please provide your postcode.",
        "To get started, may I know the email that you signed up with?",
        "I'll need your zip code for that.",
        "Let me get your full name first.",
        "Your zip code, please.",
        "Which of the two did you have in mind?",
        "Would you mind telling me your surname?",
        "I can't look anything up without your user id.",
        "Before I look: what is it about?",
        "I could not find an account with that.",
        "Thank you. The following is still needed:\n1. your name\n2. your email",
        "Let me look. What's your zip?",
        "One moment please - which card is it?",
        "Is there anything else that I should know?",
    ),
    "agree": (
        "Please confirm (yes/no) and I will go ahead.",
        "Reply 'yes' to proceed.",
        "Is it okay to go on?",
        "Shall I?",
        "Does that sound right?",
        "If that's all right with you, I'll put it through.",
        "Just say the word and I'll do it.",
        "With your permission, I will make the change.",
        "Are you happy with that?",
        "That is what I would do, correct?",
        "Shall I go ahead, or is there anything else that you want changed first?",
        "I'll cancel it once you give me the green light. Thanks for your patience!",
        "The following will be changed: your address.",
    ),
    "wait": (
        "One moment, let me look.",
        "Thanks, I'm checking that now.",
        "Bear with me while I pull up the records.",
        "Could you give me a second?",
        "Allow me to take a look at that for you.",
        "I'll check what can be done.",
        "Please hold on.",
        "I'd be happy to help you with that! One moment while I look up your account.",
        "I'd be happy to help with your loan. Let me check the details.",
        "Hello, thank you for reaching out. I'm glad to hear from you. I'm here to help you with that.",
        "I can certainly help you with that.",
        "We'd be more than glad to assist.",
        "I am pleased to know that you want to keep the book.",
    ),
    "go_on": (
        "Your trip is booked, and I can help you with anything else you need.",
        "All done. I am here and available if anything else comes up.",
        "Is there anything else I can help you with?",
        "Let me know if there's anything else.",
        "Have a lovely day!",
        "You're welcome!",
        "You're welcome, I'm happy to help.",
        "If anything else comes up, I'd be happy to help.",
        "I'd be happy to help you with anything else.",
        "I'm glad to hear that you're keeping it. Have a good day!",
        "I'd be happy to help, but our rules do not allow that.",
        "I am afraid that is outside of what I can do.",
        "That isn't something our policy allows.",
        "Your order has been cancelled.",
        "I've made the change for you.",
        "All done!",
        "If you need more help later, just ask.",
    ),
    "be_handed_over": (
        "YOU ARE BEING TRANSFERRED TO A HUMAN AGENT. PLEASE HOLD ON.",
        "I am connecting you with a specialist now.",
        "I've escalated this to a human agent.",
    ),
    "decline": (
        "Would you like me to transfer you to a human agent?",
        "If you prefer, I can put you through to a colleague.",
        "I can't do that. Do you want to speak to a representative?",
    ),
    "nothing": ("The order has two items.", "I understand.", ""),
}


@pytest.mark.parametrize(("reaction", "said"), [(key, said) for key, forms in SAID.items() for said in forms])
def test_a_message_calls_for_a_reaction_however_it_is_put(reaction: Reaction, said: str) -> None:
    assert hear(said).calls_for == reaction, hear(said).acts


def test_a_question_and_a_confirmation_in_one_message_are_both_heard() -> None:
    heard = hear("I would change the address. Shall I go ahead? And what is your zip code?")
    assert heard.calls_for == "agree_and_answer"
    assert heard.asking == "and what is your zip code"


def test_the_items_of_a_list_are_asked_for_with_it() -> None:
    heard = hear("Hello Ann, your email is not known here. Please tell me:\n- your **zip**\n- your name\nThank you.")
    assert heard.asking == "please tell me\nyour zip\nyour name"


def test_an_object_is_heard_by_its_texts() -> None:
    assert hear('{"message": "Please provide your email.\\nThank you."}').calls_for == "answer"


def test_markup_quotes_and_abbreviations_cut_no_sentence() -> None:
    assert [item.text for item in sentences_in("**Don’t** worry, e.g. now. 1. Go!\n* “Stop” it?")] == [
        "don't worry, e.g. now",
        "1. go",
        'stop" it',
    ]


@pytest.mark.parametrize("part", [".", "(", " ", "a", "can you ", "your ", "is that ", '"', "- ", "? ", "{", "yes "])
def test_hostile_texts_are_heard_in_time_that_grows_with_their_length(part: str) -> None:
    def seconds(text: str) -> float:
        began = time.process_time()
        hear.__wrapped__(text)
        return time.process_time() - began

    seconds(part * 100)
    short, long = (min(seconds(part * (size // len(part))) for _ in range(3)) for size in (4_000, 32_000))
    assert long < max(0.2, 30 * short), (short, long)
