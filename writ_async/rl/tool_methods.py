"""A tool as a method, for trainers that read a tool's schema from a signature and a docstring."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Final

_TYPES: Final = {"string": str, "integer": int, "number": float, "boolean": bool, "array": list, "object": dict}


def tool_method(function: dict[str, Any], call: Callable[[Any, str, dict[str, Any]], str]) -> Callable[..., str]:
    """A method with the name, signature and docstring of a tool's schema, which does `call(self, name, arguments)`.

    `function` is the inner object of a tool of chat completions. An argument that may be left out is None by default
    and then not handed on.
    """
    name, parameters = function["name"], function.get("parameters") or {}
    fields, required = parameters.get("properties") or {}, parameters.get("required") or ()
    kinds = {field: _TYPES.get(str(schema.get("type")), Any) for field, schema in fields.items()}
    own = [inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)]
    for field in fields:
        default = inspect.Parameter.empty if field in required else None
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        own.append(inspect.Parameter(field, kind, default=default, annotation=kinds[field]))
    signature = inspect.Signature(own)

    def method(*given: Any, **named: Any) -> str:
        bound = signature.bind(*given, **named).arguments
        self = bound.pop("self")
        return call(self, name, {field: value for field, value in bound.items() if value is not None})

    told = [f"    {field}: {_line(schema.get('description') or field)}" for field, schema in fields.items()]
    method.__doc__ = "\n".join([_line(function.get("description") or name), *(["", "Args:", *told] if told else [])])
    method.__name__ = method.__qualname__ = name
    method.__annotations__ = {**kinds, "return": str}
    method.__signature__ = signature  # type: ignore[attr-defined]
    return method


def _line(text: str) -> str:
    return " ".join(text.split())
