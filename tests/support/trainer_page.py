"""The programs and files of docs/trainers.md, verbatim, by the trainer that they are of."""

from __future__ import annotations

import re

from tools.readme import ROOT, as_program

PAGE = (ROOT / "docs" / "trainers.md").read_text(encoding="utf-8")
TITLES = {
    "trl": "TRL", "verl": "verl", "verifiers": "verifiers and prime-rl", "openenv": "OpenEnv", "skyrl": "SkyRL",
    "slime": "slime", "areal": "AReaL",
}  # fmt: skip


def programs_of(trainer: str) -> list[str]:
    """The programs of a trainer's part of the page, in order, each as a file that can be run."""
    return [as_program(text) for text in _blocks(trainer, "python")]


def program_of(trainer: str) -> str:
    """The only one. Raises `ValueError` where there are several, or none."""
    (program,) = programs_of(trainer)
    return program


def yaml_of(trainer: str) -> str:
    """The only YAML file. Raises `ValueError` as `program_of` does."""
    (text,) = _blocks(trainer, "yaml")
    return text


def shell_line_of(trainer: str) -> str:
    """The only command line. Raises `ValueError` as `program_of` does."""
    (text,) = _blocks(trainer, "sh")
    return text.strip()


def _blocks(trainer: str, kind: str) -> list[str]:
    (part,) = re.findall(rf"^### {re.escape(TITLES[trainer])}\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    return re.findall(rf"^```{kind}\n(.*?)^```$", part, re.MULTILINE | re.DOTALL)
