"""Arithmetic written out in a text, worked out without ``eval``."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable

_BINARY: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: lambda left, right: left / right,
    ast.Mod: operator.mod,
}
_LONGEST = 200
_LARGEST_EXPONENT = 64


def work_out(expression: str) -> int | float | None:
    """The value of ``expression`` (+ - * / % and small powers), or None where it has none."""
    text = expression.replace("×", "*").replace("÷", "/").replace("^", "**").replace(",", "")
    if len(text) > _LONGEST:
        return None
    try:
        value = _value(ast.parse(text, mode="eval").body)
    except (SyntaxError, ValueError, ZeroDivisionError, OverflowError):
        return None
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return int(value) if value.is_integer() and abs(value) < 1e15 else value
    return value


def _value(node: ast.expr) -> int | float:
    if (
        isinstance(node, ast.Constant)
        and isinstance(node.value, int | float)
        and not isinstance(node.value, bool)
    ):
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand)
    if isinstance(node, ast.BinOp):
        left, right = _value(node.left), _value(node.right)
        if isinstance(node.op, ast.Pow):
            if abs(right) > _LARGEST_EXPONENT or abs(left) > 1e9:
                raise ValueError("too large a power")
            return float(left) ** right if isinstance(right, float) or right < 0 else left**right
        apply = _BINARY.get(type(node.op))
        if apply is not None:
            return apply(left, right)
    raise ValueError("not arithmetic")
