"""Re-derives the golds of a run's tasks from their words alone: `python tools/rederive.py RUN [--recipes]`.

RUN is a run folder, or a file of tasks in JSON Lines. A second reader (tools/rereading), which knows nothing of how
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
from writ_async.errors import InputError  # noqa: E402
from writ_async.runs.task_sets import read_task_sets  # noqa: E402
from writ_async.runs.worlds import world_key  # noqa: E402


def main(arguments: list[str]) -> int:
    """Print where the second reading of a run's tasks differs from their golds; 1 if it does anywhere."""
    parser = argparse.ArgumentParser(description="Re-derive the golds of a run's tasks from their words alone.")
    parser.add_argument("run", metavar="RUN", help="a run folder, or a file of tasks in JSON Lines")
    parser.add_argument("--recipes", action="store_true", help="count the tasks of each recipe as well")
    given = parser.parse_args(arguments)
    try:
        found = read_task_sets([given.run], data=None, tools=None, split=None)
    except InputError as exc:
        print(f"rederive: {exc}", file=sys.stderr)
        return 2
    disagree = unread = 0
    counts: Counter[str] = Counter()
    for task in found.tasks:
        environment = found.worlds[world_key(task.world)]
        finding = rederive(task, environment.world, environment.domain)
        counts[f"{task.domain} {task.recipe}"] += not finding.what
        if finding.what:
            print(f"{task.id} ({task.recipe}): {'not read' if finding.unread else 'disagrees'}: {finding.what}")
            unread += finding.unread
            disagree += not finding.unread
    if given.recipes:
        for name, count in sorted(counts.items()):
            print(f"{name}: {count} agree")
    print(f"{len(found.tasks)} tasks, {disagree} disagree, {unread} not read")
    return 1 if disagree or unread else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
