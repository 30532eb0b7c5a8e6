"""What tasks to train on and tasks to test on have in common: the product's own report, and requests word for word."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from examples.reproduce.small.rows import play_messages
from examples.reproduce.small.tasks import Played
from writ_async import Termination, Trajectory
from writ_async.core.trajectory import trajectory_id
from writ_async.curation.contamination import Contamination, measure_contamination


class Overlap(msgspec.Struct, frozen=True, kw_only=True):
    """The report of `writ_async.curation.contamination`, worlds in common, and requests in common once ids are places.

    Both sides are told by the same phrases, so wording is shared by design; what must not be shared are worlds,
    customers, orders, gold writes and answers.
    """

    report: Contamination
    worlds_trained: list[int]
    worlds_tested: list[int]
    same_request: int
    tested: int

    def sentences(self) -> list[str]:
        """The report in a few lines."""
        both = set(self.worlds_trained) & set(self.worlds_tested)
        return [
            *self.report.sentences(),
            f"{len(self.worlds_trained)} worlds to train on, {len(self.worlds_tested)} to test on, {len(both)} both. "
            f"Of {self.tested} requests to test on, {self.same_request} are word for word one to train on, ids aside.",
        ]


def measure_overlap(trained: Sequence[Played], tested: Sequence[Played]) -> Overlap:
    """Hold the tasks to test on against those to train on."""
    domains = {one.environment.domain.name: one.environment.domain for one in tested}
    rows = [
        Trajectory(
            id=trajectory_id(one.case.task.id, 0), task_id=one.case.task.id, domain=one.case.task.domain,
            kind=one.case.task.kind, trial=0, seed=0, messages=tuple(play_messages(one)),
            termination=Termination.AGENT_STOP,
        )
        for one in tested
    ]  # fmt: skip
    theirs = [one.case.task for one in trained]
    report = measure_contamination(
        "test", "the tasks to train on", [one.case.task for one in tested], rows, theirs, domains
    )
    known = {one.case.request for one in trained}
    return Overlap(
        report=report,
        worlds_trained=sorted({one.case.task.world.seed for one in trained}),
        worlds_tested=sorted({one.case.task.world.seed for one in tested}),
        same_request=sum(one.case.request in known for one in tested),
        tested=len(tested),
    )
