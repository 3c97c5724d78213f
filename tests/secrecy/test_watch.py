"""The watch has teeth: what leaks on purpose is found, by every way and in every form, and fails a test."""

from __future__ import annotations

import base64
import json
import logging
import pickle
import re
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from bedrock_unified.cli import state
from bedrock_unified.errors import BedrockError, ConfigurationError
from bedrock_unified.local import LocalBedrock
from langchain_bedrock_unified import ChatBedrock

from .known import FIXED, canary
from .plugin import ON_PURPOSE, scanner, ways
from .scanner import Leak, Scanner

ROOT = Path(__file__).parents[2]
SECRET = canary("teeth", odd=True)
KNOWN = LocalBedrock.SECRET_ACCESS_KEY


def _log_message() -> None:
    logging.getLogger("bedrock_unified.place").debug(f"signed with {SECRET}")


def _log_argument() -> None:
    logging.getLogger("langchain_bedrock_unified.some.new.room").debug("signed with %s", {"key": SECRET})


def _log_exception() -> None:
    try:
        raise ValueError(SECRET)
    except ValueError:
        logging.getLogger("asyncio").exception("a task failed")


def _raise(error: BaseException) -> None:
    raise error


def _error() -> None:
    with pytest.raises(BedrockError):
        _raise(BedrockError(f"refused: {SECRET}"))


def _error_member() -> None:
    with pytest.raises(BedrockError):
        _raise(BedrockError("refused", response={"Error": {"Message": SECRET}}))


def _caught_otherwise() -> None:
    try:
        _raise(BedrockError("refused", hint=SECRET))
    except BedrockError:
        return


def _cause() -> None:
    with pytest.raises(ConfigurationError):
        try:
            raise KeyError(SECRET)
        except KeyError as error:
            raise ConfigurationError("unknown") from error


def _note() -> None:
    error = ValueError("wrong")
    error.add_note(f"with {SECRET}")
    with pytest.raises(ValueError):
        raise error


def _warning() -> None:
    with pytest.warns(UserWarning):
        warnings.warn(f"old key {SECRET}", stacklevel=1)


def _pickle() -> None:
    pickle.dumps({"key": SECRET})


def _file() -> None:
    state._write(state.private_folder() / "state.json", f'{{"key": "{SECRET}"}}')


def _process() -> None:
    subprocess.run([sys.executable, "-c", f"print({SECRET!r})"], capture_output=True, text=True, check=True)


class Careless(ChatBedrock):
    """A model that writes a secret down."""

    remark: str = ""


def _model_dump() -> None:
    Careless(model="amazon.nova-lite-v1:0", remark=SECRET).model_dump()


def _model_repr() -> None:
    repr(Careless(model="amazon.nova-lite-v1:0", remark=SECRET))


WAYS: dict[str, tuple[Callable[[], None], str]] = {
    "message of a log": (_log_message, "a log: bedrock_unified.place (DEBUG)"),
    "argument of a log": (_log_argument, "a log: langchain_bedrock_unified.some.new.room (DEBUG)"),
    "exception of a log": (_log_exception, "a log: asyncio (ERROR)"),
    "error": (_error, "a caught error: BedrockError"),
    "member of an error": (_error_member, "an error: BedrockError"),
    "error caught without pytest": (_caught_otherwise, "an error: BedrockError"),
    "cause": (_cause, "a caught error: KeyError"),
    "note": (_note, "a note of an error: ValueError"),
    "warning": (_warning, "a warning: UserWarning"),
    "pickle": (_pickle, "a pickle: dict"),
    "file": (_file, "a file: state.json"),
    "process": (_process, "a process's standard output"),
    "model_dump": (_model_dump, "model_dump: Careless"),
    "repr of a model": (_model_repr, "__repr__: Careless"),
}


@pytest.mark.parametrize("way", WAYS)
def test_what_leaks_is_found(way: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BEDROCK_UNIFIED_HOME", str(tmp_path))
    leak, where = WAYS[way]
    with scanner().expecting() as leaks:
        leak()
        ways().look_back()
    assert where in {found.where for found in leaks}
    assert SECRET not in str(leaks) and "a canary (plain)" in str(leaks)


def test_what_is_printed_is_found(capsys: pytest.CaptureFixture[str]) -> None:
    with scanner().expecting() as leaks:
        print(SECRET)
        capsys.readouterr()
    assert [found.where for found in leaks] == ["standard output"] * len(leaks) and leaks


def test_loggers_are_as_they_were_set(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("bedrock_unified.place")
    logger.debug("nobody asked for this")
    assert not caplog.records
    with caplog.at_level(logging.DEBUG, "bedrock_unified"):
        logger.debug("but for %s", "this")
    assert [record.getMessage() for record in caplog.records] == ["but for this"]
    assert caplog.records[0].filename == Path(__file__).name


def test_an_error_that_stays_within_is_none() -> None:
    from bedrock_unified.config.own.keys import keywords_of_key

    with scanner().expecting() as leaks, pytest.raises(ConfigurationError):
        keywords_of_key(json.dumps({"AccessKeyID": "AKIA", "SecretAccessKe": SECRET}), "the key")
        ways().look_back()
    assert not leaks


@pytest.mark.parametrize(
    "form",
    [
        str,
        lambda text: quote(text, safe=""),
        lambda text: quote(text, safe="").replace("%2F", "%2f"),
        lambda text: json.dumps({"key": text}),
        lambda text: text.encode().hex(),
        lambda text: text[::-1],
        *(
            lambda text, before=before: base64.b64encode(b"u" * before + b":" + text.encode() + b"@").decode()
            for before in range(4)
        ),
        lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
        lambda text: repr({"key": [text]}),
        lambda text: f"…{text}…".encode(),
    ],
)
@pytest.mark.parametrize(
    "secret", [KNOWN, SECRET, canary("plain"), FIXED["an API key"]], ids=["known", "odd", "plain", "fixed"]
)
def test_every_form_of_a_secret_is_found(secret: str, form: Callable[[str], Any]) -> None:
    with scanner().expecting() as leaks:
        scanner().search("here", form(secret))
    assert leaks
    for text in map(str, leaks):
        assert secret not in text and secret[4:-4] not in text


def test_a_part_of_a_canary_is_found() -> None:
    secret = canary("cut")
    with scanner().expecting() as leaks:
        scanner().search("the beginning", f"found {secret[:14]}")
        scanner().search("the end", f"…{secret[-12:]}")
    assert {leak.where for leak in leaks} == {"the beginning", "the end"}


def test_what_is_shown_on_purpose_is_allowed() -> None:
    assert all(isinstance(pattern, re.Pattern) for pattern in ON_PURPOSE)
    allowed = f"export AWS_SECRET_ACCESS_KEY={KNOWN}\n"
    with scanner().expecting() as leaks:
        scanner().search("here", allowed)
        scanner().search("there", allowed + f"signed with {KNOWN}")
    assert {leak.where for leak in leaks} == {"there"}


def test_a_scanner_tells_each_leak_once() -> None:
    from .known import needles

    alone = Scanner(needles([("a key", "abcdefghijkl")]))
    for _ in range(3):
        alone.search("a log: x", "key=abcdefghijkl")
    assert alone.take() == [Leak("a key (plain)", "a log: x", "key=…")]
    assert alone.take() == []
    assert alone.searched == {"a log": 3}


LEAKING = """
import logging, pickle, sys
import pytest
from bedrock_unified.errors import BedrockError
from bedrock_unified.local import LocalBedrock

KEY = LocalBedrock.SECRET_ACCESS_KEY

def test_log():
    logging.getLogger("bedrock_unified").debug("%s", KEY)

def test_error():
    with pytest.raises(BedrockError):
        raise BedrockError(KEY)

def test_print():
    print(KEY)

@pytest.fixture
def careless():
    yield
    print(KEY, file=sys.stderr)

def test_teardown(careless):
    pass

def test_failing():
    print(KEY)
    assert 1 == 2

def test_good():
    logging.getLogger("bedrock_unified").debug("nothing")
"""


def test_a_leak_fails_the_test_it_is_in_in_every_worker(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(
        "from tests.secrecy.plugin import pytest_configure, pytest_runtest_makereport\n"
    )
    (tmp_path / "test_leaking.py").write_text(LEAKING)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rA", "-n", "1", str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    said = run.stdout
    assert run.returncode == 1, said + run.stderr
    assert set(re.findall(r"^FAILED \S*::(\w+)", said, re.M)) == {
        "test_log",
        "test_error",
        "test_print",
        "test_failing",
    }
    assert re.findall(r"^ERROR \S*::(\w+)", said, re.M) == ["test_teardown"]
    assert set(re.findall(r"^PASSED \S*::(\w+)", said, re.M)) == {"test_good", "test_teardown"}
    assert "came out by a log: bedrock_unified (DEBUG)" in said
    assert "the local endpoint's secret key (plain) came out by Captured stdout call" in said
    assert KNOWN not in said
