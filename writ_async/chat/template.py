"""The model folder's own chat template, rendered as the transformers library renders it.

The rules that matter: a sandbox that cannot change what it is given, `trim_blocks` and
`lstrip_blocks`, loop controls, the `generation` block as a mere bracket, `tojson` as `json.dumps` in insertion order
with `ensure_ascii=False` (stock Jinja sorts keys and escapes `<`, `>`, `&`), `raise_exception`, `strftime_now`, and
tools that are none rather than an empty list.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec

from writ_async.chat.errors import TemplateRefusedError
from writ_async.chat.optional_modules import import_extra
from writ_async.chat.template_messages import plain_messages
from writ_async.chat.tokenizer import special_tokens
from writ_async.core.message import Message
from writ_async.errors import InputError
from writ_async.files import PathLike, read_json

if TYPE_CHECKING:
    from jinja2 import Environment
    from jinja2 import Template as Compiled

TODAY = datetime(2024, 7, 26)
"""The date that templates are told. A template that asked the clock would render the same row differently tomorrow,
and no cached prefix would survive midnight. The day is the one that Llama-3.1's template falls back to; a domain's own
date stands in its policy."""


class Template:
    """One compiled chat template, perhaps with a variant for tools. `source` is the text of all."""

    __slots__ = ("_compiled", "_named", "source")

    def __init__(self, sources: Mapping[str, str], named_tokens: Mapping[str, str]) -> None:
        environment = _environment()
        self.source = "\n".join(sources.values())
        self._compiled: dict[str, Compiled] = {}
        for name, source in sources.items():
            try:
                self._compiled[name] = environment.from_string(source)
            except Exception as exc:  # a syntax error, or whatever an odd template makes the compiler raise
                raise InputError(f"the chat template does not compile: {exc}") from None
        self._named = dict(named_tokens)

    def render(self, messages: Sequence[Message], tools: Sequence[dict[str, Any]], *, generation: bool = True) -> str:
        """The text of messages, with the opening of the assistant's next turn when `generation` is true.

        An empty list of tools is given to the template as none, as transformers does: several templates announce tools
        for an empty list too. Raises `TemplateRefusedError` when the template raises, for whatever reason.
        """
        return self.render_plain(plain_messages(messages), tools, generation=generation)

    def render_plain(
        self, messages: Sequence[dict[str, Any]], tools: Sequence[dict[str, Any]], *, generation: bool
    ) -> str:
        """The same for messages that are dicts already."""
        compiled = self._compiled.get("tool_use") if tools else None
        try:
            return (compiled or self._compiled["default"]).render(
                messages=list(messages),
                tools=list(tools) or None,
                documents=None,
                add_generation_prompt=generation,
                **self._named,
            )
        except Exception as exc:  # a template is a program of the model's author: it may raise anything
            raise TemplateRefusedError(f"the model's chat template refuses these messages: {exc}") from None


class _Named(msgspec.Struct):
    name: str
    template: str


class _Config(msgspec.Struct):
    chat_template: str | list[_Named] | None = None


def load_template(folder: PathLike) -> Template | None:
    """The template in a model folder's chat_template.jinja, or else in its tokenizer_config.json; None without one.

    Raises `InputError` for a file that cannot be read and a template that does not compile.
    """
    path = Path(folder)
    sources: dict[str, str] = {}
    config = path / "tokenizer_config.json"
    if config.is_file():
        found = read_json(config, _Config).chat_template
        if isinstance(found, str):
            sources["default"] = found
        elif found:
            sources = {item.name: item.template for item in found}
    file = path / "chat_template.jinja"
    if file.is_file():
        try:
            sources["default"] = file.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as exc:
            raise InputError(f"{file}: {exc}; correct the file") from None
    if not sources:
        return None
    sources.setdefault("default", next(iter(sources.values())))
    try:
        return Template(sources, special_tokens(path))
    except InputError as exc:
        raise InputError(f"{path}: {exc}") from None


def _tojson(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def _environment() -> Environment:
    jinja2 = import_extra("jinja2")
    sandbox = import_extra("jinja2.sandbox")
    nodes = import_extra("jinja2.nodes")
    base = import_extra("jinja2.ext").Extension

    def raise_exception(message: str) -> NoReturn:
        raise jinja2.TemplateError(message)

    def parse_generation(self: Any, parser: Any) -> Any:
        """`{% generation %}...{% endgeneration %}` marks trained text for trainers; it renders as its content."""
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.Scope(body).set_lineno(line)

    generation = type("Generation", (base,), {"tags": {"generation"}, "parse": parse_generation})
    environment: Environment = sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[generation, "jinja2.ext.loopcontrols"]
    )
    environment.filters["tojson"] = _tojson
    environment.globals["raise_exception"] = raise_exception
    environment.globals["strftime_now"] = TODAY.strftime
    return environment
