"""The steps of a recipe: each one command, with what it makes, what it rests on and what decides its outcome."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from examples.reproduce.recipe import Player, Recipe, Value, read_config, trainer_file

# Where servers are, how often and how fast they are called and what a run shows decides no row of it.
_FREE_OPTIONS = frozenset(
    {"url", "timeout", "deadline", "attempts", "rpm", "tpm", "prices"}
    | {"proxy", "trust_env", "key_env", "key_header", "headers", "api_version"}
)
_FREE_FLAGS = frozenset({"--data", "--out", "--quiet", "--json", "--md", "--port", "--host", "--python"})
_LONE_FLAGS = frozenset({"--quiet"})
_PORT = 30000
"""Where a student is served on this machine."""
_STUDENT = ("train", "template")
"""The steps after which there is a trained student."""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Where things are: the folder of the run, the untrained student, the benchmark, servers that are up already.

    `data` and `prompts` are the benchmark's data folder and its texts (a checkout or a kit), empty where there is none.
    `server` and `untrained_server` are addresses of servers that somebody else has started, `rows` are runs that are
    there already, to be selected from instead of new ones.
    """

    out: Path
    rows: tuple[str, ...] = ()
    model: str = ""
    data: str = ""
    prompts: str = ""
    trainer: str = "trl"
    server: str = ""
    untrained_server: str = ""
    server_python: str = ""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One command. `outputs` are what says that it is done, `after` the steps that it rests on.

    `makes` is what a step that is done again finds no longer there (its outputs, if not given), `folder` one that it
    wants to find.
    `stdout` is the file that its output goes to. A `service` is a server at that address, which is up while steps that
    name it in `while_up` run. `told` is a step that is only printed. `config` has the keys of a trainer's file.
    """

    name: str
    about: str
    command: tuple[str, ...]
    outputs: tuple[Path, ...] = ()
    makes: tuple[Path, ...] = ()
    folder: Path | None = None
    after: tuple[str, ...] = ()
    stdout: Path | None = None
    service: str = ""
    while_up: str = ""
    told: bool = False
    needs_gpu: bool = False
    config: Mapping[str, str] = {}
    checkpoints: Path | None = None

    def typed(self) -> str:
        """The command as it would be typed."""
        line = shlex.join(self.command)
        return line if self.stdout is None else f"{line} > {shlex.quote(str(self.stdout))}"

    def settings(self, out: Path) -> dict[str, str]:
        """What decides the outcome: flags and their values, with the run's folder left out, and the trainer's keys."""
        found = {f"{key}:": value for key, value in self.config.items()}
        for key, value in _flags(self.command):
            if key.rpartition(" ")[2] not in _FREE_OPTIONS and key not in _FREE_FLAGS:
                known = found.get(key)
                text = value.replace(str(out), "OUT")
                found[key] = text if known is None else f"{known} {text}"
        return found


def _flags(command: Sequence[str]) -> list[tuple[str, str]]:
    """Flags with their values; options as `--flag key`; words before the first flag under the empty key."""
    found: list[tuple[str, str]] = []
    flag = ""
    for word in command:
        if word.startswith("--") and len(word) > 2:
            flag = word
            if word in _LONE_FLAGS:
                found.append((word, "given"))
                flag = ""
            continue
        key, equals, value = word.partition("=")
        if equals and (flag.endswith("-option") or not flag):
            found.append((f"{flag} {key}".strip(), value))
        else:
            found.append((flag, word))
        flag = flag if flag in ("--tasks", "") else ""
    return found


def steps_of(recipe: Recipe, options: Options) -> list[Step]:
    """All steps in their order."""
    steps = [] if recipe.rehearsal else [_model(recipe, options)]
    steps += [_synth(recipe, options, seed) for seed in recipe.synthesis.seeds if not options.rows]
    made = tuple(step.name for step in steps)
    steps += [_select(recipe, options, made), _replay(options)]
    if options.data:
        steps.append(_contamination(options))
    steps += [_publish(options), *_exports(recipe, options)]
    steps.append(_train(recipe, options))
    if recipe.student.configs.startswith("llama") and options.trainer == "llamafactory":
        steps.append(_dress(recipe, options))
    if not options.data:
        return steps
    if recipe.evaluation.untrained:
        model = options.model
        steps += _evaluation(recipe, options, "eval-untrained", model, options.untrained_server, ("model",))
    rests_on = () if recipe.rehearsal else (next(step.name for step in reversed(steps) if step.name in _STUDENT),)
    steps += _evaluation(recipe, options, "eval", str(options.out / "model"), options.server, rests_on)
    return [*steps, *_reports(recipe, options)]


def _model(recipe: Recipe, options: Options) -> Step:
    return Step(
        name="model",
        about="fetch the student before training",
        command=("hf", "download", recipe.student.model, "--local-dir", options.model),
        outputs=(Path(options.model) / "config.json",),
    )


def _synth(recipe: Recipe, options: Options, seed: int) -> Step:
    made = recipe.synthesis
    out = options.out / f"synth-{seed}"
    command = ["writ", "synth", *made.domains, "--keep", str(made.keep), "--seed", str(seed)]
    command += ["--world-size", str(made.world_size)]
    command += _given("--mix", made.mix) + _given("--levels", made.levels)
    command += _given("--attempts", made.attempts if made.attempts > 1 else "")
    command += _given("--user-retries", made.user_retries or "")
    command += [word for rule in made.filters for word in ("--filter", rule)]
    command += _seat("--engine", made.teacher) + _seat("--user-engine", made.user) + _texts(options)
    return Step(
        name=f"synth-{seed}",
        about=f"{made.keep:,} rows that pass every filter, from worlds of seed {seed}",
        command=(*command, "--quiet", "--out", str(out)),
        outputs=(out / "summary.json",),
        makes=(out,),
    )


def _select(recipe: Recipe, options: Options, after: tuple[str, ...]) -> Step:
    chosen = recipe.selection
    runs = options.rows or [str(options.out / f"synth-{seed}") for seed in recipe.synthesis.seeds]
    command = ["writ", "select", *runs, "--n", str(chosen.rows), "--validation", f"{chosen.validation:g}"]
    if chosen.max_tokens and not recipe.rehearsal:
        command += ["--max-tokens", str(chosen.max_tokens), "--tokenizer", options.model]
    command += _given("--balance", chosen.balance)
    return Step(
        name="select",
        about=f"{chosen.rows:,} rows to train on, and others to validate on",
        command=(*command, "--out", str(options.out / "selected")),
        outputs=(options.out / "selected" / "README.md",),
        makes=(options.out / "selected",),
        after=after,
    )


def _replay(options: Options) -> Step:
    return Step(
        name="replay",
        about="make every tool call of the rows again",
        command=("writ", "replay", str(options.out / "selected")),
        outputs=(options.out / "replay.txt",),
        stdout=options.out / "replay.txt",
        after=("select",),
    )


def _contamination(options: Options) -> Step:
    file = options.out / "contamination.json"
    command = ("writ", "check", "--contamination", str(options.out / "selected"), "--data", options.data, "--json")
    return Step(
        name="contamination",
        about="what the rows have in common with the benchmark",
        command=command,
        outputs=(file,),
        stdout=file,
        after=("select",),
    )


def _publish(options: Options) -> Step:
    file = options.out / "contamination.json"
    told = ("--contamination", str(file)) if options.data else ()
    return Step(
        name="publish",
        about="the rows as a data set, with a card",
        command=("writ", "publish", str(options.out / "selected"), *told, "--to", str(options.out / "published")),
        outputs=(options.out / "published" / "README.md",),
        makes=(options.out / "published",),
        after=("select", "contamination") if options.data else ("select",),
    )


def _exports(recipe: Recipe, options: Options) -> list[Step]:
    """The rows to train on and to validate on, as the trainer reads them: train.jsonl and test.jsonl of one folder.

    No card stands beside them: a folder with one has the splits that it names, and no others.
    """
    folder = options.out / "export" / options.trainer
    # TRL's rows keep the greeting that the benchmark's agents begin with; Llama's own template has no place for it, and
    # LLaMA-Factory's rows begin with the user.
    keep = options.trainer == "trl" and not recipe.student.configs.startswith("llama")
    tail = ("--format", options.trainer, "--greeting", "keep" if keep else "drop")
    steps = [
        Step(
            name=name,
            about=f"{file} for {options.trainer}",
            command=("writ", "export", str(options.out / run), *tail, "--out", str(folder / file)),
            outputs=(folder / file,),
            folder=folder,
            after=("select",),
        )
        for name, run, file in (
            ("export", "selected", "train.jsonl"),
            ("export-validation", "selected/validation", "test.jsonl"),
        )
    ]
    return steps if recipe.selection.validation else steps[:1]


def _train(recipe: Recipe, options: Options) -> Step:
    config = trainer_file(recipe, options.trainer)
    shown = os.path.relpath(config)
    data, model = str(options.out / "export" / options.trainer), options.out / "model"
    if options.trainer == "trl":
        command = ["trl", "sft", "--config", shown, "--accelerate_config", "zero3"]
        command += ["--num_processes", str(recipe.training.gpus), "--model_name_or_path", options.model]
        command += ["--dataset_name", data, "--output_dir", str(model)]
        command += [] if recipe.selection.validation else ["--eval_strategy", "no"]
    else:
        command = ["llamafactory-cli", "train", shown, f"model_name_or_path={options.model}"]
        command += [f"dataset_dir={data}", f"output_dir={model}"]
        command += [] if recipe.selection.validation else ["eval_strategy=no", "eval_dataset=null"]
    return Step(
        name="train",
        about=f"all parameters on {recipe.training.gpus} GPUs",
        command=tuple(command),
        outputs=(model / "config.json",),
        makes=(model,),
        after=("export", "export-validation") if recipe.selection.validation else ("export",),
        needs_gpu=True,
        told=recipe.rehearsal,
        config=read_config(config),
        checkpoints=model if options.trainer == "trl" else None,
    )


def _dress(recipe: Recipe, options: Options) -> Step:
    command = ("python", "-m", "examples.reproduce", "template", "llama-3.1-llamafactory", str(options.out / "model"))
    return Step(
        name="template",
        about="serve the student under the template that LLaMA-Factory trains with",
        command=command,
        outputs=(options.out / "model" / "chat_template.jinja",),
        after=("train",),
        told=recipe.rehearsal,
    )


def _evaluation(
    recipe: Recipe, options: Options, name: str, model: str, server: str, after: tuple[str, ...]
) -> list[Step]:
    asked = recipe.evaluation
    steps = []
    url = server or f"http://127.0.0.1:{_PORT}"
    serve = name.replace("eval", "serve")
    if not (server or recipe.rehearsal):
        command = ["writ", "serve", model, "--port", str(_PORT), "--context", str(recipe.serving.context)]
        command += _given(
            "--tensor-parallel", recipe.serving.tensor_parallel if recipe.serving.tensor_parallel > 1 else ""
        )
        command += _given("--python", options.server_python)
        steps.append(
            Step(
                name=serve,
                about=f"serve {'the untrained student' if 'untrained' in name else 'the student'}, in another terminal",
                command=tuple(command),
                after=after,
                service=url,
                needs_gpu=True,
            )
        )
    player = Player("scripted") if recipe.rehearsal else Player("sglang", {"url": url, "model": model})
    command = ["writ", "eval", *[word for source in asked.tasks for word in ("--tasks", source)]]
    command += ["--trials", str(asked.trials), *_given("--limit", asked.limit or "")]
    command += _seat("--engine", player) + _seat("--user-engine", asked.user) + _judge(recipe)
    command += _texts(options) or ["--data", options.data]
    out = options.out / name
    steps.append(
        Step(
            name=name,
            about=f"{asked.trials} trials of the benchmark's tasks on its own terms",
            command=(*command, "--quiet", "--out", str(out)),
            outputs=(out / "summary.json",),
            makes=(out,),
            after=after,
            while_up=serve if steps else "",
        )
    )
    return steps


def _reports(recipe: Recipe, options: Options) -> list[Step]:
    folder = options.out / "report"
    names = ("eval-untrained", "eval") if recipe.evaluation.untrained else ("eval",)
    runs = [str(options.out / name) for name in names]
    numbers = folder / "numbers.json"
    told = ("--md", str(folder / "report.md"), "--json", str(numbers), "--data", options.data)
    table = ("python", "-m", "examples.reproduce", "table", "--published", recipe.published, "--numbers", str(numbers))
    return [
        Step(
            name="report",
            about="all that the evaluations say",
            command=("writ", "report", *runs, *told),
            outputs=(folder / "report.md", numbers),
            folder=folder,
            after=names,
        ),
        Step(
            name="table",
            about="the published table beside this run's figures, with intervals",
            command=table,
            outputs=(folder / "table.md",),
            stdout=folder / "table.md",
            after=("report",),
        ),
    ]


def _given(flag: str, value: Value) -> list[str]:
    return [] if value == "" else [flag, str(value)]


def _seat(flag: str, who: Player) -> list[str]:
    return [flag, who.engine, *_options(f"{flag}-option", who.options)]


def _options(flag: str, options: Mapping[str, Value]) -> list[str]:
    return [word for key, value in options.items() for word in (flag, f"{key}={_word(value)}")]


def _word(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _judge(recipe: Recipe) -> list[str]:
    return ["--judge", recipe.evaluation.judge, *_options("--judge-option", recipe.evaluation.judge_options)]


def _texts(options: Options) -> list[str]:
    """The benchmark's own prompts, policies and tool schemas, where they are to be had."""
    return ["--prompts", options.prompts, "--data", options.data] if options.prompts else []


def between(steps: Iterable[Step], first: str, last: str) -> list[str]:
    """The names from `first` to `last`, both included; empty stands for either end."""
    names = [step.name for step in steps]
    start = names.index(first) if first else 0
    end = names.index(last) if last else len(names) - 1
    return names[start : end + 1]
