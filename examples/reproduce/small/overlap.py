"""What tasks to train on and to test on have in common: the product's own report, worlds, families, customers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from examples.reproduce.small.rows import play_messages
from examples.reproduce.small.tasks import Played
from writ_async import Termination, Trajectory
from writ_async.core.trajectory import trajectory_id
from writ_async.curation.contamination import Contamination, measure_contamination


class Overlap(msgspec.Struct, frozen=True, kw_only=True):
    """The report of `writ_async.curation.contamination`, worlds in common, and requests in common once ids are places.

    Both sides are of the same families and told by the same phrases, so these are shared by design; what must not be
    shared are worlds, customers, orders, gold writes and answers. `families` have the number of tasks of each,
    `customers` the number of customers, `customers_of` that of the customers of each kind of task to test on, and
    `customers_both` how many are on both sides by their ids.
    """

    report: Contamination
    worlds_trained: list[int]
    worlds_tested: list[int]
    families_trained: dict[str, int]
    families_tested: dict[str, int]
    customers_trained: int
    customers_tested: int
    customers_both: int
    customers_of: dict[str, int]
    same_request: int
    tested: int

    def sentences(self) -> list[str]:
        """The report in a few lines."""
        both = set(self.worlds_trained) & set(self.worlds_tested)
        families = self.families_trained.keys() & self.families_tested.keys()
        kinds = ", ".join(f"{count} of {kind} ones" for kind, count in self.customers_of.items())
        return [
            *self.report.sentences(),
            f"{len(self.worlds_trained)} worlds to train on, {len(self.worlds_tested)} to test on, {len(both)} both. "
            f"Of {self.tested} requests to test on, {self.same_request} are word for word one to train on, ids aside.",
            f"{len(self.families_trained)} families of tasks to train on, {len(self.families_tested)} to test on, "
            f"{len(families)} both: {', '.join(sorted(families))}.",
            f"{self.customers_trained:,} customers to train on, {self.customers_tested:,} to test on "
            f"({kinds}), {self.customers_both:,} both.",
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
    ours, others = _customers(tested), _customers(trained)
    return Overlap(
        report=report,
        worlds_trained=sorted({one.case.task.world.seed for one in trained}),
        worlds_tested=sorted({one.case.task.world.seed for one in tested}),
        families_trained=dict(Counter(one.case.task.recipe for one in trained)),
        families_tested=dict(Counter(one.case.task.recipe for one in tested)),
        customers_trained=len(others),
        customers_tested=len(ours),
        customers_both=len({customer for _, customer in ours} & {customer for _, customer in others}),
        customers_of={
            kind: len(_customers([one for one in tested if one.case.task.kind == kind]))
            for kind in dict.fromkeys(one.case.task.kind for one in tested)
        },
        same_request=sum(one.case.request in known for one in tested),
        tested=len(tested),
    )


def _customers(played: Sequence[Played]) -> set[tuple[int, str]]:
    """Who the tasks are of: the seed of the world, and the id there."""
    return {(one.case.task.world.seed, one.case.user) for one in played}
