"""Compiles and renders chat templates in a process of its own, which has little memory and time and no secrets.

A template is a program of whoever made the model's folder. Jinja's sandbox keeps it from what it is not given, but not
from looping for ever or from filling the memory. So it runs here: a render that takes too much ends this process.
Started by its path (`template_process`); it imports nothing of this package.

Read from stdin, each behind its length in 8 bytes: a pickled tuple of a key, the sources of the template or None where
they were given before, and what it is rendered with, or None. Written to stdout: a byte, 1 for a text and 0 for why
there is none, and the text in UTF-8 behind its length in 8 bytes.
"""

from __future__ import annotations

import json
import pickle
import signal
import sys
from datetime import datetime
from typing import Any, BinaryIO, NoReturn

from jinja2 import Environment, Template, TemplateError, nodes
from jinja2.ext import Extension
from jinja2.sandbox import ImmutableSandboxedEnvironment

TODAY = datetime(2024, 7, 26)
"""The date that templates are told. A template that asked the clock would render the same row differently tomorrow,
and no cached prefix would survive midnight. The day is the one that Llama-3.1's template falls back to; a domain's own
date stands in its policy."""

_CPU_SECONDS = 5.0
_SECONDS = 120.0  # of the clock, for a machine that is busy
_MOST_MEMORY = 1 << 30
_MOST_TEXT = 1 << 26
_MOST_REASON = 2_000


class _Generation(Extension):
    """`{% generation %}...{% endgeneration %}` marks trained text for trainers; it renders as its content."""

    tags = frozenset({"generation"})  # type: ignore[assignment]

    def parse(self, parser: Any) -> nodes.Node:
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.Scope(body).set_lineno(line)


def _raise_exception(message: str) -> NoReturn:
    raise TemplateError(message)


def _tojson(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def make_environment() -> Environment:
    """A sandbox with what the transformers library gives templates."""
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[_Generation, "jinja2.ext.loopcontrols"]
    )
    environment.filters["tojson"] = _tojson
    environment.globals["raise_exception"] = _raise_exception
    environment.globals["strftime_now"] = TODAY.strftime
    return environment


def answer(environment: Environment, known: dict[str, Template], asked: tuple[Any, ...]) -> str:
    """Compile a template that is not known yet, and render it where it is to be. Raises whatever it raises."""
    key, source, given = asked
    if key not in known:
        known[key] = environment.from_string(source)
    if given is None:
        return ""
    text = known[key].render(**given)
    if len(text) > _MOST_TEXT:
        raise ValueError(f"it renders {len(text):,} characters, and {_MOST_TEXT:,} are taken")
    return text


def _limit() -> None:
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ImportError, OSError, ValueError):  # a system without; time is bounded all the same
        pass


def serve(questions: BinaryIO, answers: BinaryIO) -> None:
    """Answer until there are no more questions."""
    environment, known = make_environment(), dict[str, Template]()
    _limit()
    while length := questions.read(8):
        asked = pickle.loads(questions.read(int.from_bytes(length, "big")))
        signal.setitimer(signal.ITIMER_PROF, _CPU_SECONDS)  # both end the process
        signal.setitimer(signal.ITIMER_REAL, _SECONDS)
        try:
            done, text = b"\x01", answer(environment, known, asked)
        except Exception as exc:  # a template may raise anything
            done, text = b"\x00", (str(exc) or type(exc).__name__)[:_MOST_REASON]
        content = text.encode("utf-8", "surrogatepass")
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        answers.write(done + len(content).to_bytes(8, "big") + content)
        answers.flush()


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
