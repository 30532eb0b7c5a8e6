"""The language of filters: what passes, what is told of a mistake, and that the page reads it alike."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.page_scripts import in_node, needs_node
from writ_async.errors import InputError
from writ_async.rows.fields import FIELDS, RowFields
from writ_async.rows.filter_language import DEEPEST, LONGEST, Either, Filter, parse_filter
from writ_async.rows.filtering import passes, passing

ROOT = Path(__file__).resolve().parents[2]
TABLE: dict[str, Any] = json.loads((ROOT / "tests/viewer/filters.json").read_text(encoding="utf-8"))

ANSWER = """
const { rows, filters, fields } = given;
return filters.map((text) => {
  try {
    const wanted = writ.filter.parse(text, fields);
    return rows.filter((row) => writ.filter.passes(wanted, (field) => row[field])).map((row) => row.id);
  } catch (problem) {
    if (!(problem instanceof writ.filter.FilterError)) throw problem;
    return problem.message;
  }
});
"""


def made(row: dict[str, Any]) -> RowFields:
    return msgspec.convert(row, RowFields)


ROWS = [made(row) for row in TABLE["rows"]]
COLUMNS = {name: [getattr(row, name) for row in ROWS] for name in FIELDS}


def answer(text: str) -> list[str] | str:
    try:
        wanted = parse_filter(text)
    except InputError as exc:
        return str(exc)
    return [row.id for row in ROWS if passes(wanted, row)]


def answers_in_node(filters: list[str]) -> list[list[str] | str]:
    rows = [{name: getattr(row, name) for name in FIELDS} for row in ROWS]
    fields = {name: {"kind": field.kind} for name, field in FIELDS.items()}
    found: list[list[str] | str] = in_node(["filter.js"], ANSWER, {"rows": rows, "filters": filters, "fields": fields})
    return found


def wanted_answer(case: dict[str, Any]) -> list[str] | str:
    return case["passes"] if "passes" in case else case["error"]  # type: ignore[no-any-return]


@pytest.mark.parametrize("case", TABLE["cases"], ids=lambda case: case["filter"])
def test_rows_pass_and_mistakes_are_told_as_the_table_says(case: dict[str, Any]) -> None:
    assert answer(case["filter"]) == wanted_answer(case)


@needs_node
def test_the_page_reads_the_whole_table_alike() -> None:
    found = answers_in_node([case["filter"] for case in TABLE["cases"]])
    assert found == [wanted_answer(case) for case in TABLE["cases"]]


def test_what_is_too_long_or_too_deep_is_told_in_one_line() -> None:
    for text in ("x" * (LONGEST + 1), "(" * (DEEPEST + 2) + "kept", "not " * (DEEPEST + 2) + "kept"):
        with pytest.raises(InputError, match="filter") as told:
            parse_filter(text)
        assert "\n" not in str(told.value)
    assert parse_filter("not " * DEEPEST + "kept")


COMPARISONS = st.sampled_from(
    [case["filter"] for case in TABLE["cases"] if "passes" in case and case["filter"].strip()]
)
FILTERS: st.SearchStrategy[str] = st.recursive(
    COMPARISONS.map(lambda text: f"({text})"),
    lambda inner: st.one_of(
        inner.map(lambda one: f"not {one}"),
        st.lists(inner, min_size=2, max_size=3).map(lambda some: f"({' and '.join(some)})"),
        st.lists(inner, min_size=2, max_size=3).map(lambda some: f"({' or '.join(some)})"),
    ),
    max_leaves=6,
)


@given(FILTERS.filter(lambda text: len(text) <= LONGEST))
def test_columns_and_single_rows_give_the_same_rows_in_their_order(text: str) -> None:
    wanted = parse_filter(text)
    found = passing(wanted, COLUMNS, range(len(ROWS)))
    assert list(found) == [number for number, row in enumerate(ROWS) if passes(wanted, row)]


@given(FILTERS.filter(lambda text: len(text) <= LONGEST - 10), COMPARISONS)
def test_the_laws_of_and_or_not_hold(text: str, other: str) -> None:
    one, two = set(answer(text)), set(answer(other))
    assert set(answer(f"not ({text})")) == {row.id for row in ROWS} - one
    assert set(answer(f"({text}) and ({other})")) == one & two
    assert set(answer(f"({text}) or ({other})")) == one | two


@given(st.one_of(st.text(max_size=60), st.text(alphabet="()<>=!~\"'\\ andortkep01.", max_size=40)))
def test_any_text_is_a_filter_or_told_in_one_line(text: str) -> None:
    found = answer(text)
    assert isinstance(found, list) or found.startswith("filter")


@needs_node
def test_the_page_reads_drawn_filters_alike() -> None:
    drawn: list[str] = []

    @given(st.one_of(FILTERS, st.text(alphabet="()<>=!~\"'\\ andortkep01.🙂\u0085\x1c", max_size=30)))
    def draw(text: str) -> None:
        drawn.append(text)

    draw()
    assert answers_in_node(drawn) == [answer(text) for text in drawn]


@needs_node
def test_a_filter_that_the_page_writes_down_again_means_the_same() -> None:
    drawn: list[str] = [case["filter"] for case in TABLE["cases"] if "passes" in case]

    @given(FILTERS)
    def draw(text: str) -> None:
        drawn.append(text)

    @given(st.text(max_size=12))
    def draw_value(value: str) -> None:
        quoted = value.replace("\\", "\\\\").replace('"', '\\"')
        drawn.append(f'not id == "{quoted}" and reason != "{quoted}"')

    draw()
    draw_value()
    fields = {name: {"kind": field.kind} for name, field in FIELDS.items()}
    body = "return given.filters.map((text) => writ.filter.say(writ.filter.parse(text, given.fields)))"
    said = in_node(["filter.js"], body, {"filters": drawn, "fields": fields})
    assert [parse_filter(text) for text in said] == [parse_filter(text) for text in drawn]


def test_every_field_of_a_row_is_told_of_and_no_other() -> None:
    assert tuple(FIELDS) == RowFields.__struct_fields__
    known: Filter = parse_filter(" or ".join(FIELDS))
    assert isinstance(known, Either)
    assert len(known.parts) == len(FIELDS)
