"""What tasks are to be like: all of a run, or single ones that are drawn after others."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from writ_async.core.domain import Domain, Draft


class TaskAim(msgspec.Struct, frozen=True):
    """What a task is to be like: of a recipe, of a level, with gold writes by these tools alone, and these reads.

    What is empty is left open.
    """

    domain: str
    recipe: str = ""
    level: str = ""
    writes: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()

    def wider(self) -> list[TaskAim]:
        """This aim, then ones that ask for less and less, for a domain that has no such task."""
        no_level = msgspec.structs.replace(self, level="")
        no_reads = msgspec.structs.replace(no_level, reads=())
        of_level = TaskAim(self.domain, level=self.level)
        return list(dict.fromkeys((self, no_level, no_reads, of_level, TaskAim(self.domain))))

    def accepts(self, draft: Draft, domain: Domain) -> bool:
        """Whether the gold calls of a draft are by the tools that are asked for."""
        names = {action.name for action in draft.actions}
        writes = {action.name for action in draft.actions if domain.writes(action)}
        return (not self.writes or writes == set(self.writes)) and names.issuperset(self.reads)


class TaskWishes(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for beside the mix: weights of levels, and the most tokens that tool results may come to.

    With `aims`, each with its weight, tasks are drawn after those, and neither by the mix nor by levels.
    """

    levels: Mapping[str, float] = {}
    max_tool_tokens: int = 0
    aims: tuple[tuple[TaskAim, float], ...] = ()
