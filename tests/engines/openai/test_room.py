"""How much room a server's refusal leaves for an answer, in the words of each server."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from writ_engines.openai.room import most_of_answers, room_told

CONTEXT = "This model's maximum context length is {context} tokens"

REFUSALS = [
    "'max_tokens' or 'max_completion_tokens' is too large: {asked}. " + CONTEXT
    + " and your request has {prompt} input tokens ({asked} > {context} - {prompt}).",
    CONTEXT + ". However, you requested {total} tokens ({prompt} in the messages, {asked} in the completion).",
    CONTEXT + ". However, you requested {asked} output tokens and your prompt contains {prompt} input tokens, for a "
    "total of {total} tokens. Please reduce the length of the input.",
    "Requested token count exceeds the model's maximum context length of {context} tokens. You requested a total of "
    "{total} tokens: {prompt} tokens from the input messages and {asked} tokens for the completion.",
    "input length and `max_tokens` exceed context limit: {prompt} + {asked} > {context}, decrease input length",
    "Input validation error: `inputs` tokens + `max_new_tokens` must be <= {context}. Given: {prompt} `inputs` tokens "
    "and {asked} `max_new_tokens`. It exceeds the limit",
    "HTTP 400: Error code: 400 - prompt of {prompt} tokens and max_tokens={asked} exceed the {context:,} tokens",
    "The sum of prompt length ({prompt}) and max_tokens ({asked}) exceeds the context window ({context})",
]  # fmt: skip


@pytest.mark.parametrize("words", REFUSALS)
@given(context=st.integers(1000, 200_000), share=st.floats(0.02, 0.98), over=st.integers(1, 30_000))
def test_the_room_beside_a_prompt_that_fits_is_what_the_numbers_say(
    words: str, context: int, share: float, over: int
) -> None:
    prompt = int(context * share)
    room = context - prompt
    asked = room + over
    numbers = {context, prompt, asked, asked + prompt}
    if len(numbers) < 4 or 400 in numbers:
        return  # two of them alike, or one that is read as the status
    text = words.format(context=context, prompt=prompt, asked=asked, total=prompt + asked)
    assert room_told(text, asked) == room


@pytest.mark.parametrize("words", REFUSALS)
@pytest.mark.parametrize("prompt", [4097, 4200, 9000])
def test_a_prompt_that_does_not_fit_is_soon_given_up(words: str, prompt: int) -> None:
    asked: int | None = 800
    for _ in range(3):
        assert asked is not None
        text = words.format(context=4096, prompt=prompt, asked=asked, total=prompt + asked)
        asked = room_told(text, asked)
        if asked is None:
            return
    raise AssertionError("it was asked for again and again")


@pytest.mark.parametrize(
    ("text", "asked", "room"),
    [
        ("max_tokens is too large for this prompt", 800, 400),
        ("The requested 800 output tokens exceed what is left", 800, 400),
        ("max_tokens is too large", 1, None),
        ("The input (18012 tokens) is longer than the model's context length (8192 tokens).", 800, None),
        ("prompt is too long: 200001 tokens > 200000 maximum", 800, None),
        ("Unsupported parameter: 'max_tokens' is not supported with this model.", 800, None),
        ("the request exceeds the available context size, try increasing it", 800, None),
        ("bad seed", 800, None),
        ("", 800, None),
    ],
)
def test_what_says_nothing_of_room_gives_none(text: str, asked: int, room: int | None) -> None:
    assert room_told(text, asked) == room


@pytest.mark.parametrize(
    ("text", "most"),
    [
        ("max_tokens is too large: 100000. This model supports at most 16384 completion tokens.", 16384),
        ("max_tokens: 100000 > 4096, which is the maximum allowed number of output tokens for claude-3-haiku", 4096),
        ("`max_tokens` must be less than or equal to `8192`, the maximum value is less than the context_window", 8192),
        ("Invalid max_tokens value, the valid range of max_tokens is [1, 8192]", 8192),
        ("This model supports at most 200000 completion tokens", None),
        (REFUSALS[0].format(context=4096, prompt=3500, asked=100_000), None),
    ],
)
def test_the_most_that_a_model_ever_writes_is_told_apart(text: str, most: int | None) -> None:
    assert most_of_answers(text, 100_000) == most


@given(st.text(), st.integers(1, 10**6))
def test_room_is_always_less_than_what_was_refused(text: str, asked: int) -> None:
    for room in (room_told(text, asked), most_of_answers(text, asked)):
        assert room is None or 0 < room < asked


@pytest.mark.parametrize(
    "text", ["1," * 20_000, "1 " * 20_000, "max_tokens " * 9_000, "range of max_tokens is [" * 5_000]
)
def test_hostile_texts_take_no_time(text: str) -> None:
    room_told("exceeds " + text, 800)
    most_of_answers(text, 800)
