"""What τ²-bench tells models beside its policies: made once from the user's own checkout, or read from it each time.

None of it is ours to ship. Its agents' instruction and its tools' docstrings stand in its source, which is parsed and
never imported; its users' guidelines lie in its data folder.
"""

from __future__ import annotations

import os
import re
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import msgspec

from writ_async.errors import InputError
from writ_async.files import read_as, read_json
from writ_domains.tau2.prompts import folders_above, read_template
from writ_domains.tau2.signatures import read_tool_schemas

KIT_VARIABLE = "TAU2_KIT"
DOMAINS = ("airline", "retail", "telecom")
_SOURCE = Path("src", "tau2")
_MARK = re.compile(r'^\s*\{\s*"kit"')
_TYPES = Path("utils", "pydantic_utils.py")


class KitTools(msgspec.Struct, frozen=True):
    """The tool schemas of one domain, in the shape of OpenAI's `tools`, in the order in which a model is shown them."""

    tools: tuple[dict[str, Any], ...]
    user_tools: tuple[dict[str, Any], ...] = ()


class Kit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The texts of one release: prompts as templates with `{policy}` or `{scenario}`, tool schemas by domain."""

    kit: Literal["tau2"]
    version: str
    agent_prompt: str
    user_prompt: str
    user_prompt_with_tools: str
    tools: dict[str, KitTools]


def make_kit(checkout: Path) -> Kit:
    """The kit of a checkout. Raises `InputError` for a folder that is none, and for source that cannot be read."""
    source = checkout / _SOURCE
    if not source.is_dir():
        raise InputError(f"{checkout}: has no {_SOURCE}, so it is no checkout of the benchmark")
    tools = {name: _tools_of(source, name) for name in DOMAINS if (source / "domains" / name).is_dir()}
    return Kit(
        "tau2",
        _version_of(checkout),
        agent_prompt=read_template("agent", checkout),
        user_prompt=read_template("user", checkout),
        user_prompt_with_tools=read_template("user", checkout, with_tools=True),
        tools=tools,
    )


def is_kit(place: Path) -> bool:
    """Whether a place is a kit's file, or a checkout."""
    if place.is_dir():
        return (place / _SOURCE).is_dir()
    return place.is_file() and _MARK.search(read_as(place, bytes.decode)) is not None


def read_kit(place: Path) -> Kit:
    """The kit in a file, or of a checkout. Raises `InputError` where it is neither."""
    return _made_of(place, _checked_at(place)) if place.is_dir() else read_json(place, Kit)


@lru_cache(maxsize=8)
def _made_of(checkout: Path, _: int) -> Kit:
    return make_kit(checkout)


def _checked_at(checkout: Path) -> int:
    """When the source's folder was changed last: a sign, though not a sure one, that another release lies there."""
    source = checkout / _SOURCE
    return source.stat().st_mtime_ns if source.is_dir() else 0


def find_kit(data: Path | None) -> Path | None:
    """Where the benchmark's texts are: the file that TAU2_KIT names, or the checkout that the data folder is in.

    None where there is neither. Raises `InputError` where the variable names nothing that is there.
    """
    if named := os.environ.get(KIT_VARIABLE):
        if not Path(named).exists():
            raise InputError(f"{KIT_VARIABLE}: there is no {named}")
        return Path(named)
    if data is None:
        return None
    return next((folder for folder in folders_above(data) if (folder / _SOURCE).is_dir()), None)


def _tools_of(source: Path, domain: str) -> KitTools:
    folder = source / "domains" / domain
    return KitTools(*(_schemas(source, folder, kind) for kind in ("", "user_")))


def _schemas(source: Path, folder: Path, kind: str) -> tuple[dict[str, Any], ...]:
    file = folder / f"{kind}tools.py"
    if not file.is_file():
        return ()
    types = [source / _TYPES, folder / f"{kind}data_model.py"]
    return tuple(read_tool_schemas([file, *(path for path in types if path.is_file())]))


def _version_of(checkout: Path) -> str:
    file = checkout / "pyproject.toml"
    if not file.is_file():
        return ""
    try:
        version = tomllib.loads(read_as(file, bytes.decode)).get("project", {}).get("version", "")
    except tomllib.TOMLDecodeError as exc:
        raise InputError(f"{file}: {exc}") from None
    return str(version)
