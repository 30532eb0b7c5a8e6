"""Options, addresses, keys and prices: what is refused, in one line that says what to do."""

from pathlib import Path
from typing import Any

import pytest
from writ_engines.openai.options import (
    OpenAIOptions,
    find_endpoints,
    parameters,
    refuses_sampling,
    wants_completion_tokens,
)
from writ_engines.openai.prices import find_price

from writ_async.core.engine import Setting
from writ_async.core.prices import Price, read_prices
from writ_async.errors import InputError
from writ_async.registry import make_engine

SECRET = "sk-test-Zq81xV0pLmN3"
SETTING = Setting(tasks={}, domains={}, seed=0)


def endpoint(environment: dict[str, str] | None = None, **options: Any) -> Any:
    return find_endpoints(OpenAIOptions(**{"model": "m", **options}), environment or {})[0]


@pytest.mark.parametrize(
    ("options", "environment", "url"),
    [
        ({}, {"OPENAI_API_KEY": SECRET}, "https://api.openai.com/v1"),
        ({}, {"OPENAI_BASE_URL": "http://h:1/v1/"}, "http://h:1/v1"),
        ({"url": "http://127.0.0.1:30000"}, {"OPENAI_BASE_URL": "http://h:1/v1/"}, "http://127.0.0.1:30000/v1"),
        ({"url": "http://[::1]:8000/"}, {}, "http://[::1]:8000/v1"),
        ({"url": "http://127.0.0.1:8000/."}, {}, "http://127.0.0.1:8000"),
        ({"url": "https://openrouter.ai/api/v1"}, {}, "https://openrouter.ai/api/v1"),
    ],
)
def test_the_address_comes_from_the_option_else_the_environment_else_the_vendor(
    options: dict[str, str], environment: dict[str, str], url: str
) -> None:
    assert endpoint(environment, **options).url == url


@pytest.mark.parametrize(
    ("options", "environment", "words"),
    [
        ({"url": "localhost:30000"}, {}, "not the address of a server"),
        ({"url": "ftp://h/v1"}, {}, "not the address of a server"),
        ({"url": "http://h:99999/v1"}, {}, "not the address of a server"),
        ({"url": f"https://me:{SECRET}@h/v1"}, {}, "must hold no user, password or query"),
        ({"url": f"https://h/v1?key={SECRET}"}, {}, "must hold no user, password or query"),
        ({}, {"OPENAI_BASE_URL": f"https://{SECRET}@h/v1"}, "OPENAI_BASE_URL must hold no user"),
        ({}, {}, "set the environment variable OPENAI_API_KEY to the key of https://api.openai.com/v1"),
        ({"url": "http://h/v1", "key_env": "MY_KEY"}, {"OPENAI_API_KEY": SECRET}, "environment variable MY_KEY"),
        ({}, {"OPENAI_API_KEY": f"{SECRET}\nX-Evil: 1"}, "a character that no key can have"),
        ({}, {"OPENAI_API_KEY": f"{SECRET}é"}, "a character that no key can have"),
        ({"url": "http://h/v1", "headers": f'{{"X": "{SECRET}'}, {}, "headers must be a JSON object of texts"),
        ({"url": "http://h/v1", "headers": {"X": "$GONE"}}, {}, "set the environment variable GONE for the header X"),
        ({"url": "http://h/v1", "headers": {"X": "$S"}}, {"S": f"{SECRET}\r\nY: 1"}, "no header can have"),
        ({"url": "http://h/v1", "headers": {"X Y": SECRET}}, {}, "no header can have"),
        ({"url": "http://h/v1", "key_header": "a b"}, {}, "is no name of a header"),
    ],
)
def test_a_wrong_address_or_key_is_told_without_the_key(
    options: dict[str, str], environment: dict[str, str], words: str
) -> None:
    with pytest.raises(InputError) as refused:
        endpoint(environment, **options)
    assert words in str(refused.value)
    assert SECRET not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_server_of_ones_own_needs_no_key_and_gets_no_header() -> None:
    assert endpoint(url="http://127.0.0.1:30000").headers() == {}


def test_the_key_is_in_the_header_and_not_in_the_printed_form() -> None:
    found = endpoint({"KEY": f" {SECRET}\n"}, url="http://h", key_env="KEY")
    assert found.headers() == {"Authorization": f"Bearer {SECRET}"}
    assert SECRET not in repr(found) + str(found)


@pytest.mark.parametrize("cut", range(4, len(SECRET)))
def test_a_key_that_was_cut_off_at_the_end_of_a_text_is_taken_out_too(cut: int) -> None:
    found = endpoint({"OPENAI_API_KEY": SECRET})
    assert found.scrub(f"{SECRET} and {SECRET[:cut]}") == "[OPENAI_API_KEY] and [OPENAI_API_KEY]"


def test_a_key_for_forms_sake_does_not_garble_texts() -> None:
    assert endpoint({"OPENAI_API_KEY": "x"}).scrub("max exceeded") == "max exceeded"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "needs a model"),
        ({"model": "m", "temperature": "-1"}, "temperature must be at least 0, not -1"),
        ({"model": "m", "temperature": "nan"}, "temperature must be at least 0, not nan"),
        ({"model": "m", "max_tokens": "0"}, "max_tokens must be at least 1, not 0"),
        ({"model": "m", "deadline": "-3"}, "deadline must be at least 0"),
        ({"model": "m", "attempts": "0"}, "attempts must be at least 1"),
        ({"model": "m", "retries": "3"}, "the option 'retries' is now called 'attempts'"),
        ({"model": "m", "reasoning_effort": "huge"}, "reasoning_effort"),
        ({"model": "m", "api_key": SECRET}, "has no option 'api_key'"),
        ({"model": "m", "url": "http://h", "extra": "{"}, "extra is not JSON"),
        ({"model": "m", "url": "http://h", "extra": "[1]"}, "extra must be a JSON object"),
        ({"model": "m", "url": "http://h", "extra": '{"messages": []}'}, "extra must not set 'messages'"),
        ({"model": "m", "url": "http://h", "extra": '{"stream": true}'}, "extra must not set 'stream'"),
        ({"model": "m", "url": "http://h", "prices": "nowhere.toml"}, "nowhere.toml"),
    ],
)
def test_wrong_options_are_told_in_one_line(
    options: dict[str, str], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with pytest.raises(InputError) as refused:
        make_engine("openai", options, SETTING)
    assert words in str(refused.value)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    ("model", "effort", "refused"),
    [
        ("gpt-5.1", None, False),
        ("gpt-5.1", "none", False),
        ("gpt-5.1", "low", True),
        ("gpt-5.1-2025-11-13", "medium", True),
        ("openai/gpt-5.1", "high", True),
        ("gpt-5.2", "none", False),
        ("gpt-5", None, True),
        ("gpt-5-mini", "minimal", True),
        ("gpt-5-chat-latest", None, False),
        ("o4-mini", None, True),
        ("gpt-4.1", None, False),
        ("gpt-4o", None, False),
        ("openai/gpt-oss-20b", "high", False),
        ("Qwen/Qwen3-4B-Instruct-2507", "medium", False),
    ],
)
def test_temperature_is_kept_from_the_models_that_refuse_it(model: str, effort: Any, refused: bool) -> None:
    assert refuses_sampling(model, effort) is refused
    sent = parameters(OpenAIOptions(model=model, reasoning_effort=effort, temperature=0.0, top_p=0.5), "http://h/v1")
    assert ("temperature" not in sent) is refused
    assert ("top_p" not in sent) is refused
    assert sent.get("reasoning_effort") == effort


@pytest.mark.parametrize(
    ("model", "url", "wants"),
    [
        ("gpt-4.1", "https://api.openai.com/v1", True),
        ("gpt-5.1", "https://openrouter.ai/api/v1", True),
        ("o3", "http://h/v1", True),
        ("qwen", "http://127.0.0.1:30000/v1", False),
        ("openai/gpt-oss-20b", "http://h/v1", False),
    ],
)
def test_the_limit_on_tokens_has_the_name_that_the_server_wants(model: str, url: str, wants: bool) -> None:
    assert wants_completion_tokens(model, url) is wants
    name = "max_completion_tokens" if wants else "max_tokens"
    assert parameters(OpenAIOptions(model=model, max_tokens=9), url) == {name: 9}


def test_gpt_5_1_has_its_price_and_so_have_its_snapshots() -> None:
    price = find_price("gpt-5.1")
    assert price is not None
    assert (price.input, price.cached, price.output) == (1.25, 0.125, 10.0)
    assert price.date
    assert price.source
    assert find_price("gpt-5.1-2025-11-13") == price
    assert find_price("gpt-5.1-mini") is None
    assert find_price("qwen") is None


def test_cost_counts_cached_tokens_at_their_price() -> None:
    price = Price(input=1.25, output=10.0, cached=0.125)
    assert price.nano_dollars(1_000_000, 900_000, 100_000) == 125_000_000 + 112_500_000 + 1_000_000_000
    assert price.nano_dollars(10, 99, 0) == 1250
    assert Price(input=1.0, output=2.0).nano_dollars(10, 5, 1) == 12_000


def test_a_file_of_ones_own_comes_first(tmp_path: Path) -> None:
    file = tmp_path / "prices.toml"
    file.write_text('["gpt-5.1"]\ninput = 1\noutput = 2\n["qwen"]\ninput = 0\noutput = 0.5\n')
    assert find_price("gpt-5.1", str(file)) == Price(input=1, output=2)
    assert find_price("qwen", str(file)) == Price(input=0, output=0.5)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[x", "Expected ']'"),
        ("[x]\ninput = 1\n", "missing required field `output`"),
        ("[x]\ninput = 1\noutput = 'a'\n", "$[...].output"),
        ("[x]\ninput = -1\noutput = 1\n", "a price of 'x' is -1"),
        ("[x]\ninput = 1\noutput = inf\n", "a price of 'x' is inf"),
        ("[x]\ninput = 1\noutput = 1\nreasoning = 2\n", "reasoning"),
    ],
)
def test_a_wrong_file_of_prices_is_named(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "prices.toml"
    file.write_text(text)
    with pytest.raises(InputError) as refused:
        read_prices(file)
    assert words in str(refused.value)
    assert str(file) in str(refused.value)
