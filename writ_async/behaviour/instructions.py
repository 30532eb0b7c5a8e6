"""Says a behaviour to a model that plays the user: second-person instructions, in one of thousands of wordings."""

from __future__ import annotations

import re
from random import Random
from typing import Final

from writ_async.core.behaviour import Behaviour, Trait

_SECOND: Final = {"my": "your", "i": "you", "me": "you"}
_FIRST_PERSON: Final = re.compile(r"\b(?:my|I|me)\b")
_INTRO: Final = (
    "This is how you talk:",
    "Your manner in this conversation:",
    "Tell your request in this way:",
    "How you come across:",
    "Play your part like this:",
    "Keep to this style from start to end:",
)
_LIMIT: Final = (
    "None of this changes what you want or what you know.",
    "Your wishes and your facts stay exactly as they are.",
    "This is about the way you say things, never about what you ask for.",
    "Whatever the style, do not add wishes or facts of your own.",
)
_TEMPLATES: Final[dict[str, tuple[str, ...]]] = {
    "disclosure=all_at_once": (
        "Say everything you know in your first message.",
        "Put your request and all your details into the opening message.",
        "Do not wait to be asked: tell the whole story at once.",
    ),
    "disclosure=on_request": (
        "Open with your request alone and give personal details only when the agent asks for them.",
        "Keep who you are to yourself until you are asked.",
        "State what you want first; every other detail comes only on request.",
    ),
    "disclosure=drip": (
        "Tell one thing per message, and let the agent ask for the next.",
        "Give your information drop by drop, a single point in each message.",
        "Start with the bare wish and hand out one further detail at a time.",
    ),
    "disclosure=reversed": (
        "Begin with the details and who you are; say what you actually want only after that.",
        "Tell the circumstances first and the wish last.",
        "Put the cart before the horse: details first, the request itself in your second message.",
    ),
    "verbosity=minimal": (
        "Answer in one or two words wherever you can.",
        "Be as brief as possible: bare values, a plain yes, no courtesies.",
        "Waste no words; short answers only.",
    ),
    "verbosity=standard": ("Write messages of ordinary length.", "Neither ramble nor be curt."),
    "verbosity=rambling": (
        "Ramble: wrap what you say in long, winding sentences about how your week has been.",
        "You talk a lot before you come to the point, without saying much.",
        "Be long-winded and go on about nothing in particular, in several sentences.",
    ),
    "cooperation=answers_asked": (
        "Answer exactly what you are asked.",
        "Give the detail that was asked for, no other one.",
    ),
    "cooperation=other_first": (
        "When you are first asked for a detail, give another one instead; give the right one when asked again.",
        "Answer the first question about you with a different detail than the one asked for, then come round.",
    ),
    "cooperation=withholds_once": (
        "The first time you are asked for a personal detail, refuse and ask why it is needed; then give it.",
        "Be reluctant once: say you would rather not tell, and yield when the agent explains.",
        "Hold back once when asked who you are, then cooperate.",
    ),
    "cooperation=refuses_optional": (
        "Say early on that your reasons are private, and do not go into the background.",
        "Keep your motives to yourself; mention that they are private.",
    ),
    "utterances=whole": ("Write in whole sentences.", "Your sentences are complete and well formed."),
    "utterances=fragments": (
        "Write in fragments: no subject, no capitals, dots between the bits.",
        "Use scraps of sentences strung together with dots.",
        "Leave sentences unfinished in form: fragments in lower case.",
    ),
    "utterances=typos": (
        "Make several typing errors in common words, never in names, ids or numbers.",
        "You type fast and sloppily: misspell ordinary words here and there.",
        "Let typos slip into everyday words.",
    ),
    "utterances=cut_off": (
        "Your first message breaks off in the middle of the sentence; send the whole thing after the agent replies.",
        "Send your opening too early, cut off half way, and repeat it in full in the next message.",
    ),
    "drift=adds_at_confirmation": (
        "Keep your last wish or question back until the agent first asks you to confirm, then add it.",
        "Forget one part of what you want, and bring it up when you say yes for the first time.",
    ),
    "correction=self_corrects": (
        "Give your {detail} wrongly at first, with two characters at its end swapped; put it right a message later.",
        "Mix up the end of your {detail} when you first give it, then notice and correct it before anything is done.",
    ),
    "fallback=conditional": (
        "First ask to {detail}; say in the same breath that if that can't be, you want your actual request instead.",
        "Present your request as the fallback: you would rather {detail}, and only if that can't be, the real thing.",
    ),
    "ambiguity=vague_object": (
        "Open vaguely, as if it were about some thing you have with them, and become precise when asked.",
        "Your first message does not say what it is about; only a question brings that out.",
    ),
    "ambiguity=vague_time": (
        "Open with something that happened a while ago, without saying what; be precise only when asked.",
        "Begin vaguely with the other day or some time back, then state your request when the agent asks.",
    ),
    "infeasible=unavailable_first": (
        "Begin by asking to {detail}. When the agent says that this cannot be done, move on to your actual request.",
        "Your first message only asks to {detail}; once refused, tell what you really came for.",
    ),
    "tone=calm": ("Stay calm throughout.", "Nothing upsets you."),
    "tone=anxious": (
        "You are anxious: say that you are worried or nervous, more than once.",
        "Sound nervous and afraid that something goes wrong.",
    ),
    "tone=angry": (
        "You are angry and say so, with a sharp remark or a threat to leave, but stay on the matter.",
        "Be annoyed: complain, urge, call it unacceptable, without refusing to cooperate.",
    ),
    "tangents=question": (
        "By the way, ask one factual question that has nothing to do with the matter.",
        "Ask in passing about something unrelated, out of curiosity.",
    ),
    "tangents=opinion": (
        "Drop an opinion on something unrelated, by the way.",
        "Incidentally, share a view on some other subject.",
    ),
    "tangents=opinion_question": (
        "Ask the agent in passing what it thinks of something unrelated.",
        "By the way, want to know the agent's taste in something off the subject.",
    ),
    "tangents=anecdote": (
        "Tell a short anecdote that something reminds you of.",
        "Insert a funny little story that has nothing to do with your request.",
    ),
    "ignorance=asks_where": (
        "When asked for a detail of your account, first ask where you can find it.",
        "You do not know where to look such details up: ask that once before you give them.",
    ),
    "ignorance=asks_meaning": (
        "When first asked for your data, ask what the agent means by that.",
        "You do not understand the agent's terms: ask once what they mean, then answer.",
    ),
    "ignorance=mixes_terms": (
        "Say that you always mix up their ids and codes.",
        "Admit that you confuse the different numbers they use.",
    ),
    "expertise=average": ("You are an ordinary customer.", "You know about as much as anyone."),
    "expertise=novice": (
        "You have never done this before, and say so.",
        "You are a beginner at such things and ask to be treated gently.",
    ),
    "expertise=expert": (
        "You know the procedure well and let it be known.",
        "You have been through this many times; tell the agent to skip the basics.",
    ),
    "language=plain": ("Write plain English.", "Your English is ordinary."),
    "language=code_switching": (
        "Mix in a few words of another language, such as a greeting and a thank-you.",
        "Switch languages for greetings and thanks, the rest in English.",
    ),
    "language=second_language": (
        "English is not your first language: drop articles, and use -ing forms where they do not belong.",
        "Write with the grammar of a learner, and excuse your English.",
    ),
    "language=formal": (
        "Be very formal and polite, as in an old-fashioned letter.",
        "Use courteous, elaborate phrases of thanks and request.",
    ),
    "persistence=repeats_denied": (
        "When the agent refuses that first wish, ask for it twice more before you give in.",
        "Do not take the first no: insist on it two more times, then let it go.",
    ),
    "persistence=false_claim": (
        "When it is refused, claim that a colleague told you it was possible, and ask once more before you give in.",
        "After the refusal, say you were promised it, insist once, then accept.",
    ),
    "confirmation=explicit": ("Confirm with a clear yes.", "Say yes in so many words when you agree."),
    "confirmation=implicit": (
        "Agree without the word yes: go ahead, sounds good.",
        "When you agree, say it indirectly, such as please do or that works.",
    ),
    "confirmation=recap_first": (
        "The first time you are asked to confirm, ask for a recap before you agree.",
        "Let the agent sum up everything once more before your first yes.",
    ),
    "confirmation=one_at_a_time": (
        "Bring your wishes one at a time, the next only when the one before is done.",
        "Do not mention a later wish before the earlier one has been carried out.",
    ),
    "channel=plain": ("Write one ordinary message at a time.", "Your messages are plain text."),
    "channel=multi_message": (
        "Break your messages into several short lines, as in a chat.",
        "Write each message as a burst of separate lines.",
    ),
    "channel=spelled_out": (
        "Spell your name or id letter by letter after you have given it.",
        "After giving a name or id, spell its first word out with hyphens.",
    ),
    "channel=interrupted": (
        "Mention once that somebody or something interrupted you.",
        "You are interrupted while writing, and say so.",
    ),
}


def render_instruction(behaviour: Behaviour, rng: Random) -> str:
    """The second-person text of a behaviour; empty for one without traits. Costs O(traits)."""
    if not behaviour.traits:
        return ""
    said = [_sentence(trait, rng) for trait in behaviour.traits]
    return " ".join([rng.choice(_INTRO), *rng.sample(said, len(said)), rng.choice(_LIMIT)])


def _sentence(trait: Trait, rng: Random) -> str:
    detail = _FIRST_PERSON.sub(lambda found: _SECOND[found[0].lower()], trait.detail.replace("_", " "))
    return rng.choice(_TEMPLATES[f"{trait.axis}={trait.value}"]).format(detail=detail)


def wordings(behaviour: Behaviour) -> int:
    """In how many ways the templates can say a behaviour."""
    count, order = len(_INTRO) * len(_LIMIT), 1
    for number, trait in enumerate(behaviour.traits, start=1):
        count *= len(_TEMPLATES[f"{trait.axis}={trait.value}"])
        order *= number
    return count * order
