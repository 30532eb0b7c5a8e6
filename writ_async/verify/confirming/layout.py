"""What was told of a write, argument by argument."""

from __future__ import annotations

import msgspec

from writ_async.verify.confirming.arguments import Argument


class Told(msgspec.Struct, frozen=True):
    """How one argument was told: the message that told it (-1: it needed no telling), and by what."""

    argument: str
    how: str
    message: int = -1
    kind: str = ""

    def __str__(self) -> str:
        return f"{self.argument} {self.how} [{self.message}]" if self.message >= 0 else f"{self.argument} {self.how}"


class Layout(msgspec.Struct):
    """What was told of a write, what was wanting, in words, and which of that nobody but the agent chose.

    `differs` where something else was chosen than what the call has.
    """

    told: list[Told] = []
    wanting: list[str] = []
    alone: list[str] = []
    differs: bool = False

    def add(self, argument: Argument, how: str, message: int = -1) -> None:
        """Note that an argument was told."""
        self.told.append(Told(str(argument), how, message, argument.kind))
