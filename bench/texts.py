"""What the texts of a run are like: how much of what is asked and said is said again and again, and how well it rests.

    python bench/texts.py RUN [--share PERCENT] [--json FILE]

RUN is a folder of `writ synth`; the requests of its tasks are looked at, and what the agent says in its kept rows. The
ways that cover a share of the agent's words are counted for 88 %, which its 50 most frequent sentences covered when
each was a line of its own; `--share` takes another.
"""

from __future__ import annotations

import sys
from pathlib import Path

from bench.agent_texts import agent_figures, read_agent_texts
from bench.report import make_parser, run_script, show_figures, write_json
from bench.request_texts import request_figures
from writ_async import RunView


def main(arguments: list[str]) -> None:
    """Run the script."""
    parser = make_parser(__doc__)
    parser.add_argument("run", metavar="RUN", type=Path, help="a folder of writ synth")
    parser.add_argument(
        "--share", metavar="PERCENT", type=float, default=88, help="of the agent's words, that the ways cover"
    )
    options = parser.parse_args(arguments)
    run = RunView.open(options.run)
    figures = agent_figures(read_agent_texts(run), options.share / 100)
    requests = request_figures(run)
    show_figures(requests, "the users' requests")
    show_figures(figures, "the agent's texts")
    write_json(options.json, [*requests, *figures])


if __name__ == "__main__":
    sys.exit(run_script(main))
