"""Rows by a teacher, 2,000 of them selected, a student trained on them, τ²-bench's score: a recipe, step by step.

python -m examples.reproduce list
python -m examples.reproduce plan qwen3-4b                  what it would take: tokens, dollars, GPU hours
python -m examples.reproduce commands qwen3-4b              every command, as it would be typed
python -m examples.reproduce run qwen3-4b --tau2 CHECKOUT   all of them; again: those that are not done
python -m examples.reproduce run rehearsal --out runs/rehearsal
"""

from __future__ import annotations

import argparse
import datetime
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from examples.reproduce.costs import Cost, estimate, total
from examples.reproduce.driver import accept, run_steps
from examples.reproduce.recipe import HERE, TRAINERS, Recipe, instead, read_recipe, recipe_names
from examples.reproduce.stamps import Look, Stamps
from examples.reproduce.steps import Options, Step, between, steps_of
from examples.reproduce.table import markdown_table
from writ_async import InputError, WritError
from writ_async.runs.writing import write_whole


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code: 0 done, 1 a step or the disk failed, 2 bad input, 130 interrupted."""
    arguments = _parser().parse_args(argv)
    try:
        code: int = arguments.command(arguments)
    except WritError as exc:
        print(f"reproduce: {exc}", file=sys.stderr)
        return 2 if isinstance(exc, InputError) else 1
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m examples.reproduce", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    commands.add_parser("list", help="the recipes").set_defaults(command=_list)
    for name, what, command in (
        ("plan", "what a recipe would take", _plan),
        ("commands", "its commands, to be typed one by one", _commands),
        ("run", "do its steps; those that are done are passed over", _run),
    ):
        sub = commands.add_parser(name, help=what)
        _add_recipe(sub)
        sub.set_defaults(command=command)
        if name == "run":
            sub.add_argument("--from", dest="first", default="", metavar="STEP", help="begin with this step")
            sub.add_argument("--to", dest="last", default="", metavar="STEP", help="end with this step")
            sub.add_argument("--redo", action="store_true", help="do stale steps again; what is there goes aside")
            sub.add_argument("--accept", metavar="STEP", help="take a step as done whose outputs came from elsewhere")
            sub.add_argument("--dry-run", action="store_true", help="the same as plan")
        if name != "commands":
            sub.add_argument("--gpu-dollars", type=float, metavar="D", help="what an hour of one GPU costs")
    table = commands.add_parser("table", help="the published table beside a run's figures")
    table.add_argument("--published", required=True, metavar="STUDENT", help="whose rows, as published.toml names it")
    table.add_argument("--numbers", required=True, type=Path, metavar="FILE", help="what `writ report --json` wrote")
    table.set_defaults(command=_table)
    template = commands.add_parser("template", help="give a model's folder a template of trainers/, dated today")
    template.add_argument("name", help="as llama-3.1-llamafactory")
    template.add_argument("model", type=Path, help="the model's folder")
    template.set_defaults(command=_template)
    return parser


def _add_recipe(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("recipe", metavar="RECIPE", help=f"{', '.join(recipe_names())}, or a file.toml")
    add("--out", metavar="DIR", help="where all is kept (default: runs/reproduce/RECIPE)")
    add("--tau2", metavar="CHECKOUT", help="of τ²-bench (default: tau2-bench; a rehearsal takes TAU2_DATA_DIR)")
    add("--data", metavar="DIR", help="the benchmark's data folder, if not that of the checkout")
    add("--prompts", metavar="KIT", help="the benchmark's texts, if not those of the checkout")
    add("--rows", action="append", default=[], metavar="RUN", help="select from this run, and make none; repeatable")
    add("--model", metavar="DIR", help="the untrained student's folder (default: models/NAME)")
    add("--trainer", choices=TRAINERS, default="trl")
    add("--teacher-engine", default="", metavar="E", help="who plays the agent of the rows, instead of the recipe's")
    add("--url", metavar="URL", help="of the teacher's server: its option url")
    add("--teacher-option", action="append", default=[], metavar="KEY=VALUE", help="of the teacher; repeatable")
    add("--user-engine", default="", metavar="E", help="who plays the users of the rows, instead of the recipe's")
    add("--user-option", action="append", default=[], metavar="KEY=VALUE", help="of that; repeatable")
    add("--server", default="", metavar="URL", help="of the trained student, where somebody else serves it")
    add("--untrained-server", default="", metavar="URL", help="of the untrained one")
    add("--server-python", default="", metavar="PATH", help="the interpreter that has SGLang, if not this one")
    add(
        "--set",
        action="append",
        default=[],
        metavar="TABLE.KEY=VALUE",
        help="anything of the recipe, as selection.rows=500",
    )


def _opened(arguments: argparse.Namespace) -> tuple[Recipe, Options, list[Step]]:
    recipe = read_recipe(arguments.recipe, arguments.set)
    made = recipe.synthesis
    url = [f"url={arguments.url}"] if arguments.url else []
    made = msgspec.structs.replace(
        made,
        teacher=instead(made.teacher, arguments.teacher_engine, [*arguments.teacher_option, *url]),
        user=instead(made.user, arguments.user_engine, arguments.user_option),
    )
    recipe = msgspec.structs.replace(recipe, synthesis=made)
    data, prompts = _benchmark(arguments, recipe.rehearsal)
    name = Path(arguments.recipe).stem
    options = Options(
        out=Path(arguments.out or f"runs/reproduce/{name}"),
        rows=tuple(arguments.rows),
        model=arguments.model or f"models/{recipe.student.model.rpartition('/')[2]}",
        data=data,
        prompts=prompts,
        trainer=arguments.trainer,
        server=arguments.server,
        untrained_server=arguments.untrained_server,
        server_python=arguments.server_python,
    )
    return recipe, options, steps_of(recipe, options)


def _benchmark(arguments: argparse.Namespace, rehearsal: bool) -> tuple[str, str]:
    """The benchmark's data folder and its texts; empty where a rehearsal has none."""
    checkout = arguments.tau2 or ("" if rehearsal else "tau2-bench")
    given = arguments.data or (f"{checkout}/data" if checkout else os.environ.get("TAU2_DATA_DIR", ""))
    return given, arguments.prompts or checkout


def _list(arguments: argparse.Namespace) -> int:
    for name in recipe_names():
        print(f"{name:14} {read_recipe(name).about}")
    return 0


def _plan(arguments: argparse.Namespace) -> int:
    recipe, options, steps = _opened(arguments)
    looks = Stamps(options.out).look(steps)
    print(f"{recipe.about}\nin {options.out}: " + (_shown(looks) or "nothing yet"))
    if not Path(options.data).is_dir():  # rows can be reckoned without the benchmark, under our own texts
        options = msgspec.structs.replace(options, data="", prompts="")
        steps = steps_of(recipe, options)
    costs = list(estimate(recipe, steps, options))
    costs.append(total(costs))
    print(f"\n{'step':26} {'M tokens in':>12} {'out':>8} {'dollars':>10} {'GPU hours':>10}  how known")
    for cost in costs:
        print(_line(cost))
    print("\nTokens and dollars are reckoned from conversations of a script: a model takes more turns, and thinks.")
    if ":" in recipe.evaluation.judge:
        print(f"What {recipe.evaluation.judge} is asked as a judge is not among them.")
    if arguments.gpu_dollars:
        hours = costs[-1].gpu_hours or 0.0
        print(f"GPUs at {arguments.gpu_dollars:g} dollars an hour: {hours * arguments.gpu_dollars:,.2f} dollars")
    return 0


def _shown(looks: dict[str, Look]) -> str:
    return ", ".join(f"{name} {look.state}" for name, look in looks.items() if look.state != "open")


def _line(cost: Cost) -> str:
    tokens = f"{_number(cost.tokens_in, 2):>12} {_number(cost.tokens_out, 2):>8}"
    return f"{cost.step:26} {tokens} {_number(cost.dollars, 2):>10} {_number(cost.gpu_hours, 1):>10}  {cost.note}"


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:,.{digits}f}"


def _commands(arguments: argparse.Namespace) -> int:
    for step in _opened(arguments)[2]:
        print(f"# {step.name}: {step.about}{' (a GPU)' if step.needs_gpu else ''}\n{step.typed()}\n")
    return 0


def _run(arguments: argparse.Namespace) -> int:
    if arguments.dry_run:
        return _plan(arguments)
    recipe, options, steps = _opened(arguments)
    names = [step.name for step in steps]
    for name in (arguments.first, arguments.last, arguments.accept):
        if name and name not in names:
            raise InputError(f"no step {name!r}; there are {', '.join(names)}")
    chosen = between(steps, arguments.first, arguments.last)
    if not recipe.rehearsal and not Path(options.data).is_dir():
        raise InputError(
            f"{options.data}: no data folder of τ²-bench; give its checkout as --tau2 CHECKOUT "
            "(git clone github.com/sierra-research/tau2-bench)"
        )
    if arguments.accept:
        accept(next(step for step in steps if step.name == arguments.accept), steps, options.out)
    code = run_steps(steps, chosen, options.out, redo=arguments.redo)
    if code == 0 and not options.data:
        print("eval and report are left out: there is no benchmark (--tau2 CHECKOUT, or TAU2_DATA_DIR)")
    return code


def _table(arguments: argparse.Namespace) -> int:
    print(markdown_table(arguments.published, arguments.numbers), end="")
    return 0


def _template(arguments: argparse.Namespace) -> int:
    path = HERE / "trainers" / f"{arguments.name}.jinja"
    if not path.is_file() or not arguments.model.is_dir():
        raise InputError(f"{path if not path.is_file() else arguments.model} is not there")
    day = datetime.date.today().strftime("%d %b %Y")
    target = arguments.model / "chat_template.jinja"
    write_whole(target, path.read_text(encoding="utf-8").replace("DAY_OF_TRAINING", day).encode())
    print(f"{target}: {arguments.name}, dated {day}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
