"""Nothing that a model, a file or a server wrote is obeyed by the terminal: it is shown."""

from __future__ import annotations

import ast
import json
import logging
import unicodedata
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import writ_async.cli
from tests.formats.test_export import make_run
from tests.support.samples import TALK, trajectory
from writ_async.cli import main
from writ_async.cli.output import print_tables
from writ_async.cli.tables import counts_table
from writ_async.cli.terminal import (
    complain,
    lines_above,
    open_console,
    say,
    show_warnings,
    visible,
    visible_json,
    visible_line,
)
from writ_async.core.message import AssistantMessage, Message, ToolMessage, UserMessage, make_call
from writ_async.core.trajectory import Note

NASTY = "\x1b[2J\x1b]0;title\x07 \x9b31m \u202egnp.exe \x08\x08\r\x00\x7f"
RAW = set(NASTY) - {" "} - set("[2J]0;title31mgnp.exe")


def is_obeyed(char: str) -> bool:
    """Whether a terminal does something else with a character than show it."""
    return unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") or unicodedata.bidirectional(char) in (
        *("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"),
    )


@given(st.text(st.characters(codec=None)))
def test_no_text_keeps_a_character_that_a_terminal_obeys(text: str) -> None:
    assert not [char for char in visible(text) if is_obeyed(char) and char not in "\n\t"]
    assert not [char for char in visible_line(text) if is_obeyed(char)]
    visible(text).encode()  # halves of pairs among them, which no stream takes


@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Cf", "Zl", "Zp"])))
def test_what_a_terminal_only_shows_stays_as_it_is(text: str) -> None:
    assert visible(text) == visible_line(text) == text


@given(st.text())
def test_json_says_the_same_without_such_characters(text: str) -> None:
    encoded = visible_json(json.dumps({"text": text}, ensure_ascii=False))
    assert json.loads(encoded) == {"text": text}
    assert not [char for char in encoded if is_obeyed(char)]


def test_lines_and_complaints_and_tables_show_them(capsys: pytest.CaptureFixture[str]) -> None:
    say(NASTY)
    complain(f"it broke\n{NASTY}")
    open_console().print(NASTY)
    out, err = capsys.readouterr()
    assert not RAW & set(out + err) - {"\n"}
    assert "\\x1b[2J\\x1b]0;title\\x07" in out
    assert err.startswith("writ: it broke\\n\\x1b[2J")


def nasty_talk() -> tuple[Message, ...]:
    """A conversation in which everybody writes such characters."""
    changed: list[Message] = []
    for message in TALK:
        text = f"{message.content or ''}{NASTY}"
        if isinstance(message, UserMessage):
            changed.append(UserMessage(text))
        elif isinstance(message, ToolMessage):
            changed.append(msgspec.structs.replace(message, content=text))
        elif isinstance(message, AssistantMessage):
            calls = tuple(make_call(call.id, call.function.name, {"id": NASTY}) for call in message.tool_calls)
            changed.append(msgspec.structs.replace(message, content=text, reasoning=NASTY, tool_calls=calls))
    return tuple(changed)


@pytest.mark.parametrize("more", [[], ["--full"]])
def test_the_viewer_shows_them(tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str]) -> None:
    row = trajectory(messages=nasty_talk(), reasons=(f"reason{NASTY}",), notes=(Note(NASTY, 0, NASTY),))
    make_run(tmp_path / "run", [row])
    assert main(["show", str(tmp_path / "run"), *more]) == 0
    out = capsys.readouterr().out
    assert not RAW & set(out) - {"\n"}
    assert out.count("title") >= len(TALK)


def test_check_shows_them_in_what_it_cannot_read_and_in_its_tables(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "rows.jsonl"
    calls = [{"id": "c", "type": "function", "function": {"name": f"get{NASTY}", "arguments": "{}"}}]
    good = {"messages": [{"role": "user", "content": NASTY}, {"role": "assistant", "tool_calls": calls}]}
    file.write_text("".join(json.dumps(row) + "\n" for row in (good, {NASTY: 1})))
    main(["check", str(file)])
    out, err = capsys.readouterr()
    assert not RAW & set(out + err) - {"\n"}
    assert "title" in err


def test_names_in_tables_are_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    print_tables(counts_table("found", {"[/red]": 2, "[bold]name": 1}, 3))
    out = capsys.readouterr().out
    assert "[/red]" in out
    assert "[bold]name" in out


def test_errors_show_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", f"nowhere{NASTY}".replace("\x00", "")]) == 2
    err = capsys.readouterr().err
    assert not RAW & set(err) - {"\n"}
    assert len(err.splitlines()) == 1


def test_warnings_that_are_logged_are_complaints(capsys: pytest.CaptureFixture[str]) -> None:
    show_warnings()
    show_warnings()
    logging.getLogger("writ_engines.somewhere").warning("%s takes no calls", NASTY)
    assert capsys.readouterr().err == f"writ: {visible(NASTY)} takes no calls\n"


def test_lines_stand_above_a_screen_while_it_is_drawn(capsys: pytest.CaptureFixture[str]) -> None:
    above: list[str] = []
    show_warnings()
    with lines_above(above.append):
        complain("one")
        logging.getLogger("writ_engines.http.fleet").warning("two\x1b[2J")
    complain("three")
    assert above == ["writ: one", "writ: two\\x1b[2J"]
    assert capsys.readouterr().err == "writ: three\n"


def test_no_command_prints_past_the_terminal() -> None:
    folder = Path(writ_async.cli.__file__).parent
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            named = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if named in ("print", "Console"):
                raise AssertionError(f"{path.name} calls {named}")
            if named.endswith((".stdout.write", ".stderr.write")):
                assert "visible" in ast.unparse(node), f"{path.name}: {ast.unparse(node)}"
