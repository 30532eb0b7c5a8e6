"""What the commands print below a run: tables that fit the terminal."""

from __future__ import annotations

import io

from rich.console import Console
from rich.table import Table

from tests.support.samples import trajectory
from writ_async.cli.tables import funnel_table, reasons_table, summary_table
from writ_async.core.trajectory import Usage
from writ_async.curation.selection import Funnel
from writ_async.runs.summary import Summary


def printed(table: Table, width: int) -> list[str]:
    out = io.StringIO()
    Console(file=out, width=width).print(table)
    return out.getvalue().splitlines()


def test_tables_fit_eighty_columns_with_nothing_cut() -> None:
    summary = Summary()
    usage = {"agent": Usage(1, 123_456_789, 1)}
    for index in range(1500):
        summary.add(
            trajectory(
                "a",
                index,
                kind="write-intensive",
                domain="tau2:airline",
                steps=150,
                usage=usage,
                reasons=("unseen-argument",),
            )
        )
    for table in (summary_table(summary), reasons_table(summary)):
        for width in (80, 120):
            text = printed(table, width)
            assert "…" not in "".join(text)
            assert max(map(len, text)) <= width
    assert any(
        "write-intensive" in line and "1,500" in line and "185G" in line for line in printed(summary_table(summary), 80)
    )


def test_tables_of_an_empty_summary_are_drawn() -> None:
    assert printed(summary_table(Summary()), 80)
    assert printed(reasons_table(Summary()), 80)


def test_the_funnel_is_a_table_without_filters_at_which_nothing_fell() -> None:
    funnel = Funnel()
    for where, level in (("", "W1R0"), ("outcome", "W1R0"), ("outcome", "W2R1"), ("", "W1R0")):
        funnel.add(where, "normal", level, ["tone=angry"])
    table = funnel_table(funnel, ("ending", "outcome", "twins"))
    assert [str(column.header) for column in table.columns] == ["fell at", "in", "outcome", "left", "%"]
    assert list(table.columns[0].cells) == ["normal", "W1R0", "W2R1", "all"]
    assert list(table.columns[3].cells) == ["2", "2", "0", "2"]
    assert funnel.by_behaviour["tone=angry"].left == 2
    assert len(list(funnel_table(Funnel(), ()).columns[0].cells)) == 1
