"""The flags of the commands about servers and machines."""

from __future__ import annotations

import argparse

from writ_async.cli import epilogs
from writ_async.cli.parser_classes import Formatter, run_later, target


def add_serve(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `writ serve`."""
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
    parser.add_argument("--tensor-parallel", type=int, default=1, metavar="N", help="GPUs that share the weights")
    parser.add_argument("--device", default="", metavar="D", help="cuda, cpu, ...; the server finds it if not given")
    parser.add_argument(
        "--python", default="", metavar="PATH", help="the interpreter that has the server; this one if not given"
    )
    parser.add_argument("--engine", default="", metavar="E", help="whose server; the one that has any if not given")
    parser.add_argument("--dry-run", action="store_true", help="print the command, start nothing")
    parser.set_defaults(run=run_later("serve"), extra=[])


def add_doctor(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `writ doctor`."""
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
    parser.set_defaults(run=run_later("doctor"))


def add_plan(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `writ plan`."""
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
    parser.add_argument(
        "--gpus",
        type=int,
        metavar="N",
        help="what a run on so many such GPUs needs: live ones, cores, RAM, disk, network",
    )
    parser.add_argument("--rows", type=int, default=1_000_000, metavar="N", help="of --gpus: rows to be made")
    parser.add_argument(
        "--assume", action="append", default=[], metavar="KEY=VALUE",
        help="of --gpus: something else than is assumed of CPU, memory and machines; repeatable",
    )  # fmt: skip
    parser.add_argument("--n", type=int, default=512, help="how many tasks are simulated")
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
    parser.set_defaults(run=run_later("plan"))


def add_calibrate(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `writ calibrate`."""
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
    parser.set_defaults(run=run_later("calibrate"))
