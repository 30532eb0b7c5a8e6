"""Trains a model on a CPU while a real server holds its conversations; a few minutes with the tests' tiny model.

    make serve-cpu                                        # in one terminal: the server
    python -m examples.train --model .sglang/models/tiny-qwen3 --url http://127.0.0.1:30000 --out runs/train

Needs the extras `tokens` and `train`. Every setting of `loop.Settings` is a flag; `--report FILE` keeps the numbers.
"""

from __future__ import annotations

from pathlib import Path

import anyio
import msgspec

from examples.train.flags import settings_parser
from examples.train.loop import Settings, train
from writ_async.runs.writing import write_whole


def main() -> None:
    parser = settings_parser("python -m examples.train", Settings)
    parser.add_argument("--report", type=Path, help="write the numbers to this file as JSON")
    arguments = vars(parser.parse_args())
    file: Path | None = arguments.pop("report")
    arguments["out"] = str(Path(arguments["out"]).resolve())
    report = anyio.run(train, msgspec.convert(arguments, Settings, strict=False))
    if file is not None:
        write_whole(file, msgspec.json.format(msgspec.json.encode(report)) + b"\n")
    print(f"the server has the weights {report.version!r}")


main()
