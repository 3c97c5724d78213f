"""Names of documents: of few characters, each once, and always the same."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_unified.converse.documents import DocumentNames, content_of, is_acceptable, with_document_names


@given(st.lists(st.tuples(st.none() | st.text(max_size=220), st.binary(max_size=3)), max_size=6))
def test_every_document_gets_a_name_that_bedrock_takes(wanted: list[tuple[str | None, bytes]]) -> None:
    names, again = DocumentNames(), DocumentNames()
    given_ = [names.name(*one) for one in wanted]
    assert len(set(given_)) == len(given_)
    assert all(re.fullmatch(r"(?!.*  )[A-Za-z0-9_ ()\[\]-]{1,200}", name) for name in given_)
    assert all(map(is_acceptable, given_))
    assert [again.name(*one) for one in wanted] == given_


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("report.pdf", "report"),
        ("Budget v1.5", "Budget v1-5"),
        ("company_policy", "company-policy"),
        ("Résumé, été.pdf", "Resume- ete"),
        ("a\n  b", "a b"),
        ("../../etc/passwd", "etc-passwd"),
    ],
)
def test_names_stay_readable(wanted: str, name: str) -> None:
    assert DocumentNames().name(wanted, b"") == name


def test_a_nameless_document_is_called_by_its_content() -> None:
    assert DocumentNames().name("報告", b"1") == DocumentNames().name(None, b"1")
    assert DocumentNames().name(None, b"1") != DocumentNames().name(None, b"2")


def test_a_reserved_name_is_not_given_away() -> None:
    names = DocumentNames()
    names.reserve("report")
    names.reserve(None)
    assert "report" in names
    assert [names.name("report.pdf", b""), names.name("report", b"")] == ["report-2", "report-3"]


@pytest.mark.parametrize(
    ("source", "content"),
    [({"bytes": b"1"}, b"1"), ({"text": "a"}, b"{'text': 'a'}"), (None, b"None")],
)
def test_what_tells_sources_apart(source: Any, content: bytes) -> None:
    assert content_of(source) == content


def test_a_caller_may_use_the_underscore() -> None:
    """As recorded: ``company_policy``, bx087572bb006f14."""
    assert is_acceptable("company_policy")
    assert is_acceptable("Q1 [2026] (final) - b")


@pytest.mark.parametrize("name", ["", " " * 2, "a  b", "a.b", "x" * 201, "é", None, 1])
def test_what_bedrock_refuses(name: Any) -> None:
    assert not is_acceptable(name)


def test_one_dict_used_twice_is_two_documents() -> None:
    block = {"document": {"name": "plan", "source": {"bytes": b"1"}}}
    (turn,) = with_document_names([{"role": "user", "content": [block, block]}])
    assert [one["document"]["name"] for one in turn["content"]] == ["plan", "plan-2"]
