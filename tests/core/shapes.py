"""What botocore's shapes allow: its validator's judgement, and Hypothesis strategies made from them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape
from botocore.validate import ParamValidator
from hypothesis import strategies as st

OPERATIONS = {False: "Converse", True: "ConverseStream"}
guardrail_ids = st.from_regex(r"[a-z0-9]{1,20}", fullmatch=True) | st.just(
    "arn:aws:bedrock:us-east-1:123456789012:guardrail/abc123"
)
guardrail_versions = st.from_regex(r"[1-9][0-9]{0,7}", fullmatch=True) | st.just("DRAFT")
words = st.text(min_size=1, max_size=10)
documents = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


def params(shape: StructureShape, *, skip: frozenset[str] = frozenset()) -> st.SearchStrategy[dict[str, Any]]:
    """Parameters of an operation, without some of its members."""
    return _structure(shape, 0, skip)


@lru_cache(maxsize=4096)
def values(shape: Shape, depth: int = 0) -> st.SearchStrategy[Any]:
    """Values of a shape."""
    limits: dict[str, Any] = shape.metadata
    low, high = limits.get("min"), limits.get("max")
    if getattr(shape, "is_document_type", False):
        return st.dictionaries(st.text(max_size=6), documents, max_size=3)
    if isinstance(shape, StructureShape):
        return _structure(shape, depth, frozenset())
    if isinstance(shape, ListShape):
        least = int(low or 0)
        return st.lists(
            _later(shape.member, depth + 1), min_size=least, max_size=least + (2 if depth < 6 else 0)
        )
    if isinstance(shape, MapShape):
        return st.dictionaries(values(shape.key), _later(shape.value, depth + 1), max_size=2)
    if isinstance(shape, StringShape):
        if shape.enum:
            return st.sampled_from(shape.enum)
        least = int(low or 0)
        return st.text(st.characters(codec="utf-8"), min_size=least, max_size=least + 8)
    kind = shape.type_name
    if kind == "blob":
        return st.binary(min_size=int(low or 0), max_size=int(low or 0) + 12)
    if kind in ("integer", "long"):
        return st.integers(int(low or 0), min(int(high or 2**31 - 1), 2**31 - 1))
    if kind in ("float", "double"):
        return st.floats(float(low or 0), float(high or 1), width=32)
    if kind == "boolean":
        return st.booleans()
    raise AssertionError(f"no strategy for the type {kind} of {shape.name}")


def _later(shape: Shape, depth: int) -> st.SearchStrategy[Any]:
    return st.deferred(lambda: values(shape, depth))


def _structure(shape: StructureShape, depth: int, skip: frozenset[str]) -> st.SearchStrategy[dict[str, Any]]:
    members = {name: member for name, member in shape.members.items() if name not in skip}
    if shape.is_tagged_union:
        # Deep down only members that end soon: the shapes hold themselves.
        shallow = {name: member for name, member in members.items() if member.type_name in ("string", "blob")}
        choices = shallow if depth > 6 and shallow else members
        return st.one_of(
            [
                _later(member, depth + 1).map(lambda value, n=name: {n: value})
                for name, member in choices.items()
            ]
        )
    required = {name: _later(members[name], depth + 1) for name in shape.required_members if name in members}
    optional = {name: _later(member, depth + 1) for name, member in members.items() if name not in required}
    return st.fixed_dictionaries(required, optional={} if depth > 6 else optional)


def findings(value: Any, shape: Shape) -> str:
    """What botocore's validator says against it, empty if nothing."""
    return str(ParamValidator().validate(value, shape).generate_report())
