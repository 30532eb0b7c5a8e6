"""Files of others are bounded: lines, values, rows, numbers and depth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from writ_async import files as bytes_of_files
from writ_async.errors import InputError
from writ_async.files import read_json, read_jsonl
from writ_async.formats.foreign import files
from writ_async.formats.foreign.conversation import Foreign, read_number
from writ_async.formats.foreign.files import BadRow, read_foreign

SAID: list[dict[str, Any]] = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi"}]
LONG = [{"role": "user", "content": "a" * 3000}, *SAID]


@pytest.fixture
def few_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if no line could be longer than 1,000 bytes."""
    for module in (bytes_of_files, files):
        monkeypatch.setattr(module, "MOST_BYTES", 1000)


@pytest.mark.usefixtures("few_bytes")
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("rows.jsonl", [{"messages": SAID}, {"messages": LONG}]),
        ("first.jsonl", [{"messages": LONG}]),
        ("whole.json", json.dumps([{"messages": LONG}], indent=1)),
        ("zeros.jsonl", "{" + "\0" * 5000),
    ],
)
def test_a_line_or_value_that_is_too_long_is_refused_in_one_line(tmp_path: Path, name: str, content: Any) -> None:
    path = tmp_path / name
    path.write_text(content if isinstance(content, str) else "\n".join(map(json.dumps, content)) + "\n", "utf-8")
    with pytest.raises(InputError, match=r"split (it|or remove it)") as told:
        list(read_foreign(path))
    assert "\n" not in str(told.value)


@pytest.mark.usefixtures("few_bytes")
def test_files_of_our_own_kinds_are_bounded_alike(tmp_path: Path) -> None:
    path = tmp_path / "own"
    path.write_text(json.dumps({"a": "b" * 2000}), "utf-8")
    with pytest.raises(InputError, match="line 1 has more than"):
        list(read_jsonl(path, dict))
    with pytest.raises(InputError, match="is one value of more than"):
        read_json(path, dict)


def write_parquet(path: Path, rows: int, said: list[dict[str, Any]] = SAID) -> Path:
    pl.DataFrame({"messages": [json.dumps(said)] * rows}).write_parquet(path)
    return path


@pytest.mark.parametrize("rows", [0, 1, 255, 256, 257, 600])
def test_all_rows_of_a_parquet_file_are_read_in_order(tmp_path: Path, rows: int) -> None:
    names = [f"r{number}" for number in range(rows)]
    frame = pl.DataFrame({"id": names, "messages": [json.dumps(SAID)] * rows}, {"id": pl.String, "messages": pl.String})
    frame.write_parquet(tmp_path / "rows.parquet")
    assert [row.id for row in read_foreign(tmp_path / "rows.parquet") if isinstance(row, Foreign)] == names


@pytest.mark.usefixtures("few_bytes")
def test_a_row_of_a_parquet_file_that_is_too_long_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="row 0 has more than"):
        list(read_foreign(write_parquet(tmp_path / "rows.parquet", 3, LONG)))


def test_a_parquet_file_with_more_rows_than_it_can_hold_is_refused_before_they_are_read(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "rows.parquet", 100_001)
    assert path.stat().st_size < 100_000
    with pytest.raises(InputError, match="says that it has 100,001 rows"):
        next(iter(read_foreign(path)))


@pytest.mark.parametrize("given_name", ["*.parquet", "a[b].parquet"])
def test_the_name_of_a_parquet_file_is_no_pattern(tmp_path: Path, given_name: str) -> None:
    write_parquet(tmp_path / "other.parquet", 2)
    write_parquet(tmp_path / given_name, 1)
    assert len(list(read_foreign(tmp_path / given_name))) == 1


HUGE = ["9" * 19, "9" * 400, "9" * 5000, "-" + "9" * 400, "1e400", "-1e400", "1" + "0" * 20 + ".5"]


def calling(arguments: str) -> list[dict[str, Any]]:
    call = {"id": "a", "type": "function", "function": {"name": "look", "arguments": arguments}}
    asked = {"role": "assistant", "content": None, "tool_calls": [call]}
    return [SAID[0], asked, {"role": "tool", "tool_call_id": "a", "content": "1"}, SAID[1]]


@pytest.mark.parametrize("number", HUGE)
def test_numbers_that_no_machine_holds_cost_at_most_their_row(tmp_path: Path, number: str) -> None:
    path = tmp_path / "rows.jsonl"
    arguments = json.dumps('{"n": NUMBER}').replace("NUMBER", number)
    said = json.dumps(calling("ARGUMENTS")).replace('"ARGUMENTS"', arguments)
    lines = (
        f'{{"messages": {said}}}',
        f'{{"messages": {json.dumps(SAID)}, "reward": {number}}}',
        f'{{"messages": {json.dumps(SAID)}, "id": {number}, "task_id": {number}}}',
    )
    path.write_text("\n".join(lines) + "\n", "utf-8")
    found = list(read_foreign(path))
    assert len(found) == 3
    assert all(isinstance(row, Foreign | BadRow) for row in found)


@given(st.one_of(st.integers(), st.floats(), st.booleans(), st.none(), st.text(), st.just(10**5000)))
def test_a_number_of_a_file_is_a_finite_float_or_none(given: Any) -> None:
    found = read_number(given)
    assert found is None or (isinstance(found, float) and abs(found) < float("inf"))


@pytest.mark.parametrize("depth", [200, 1_000, 100_000])
@pytest.mark.parametrize("shape", ["[", '{"a":'])
@pytest.mark.parametrize("place", ["messages", "content", "tools", "reward", "simulations"])
def test_deep_nesting_costs_its_row_alone(tmp_path: Path, depth: int, shape: str, place: str) -> None:
    deep = shape * depth + "1" + ("]" if shape == "[" else "}") * depth
    row: dict[str, Any] = {"messages": SAID, "tools": None, "reward": 1}
    if place == "content":
        row["messages"] = [{"role": "user", "content": "DEEP"}, SAID[1]]
    else:
        row[place] = "DEEP"
    path = tmp_path / "rows.jsonl"
    good = json.dumps({"messages": SAID})
    path.write_text("\n".join((good, json.dumps(row).replace('"DEEP"', deep), good)) + "\n", "utf-8")
    found = list(read_foreign(path))
    assert [isinstance(row, Foreign) for row in (found[0], found[-1])] == [True, True]
