"""Stand-ins for what SGLang imports on CUDA but does not use with the bundle's flags.

`flashinfer`, `xgrammar` and `IPython` are imported at module level; attention is triton's, sampling PyTorch's, and no
grammar backend is there. A package that is installed wins: the finder stands last.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

# SGLang compares versions of some of them.
VERSIONS = {"flashinfer": "0.6.15.post1", "xgrammar": "0.2.1", "IPython": "9.0"}


class NamesMeta(type):
    """A class whose attributes are their own names, as of an enumeration."""

    def __getattr__(cls, name: str) -> str:
        if name.startswith("__"):
            raise AttributeError(name)
        return name.lower()


class Anything(metaclass=NamesMeta):
    """Takes any arguments and does nothing."""

    def __init__(self, *arguments: object, **options: object) -> None:
        pass

    def __init_subclass__(cls, **options: object) -> None:
        pass


class StandIn(ModuleType):
    """A module in which every name is there: classes where names begin with a capital, functions elsewhere."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        value: Any
        if name.endswith(("Error", "Resources")):
            value = type(name, (Exception,), {})
        elif name[:1].isupper():
            value = NamesMeta(name, (Anything,), {})
        else:
            value = StandIn(f"{self.__name__}.{name}")
            value.__path__ = []
        setattr(self, name, value)
        return value

    def __call__(self, *arguments: Any, **options: Any) -> Callable[..., Any]:
        """A decorator, with and without arguments."""
        if len(arguments) == 1 and callable(arguments[0]) and not options:
            decorated: Callable[..., Any] = arguments[0]
            return decorated
        return lambda function: function


class StandIns(MetaPathFinder, Loader):
    """Finds the packages of `VERSIONS` and all their modules."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] not in VERSIONS:
            return None
        return ModuleSpec(fullname, self, origin="stand-in", is_package=True)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = StandIn(spec.name)
        module.__file__ = "<stand-in>"
        module.__dict__["__version__"] = VERSIONS[spec.name.partition(".")[0]]
        return module

    def exec_module(self, module: ModuleType) -> None:
        if module.__name__ == "xgrammar":
            module.__dict__["StructuralTag"] = dict


sys.meta_path.append(StandIns())
