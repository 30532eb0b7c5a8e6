"""What was told of a write, argument by argument."""

from __future__ import annotations

import msgspec

from writ_async.verify.confirming.arguments import Argument


class Layout(msgspec.Struct):
    """What was told of a write, what was wanting, in words, and which of that nobody but the agent chose.

    Of what was told `given` has the kinds, each with the message that told it (-1: it needed no telling). `differs`
    where something else was chosen than what the call has.
    """

    told: list[str] = []
    given: list[tuple[int, str]] = []
    wanting: list[str] = []
    alone: list[str] = []
    differs: bool = False

    def add(self, argument: Argument, how: str, message: int = -1) -> None:
        """Note that an argument was told."""
        self.told.append(f"{argument} {how} [{message}]" if message >= 0 else f"{argument} {how}")
        self.given.append((message, argument.kind))
