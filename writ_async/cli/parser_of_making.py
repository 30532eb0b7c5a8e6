"""The flags of the commands that play: `writ synth` and `writ eval`."""

from __future__ import annotations

import argparse

from writ_async.cli import epilogs
from writ_async.cli.flag_groups import add_engines, add_filters, add_keep, add_run
from writ_async.cli.parser_classes import Formatter, run_later


def add_synth(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `writ synth`."""
    parser = commands.add_parser(
        "synth",
        help="make tasks, simulate them, keep what is correct",
        epilog=epilogs.SYNTH,
        formatter_class=Formatter,
    )
    parser.add_argument("domains", nargs="+", metavar="DOMAIN", help="airline, retail, or one that a package registers")
    parser.add_argument("--n", type=int, help="how many tasks, with one conversation each (default: 100)")
    add_keep(parser)
    parser.add_argument(
        "--mix", default="", metavar="KIND=WEIGHT,...", help="kinds of tasks (default: a quarter has nothing to write)"
    )
    parser.add_argument(
        "--levels", default="", metavar="LEVEL=WEIGHT,...", help="by writes and burden: W2R3=1,W1R4=2; any if not given"
    )
    parser.add_argument(
        "--from-failures", metavar="RUN", help="tasks like those in which the agent of a run failed, in fresh worlds"
    )
    parser.add_argument(
        "--max-tool-tokens", type=int, default=0, metavar="N", help="most tokens of a task's tool results; 0: any"
    )
    parser.add_argument("--world-size", type=int, default=500, metavar="USERS", help="users in each generated world")
    parser.add_argument(
        "--behaviours",
        default="on",
        metavar="B",
        help="of the users: on, off (all plain), plain=SHARE (default 0.15), or AXIS=VALUE,AXIS=VALUE",
    )
    parser.add_argument("--phraser", metavar="E", help="an engine that rewrites the requests; checked by program")
    parser.add_argument(
        "--phraser-option", action="append", default=[], metavar="KEY=VALUE", help="an option of it; repeatable"
    )
    parser.add_argument("--phraser-check", metavar="E", help="an engine that is asked what the phraser's words mean")
    parser.add_argument(
        "--phraser-check-option", action="append", default=[], metavar="KEY=VALUE", help="an option of it; repeatable"
    )
    parser.add_argument("--mistakes", metavar="RATE", help="of the scripted engine: 0.2, or KIND=RATE,KIND=RATE")
    parser.add_argument("--user-mistakes", metavar="RATE", help="the same of the scripted user")
    parser.add_argument(
        "--stop-early", action="append", default=[], metavar="RULE",
        help="failed: end conversations with a write that no verdict will forgive; the kept rows are the same",
    )  # fmt: skip
    add_filters(parser)
    parser.add_argument(
        "--prompts", default="", metavar="P",
        help="give agents the prompt, policies and tool schemas of a benchmark (its name, kit or checkout), for a "
        "model that is scored under those",
    )  # fmt: skip
    parser.add_argument("--data", metavar="PATH", help="a benchmark's folder, where its prompts are asked for")
    add_engines(parser)
    add_run(parser, max_steps=100)
    parser.set_defaults(run=run_later("synth"))


def add_eval(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `writ eval`."""
    parser = commands.add_parser(
        "eval", help="play tasks several times and report pass^k", epilog=epilogs.EVAL, formatter_class=Formatter
    )
    parser.add_argument(
        "--tasks", action="append", required=True, metavar="SOURCE", help="tau2:retail, a tasks file, a run; repeatable"
    )
    parser.add_argument("--data", metavar="PATH", help="the benchmark's data folder (else TAU2_DATA_DIR)")
    parser.add_argument(
        "--split", default="", help="which of the benchmark's lists of tasks; its base list if not given"
    )
    parser.add_argument(
        "--tool-schemas", metavar="PATH", help="the benchmark's own tool schemas, to show instead of ours"
    )
    parser.add_argument(
        "--prompts", default="", metavar="P",
        help="on whose terms: writ (ours), the benchmark's name, or its kit or checkout. A benchmark's are its "
        "prompts, tool schemas, temperature and seeds; they hold where all tasks are its and its texts are there",
    )  # fmt: skip
    parser.add_argument("--trials", type=int, default=1, metavar="K", help="conversations per task")
    parser.add_argument(
        "--until-width", type=float, metavar="W",
        help="after --trials, try all tasks of a subset again as long as the 95 %% interval that the chance of trials "
        "leaves of its pass^1 is wider than W points",
    )  # fmt: skip
    parser.add_argument(
        "--most-trials", type=int, default=32, metavar="M", help="with --until-width: how often a task is tried at most"
    )
    parser.add_argument("--limit", type=int, default=0, metavar="N", help="only the first N tasks of each source")
    parser.add_argument(
        "--judge", default="assume-met", metavar="J",
        help="of plain-language assertions: assume-met, assume-unmet, or a model as ENGINE:MODEL, asked once for each "
        "conversation that has some",
    )  # fmt: skip
    parser.add_argument(
        "--judge-option", action="append", default=[], metavar="KEY=VALUE",
        help="an option of the judge's engine, as url=...; repeatable",
    )  # fmt: skip
    parser.add_argument("--mistakes", metavar="RATE", help="of the scripted engine: 0.2, or KIND=RATE,KIND=RATE")
    parser.add_argument(
        "--stop-early", action="append", default=[], metavar="RULE",
        help="settled=K: end trials once pass^K of their task is 0, with K as --trials if not given; failed: end those "
        "that the strict verdict will not keep. A pass^k that is not certain then is not shown; repeatable",
    )  # fmt: skip
    add_engines(parser)
    add_run(parser, max_steps=200)
    parser.set_defaults(run=run_later("eval"), seed=None)
