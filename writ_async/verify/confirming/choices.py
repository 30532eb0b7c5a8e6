"""How a value of which there were several was chosen."""

from __future__ import annotations

import msgspec

from writ_async.verify.confirming.turns import Turn


class Choice(msgspec.Struct, frozen=True):
    """How a value was chosen: `how` and the message that did it; or `wanting` says why it was not, in words.

    `alone` is true where nobody but the agent had a hand in it.
    """

    how: str = ""
    message: int = -1
    wanting: str = ""
    alone: bool = False


def who_chose(turn: Turn) -> str:
    """Whose words a choice stands in."""
    return "the user chose" if turn.by_user else "the agent had told"
