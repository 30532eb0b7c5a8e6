"""`calculate` gives what Python's own arithmetic gives, and nothing that a model writes can hang or escape it."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from writ_domains.kit.tools import calculate, evaluate, transfer_to_human_agents

from writ_async.core.state import State, World
from writ_async.core.tool import ToolError, call_tool, make_tools

STATE = State(World("none", {}))
TOOLS = make_tools((calculate, transfer_to_human_agents))

_numbers = st.one_of(
    st.integers(0, 99_999).map(str),
    st.decimals(0, 9_999, places=2, allow_nan=False).map(str),
)
_expressions = st.recursive(
    _numbers,
    lambda inner: st.one_of(
        st.builds("{} {} {}".format, inner, st.sampled_from(["+", "-", "*", "/", "//"]), inner),
        st.builds("({})".format, inner),
        st.builds("-{}".format, inner),
    ),
    max_leaves=12,
)


@given(_expressions)
def test_arithmetic_is_pythons(expression: str) -> None:
    try:
        wanted = str(round(float(eval(expression)), 2))
    except ZeroDivisionError:
        with pytest.raises(ToolError):
            evaluate(expression)
    else:
        assert calculate(STATE, expression) == wanted


@given(st.text(alphabet="0123456789+-*/(). ", max_size=25))
def test_any_text_over_the_alphabet_gives_a_number_or_a_refusal(expression: str) -> None:
    with contextlib.suppress(ToolError):
        evaluate(expression)


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("2 + 2", "4.0"),
        (" 1+1", "2.0"),
        ("2**10", "1024.0"),
        ("-7//2", "-4.0"),
        ("2 ** -1", "0.5"),
        ("1**999999999", "1.0"),
        ("10**400//10**399", "10.0"),
    ],
)
def test_corner_cases_of_the_grammar(expression: str, result: str) -> None:
    assert calculate(STATE, expression) == result


@pytest.mark.parametrize(
    "expression",
    [
        "9**9**9",
        "9**9**9**9",
        "9.0**9**9",
        "10**400",
        "(-8)**.5",
        "1/0",
        "007",
        "1 2",
        "2(3)",
        "()",
        "...",
        "",
        "1+" * 5000 + "1",
        "(" * 900 + "1" + ")" * 900,
        "-" * 1500 + "1",
        "abs(1)",
        "2 + 2; 3",
        "__import__",
        None,
        5,
        ["1", "+", "2"],
        {},
    ],
)
def test_what_is_no_bounded_arithmetic_is_refused(expression: Any) -> None:
    assert call_tool(TOOLS, STATE, "calculate", {"expression": expression}).error


def test_a_hand_over_succeeds_whatever_the_summary_is() -> None:
    for summary in ("the customer wants a person", None, 3):
        result = call_tool(TOOLS, STATE, "transfer_to_human_agents", {"summary": summary})
        assert (result.content, result.error) == ("Transfer successful", False)
