"""τ²-bench's own text runner on the script's tasks, one at a time: more at once cost it more CPU per call.

Its tools, its user, its evaluation, its defaults; results are kept in memory, not written. Runs in its environment:

    cd bench && TAU2_DATA_DIR=DATA PYTHON -m client_loads.tau2 SCRIPT URL
"""

from __future__ import annotations

import contextlib
import os
import sys
from typing import Any

from bench.client_loads.meter import Meter, load_parser, read_load

MODEL = "gpt-4.1-2025-04-14"  # a name whose price its runner knows: for others it logs an error per call


def main() -> None:
    """Read the arguments and run."""
    parser = load_parser(__doc__)
    parser.set_defaults(concurrency=1)
    options, script = read_load(parser)
    os.environ |= {"OPENAI_BASE_URL": f"{options.url}/v1", "OPENAI_API_BASE": f"{options.url}/v1"}
    os.environ |= {"OPENAI_API_KEY": "none", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    os.environ.setdefault("TAU2_DATA_DIR", script["data"])

    from rich.console import Console
    from tau2.data_model.simulation import TextRunConfig
    from tau2.runner.batch import run_tasks
    from tau2.runner.helpers import get_tasks
    from tau2.utils.display import ConsoleDisplay

    ConsoleDisplay.console = Console(quiet=True)
    chosen: dict[str, list[Any]] = {}
    for domain in script["domains"]:
        wanted = {plan["number"] for plan in script["plans"] if plan["domain"] == domain}
        chosen[domain] = [task for task in get_tasks(domain, task_split_name="base") if task.id in wanted]
    assert sum(map(len, chosen.values())) == len(script["plans"])

    def run(domain: str, tasks: list[Any], trials: int) -> int:
        config = TextRunConfig(
            domain=domain,
            llm_agent=MODEL,
            llm_user=MODEL,
            llm_args_agent={"temperature": 0.0},
            llm_args_user={"temperature": 0.0},
            num_trials=trials,
            max_concurrency=options.concurrency,
            log_level="ERROR",
            task_split_name="base",
        )
        with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
            return len(run_tasks(config, tasks, console_display=False).simulations)

    for domain, tasks in chosen.items():
        run(domain, tasks[:1], 1)  # imports, the first client, the first reading of the database
    with Meter(options.url, options.trials * len(script["plans"])):
        done = sum(run(domain, tasks, options.trials) for domain, tasks in chosen.items())
    assert done == options.trials * len(script["plans"])
    sys.stdout.flush()
    os._exit(0)  # its libraries' threads do not end by themselves


if __name__ == "__main__":
    main()
