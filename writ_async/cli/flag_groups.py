"""Flags that several commands have alike, and groups of flags that belong together."""

from __future__ import annotations

import argparse
from typing import Any

from writ_async.cli.parser_classes import target

ADMISSIONS = ("auto", "fixed", "unbounded", "kv-budget")


class UserEngineAction(argparse.Action):
    """Collects `--user-engine` as pairs of a text and its options; an option goes to the engine that was named last."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """See `argparse.Action`."""
        engines = list(namespace.user_engine)
        if self.dest == "user_engine":
            namespace.user_engine = [*engines, (values, ())]
        elif engines:
            name, options = engines[-1]
            namespace.user_engine = [*engines[:-1], (name, (*options, values))]
        else:
            namespace.user_engine_option = [*namespace.user_engine_option, values]


def add_keep(parser: argparse.ArgumentParser) -> None:
    """The flags of a run that keeps so many rows."""
    group = parser.add_argument_group("until so many rows are kept")
    group.add_argument(
        "--keep", type=int, metavar="N", help="instead of --n: draw and play tasks until N rows are kept"
    )
    group.add_argument(
        "--attempts",
        type=int,
        default=1,
        metavar="K",
        help="most conversations of a task; it gives its first that passes",
    )
    group.add_argument("--all-that-pass", action="store_true", help="play all K, and keep every one that passes")
    group.add_argument(
        "--balance", default="", metavar="D,...",
        help="keep rows spread as tasks are drawn, by domain, kind, level, recipe, or axes of behaviour; none: as they "
        "pass (default: domain,kind)",
    )  # fmt: skip
    group.add_argument(
        "--target-pass",
        default="",
        metavar="LOW..HIGH",
        help="only tasks that pass so often in K attempts, as 0.2..0.8",
    )
    group.add_argument(
        "--budget", default="", metavar="B", help="tokens=N,dollars=N,hours=N: when one is spent, the run ends in order"
    )


def add_filters(parser: argparse.ArgumentParser) -> None:
    """The flags that say what becomes of rows with findings."""
    parser.add_argument(
        "--mask-turns", action="store_true",
        help="keep rows with marred turns of the agent, and let nobody learn from those; formats that cannot say so "
        "leave the rows out",
    )  # fmt: skip
    parser.add_argument(
        "--filter", action="append", default=[], metavar="REASON=drop|mask|allow",
        help="what findings of a reason do (docs/verdicts.md); repeatable",
    )  # fmt: skip


def add_engines(parser: argparse.ArgumentParser) -> None:
    """The flags that say who plays."""
    group = parser.add_argument_group("engines")
    group.add_argument("--engine", default="scripted", metavar="E", help="who plays: scripted, recorded, or registered")
    group.add_argument(
        "--engine-option",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="an option of the engine; repeatable; url=A,B for several servers",
    )
    group.add_argument("--rpm", metavar="N", help="most calls a minute to the servers of each engine: its option rpm")
    group.add_argument("--tpm", metavar="N", help="the same of tokens, of prompts and answers: its option tpm")
    group.add_argument(
        "--user-engine", action=UserEngineAction, default=[], metavar="E[=WEIGHT]",
        help="another engine for the user's seat; repeatable: each conversation is played by one of them, by weight",
    )  # fmt: skip
    group.add_argument(
        "--user-engine-option", action=UserEngineAction, default=[], metavar="KEY=VALUE",
        help="an option of the --user-engine that stands before it; repeatable",
    )  # fmt: skip


def add_run(parser: argparse.ArgumentParser, *, max_steps: int) -> None:
    """The flags that every run has."""
    group = parser.add_argument_group("run")
    group.add_argument("--seed", type=int, default=0, metavar="S", help="of everything that is drawn")
    group.add_argument(
        "--out", type=target, metavar="DIR", help="the run folder; named after the settings if not given"
    )
    group.add_argument(
        "--config", metavar="FILE",
        help="flags from a TOML file (max_steps = 60), or as a run's manifest.json has them; those given here go first",
    )  # fmt: skip
    _add_spread(group)
    group.add_argument(
        "--request-timeout",
        type=float,
        default=600.0,
        metavar="SECONDS",
        help="for one model call, what it waits for a server's limit left out",
    )
    group.add_argument(
        "--timeout", type=float, default=0.0, metavar="SECONDS", help="for one conversation; none if not given"
    )
    group.add_argument("--max-steps", type=int, default=max_steps, metavar="N", help="completions and tool rounds")
    group.add_argument(
        "--max-errors", type=int, default=10, metavar="N", help="failed tool calls that end a conversation"
    )
    _add_prompts(group)
    group.add_argument(
        "--stop-when-failing", type=float, default=0.9, metavar="SHARE",
        help="end the run when so many of its first 20 conversations fail by their set-up (calls told as text, empty "
        "or cut answers, a server that gives none); 0: go on",
    )  # fmt: skip
    group.add_argument(
        "--no-check", action="store_true", help="do not try the agent's server with a tool call before the run begins"
    )
    group.add_argument(
        "--retry-failed", action="store_true",
        help="try conversations again that would fail as they did: a content filter, a chat template that refuses, an "
        "error that nobody foresaw",
    )  # fmt: skip
    group.add_argument("--resume", action="store_true", help="go on with the run in --out (it does so anyway)")
    group.add_argument(
        "--dry-run", action="store_true",
        help="say how many conversations, calls, tokens and dollars it would be, and play nothing",
    )  # fmt: skip
    group.add_argument("--quiet", action="store_true", help="no progress")
    group.add_argument("--json", action="store_true", help="print one JSON object instead of tables")


def _add_spread(group: argparse._ArgumentGroup) -> None:
    """Where conversations are played, and how many at once."""
    group.add_argument(
        "--workers", type=int, metavar="N",
        help="processes that share the work, each on a core (default: 1); --concurrency, --in-flight and --kv-tokens "
        "are of all together and are divided among them",
    )  # fmt: skip
    group.add_argument(
        "--executor", default="local", choices=("local", "ray"),
        help="where workers run: here, or on a Ray cluster (RAY_ADDRESS), by default one on each of its machines",
    )  # fmt: skip
    group.add_argument(
        "--servers-per-node", type=int, metavar="N",
        help="on Ray: each machine has N model servers of its own, at the url of the agent's engine and on the ports "
        "after it ({node} in a url: the machine's address)",
    )  # fmt: skip
    group.add_argument(
        "--start-servers", action="store_true",
        help="on Ray: start these servers, of the engine's model, and stop them at the end: one for each GPU, or N on "
        "each machine",
    )  # fmt: skip
    group.add_argument(
        "--server-option", action="append", default=[], metavar="KEY=VALUE",
        help="how they are started, as `writ serve` takes it; repeatable: tensor_parallel=GPUs of one server, context, "
        "kv_tokens, device, python, extra=\"more words\"",
    )  # fmt: skip
    group.add_argument(
        "--shard", metavar="i/n",
        help="only the i-th of n parts of the run, for `writ merge` to join (1/4 to 4/4); slurm: as the job array says",
    )  # fmt: skip
    group.add_argument("--concurrency", type=int, default=256, metavar="C", help="conversations live at once")
    group.add_argument(
        "--in-flight", type=int, default=0, metavar="C", help="model calls at once; unbounded if not given"
    )
    group.add_argument(
        "--admission", "--policy", default="auto", choices=ADMISSIONS,
        help="which conversations may begin when; auto: kv-budget with --kv-tokens. --policy is its old name, for this "
        "release alone",
    )  # fmt: skip
    group.add_argument(
        "--kv-tokens", type=int, default=0, metavar="N", help="each server's KV pool; asked of it if not given"
    )


def _add_prompts(group: argparse._ArgumentGroup) -> None:
    """What the two seats are told, and how the user is held to it."""
    group.add_argument(
        "--greeting", metavar="TEXT|none", help="the agent's first words, said without a model; none: the user begins"
    )
    group.add_argument(
        "--agent-prompt", default="writ", metavar="P",
        help="what the agent is told: writ, a benchmark (tau2), or a file with {policy} in it; on a benchmark's own "
        "terms (eval --prompts) writ is the benchmark's",
    )  # fmt: skip
    group.add_argument(
        "--user-prompt", default="writ", metavar="P", help="what the simulated user is told: the same, with {scenario}"
    )
    group.add_argument(
        "--user-retries", type=int, default=0, metavar="K",
        help="ask a user again, K times at most, whose answer makes something up, gives away what had to be read, "
        "stops too early or speaks as the agent",
    )  # fmt: skip
