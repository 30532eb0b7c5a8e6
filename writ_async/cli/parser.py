"""The commands and their flags."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from importlib import import_module

from writ_async.cli import epilogs
from writ_async.cli.flag_groups import add_engines, add_filters, add_keep, add_run
from writ_async.cli.parser_classes import Formatter, Parser, Version, target
from writ_async.cli.parser_of_runs import add_merge, add_repair, add_status

Command = Callable[[argparse.Namespace], int]


def _run_later(module: str) -> Command:
    """The function that runs a command, imported only when it is called."""

    def run(arguments: argparse.Namespace) -> int:
        code: int = import_module(f"writ_async.cli.{module}").run_command(arguments)
        return code

    return run


def build_parser() -> argparse.ArgumentParser:
    """The parser of the `writ` command."""
    parser = argparse.ArgumentParser(
        prog="writ",
        description="Synthesise, evaluate and replay conversations between a tool agent and its user.",
        epilog="Start with: writ synth retail --n 100 --out runs/first   (no model, no GPU)",
        formatter_class=Formatter,
    )
    parser.add_argument("--version", action=Version, help="print the version")
    commands: argparse._SubParsersAction[argparse.ArgumentParser]
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=Parser)
    _add_synth(commands)
    _add_eval(commands)
    add_merge(commands, _run_later)
    add_status(commands, _run_later)
    add_repair(commands, _run_later)
    _add_compare(commands)
    _add_report(commands)
    _add_kit(commands)
    _add_replay(commands)
    _add_select(commands)
    _add_export(commands)
    _add_check(commands)
    _add_show(commands)
    _add_view(commands)
    _add_serve(commands)
    _add_doctor(commands)
    _add_plan(commands)
    _add_calibrate(commands)
    _add_new_domain(commands)
    _add_engines(commands)
    _add_domains(commands)
    _add_behaviours(commands)
    return parser


def _add_synth(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
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
    parser.set_defaults(run=_run_later("synth"))


def _add_eval(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
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
    parser.set_defaults(run=_run_later("eval"), seed=None)


def _add_compare(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
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
    parser.set_defaults(run=_run_later("compare"))


def _add_report(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
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
    parser.set_defaults(run=_run_later("report"))


def _add_kit(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "tau2-kit",
        help="take the texts of a benchmark's checkout that evaluations on its terms need",
        description=epilogs.KIT,
        formatter_class=Formatter,
    )
    parser.add_argument("checkout", metavar="CHECKOUT", help="the folder of its repository")
    parser.add_argument("--out", type=target, required=True, metavar="FILE", help="the file to write")
    parser.set_defaults(run=_run_later("tau2_kit"), benchmark="tau2")


def _add_replay(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "replay",
        help="make every tool call of a run again and compare",
        description=epilogs.REPLAY,
        formatter_class=Formatter,
    )
    parser.add_argument("path", metavar="RUN", help="a run folder")
    parser.add_argument("--data", metavar="PATH", help="the benchmark's data folder, for runs on its tasks")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=_run_later("replay"))


def _add_select(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
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
    parser.set_defaults(run=_run_later("select"))


def _add_export(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
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
    parser.set_defaults(run=_run_later("export"))


def _add_check(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
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
    parser.set_defaults(run=_run_later("check"))


def _add_show(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
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
    parser.set_defaults(run=_run_later("show"))


def _add_view(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
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
    parser.set_defaults(run=_run_later("view"))


def _add_serve(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "serve",
        help="start a model server with flags that suit this load",
        epilog=epilogs.SERVE,
        formatter_class=Formatter,
    )
    parser.add_argument("model", metavar="MODEL", help="a model folder")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on")
    parser.add_argument("--port", type=int, default=30000, help="the port to listen on")
    parser.add_argument("--context", type=int, default=0, metavar="N", help="context length; the model's if not given")
    parser.add_argument("--kv-tokens", type=int, default=0, metavar="N", help="most tokens in the KV pool")
    parser.add_argument("--device", default="", metavar="D", help="cuda, cpu, ...; the server finds it if not given")
    parser.add_argument(
        "--python", default="", metavar="PATH", help="the interpreter that has the server; this one if not given"
    )
    parser.add_argument("--engine", default="", metavar="E", help="whose server; the one that has any if not given")
    parser.add_argument("--dry-run", action="store_true", help="print the command, start nothing")
    parser.set_defaults(run=_run_later("serve"), extra=[])


def _add_doctor(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "doctor", help="check model servers, and say what to do", epilog=epilogs.DOCTOR, formatter_class=Formatter
    )
    parser.add_argument(
        "url",
        nargs="+",
        metavar="URL",
        help="a server, such as http://127.0.0.1:30000; several, also with commas between them, are compared too",
    )
    parser.add_argument(
        "--model",
        metavar="MODEL",
        help="the model: its folder (the server's own path if not given), or for openai its name",
    )
    parser.add_argument(
        "--engine",
        default="",
        metavar="E",
        help="the engine that is to use it; the one whose servers `writ serve` starts if not given",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=_run_later("doctor"))


def _add_plan(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "plan",
        help="conversations per hour of a model on a GPU, simulated",
        epilog=epilogs.PLAN,
        formatter_class=Formatter,
    )
    parser.add_argument("domains", nargs="+", metavar="DOMAIN", help="airline, retail, or one that a package registers")
    parser.add_argument("--model", default="qwen3-4b", metavar="M", help="a model of the table of machines")
    parser.add_argument("--gpu", default="h200", metavar="G", help="a GPU of the table of machines")
    parser.add_argument("--servers", type=int, default=1, metavar="N", help="how many such servers there are")
    parser.add_argument("--n", type=int, default=512, help="how many tasks")
    parser.add_argument("--trials", type=int, default=1, metavar="K", help="conversations per task")
    parser.add_argument(
        "--mix", default="", metavar="KIND=WEIGHT,...", help="kinds of tasks (default: a quarter has nothing to write)"
    )
    parser.add_argument("--fixed", type=int, action="append", metavar="C", help="a number of live ones; repeatable")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="of the tasks")
    parser.add_argument(
        "--engine-option", action="append", default=[], metavar="KEY=VALUE", help="of the simulated engine; repeatable"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=_run_later("plan"))


def _add_calibrate(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "calibrate", help="fit the simulation to a server", epilog=epilogs.CALIBRATE, formatter_class=Formatter
    )
    parser.add_argument("source", metavar="URL|FILE", help="a busy server, or its answers of /v1/loads, one per line")
    parser.add_argument("--seconds", type=float, default=60.0, metavar="S", help="how long to watch the server")
    parser.add_argument(
        "--engine", default="", metavar="E", help="whose server it is; the one that fits any if not given"
    )
    parser.add_argument(
        "--out", type=target, metavar="FILE", help="write what was fitted, for --engine-option calibration=FILE"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=_run_later("calibrate"))


def _add_new_domain(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "new-domain",
        help="make a package with a small domain that works, to start yours from",
        epilog=epilogs.NEW_DOMAIN,
        formatter_class=Formatter,
    )
    parser.add_argument("name", metavar="NAME", help="lower-case letters, digits and _; the package is writ_NAME")
    parser.add_argument("--out", type=target, metavar="DIR", help="the folder to make; NAME if not given")
    parser.set_defaults(run=_run_later("new_domain"))


def _add_engines(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("engines", help="list who can play, and their options", formatter_class=Formatter)
    parser.add_argument("name", nargs="?", metavar="NAME", help="one engine, with its options")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=_run_later("engines"))


def _add_domains(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("domains", help="list domains, their tools and recipes", formatter_class=Formatter)
    parser.add_argument("name", nargs="?", metavar="NAME", help="one domain, with its tools and recipes")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=_run_later("domains"))


def _add_behaviours(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "behaviours", help="list the ways in which users tell a request", formatter_class=Formatter
    )
    parser.add_argument("axis", nargs="?", metavar="AXIS", help="one axis, with all of its wordings")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=_run_later("behaviours"))
