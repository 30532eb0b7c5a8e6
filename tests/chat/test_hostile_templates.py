"""A model folder's template is a program of somebody else: it is kept from time, memory, secrets and this process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from writ_async.chat import template_worker
from writ_async.chat.errors import TemplateRefusedError
from writ_async.chat.template import Template
from writ_async.chat.template_process import PROCESS, TOO_MUCH, TemplateError
from writ_async.core.message import UserMessage
from writ_async.errors import InputError

ASKED = [UserMessage("Hello")]
LOOP = "{% for a in range(99999) %}"
FOR_EVER = LOOP * 3 + "{% endfor %}" * 3
DOUBLING = "{% set n = namespace(x='ab') %}{% for i in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}{{ n.x }}"
TREE = "{% macro m(d) %}{% if d %}{{ m(d - 1) }}{{ m(d - 1) }}{% endif %}{% endmacro %}{{ m(60) }}"


def rendered(source: str, **named: str) -> str:
    return Template({"default": source}, named).render(ASKED, [])


@pytest.fixture(autouse=True)
def little_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A worker that may take a twentieth of the time and a tenth of the text, so that the tests are quick."""
    worker = tmp_path / "worker.py"
    source = Path(template_worker.__file__).read_text("utf-8")
    source = source.replace("_CPU_SECONDS = 5.0", "_CPU_SECONDS = 0.25").replace(
        "_MOST_TEXT = 1 << 26", "_MOST_TEXT = 5_000_000"
    )
    worker.write_text(source, "utf-8")
    PROCESS.close()
    monkeypatch.setattr("writ_async.chat.template_process._WORKER", worker)
    yield
    PROCESS.close()


@pytest.mark.parametrize("source", [FOR_EVER, TREE, "{{ 10 ** (10 ** 9 + messages | length) }}"])
def test_a_template_without_an_end_is_refused_once_and_for_all(source: str) -> None:
    template = Template({"default": source}, {})
    for _ in range(50):
        with pytest.raises(TemplateRefusedError, match=TOO_MUCH):
            template.render(ASKED, [])
    assert rendered("{{ messages[0].content }}") == "Hello"


def test_what_is_reckoned_when_a_template_is_compiled_is_bounded_too() -> None:
    with pytest.raises(InputError, match=TOO_MUCH):
        Template({"default": "{{ 10 ** (10 ** 9) }}"}, {})


@pytest.mark.parametrize(
    "source",
    [
        DOUBLING,
        "{{ messages[0].content * 10 ** 10 }}",
        "{{ messages[0].content.ljust(10 ** 10) }}",
        "{{ messages[0].content | center(10 ** 10) }}",
        "{{ '%9999999999d' | format(messages | length) }}",
        "{{ messages[0].content * 10 ** 7 }}",
    ],
)
def test_a_template_that_fills_the_memory_is_refused(source: str) -> None:
    with pytest.raises(TemplateRefusedError):
        rendered(source)
    assert rendered("{{ messages[0].content }}") == "Hello"


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ cycler.__init__.__globals__.os.environ }}",
        "{{ self._TemplateReference__context.eval_ctx.environment.globals }}",
        "{{ raise_exception.__globals__ }}",
        "{{ messages.append({}) }}",
        "{% include '/etc/passwd' %}",
        "{% import '/etc/passwd' as x %}",
        "{{ lipsum.__globals__['os'].popen('id').read() }}",
    ],
)
def test_a_template_reaches_nothing_that_it_is_not_given(source: str) -> None:
    try:
        text = rendered(source)
    except (TemplateRefusedError, InputError):
        return
    assert "root" not in text
    assert "class" not in text


def test_the_process_of_templates_has_no_keys_of_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    PROCESS.close()
    assert rendered("{{ messages[0].content }}") == "Hello"
    worker = PROCESS._worker
    assert worker is not None
    environment = Path(f"/proc/{worker.pid}/environ")
    if not environment.exists():
        pytest.skip("no /proc on this system")
    assert b"secret" not in environment.read_bytes()


def test_a_template_of_more_than_a_million_characters_is_refused() -> None:
    with pytest.raises(InputError, match="characters; 1,048,576 are taken"):
        Template({"default": "a" * (1 << 20) + "b"}, {})


def test_what_a_template_says_of_its_refusal_is_bounded() -> None:
    with pytest.raises(TemplateRefusedError) as told:
        rendered("{{ raise_exception('no' * 100000) }}")
    assert len(str(told.value)) < 2_200


def test_the_process_is_started_anew_where_it_was_killed() -> None:
    assert rendered("{{ messages[0].content }}") == "Hello"
    worker = PROCESS._worker
    assert worker is not None
    worker.kill()
    worker.wait()
    assert rendered("{{ messages[0].content }}") == "Hello"


def test_a_forked_process_has_a_worker_of_its_own() -> None:
    assert rendered("{{ messages[0].content }}") == "Hello"
    child = os.fork()
    if not child:
        good = False
        try:
            good = rendered("{{ messages[0].content }}") == "Hello"
            PROCESS.close()
        finally:
            os._exit(0 if good else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert rendered("{{ messages[0].content }}") == "Hello"


@pytest.mark.parametrize("value", [10**30, "\ud800", "ü", {"deep": [[[1]]]}, None, 1.5], ids=ascii)
def test_all_that_messages_may_hold_reaches_the_template(value: object) -> None:
    source = "{{ value }}"
    assert PROCESS.ask(source, source, {"value": value}) == str(value)


def test_a_number_that_is_too_long_to_be_written_is_a_refusal() -> None:
    with pytest.raises(TemplateError, match="4300 digits"):
        PROCESS.ask("number", "{{ value }}", {"value": 10**5000})
