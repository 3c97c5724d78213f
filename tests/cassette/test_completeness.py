"""Every public method has a cassette, and every cassette has a test."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from . import public
from .tape import FOLDER, FROM_AWS, FROM_LOCAL, cassette_path, covered, load

CASSETTES = sorted(FOLDER.rglob("*.yaml"))


def test_every_public_method_has_a_cassette() -> None:
    missing = public.required() - set(covered(CASSETTES))
    assert not missing, f"record a cassette for {sorted(missing)}, or say in public.py why it sends nothing"


def test_no_cassette_covers_what_is_not_public() -> None:
    assert not set(covered(CASSETTES)) - public.required()


@pytest.mark.parametrize("name", public.OWNERS)
def test_what_is_said_to_exist_exists(name: str) -> None:
    cls = public.owner(name)
    listed = [*public.SENDS_NOTHING[name], *public.INHERITED[name].split()]
    assert [method for method in listed if not callable(getattr(cls, method, None))] == []
    assert set(public.SENDS_NOTHING[name]) <= public.own_methods(cls)


def test_a_new_public_method_would_be_noticed() -> None:
    class Wider(public.owner("BedrockClient")):  # type: ignore[misc]
        __module__ = "bedrock_unified.client"

        def translate(self) -> None:
            """Not there yet."""

    assert public.own_methods(Wider) - public.own_methods(public.owner("BedrockClient")) == {"translate"}


@pytest.mark.parametrize(
    "method", ["converse", "invoke", "embed", "rerank", "count_tokens", "apply_guardrail"]
)
def test_each_operation_is_there_in_both_colours(method: str) -> None:
    names = set(covered(CASSETTES))
    assert {f"BedrockClient.{method}", f"BedrockClient.a{method}"} <= names


def test_every_cassette_has_its_test() -> None:
    assert {path.relative_to(FOLDER).as_posix() for path in CASSETTES} == set(recorded_tests())


@pytest.mark.parametrize("path", CASSETTES, ids=lambda path: path.relative_to(FOLDER).as_posix())
def test_a_cassette_says_what_it_was_recorded_from(path: Path) -> None:
    label = load(path)
    assert label["recorded_from"] in {FROM_LOCAL, FROM_AWS}
    assert ("recorded_on" in label) == (label["recorded_from"] == FROM_AWS)
    assert label["covers"]
    assert label["interactions"]


def recorded_tests() -> Iterator[str]:
    """The cassettes of all tests that are marked as having one."""
    for module in sorted(Path(__file__).parent.glob("test_*.py")):
        for node in ast.parse(module.read_text(encoding="utf-8")).body:
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            marks = [ast.unparse(mark.func) for mark in node.decorator_list if isinstance(mark, ast.Call)]
            if "cassette" in marks:
                yield cassette_path(FOLDER, module.stem, node.name).relative_to(FOLDER).as_posix()
