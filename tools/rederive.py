"""Re-derives golds from words alone: `python tools/rederive.py RUN [--recipes]`, or `--families N DOMAIN...`.

RUN is a run folder, or a file of tasks in JSON Lines; with `--families` N tasks of every family are drawn instead, half
of them from each of two worlds. A second reader (tools/rereading), which knows nothing of how
tasks are made, reads each request and what the customer says when asked, looks the world through for the writes that
follow, and holds them against the gold; the instructions for a model are read as well. One line per task that differs
or cannot be read, the count last: "N tasks, M disagree, K not read". Exit code 1 where there is any such task.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from tools.rereading.compare import rederive  # noqa: E402
from tools.rereading.sample import tasks_of_families  # noqa: E402
from writ_async import Environment, InputError, Task, load_domain  # noqa: E402
from writ_async.runs.task_sets import read_task_sets  # noqa: E402
from writ_async.runs.worlds import open_world, world_key  # noqa: E402


class Count:
    """What was found so far: tasks, those that disagree, those not read, and by recipe those that agree."""

    def __init__(self) -> None:
        self.tasks = self.disagree = self.unread = 0
        self.agree: Counter[str] = Counter()

    def look_at(self, task: Task, environment: Environment) -> None:
        """Re-derive a task, and print a line where it is not as the words say."""
        finding = rederive(task, environment.world, environment.domain)
        self.tasks += 1
        self.agree[f"{task.domain} {task.recipe}"] += not finding.what
        if finding.what:
            verdict = "not read" if finding.unread else "disagrees"
            print(f"{task.id} ({task.recipe}): {verdict}: {finding.what}", flush=True)
            self.unread += finding.unread
            self.disagree += not finding.unread


def main(arguments: list[str]) -> int:
    """Print where the second reading of tasks differs from their golds; 1 if it does anywhere, 2 for wrong input."""
    parser = argparse.ArgumentParser(description="Re-derive the golds of tasks from their words alone.")
    parser.add_argument("run", metavar="RUN", nargs="+", help="a run folder or file of tasks, or domains")
    parser.add_argument("--families", type=int, default=0, metavar="N", help="draw N tasks of every family")
    parser.add_argument("--seed", type=int, default=1, help="of the first of the two worlds")
    parser.add_argument("--recipes", action="store_true", help="count the tasks of each recipe as well")
    given = parser.parse_args(arguments)
    count = Count()
    try:
        if given.families:
            for name in given.run:
                for seed in (given.seed, given.seed + 1):
                    for _, tasks in tasks_of_families(load_domain(name), (given.families + 1) // 2, seed):
                        for task in tasks:
                            count.look_at(task, open_world(task.world, None))
        else:
            found = read_task_sets(given.run, data=None, tools=None, split=None)
            for task in found.tasks:
                count.look_at(task, found.worlds[world_key(task.world)])
    except InputError as exc:
        print(f"rederive: {exc}", file=sys.stderr)
        return 2
    if given.recipes or given.families:
        for name, agreeing in sorted(count.agree.items()):
            print(f"{name}: {agreeing} agree")
    print(f"{count.tasks} tasks, {count.disagree} disagree, {count.unread} not read")
    return 1 if count.disagree or count.unread else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
