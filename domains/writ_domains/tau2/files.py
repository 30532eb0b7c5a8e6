"""Where a domain's database and policy lie in τ²-bench's data folder, and in which form.

Most domains have `db.json` and `policy.md`. Telecom has a database of its own for either side, in TOML, and a policy of
two files, of which it has the second in two forms; its runner takes the manual.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import msgspec

from writ_async.core.domain import Domain
from writ_async.core.state import World
from writ_async.errors import InputError
from writ_async.files import read_as

_DATABASES = ("db.toml", "user_db.toml")
_POLICIES = (("main_policy", "main_policy.md"), ("tech_support_policy", "tech_support_manual.md"))


def read_world(folder: Path, domain: Domain) -> World:
    """The stock database of a domain. Raises `InputError` where a file is absent or broken."""
    if not domain.user_tools:
        return read_as(folder / "db.json", domain.load)
    whole: dict[str, Any] = {}
    for name in _DATABASES:
        whole |= read_as(folder / name, _read_toml)
    try:
        return domain.load(msgspec.json.encode(whole))
    except msgspec.ValidationError as exc:
        raise InputError(f"{folder}: {' and '.join(_DATABASES)}: {exc}") from None


def read_policy(folder: Path, domain: Domain) -> str:
    """What the benchmark tells its agents to do in a domain. Raises `InputError` where a file is absent."""
    if not domain.user_tools:
        return read_as(folder / "policy.md", bytes.decode)
    parts = [(tag, read_as(folder / name, bytes.decode)) for tag, name in _POLICIES]
    return "\n".join(f"<{tag}>\n{text}\n</{tag}>" for tag, text in parts)


def _read_toml(data: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(data.decode())
    except tomllib.TOMLDecodeError as exc:
        raise msgspec.DecodeError(str(exc)) from None
