"""`--config FILE`: the flags of a command from a TOML file, or from the manifest of a run.

A key is a flag without its dashes (`max_steps` or `max-steps`), a list a flag that is given several times, a table
pairs of KEY=VALUE. What stands on the command line goes before it; flags that may be repeated add to it.
"""

from __future__ import annotations

import argparse
import difflib
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from writ_async.errors import InputError
from writ_async.files import read_as, read_json
from writ_async.runs.manifest import Manifest, require_settings

_OWN = "config"


def apply_config(parser: argparse.ArgumentParser, path: str) -> None:
    """Make the settings of a file the parser's defaults. Raises `InputError` that names the file and the key."""
    actions = {action.dest: action for action in parser._actions if action.dest not in ("help", _OWN)}
    settings = _read_settings(path, parser.prog.rpartition(" ")[2])
    given: dict[str, argparse.Action] = {}
    words: list[str] = []
    for key, value in settings.items():
        action = _action_of(key, actions, path)
        given[action.dest] = action
        words += _words_of(action, value, f"{path}: {key}")
    missing = [action for action in actions.values() if action.required and action.dest not in given]
    found = _parse(parser, words, missing, path)
    for dest, action in given.items():
        action.required = False
        if action.nargs == "+" and not action.option_strings:
            action.nargs = "*"
        # Both: argparse fills a positional that is left out from its action, all else from the parser.
        action.default = getattr(found, dest)
        parser.set_defaults(**{dest: action.default})


def _parse(
    parser: argparse.ArgumentParser, words: Sequence[str], missing: Sequence[argparse.Action], path: str
) -> argparse.Namespace:
    """What the words come to by themselves, whatever else the command line still has to give."""

    def error(message: str) -> NoReturn:
        raise InputError(f"{path}: {message}")

    was, parser.error = parser.error, error  # type: ignore[method-assign]
    nargs = [(action, action.required, action.nargs) for action in missing]
    try:
        for action in missing:
            action.required = False
            action.nargs = action.nargs if action.option_strings else "*"
        return argparse.ArgumentParser.parse_known_args(parser, list(words))[0]
    finally:
        parser.error = was  # type: ignore[method-assign]
        for action, required, number in nargs:
            action.required, action.nargs = required, number


def _action_of(key: str, actions: Mapping[str, argparse.Action], path: str) -> argparse.Action:
    for action in actions.values():
        flags = [flag.lstrip("-") for flag in action.option_strings] or [action.dest]
        if key.replace("_", "-") in (flag.replace("_", "-") for flag in flags):
            return action
    close = difflib.get_close_matches(key.replace("-", "_"), actions, 1)
    hint = f"did you mean {close[0]}?" if close else "a key is a flag without its dashes"
    raise InputError(f"{path}: there is no setting {key!r}; {hint}")


def _words_of(action: argparse.Action, value: Any, where: str) -> Iterator[str]:
    """A setting as words of a command line. Raises `InputError` for a value of another kind than the flag takes."""
    flag = next(iter(sorted(action.option_strings, key=len, reverse=True)), "")
    if action.nargs == 0:
        if not isinstance(value, bool):
            raise InputError(f"{where}: is true or false, not {value!r}")
        if value:
            yield flag
        return
    if isinstance(value, Mapping):
        value = [f"{key}={_text(one, f'{where}.{key}')}" for key, one in value.items()]
    several = [_text(one, where) for one in (value if isinstance(value, list) else [value])]
    repeatable = isinstance(action, argparse._AppendAction) or isinstance(action.default, list)
    if isinstance(value, list) and action.nargs != "+" and not repeatable:
        raise InputError(f"{where}: is one value, not a list")
    if not flag:
        yield from several
    for one in several if flag else ():
        yield f"{flag}={one}"


def _text(value: Any, where: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    if isinstance(value, Mapping | list):
        return msgspec.json.encode(value).decode()
    raise InputError(f"{where}: is a text, a number, true or false, not {value!r}")


def _read_settings(path: str, command: str) -> dict[str, Any]:
    if Path(path).suffix.lower() == ".json":
        manifest = require_settings(path, read_json(path, Manifest))
        if manifest.kind != command:
            raise InputError(f"{path}: is the manifest of writ {manifest.kind}, not of writ {command}")
        return dict(_flags_of(manifest, path))
    try:
        return tomllib.loads(read_as(path, bytes.decode))
    except tomllib.TOMLDecodeError as exc:
        raise InputError(f"{path}: is no TOML: {exc}") from None


def _flags_of(manifest: Manifest, path: str) -> Iterator[tuple[str, Any]]:
    """The flags by which a run with the settings of a manifest is made.

    Raises `InputError` for a setting that no flag gives back.
    """
    for key, value in manifest.config.items():
        if key == "seats":
            yield from _seats(value, path)
        elif key == "rules":
            yield from _rules(value, path, named="prompts" in manifest.config)
        elif key == "filters":
            rules = [text for text in value if text != "mask-turns"]
            yield "mask_turns", len(rules) < len(value)
            yield "filter", rules
        elif key == "keep":
            yield from _keep(value)
        elif key == "n" and "keep" in manifest.config:
            continue
        elif key in ("phraser", "phraser_check"):
            yield from _engine(key, value, path) if value else ()
        elif key == "prompts":
            yield key, value.removeprefix("changed ").partition(" ")[0]
        elif key == "judge_options":
            yield "judge_option", value
        elif key in ("from_failures", "own_tool_schemas", "judge_prompt"):
            if key == "from_failures" or (key == "own_tool_schemas" and not value):
                raise InputError(f"{path}: {key} names no folder any more; give its flag instead, without --config")
        elif value not in ("", None):
            yield key, value


def _engine(flag: str, spec: Any, path: str) -> Iterator[tuple[str, Any]]:
    if not isinstance(spec, Mapping) or "name" not in spec:
        raise InputError(f"{path}: its {flag} was handed over by a program, and cannot be made again from here")
    yield flag, spec["name"]
    yield f"{flag}_option", spec.get("options", {})


def _seats(seats: Mapping[str, Any], path: str) -> Iterator[tuple[str, Any]]:
    yield from _engine("engine", seats.get("agent", {"name": "scripted"}), path)
    user = seats.get("user")
    if user is None:
        return
    if "parts" in user:
        raise InputError(f"{path}: several engines play the user; name them with --user-engine, without --config")
    yield from _engine("user_engine", user, path)


def _rules(rules: Mapping[str, Any], path: str, *, named: bool) -> Iterator[tuple[str, Any]]:
    for key, value in rules.items():
        if key in ("agent_prompt", "user_prompt") and named:
            continue  # they are those of the benchmark that the run names
        if key in ("agent_prompt", "user_prompt") and value:
            raise InputError(f"{path}: has the text of a prompt, not its file; give --{key.replace('_', '-')} FILE")
        if key in ("max_steps", "max_errors", "user_retries"):
            yield key, value
        elif key == "greeting":
            yield key, "none" if value is None else value


def _keep(keep: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield "keep", keep["rows"]
    yield "attempts", keep.get("attempts", 1)
    yield "all_that_pass", keep.get("all_that_pass", False)
    if keep.get("balance"):
        yield "balance", ",".join(keep["balance"])
    target = keep.get("target")
    if target:
        yield "target_pass", f"{target[0]}..{target[1]}"
