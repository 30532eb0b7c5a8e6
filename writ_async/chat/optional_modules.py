"""Importing what only the extra `tokens` installs."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from writ_async.errors import InputError


def import_extra(name: str) -> ModuleType:
    """Import a module of the extra `tokens`. Raises `InputError` with the command that installs it."""
    try:
        return import_module(name)
    except ImportError as exc:
        raise InputError(f"{name} is needed to handle token ids ({exc}); pip install writ-async[tokens]") from None
