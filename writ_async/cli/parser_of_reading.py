"""The flags of the commands that read what was played."""

from __future__ import annotations

import argparse

from writ_async.cli import epilogs
from writ_async.cli.flag_groups import add_filters
from writ_async.cli.parser_classes import Formatter, run_later, target


def add_compare(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `writ compare`."""
    parser = commands.add_parser(
        "compare",
        help="hold evaluations of the same tasks against the first",
        epilog=epilogs.COMPARE,
        formatter_class=Formatter,
    )
    parser.add_argument("paths", nargs="+", metavar="RUN", help="run folders; the others are held against the first")
    parser.add_argument(
        "--fail-below", type=float, metavar="POINTS", help="exit code 1 below this difference of pass^1, as -2"
    )
    parser.add_argument("--json", action="store_true", help="print JSON, a list where several are held")
    parser.set_defaults(run=run_later("compare"))


def add_report(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `writ report`."""
    parser = commands.add_parser(
        "report", help="a page on what runs came to, to send", epilog=epilogs.REPORT, formatter_class=Formatter
    )
    parser.add_argument("paths", nargs="+", metavar="RUN", help="run folders; several stand side by side")
    parser.add_argument("--out", metavar="FILE", help="the page to write: HTML that needs nothing else")
    parser.add_argument("--md", metavar="FILE", help="the same as Markdown; - prints it")
    parser.add_argument("--json", metavar="FILE", help="all numbers as JSON")
    parser.add_argument("--viewer", default="", metavar="URL", help="of `writ view` on these runs: rows lead there")
    parser.add_argument("--data", metavar="PATH", help="the benchmark's data folder, to measure burdens in its worlds")
    parser.add_argument(
        "--prices", metavar="FILE", help="TOML: dollars per million tokens by model; the file's go before stored ones"
    )
    parser.add_argument("--no-oracle", action="store_true", help="do not play the agent that knows the gold")
    parser.set_defaults(run=run_later("report"))


def add_kit(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `writ tau2-kit`."""
    parser = commands.add_parser(
        "tau2-kit",
        help="take the texts of a benchmark's checkout that evaluations on its terms need",
        description=epilogs.KIT,
        formatter_class=Formatter,
    )
    parser.add_argument("checkout", metavar="CHECKOUT", help="the folder of its repository")
    parser.add_argument("--out", type=target, required=True, metavar="FILE", help="the file to write")
    parser.set_defaults(run=run_later("tau2_kit"), benchmark="tau2")


def add_replay(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `writ replay`."""
    parser = commands.add_parser(
        "replay",
        help="make every tool call of a run again and compare",
        description=epilogs.REPLAY,
        formatter_class=Formatter,
    )
    parser.add_argument("path", metavar="RUN", help="a run folder")
    parser.add_argument("--data", metavar="PATH", help="the benchmark's data folder, for runs on its tasks")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run_later("replay"))


def add_select(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `writ select`."""
    parser = commands.add_parser(
        "select", help="pick rows to train on out of several runs", epilog=epilogs.SELECT, formatter_class=Formatter
    )
    parser.add_argument("paths", nargs="+", metavar="RUN", help="run folders")
    parser.add_argument("--n", type=int, required=True, help="how many rows to train on")
    parser.add_argument(
        "--out", type=target, required=True, metavar="DIR", help="the folder to write: a run, with a README.md"
    )
    parser.add_argument(
        "--max-tokens", type=int, default=0, metavar="T", help="no longer rows, system prompt and tools counted"
    )
    parser.add_argument("--tokenizer", metavar="DIR", help="the folder of the model that is to read them")
    parser.add_argument(
        "--validation", type=float, default=0.1, metavar="SHARE",
        help="so many rows more, of worlds that none of the others is of, in DIR/validation",
    )  # fmt: skip
    parser.add_argument(
        "--balance", default="", metavar="D,...",
        help="as many rows of each domain, kind, level, recipe, or axis of behaviour; none (default: "
        "domain,kind,level)",
    )  # fmt: skip
    parser.add_argument("--cap", type=int, default=4, metavar="N", help="most rows of one task")
    parser.add_argument(
        "--where", default="", metavar="FILTER", help="only rows that pass, as in `writ view`: 'tag == good and w > 1'"
    )
    add_filters(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run_later("select"))


def add_publish(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `writ publish`."""
    parser = commands.add_parser(
        "publish", help="make the kept rows a data set: parquet and a card", epilog=epilogs.PUBLISH,
        formatter_class=Formatter,
    )  # fmt: skip
    parser.add_argument("paths", nargs="+", metavar="RUN", help="run folders; several are published as one")
    parser.add_argument("--to", required=True, metavar="WHERE", help="a new folder, or hub:OWNER/NAME")
    parser.add_argument("--license", default="other", metavar="L", help="the data set's licence, as the hub names it")
    parser.add_argument("--shard-rows", type=int, default=5000, metavar="N", help="most rows of a parquet file")
    parser.add_argument("--cap", type=int, default=4, metavar="N", help="most rows of one task")
    add_filters(parser)
    parser.add_argument("--contamination", metavar="FILE", help="what `writ check --contamination` wrote, for the card")
    parser.add_argument(
        "--public", action="store_true", help="a new data set on the hub is public; private if not given"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run_later("publish"))


def add_export(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `writ export`."""
    parser = commands.add_parser(
        "export", help="write the kept rows for a trainer", epilog=epilogs.EXPORT, formatter_class=Formatter
    )
    parser.add_argument("paths", nargs="+", metavar="RUN", help="run folders; several are exported as one")
    parser.add_argument(
        "--format",
        required=True,
        metavar="F",
        help="openai, trl, llamafactory, verl, axolotl, apigen-mt, writ-2k, parquet, tokens; "
        "of an evaluation also tau2-results, tau2-submission",
    )
    parser.add_argument(
        "--out", type=target, required=True, metavar="FILE", help="the file to write, whole or not at all"
    )
    parser.add_argument("--all", action="store_true", help="all rows: rejected, near-duplicates, beyond the cap")
    parser.add_argument("--cap", type=int, default=4, metavar="N", help="most rows of one task")
    parser.add_argument(
        "--greeting", choices=("keep", "drop"), help="the agent's words before the user's first; by format if not given"
    )
    add_filters(parser)
    parser.add_argument(
        "--seat", choices=("agent", "user"), default="agent",
        help="who is to learn; user: rows turned round, where the user did nothing wrong",
    )  # fmt: skip
    parser.add_argument(
        "--prompts", default="", metavar="P",
        help="told in the texts of a benchmark, for a model that is scored under those: its name, kit or checkout",
    )  # fmt: skip
    parser.add_argument("--data", metavar="PATH", help="that benchmark's data folder, which has its policies")
    parser.add_argument("--card", action="store_true", help="a README.md for the data set, beside the file")
    parser.add_argument("--contamination", metavar="FILE", help="what `writ check --contamination` wrote, for the card")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run_later("export"))


def add_check(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `writ check`."""
    parser = commands.add_parser(
        "check", help="verify trajectories that anybody made, proofs, contamination", epilog=epilogs.CHECK,
        formatter_class=Formatter,
    )  # fmt: skip
    parser.add_argument(
        "paths", nargs="+", metavar="FILE|FOLDER",
        help="files of trajectories, folders of such files, run folders; one run folder for the three flags below",
    )  # fmt: skip
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--proofs", action="store_true", help="verify the proofs of a run's tasks instead")
    what.add_argument("--contamination", action="store_true", help="compare a run with a benchmark instead")
    what.add_argument("--diversity", action="store_true", help="how different the users of a run's kept rows are")
    parser.add_argument("--data", metavar="PATH", help="the benchmark's data folder, to replay in its worlds")
    parser.add_argument("--benchmark", default="tau2", metavar="B", help="whose data that is")
    parser.add_argument("--domain", default="", metavar="D", help="of the rows; found by the tools' names if not given")
    parser.add_argument("--writes", default="", metavar="A,B", help="tools that change something, where no domain is")
    parser.add_argument(
        "--out", type=target, metavar="FILE", help="write the verdicts (JSON Lines) or the report there"
    )
    parser.add_argument(
        "--fail-on", default="", metavar="REASONS",
        help="exit code 1 when one of these was found (A,B); `any` stands for all that is more than a remark",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run_later("check"))


def add_show(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `writ show`."""
    parser = commands.add_parser(
        "show", help="print a conversation with its task and verdict", epilog=epilogs.SHOW, formatter_class=Formatter
    )
    parser.add_argument("path", metavar="RUN", help="a run folder")
    parser.add_argument(
        "id", nargs="?", metavar="ID", help="a trajectory; the kept one with most evidence if not given"
    )
    parser.add_argument("--reason", metavar="WORD", help="the first one that was rejected for this reason")
    parser.add_argument(
        "--where",
        default="",
        metavar="FILTER",
        help="one that passes, as in `writ view`: 'reward < 1 and messages ~ sorry'",
    )
    parser.add_argument("--level", default="", metavar="L", help="one of this level: W1R3, W1 or R3")
    parser.add_argument("--kind", default="", metavar="K", help="one of this kind of task: read-heavy, refusal, ...")
    parser.add_argument("--random", type=int, metavar="SEED", help="one that is drawn")
    parser.add_argument("--list", action="store_true", help="name all of these, a line each, instead of showing one")
    parser.add_argument("--full", action="store_true", help="whole tool results")
    parser.set_defaults(run=run_later("show"))


def add_view(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `writ view`."""
    parser = commands.add_parser(
        "view", help="look at rows in a browser", epilog=epilogs.VIEW, formatter_class=Formatter
    )
    parser.add_argument(
        "paths", nargs="*", metavar="PATH",
        help="run folders, files of trajectories, folders of either; the runs below ./runs if not given",
    )  # fmt: skip
    parser.add_argument("--port", type=int, default=7414, metavar="P", help="on 127.0.0.1; 0 for any that is free")
    parser.add_argument("--static", metavar="DIR", help="write files that open without a server instead")
    parser.add_argument("--data", metavar="PATH", help="the benchmark's data folder, to show changes in its worlds")
    parser.add_argument("--benchmark", default="tau2", metavar="B", help="whose data that is")
    parser.add_argument("--domain", default="", metavar="D", help="of a file's rows; found by the tools if not given")
    parser.add_argument("--tokenizer", default="", metavar="DIR", help="the model's folder, to show what token ids say")
    parser.set_defaults(run=run_later("view"))
