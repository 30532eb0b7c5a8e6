"""Replays recorded calls and conversations of τ²-bench and says where our environment or evaluator answers otherwise.

    python tools/conformance.py --data PATH FILE.jsonl.gz...

Each file holds gold, fuzz or eval vectors of one domain, one JSON object a line, a header first. Prints one line per
mismatch and a count last. Exit code: 0 all agree, 1 mismatches, 2 input that cannot be read.
"""

from __future__ import annotations

import argparse
import gzip
import sys
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

import msgspec
from writ_domains.tau2 import BENCHMARK

sys.path[:0] = [str(Path(__file__).resolve().parent.parent)]

from tools.vectors.checks import Bench, Report, check_header, check_record  # noqa: E402
from tools.vectors.records import Eval, Fuzz, Header, decode  # noqa: E402
from writ_async import InputError, Task  # noqa: E402


def read_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines of a file, unpacked where its name ends in .gz, with their numbers. Raises `InputError`."""
    opener: Callable[..., Any] = gzip.open if path.suffix == ".gz" else open
    number = 0
    try:
        with opener(path, "rb") as file:
            for number, line in enumerate(file, 1):
                yield number, line
    except (OSError, EOFError, zlib.error) as exc:
        reason = getattr(exc, "strerror", None) or str(exc)
        raise InputError(f"{path}: cannot read after line {number}: {reason}") from None


def check_file(path: Path, open_bench: Callable[[str], Bench], report: Report) -> tuple[int, int]:
    """Check one file and give its counts of calls and episodes. Raises `InputError` with the file and line."""
    bench: Bench | None = None
    episodes = calls = 0
    for number, line in read_lines(path):
        where = f"{path}:{number}"
        try:
            record = decode(line)
            if isinstance(record, Header):
                bench = open_bench(record.domain)
                calls -= bench.calls
                check_header(bench, record, prefixed(report, where))
                continue
            if bench is None:
                raise InputError("the first line is not a header")
            episodes += 1
            name = f"episode {record.episode}" if isinstance(record, Fuzz) else f"task {record.task_id}"
            name += f" ({record.variant})" if isinstance(record, Eval) else ""
            check_record(bench, record, prefixed(report, f"{where}: {name}"))
        except (InputError, msgspec.DecodeError, UnicodeDecodeError) as exc:
            raise InputError(f"{where}: {exc}") from None
    if bench is None:
        raise InputError(f"{path}: the file is empty")
    return calls + bench.calls, episodes


def prefixed(report: Report, where: str) -> Report:
    """A report that says where."""
    return lambda text: report(f"{where}: {text}")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}; see --help")


def main(arguments: list[str]) -> int:
    """Run the script and give its exit code."""
    parser = _Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", metavar="PATH", help="the folder that holds tau2/domains (else TAU2_DATA_DIR)")
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path, help="vectors: .jsonl or .jsonl.gz")
    mismatches = calls = episodes = 0

    def report(text: str) -> None:
        nonlocal mismatches
        mismatches += 1
        print(text)

    try:
        options = parser.parse_args(arguments)

        @cache
        def open_bench(domain: str) -> Bench:
            def compose(task_id: str) -> Task | None:
                return BENCHMARK.compose(domain, task_id, options.data)

            return Bench(BENCHMARK.load(domain, options.data), compose)

        for path in options.files:
            more_calls, more_episodes = check_file(path, open_bench, report)
            calls, episodes = calls + more_calls, episodes + more_episodes
    except InputError as exc:
        print(exc, file=sys.stderr)
        return exc.exit_code
    print(f"{calls} calls in {episodes} episodes checked: {mismatches} mismatches")
    return 1 if mismatches else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
