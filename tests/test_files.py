from __future__ import annotations

import gzip
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from writ_async.errors import InputError
from writ_async.files import TornLineError, is_whole, read_json, read_jsonl


class Point(msgspec.Struct):
    x: int
    name: str = ""


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("suffix", ["plain.jsonl", "packed.jsonl.gz"])
def test_rows_are_read_from_plain_and_from_zipped_files(tmp_path: Path, suffix: str) -> None:
    text = b'{"x":1,"name":"\xc3\xa4"}\n{"x":2}\n'
    path = write(tmp_path / suffix, gzip.compress(text) if suffix.endswith("gz") else text)
    assert list(read_jsonl(path, Point)) == [Point(1, "ä"), Point(2)]


@pytest.mark.parametrize(
    "content",
    [
        b'{"x":1}\n{"x":2}',
        b'{"x":1}\r\n{"x":2}\r\n',
        b'\xef\xbb\xbf{"x":1}\n\n  \n{"x":2}\n',
        b'{"x":1,"new":[]}\n{"x":2}',
    ],
    ids=["no last newline", "carriage returns", "mark and blank lines", "unknown field"],
)
def test_harmless_differences_of_files_are_tolerated(tmp_path: Path, content: bytes) -> None:
    assert list(read_jsonl(write(tmp_path / "a.jsonl", content), Point)) == [Point(1), Point(2)]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"x":1}\n{"x":"two"}\n', ["line 2", "Expected `int`, got `str`", "$.x"]),
        (b'{"x":1}\n{"name":"n"}\n', ["line 2", "missing required field `x`"]),
        (b'{"x":1}\n{"x":}\n{"x":3}\n', ["line 2", "malformed"]),
        (b'{"x":1}\n{"x":"two"}', ["line 2", "$.x"]),
        (b'{"x":1}\n{"x":1,"name":"\xff"}\n', ["line 2", "utf-8"]),
        (b'{"x":' + b"[" * 100_000 + b"\n", ["line 1"]),
    ],
)
def test_a_bad_line_is_named_by_file_line_and_field(tmp_path: Path, content: bytes, words: list[str]) -> None:
    path = write(tmp_path / "rows.jsonl", content)
    with pytest.raises(InputError) as caught:
        list(read_jsonl(path, Point))
    text = str(caught.value)
    assert not isinstance(caught.value, TornLineError)
    assert all(word in text for word in [str(path), *words]), text
    assert "\n" not in text


def test_a_last_line_that_breaks_off_is_told_apart_and_can_be_left_out(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.jsonl", b'{"x":1}\n{"x":2,"na')
    with pytest.raises(TornLineError, match="line 2 breaks off after 10 bytes"):
        list(read_jsonl(path, Point))
    assert list(read_jsonl(path, Point, skip_torn=True)) == [Point(1)]


@pytest.mark.parametrize("read", [lambda path: list(read_jsonl(path, Point)), lambda path: read_json(path, Point)])
def test_files_that_cannot_be_read_give_one_line(tmp_path: Path, read: object) -> None:
    assert callable(read)
    packed = gzip.compress(b'{"x":1}\n' * 1000)
    damaged = write(tmp_path / "cut.gz", packed[: len(packed) // 2])
    for path, word in [(tmp_path / "none", "no such file"), (tmp_path, "is a folder"), (damaged, "read")]:
        with pytest.raises(InputError, match=word) as caught:
            read(path)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{\n "x": 1,\n "name": oops\n}', ["line 3", "malformed"]),
        (b'{\n "x": 1,\n', ["line 2", "truncated"]),
        (b'{"x": null}', ["Expected `int`, got `null`", "$.x"]),
        (b"", ["truncated"]),
    ],
)
def test_a_bad_json_file_is_named_by_line_or_field(tmp_path: Path, content: bytes, words: list[str]) -> None:
    path = write(tmp_path / "one.json", content)
    with pytest.raises(InputError) as caught:
        read_json(path, Point)
    assert all(word in str(caught.value) for word in [str(path), *words]), caught.value


def test_a_json_file_is_read(tmp_path: Path) -> None:
    assert read_json(write(tmp_path / "one.json", b'{"x": 4}\n'), Point) == Point(4)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), json_values, max_size=4), st.data())
def test_no_proper_prefix_of_an_object_is_whole(value: dict[str, object], data: st.DataObject) -> None:
    line = msgspec.json.encode(value)
    assert is_whole(line)
    assert not is_whole(line[: data.draw(st.integers(0, len(line) - 1))])
