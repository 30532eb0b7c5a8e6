"""`writ new-domain`: a package with a small domain that works, to be made into one's own.

It is the repository's `examples/domain`, which a wheel holds as `writ_async/new_domain`, under another name.
"""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

from writ_async.errors import InputError, StorageError
from writ_async.files import PathLike
from writ_async.registry import registered_names

_NAME_OF_EXAMPLE = "lending"
_KINDS = (".py", ".md", ".toml")


def make_domain_package(name: str, out: PathLike | None = None) -> Path:
    """Write the package of a new domain into a folder that does not exist yet (`name`, if `out` is None); returns it.

    Raises `InputError` for a name that is none, or taken, and for a folder that exists.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise InputError(f"{name!r} is no name of a domain; use lower-case letters, digits and _, a letter first")
    if name in registered_names("domains") or find_spec(f"writ_{name}") is not None:
        raise InputError(f"a package registers {name!r}, or is called writ_{name}; choose another name")
    folder = Path(name if out is None else out)
    if folder.exists():
        raise InputError(f"{folder} exists already; choose another folder with --out")
    example = _example_folder()
    for path in sorted(example.rglob("*")):
        relative = path.relative_to(example).as_posix()
        if path.suffix in _KINDS and not re.search(r"(^|/)[.]", relative):
            target = folder / relative.replace(_NAME_OF_EXAMPLE, name)
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(path.read_text(encoding="utf-8").replace(_NAME_OF_EXAMPLE, name), encoding="utf-8")
            except OSError as exc:
                raise StorageError(f"{target}: cannot be written: {exc.strerror}") from exc
    return folder


def _example_folder() -> Path:
    package = Path(__file__).resolve().parents[1]
    installed = package / "new_domain"
    return installed if installed.exists() else package.parent / "examples" / "domain"
