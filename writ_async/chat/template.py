"""The model folder's own chat template, rendered as the transformers library renders it, in a process of its own.

The rules that matter: a sandbox that cannot change what it is given, `trim_blocks` and
`lstrip_blocks`, loop controls, the `generation` block as a mere bracket, `tojson` as `json.dumps` in insertion order
with `ensure_ascii=False` (stock Jinja sorts keys and escapes `<`, `>`, `&`), `raise_exception`, `strftime_now`, and
tools that are none rather than an empty list. They are kept in `template_worker`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from writ_async.chat.errors import TemplateRefusedError
from writ_async.chat.template_messages import plain_messages
from writ_async.chat.template_process import PROCESS, TemplateError, TooMuchError
from writ_async.chat.tokenizer import special_tokens
from writ_async.core.message import Message
from writ_async.errors import InputError
from writ_async.files import PathLike, read_as, read_json

_MOST_SOURCE = 1 << 20
"""Characters of a template; the longest that models come with have some 50,000."""


class Template:
    """One chat template, perhaps with a variant for tools. `source` is the text of all.

    One that has once taken too much time or memory is not rendered again: each conversation would wait for it.
    """

    __slots__ = ("_named", "_refused", "_sources", "source")

    def __init__(self, sources: Mapping[str, str], named_tokens: Mapping[str, str]) -> None:
        self.source = "\n".join(sources.values())
        self._refused = ""
        if len(self.source) > _MOST_SOURCE:
            raise InputError(f"the chat template has {len(self.source):,} characters; {_MOST_SOURCE:,} are taken")
        self._sources = {
            name: (sha256(source.encode("utf-8", "surrogatepass")).hexdigest(), source)
            for name, source in sources.items()
        }
        for key, source in self._sources.values():
            try:
                PROCESS.ask(key, source, None)
            except TemplateError as exc:  # a syntax error, or whatever an odd template makes the compiler raise
                raise InputError(f"the chat template does not compile: {exc}") from None
        self._named = dict(named_tokens)

    def render(self, messages: Sequence[Message], tools: Sequence[dict[str, Any]], *, generation: bool = True) -> str:
        """The text of messages, with the opening of the assistant's next turn when `generation` is true.

        An empty list of tools is given to the template as none, as transformers does: several templates announce tools
        for an empty list too. Raises `TemplateRefusedError` when the template raises, for whatever reason, or takes
        too much time or memory.
        """
        return self.render_plain(plain_messages(messages), tools, generation=generation)

    def render_plain(
        self, messages: Sequence[dict[str, Any]], tools: Sequence[dict[str, Any]], *, generation: bool
    ) -> str:
        """The same for messages that are dicts already."""
        key, source = (self._sources.get("tool_use") if tools else None) or self._sources["default"]
        given = {
            "messages": list(messages),
            "tools": list(tools) or None,
            "documents": None,
            "add_generation_prompt": generation,
            **self._named,
        }
        try:
            if self._refused:
                raise TemplateError(self._refused)
            return PROCESS.ask(key, source, given)
        except TemplateError as exc:
            if isinstance(exc, TooMuchError):
                self._refused = str(exc)
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
        sources["default"] = read_as(file, bytes.decode)
    if not sources:
        return None
    sources.setdefault("default", next(iter(sources.values())))
    try:
        return Template(sources, special_tokens(path))
    except InputError as exc:
        raise InputError(f"{path}: {exc}") from None
