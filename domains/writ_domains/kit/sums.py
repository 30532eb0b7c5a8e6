"""Which sums an agent works out with the calculator, and in which form: none that anybody does in their head.

>>> for_calculator("1 * (87 + 77)"), for_calculator("12 - 3 * 2"), for_calculator("50 * 1"), for_calculator("100 * 2")
('87 + 77', '12 - 3 * 2', '', '')
"""

from __future__ import annotations

import ast
from typing import Final

_FEW: Final = 2


def for_calculator(expression: str) -> str:
    """A sum without what changes nothing in it, such as a product with 1; empty if it needs no calculator.

    It needs none where at most two numbers are left that each have one digit that counts.
    """
    tree = _plain(ast.parse(expression, mode="eval").body)
    numbers = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    if len(numbers) <= _FEW and (len(numbers) < _FEW or all(map(_is_round, numbers))):
        return ""
    return ast.unparse(tree)


def _is_round(number: object) -> bool:
    return len(f"{number:g}".strip("0.")) < _FEW


def _plain(node: ast.expr) -> ast.expr:
    """A sum without what changes nothing in it."""
    if not isinstance(node, ast.BinOp):
        return node
    left, right = _plain(node.left), _plain(node.right)
    if isinstance(node.op, ast.Mult):
        if 0 in (_number(left), _number(right)):
            return ast.Constant(0)
        if _number(left) == 1:
            return right
        if _number(right) == 1:
            return left
    if isinstance(node.op, ast.Add | ast.Sub) and _number(right) == 0:
        return left
    if isinstance(node.op, ast.Add) and _number(left) == 0:
        return right
    return ast.BinOp(left, node.op, right)


def _number(node: ast.expr) -> object:
    return node.value if isinstance(node, ast.Constant) else None
