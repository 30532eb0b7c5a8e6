"""Engines that are registered for as long as a test lasts."""

from __future__ import annotations

import msgspec
import pytest
from writ_engines.scripted import ENGINE, ScriptedEngine

from writ_async import registry
from writ_async.core.engine import EngineFactory, Setting


def register_script(monkeypatch: pytest.MonkeyPatch, name: str, engine: type[ScriptedEngine]) -> str:
    """Registers a scripted engine of another kind, with the script's own options, and gives its name."""

    def make(options: msgspec.Struct, setting: Setting) -> ScriptedEngine:
        return engine(setting.tasks, setting.domains, setting.seed)

    factory = EngineFactory(name=name, options=ENGINE.options, make=make)
    load = registry.load_engine
    for module in ("writ_async.registry", "writ_async.runs.seats"):
        monkeypatch.setattr(f"{module}.load_engine", lambda asked: factory if asked == name else load(asked))
    return name
