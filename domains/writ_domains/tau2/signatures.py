"""Tool schemas from Python source that is parsed and never run: what pydantic would make of annotations and docstrings.

A tool is a method that stands under the decorator `is_tool`. Its schema is that of a pydantic model with a field for
each of its parameters: keys in alphabetical order but for `properties`, a title made of each name, models and enums of
the annotations in `$defs` (https://docs.pydantic.dev/latest/concepts/json_schema/).
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from docstring_parser import parse

from writ_async.errors import InputError
from writ_async.files import read_as

_DECORATOR = "is_tool"
_PLAIN = {"str": "string", "int": "integer", "float": "number", "bool": "boolean", "None": "null"}
_LISTS = ("List", "list", "Sequence", "Iterable")
_DICTS = ("Dict", "dict", "Mapping")
_UNSORTED = ("properties", "default")
_MADE_ANEW = ast.Constant(...)
"""Stands for a default that a model makes anew each time, which no schema shows."""


def read_tool_schemas(files: Iterable[Path]) -> list[dict[str, Any]]:
    """The schemas of a toolkit's methods, in their order, in the shape of OpenAI's `tools`.

    The first file has the toolkit, the others the types that its annotations name. Raises `InputError` for a file that
    is no Python, and for an annotation that no schema is known for.
    """
    paths = list(files)
    trees = [parse_file(path) for path in paths]
    names = _Names(statement for tree in trees for statement in tree.body)
    found = []
    for method in _tool_methods(trees[0]):
        try:
            found.append(_schema_of(method, names))
        except KeyError as exc:
            raise InputError(f"{paths[0]}: {method.name}: no schema is known for the type {exc.args[0]!r}") from None
        except (ValueError, IndexError, SyntaxError):
            raise InputError(f"{paths[0]}: {method.name}: its types or defaults are of no form known here") from None
    return found


def parse_file(path: Path) -> ast.Module:
    """A file of Python as its tree. Raises `InputError` where it is none."""
    try:
        return ast.parse(read_as(path, bytes.decode))
    except SyntaxError as exc:
        raise InputError(f"{path}: is no Python that this version reads: {exc.msg}") from None


def _tool_methods(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    for kit in tree.body:
        if isinstance(kit, ast.ClassDef):
            for method in kit.body:
                if isinstance(method, ast.FunctionDef) and any(map(_is_tool, method.decorator_list)):
                    yield method


def _is_tool(decorator: ast.expr) -> bool:
    named = decorator.func if isinstance(decorator, ast.Call) else decorator
    return _name_of(named) == _DECORATOR


def _schema_of(method: ast.FunctionDef, names: _Names) -> dict[str, Any]:
    told = parse(ast.get_docstring(method) or "")
    described = {one.arg_name: one.description for one in told.params}
    given = method.args.args[1:] + method.args.kwonlyargs
    defaults: dict[str, ast.expr] = {}
    for argument, default in zip(reversed(method.args.args), reversed(method.args.defaults), strict=False):
        defaults[argument.arg] = default
    for argument, value in zip(method.args.kwonlyargs, method.args.kw_defaults, strict=True):
        if value is not None:
            defaults[argument.arg] = value
    definitions: dict[str, Any] = {}
    properties = {
        argument.arg: _field(
            argument.arg,
            argument.annotation,
            described.get(argument.arg),
            defaults.get(argument.arg),
            names,
            definitions,
        )
        for argument in given
    }
    parameters: dict[str, Any] = {"properties": properties, "title": "parameters", "type": "object"}
    if required := [name for name in properties if name not in defaults]:
        parameters["required"] = required
    if definitions:
        parameters["$defs"] = definitions
    texts = [text for text in (told.short_description, told.long_description) if text]
    function = {
        "name": method.name,
        "description": "\n\n".join(texts) or method.name,
        "parameters": _sorted(parameters),
    }
    return {"type": "function", "function": function}


class _Names:
    """What the names in annotations stand for: classes, and other names for types."""

    def __init__(self, statements: Iterable[ast.stmt]) -> None:
        self.classes: dict[str, ast.ClassDef] = {}
        self.others: dict[str, ast.expr] = {}
        for statement in statements:
            if isinstance(statement, ast.ClassDef):
                self.classes[statement.name] = statement
            elif isinstance(statement, ast.Assign):
                for target in statement.targets:
                    if isinstance(target, ast.Name):
                        self.others[target.id] = statement.value

    def parents(self, of: ast.ClassDef) -> list[ast.ClassDef]:
        """The classes of the same files that a class is made from."""
        return [self.classes[name] for base in of.bases if (name := _name_of(base)) in self.classes]

    def is_enum(self, of: ast.ClassDef) -> bool:
        """Whether a class is an enumeration."""
        return any(_name_of(base) in ("Enum", "StrEnum") for base in of.bases)


def _field(
    name: str,
    annotation: ast.expr | None,
    description: str | None,
    default: ast.expr | None,
    names: _Names,
    definitions: dict[str, Any],
) -> dict[str, Any]:
    """The schema of one field of a model."""
    field = {} if annotation is None else _type(annotation, names, definitions)
    inner = [one for one in field.get("anyOf", (field,)) if one != {"type": "null"}]
    if not (len(inner) == 1 and "$ref" in inner[0]):  # such a class has a title of its own
        field["title"] = name.replace("_", " ").title().strip()
    if description is not None:
        field["description"] = description
    if default is not None and default is not _MADE_ANEW:
        field["default"] = _value_of(default, names)
    return field


def _value_of(given: ast.expr, names: _Names) -> Any:
    """A default as a value; a member of an enumeration as what it stands for."""
    if isinstance(given, ast.Attribute) and (of := names.classes.get(_name_of(given.value))) is not None:
        for line in of.body:
            if isinstance(line, ast.Assign) and any(_name_of(target) == given.attr for target in line.targets):
                return ast.literal_eval(line.value)
    try:
        return ast.literal_eval(given)
    except ValueError:
        raise KeyError(ast.unparse(given)) from None


def _type(annotation: ast.expr, names: _Names, definitions: dict[str, Any]) -> dict[str, Any]:
    """The schema of a type. Raises `KeyError` with its source where none is known."""
    if isinstance(annotation, ast.Constant):
        if isinstance(annotation.value, str):
            return _type(ast.parse(annotation.value, mode="eval").body, names, definitions)
        return {"type": "null"}
    if isinstance(annotation, ast.BinOp):
        return _any_of(_alternatives(annotation), names, definitions)
    if isinstance(annotation, ast.Subscript):
        return _generic(annotation, names, definitions)
    name = _name_of(annotation)
    if name in _PLAIN:
        return {"type": _PLAIN[name]}
    if name == "Any":
        return {}
    if name in _LISTS:
        return {"items": {}, "type": "array"}
    if name in _DICTS:
        return {"additionalProperties": True, "type": "object"}
    if name in names.classes:
        if name not in definitions:
            definitions[name] = {}
            definitions[name] = _definition(names.classes[name], names, definitions)
        return {"$ref": f"#/$defs/{name}"}
    if name in names.others:
        return _type(names.others[name], names, definitions)
    raise KeyError(ast.unparse(annotation))


def _generic(annotation: ast.Subscript, names: _Names, definitions: dict[str, Any]) -> dict[str, Any]:
    outer = _name_of(annotation.value)
    inner = annotation.slice.elts if isinstance(annotation.slice, ast.Tuple) else [annotation.slice]
    if outer == "Literal":
        values = [ast.literal_eval(value) for value in inner]
        kinds = {_PLAIN[type(value).__name__] for value in values}
        said: dict[str, Any] = {"enum": values} if len(values) > 1 else {"const": values[0]}
        return said | ({"type": kinds.pop()} if len(kinds) == 1 else {})
    if outer in _LISTS:
        return {"items": _type(inner[0], names, definitions), "type": "array"}
    if outer in _DICTS:
        return {"additionalProperties": _type(inner[1], names, definitions), "type": "object"}
    if outer == "Optional":
        return _any_of([*inner, ast.Constant(None)], names, definitions)
    if outer == "Union":
        return _any_of(inner, names, definitions)
    if outer == "Annotated":
        found = _type(inner[0], names, definitions)
        told = _described_by(inner[1])
        return found | ({"description": told} if told is not None else {})
    raise KeyError(ast.unparse(annotation))


def _any_of(types: Iterable[ast.expr], names: _Names, definitions: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [_type(one, names, definitions) for one in types]}


def _alternatives(annotation: ast.expr) -> list[ast.expr]:
    if isinstance(annotation, ast.BinOp) and isinstance(annotation.op, ast.BitOr):
        return [*_alternatives(annotation.left), *_alternatives(annotation.right)]
    return [annotation]


def _definition(of: ast.ClassDef, names: _Names, definitions: dict[str, Any]) -> dict[str, Any]:
    """The schema of an enumeration or of a model."""
    told = ast.get_docstring(of)
    about = {"description": told} if told else {}
    if names.is_enum(of):
        values = [ast.literal_eval(line.value) for line in of.body if isinstance(line, ast.Assign)]
        return {**about, "enum": values, "title": of.name, "type": "string"}
    properties: dict[str, Any] = {}
    required: list[str] = []
    for owner in (*names.parents(of), of):
        for line in owner.body:
            if not (isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name)):
                continue
            given = line.value
            description = None if given is None else _described_by(given)
            default = _default_of(given)
            properties[line.target.id] = _field(
                line.target.id, line.annotation, description, default, names, definitions
            )
            if default is None and line.target.id not in required:
                required.append(line.target.id)
    found: dict[str, Any] = {**about, "properties": properties, "title": of.name, "type": "object"}
    if any(map(_forbids_more, (*names.parents(of), of))):
        found["additionalProperties"] = False
    return found | ({"required": required} if required else {})


def _forbids_more(of: ast.ClassDef) -> bool:
    """Whether a model's `model_config` forbids fields that it does not know."""
    return any(
        isinstance(line, ast.Assign)
        and isinstance(line.value, ast.Call)
        and any(
            keyword.arg == "extra" and isinstance(keyword.value, ast.Constant) and keyword.value.value == "forbid"
            for keyword in line.value.keywords
        )
        for line in of.body
    )


def _described_by(given: ast.expr) -> str | None:
    """The description in a call of `Field`."""
    if isinstance(given, ast.Call) and _name_of(given.func) == "Field":
        for keyword in given.keywords:
            if keyword.arg == "description":
                text = ast.literal_eval(keyword.value)
                return text if isinstance(text, str) else None
    return None


def _default_of(given: ast.expr | None) -> ast.expr | None:
    """The default of a model's field, None where it has none."""
    if isinstance(given, ast.Call) and _name_of(given.func) == "Field":
        if given.args:
            return None if isinstance(given.args[0], ast.Constant) and given.args[0].value is ... else given.args[0]
        named = {keyword.arg: keyword.value for keyword in given.keywords}
        return _MADE_ANEW if "default_factory" in named else named.get("default")
    return given


def _name_of(expression: ast.expr) -> str:
    """A name, without the modules in front of it; empty where the expression is none."""
    if isinstance(expression, ast.Name):
        return expression.id
    return expression.attr if isinstance(expression, ast.Attribute) else ""


def _sorted(value: Any, key: str = "") -> Any:
    """A schema with its keys in order, but for the fields of models and defaults, which stay as they came."""
    if isinstance(value, Mapping):
        keys = list(value) if key in _UNSORTED else sorted(value)
        return {name: _sorted(value[name], "" if key == "properties" else name) for name in keys}
    return [_sorted(item, key) for item in value] if isinstance(value, list) else value
