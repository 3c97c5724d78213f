"""Files of YAML and JSON: values with their lines; what is none is refused with its line, never quoted."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_unified.config.reading.documents import MOST_BYTES, read_document
from bedrock_unified.config.reading.json_text import parse_json
from bedrock_unified.config.reading.yaml_file import parse_yaml
from bedrock_unified.errors import ConfigurationError

from .conftest import Write

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


def test_yaml_knows_the_line_of_each_value_and_how_it_was_written() -> None:
    document = parse_yaml("a: &x {b: 007, c: no}\ne:\n  <<: *x\n  b: 2\nl:\n - 1\n - 2020-01-01\n", "f.yaml")
    assert document.value == {"a": {"b": 7, "c": False}, "e": {"b": 2, "c": False}, "l": [1, "2020-01-01"]}
    assert str(document.origin("e", "b")) == "f.yaml, line 4, e.b"
    assert str(document.origin("l", 1)) == "f.yaml, line 7, l[1]"
    assert document.text("a", "b") == "007"
    assert document.text("e", "c") == "no"


def test_json_knows_the_line_of_each_value() -> None:
    document = parse_json('{"a": 1,\n "b": [1,\n {"c": "}\\"{"}],\n "d": {}\n}', "f.json")
    assert document.value == {"a": 1, "b": [1, {"c": '}"{'}], "d": {}}
    assert [document.lines[path] for path in [("a",), ("b",), ("b", 1, "c"), ("d",)]] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1,\n", "line 2: expected the node content"),
        ("a: 1\nb: 2\na: 3", "line 3, a: the key is there twice; it stands on line 1, too"),
        ("a:\n  b: 1\n  b: 2", r"line 3, a\.b: the key is there twice"),
        ("a: &a [*a]", r"line 1, a\[0\]: an alias stands inside what it names"),
        ("a: &a\n  <<: *a", "line 1, a: '<<' takes a mapping"),
        ("a: !!python/object/apply:os.system [ls]", "line 1, a: it has a tag"),
        (f"a: !{SECRET} b", "line 1, a: it has a tag"),
        ("a: *wJalrXUtnFEMIK7", "line 1: found undefined alias '…'"),
        (f"\ta: {SECRET}", "line 1: found character"),
        (f"a: {SECRET}\n b: {SECRET}", "line 2: mapping values are not allowed here"),
        (f'a: "{SECRET}', "line 1: found unexpected end of stream"),
        (f"a: b\n---\nc: {SECRET}", "line 2: but found another document"),
        (f"? [{SECRET}]\n: b", "line 1: a key is a list or a mapping"),
        ("a: b\nc: \x01", "line 2: it has a character that YAML does not allow"),
        ("# nothing", "it is empty"),
        ("[" * 20_000, "inside each other without end"),
        ("a: " + "[" * 80 + "]" * 80, "inside each other without end"),
    ],
)
def test_what_is_no_plain_yaml_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as refused:
        parse_yaml(text, "f.yaml")
    assert str(refused.value).startswith("f.yaml")
    assert SECRET[:12] not in str(refused.value)


def test_aliases_that_grow_without_end_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    with pytest.raises(ConfigurationError, match=r"a4\[0\].*too many"):
        parse_yaml("\n".join(lines), "f.yaml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": 1,\n "a": 2}', "line 2, a: the key is there twice; it stands on line 1, too"),
        (f'{{"a":\n "{SECRET}', "line 2: it is not JSON: Unterminated string"),
        (f'{{"a": {SECRET}}}', "line 1: it is not JSON: Expecting value, at column 7"),
        ('{"a": NaN}', "it has a number that no computer holds"),
        ('{"a": ' + "9" * 5000 + "}", "it has a number that no computer holds"),
        ("[" * 100_000, "inside each other without end"),
        ("[" * 60 + "]" * 60, "inside each other without end"),
    ],
)
def test_what_is_no_plain_json_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as refused:
        parse_json(text, "f.json")
    assert SECRET[:12] not in str(refused.value)


def test_files_that_cannot_be_read(write: Write, tmp_path: Path) -> None:
    def refusal(path: Path) -> str:
        with pytest.raises(ConfigurationError) as refused:
            read_document(path)
        return refused.value.message.removeprefix(f"{path}")

    assert refusal(tmp_path) == ": it is a folder"
    assert refusal(tmp_path / "absent.yaml") == ": it does not exist"
    assert refusal(write("empty.yaml", " \n")) == ": it is empty"
    assert refusal(write("latin.yaml", b"a: 1\nb: M\xfcnchen")) == ", line 2: it is not text in UTF-8"
    assert "not text in UTF-8" in refusal(write("wide.yaml", "a: 1".encode("utf-16")))
    assert (
        refusal(write("long.yaml", "a" * (MOST_BYTES + 1)))
        == ": it is longer than 1 MiB, which no configuration is"
    )
    loop = tmp_path / "loop.yaml"
    loop.symlink_to(loop)
    assert refusal(loop) in (": it does not exist", ": it cannot be read: Too many levels of symbolic links")


def test_a_byte_order_mark_and_line_ends_of_windows_do_no_harm(write: Write) -> None:
    assert read_document(write("a.yaml", b"\xef\xbb\xbfa: 1\r\nb: x\r\n")).value == {"a": 1, "b": "x"}
    assert read_document(write("a.json", b'\xef\xbb\xbf{"a":\r\n1}')).value == {"a": 1}
    assert read_document(write("json.conf", b'{"a": 1}')).value == {"a": 1}


def test_without_pyyaml_the_error_says_what_to_install(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(ConfigurationError, match=r"PyYAML\nHint: pip install 'bedrock-unified\[cli\]'"):
        read_document(write("a.yaml", "a: 1"))
    assert read_document(write("a.json", '{"a": 1}')).value == {"a": 1}


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=8,
    )
)
def test_json_is_read_as_json_reads_it(value: object) -> None:
    import json

    for indent in (None, 1):
        text = json.dumps(value, indent=indent)
        assert parse_json(text, "f").value == value


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    for parse in (parse_yaml, parse_json):
        try:
            parse(text, "f")
        except ConfigurationError as error:
            assert str(error).startswith("f")


ENDLESS = {
    "a list": "- a\n" * 60_000,
    "flow": "[" + "?a," * 80_000 + "]",
    "tags": "- !!str a\n" * 26_000,
    "inside each other": "[" * 200_000,
    "sixties": "a: 1" + ":1" * 130_000,
    "words on lines": "a: " + "x\n " * 80_000,
    "a MiB": "# nothing\n" * 100_000,
    "aliases of aliases": "a: &a [x, x, x]\n"
    + "".join(f"b{at}: &b{at} [{', '.join([f'*b{at - 1}' if at else '*a'] * 9)}]\n" for at in range(12)),
    "merged aliases of aliases": "a: &a {x: 1}\n"
    + "".join(
        f"b{at}: &b{at} {{<<: [{', '.join([f'*b{at - 1}' if at else '*a'] * 9)}]}}\n" for at in range(12)
    ),
}


@pytest.mark.parametrize("text", ENDLESS.values(), ids=ENDLESS)
def test_no_yaml_takes_long(text: str) -> None:
    before = time.process_time()
    try:
        assert parse_yaml(text, "f").value
    except ConfigurationError as error:
        assert "too many" in error.message or "longer than 256 KiB" in error.message
    assert time.process_time() - before < 3  # a second on a machine that has nothing else to do


def test_as_much_as_a_configuration_needs_is_read() -> None:
    lines = [f"m{at}: {{model: amazon.nova-lite-v1:0, temperature: 0.5}}" for at in range(3000)]
    assert len(parse_yaml("\n".join(lines), "f").value) == 3000
