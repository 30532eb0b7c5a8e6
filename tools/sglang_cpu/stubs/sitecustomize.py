"""Stand-ins for packages that SGLang imports when it starts and never runs on a CPU: triton, torchvision, torchaudio.

The folder of this file stands on PYTHONPATH, so that the processes which the server spawns find it too. A package that
is installed wins over its stand-in.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

# The versions are what SGLang compares with; none of it is imported for real.
_VERSIONS = {"triton": "3.7.1", "torchvision": "0.28.0", "torchaudio": "2.11.0"}


class _Class(type):
    """The type of stand-in classes: an attribute that nobody defined is its own name in lower case, as in an enum."""

    def __getattr__(cls, name: str) -> str:
        if name.startswith("__"):
            raise AttributeError(name)
        return name.lower()


class _Base:
    """What stand-in classes inherit: made with any arguments, subclassed with any keywords."""

    def __init__(self, *_: Any, **__: Any) -> None: ...

    def __init_subclass__(cls, **_: Any) -> None: ...


class _StandIn(ModuleType):
    """A module that has every attribute: classes for capitalised names, modules for others. It is a decorator too."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.__path__ = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        value: Any
        if name.endswith(("Error", "Resources")):
            value = type(name, (Exception,), {})
        elif name[:1].isupper():
            value = _Class(name, (_Base,), {})
        else:
            value = _StandIn(f"{self.__name__}.{name}")
        setattr(self, name, value)
        return value

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if len(args) == 1 and callable(args[0]) and not kwargs:
            return args[0]
        return _same


def _same(function: Callable[..., Any]) -> Callable[..., Any]:
    return function


class _Constexpr:
    """`triton.language.constexpr`: kernels wrap constants in it at import."""

    def __init__(self, value: Any = None) -> None:
        self.value = value


class _Finder(MetaPathFinder, Loader):
    """Finds the packages of `_VERSIONS` and all their modules."""

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if fullname.partition(".")[0] not in _VERSIONS:
            return None
        return ModuleSpec(fullname, self, origin="stand-in", is_package=True)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = _StandIn(spec.name)
        module.__dict__.update(__file__="<stand-in>", __version__=_VERSIONS[spec.name.partition(".")[0]])
        return module

    def exec_module(self, module: Any) -> None:
        if module.__name__ == "triton":
            module.cdiv = lambda dividend, divisor: -(dividend // -divisor)
            module.next_power_of_2 = lambda number: 1 << (number - 1).bit_length() if number > 0 else 1
        elif module.__name__ == "triton.language":
            module.constexpr = _Constexpr


sys.meta_path.append(_Finder())
