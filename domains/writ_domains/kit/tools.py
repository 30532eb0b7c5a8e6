"""Tools that every customer-service domain offers: arithmetic, and the hand-over to a person."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any, Final

from writ_async.core.state import State
from writ_async.core.tool import ToolError, generic

_ALPHABET: Final = frozenset("0123456789+-*/(). ")
_MAX_LENGTH: Final = 2_000
_MAX_DEPTH: Final = 200
_MAX_BITS: Final = 20_000

HAND_OVER: Final = "transfer_to_human_agents"
"""The name of the tool that hands over to a person."""
HAND_OVER_TEXT: Final = "You are being handed over to a human agent. Please stay on the line."
"""What policies have the agent say after it handed over."""

_BINARY: Final[dict[type[ast.operator], Callable[[Any, Any], Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
}


def _power(base: Any, exponent: Any) -> Any:
    """`base ** exponent`, refused before the work is done when an integer result would be huge."""
    whole = isinstance(base, int) and isinstance(exponent, int)
    if whole and abs(base) > 1 and exponent > 0 and base.bit_length() * exponent > _MAX_BITS:
        raise ToolError("the result of a power is too large")
    return base**exponent


def _value(node: ast.expr, depth: int) -> Any:
    if depth > _MAX_DEPTH:
        raise ToolError("the expression is nested too deeply")
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        value = _value(node.operand, depth + 1)
        return -value if isinstance(node.op, ast.USub) else +value
    if isinstance(node, ast.BinOp):
        left, right = _value(node.left, depth + 1), _value(node.right, depth + 1)
        if isinstance(node.op, ast.Pow):
            return _power(left, right)
        if function := _BINARY.get(type(node.op)):
            return function(left, right)
    raise ToolError("only numbers, + - * / // ** and parentheses can be calculated")


def evaluate(expression: str) -> float:
    """The value of an arithmetic expression with Python's precedence, rounded to two decimals.

    Raises `ToolError` when it is no arithmetic, divides by zero, or would need unbounded work.
    """
    if not isinstance(expression, str) or not _ALPHABET.issuperset(expression):
        raise ToolError("an expression may hold digits, + - * / ( ) . and spaces only")
    if len(expression) > _MAX_LENGTH:
        raise ToolError(f"an expression may have at most {_MAX_LENGTH} characters")
    try:
        # `eval` forgives leading blanks, the parser takes them for an indent.
        tree = ast.parse(expression.lstrip(" "), mode="eval")
        return round(float(_value(tree.body, 0)), 2)
    except ZeroDivisionError:
        raise ToolError("division by zero") from None
    except (SyntaxError, MemoryError, RecursionError):
        raise ToolError("the expression is not well formed") from None
    except (OverflowError, TypeError, ValueError):
        raise ToolError("the result is not a finite real number") from None


@generic
def calculate(state: State, expression: str) -> str:
    """Work out an arithmetic expression and give the result with at most two decimals.

    Args:
        expression: The arithmetic to do, for instance '(20.5 + 4) * 3'. Numbers, + - * /, parentheses and spaces.
    """
    return str(evaluate(expression))


@generic
def transfer_to_human_agents(state: State, summary: str) -> str:
    """Hand the conversation over to a human colleague.

    Use it where the policy asks for a person, and nowhere else.

    Args:
        summary: What the user wants and what has been done so far, in a few sentences.
    """
    return "Transfer successful"
