"""``bedrock-unified backend``: what is kept, where keys are, and what is refused."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import keyring
import keyring.backends.fail
import keyring.backends.null
import keyring.errors
import pytest

from bedrock_unified.local import LocalBedrock

from .conftest import Ring, Run

FILE = "bedrock-unified.json"
SECRET = "ABSK-a-very-secret-key"
BLOB = json.dumps(
    {
        "AccessKeyID": LocalBedrock.ACCESS_KEY_ID,
        "SecretAccessKey": LocalBedrock.SECRET_ACCESS_KEY,
        "SessionToken": "",
    }
)


def kept(home: Path) -> dict:
    return json.loads((home / FILE).read_text())


def test_a_backend_is_kept_listed_shown_and_removed(run: Run, home: Path) -> None:
    run("backend", "add", "eu", "--type", "bedrock", "--url", "eu-west-1", "--profile", "work")
    run("backend", "add", "us", "--url", "https://bedrock-runtime.us-east-1.amazonaws.com")
    assert kept(home)["backends"] == {
        "eu": {"type": "bedrock", "region": "eu-west-1", "profile": "work"},
        "us": {"type": "bedrock", "region": "us-east-1"},
    }
    assert [line[:3] for line in run("backend", "list").lines] == [
        ["eu", "*", "eu-west-1"],
        ["us", "", "us-east-1"],
    ]
    assert run("backend", "show", "eu", "--json").json == {
        "name": "eu",
        "type": "bedrock",
        "region": "eu-west-1",
        "profile": "work",
        "default": True,
    }
    assert "is removed, and there is no default any more" in run("backend", "remove", "eu").err
    assert [one["name"] for one in run("backend", "list", "--json").json] == ["us"]
    assert kept(home)["settings"] == {}


@pytest.mark.parametrize("word", ["rm", "delete"])
def test_remove_has_other_names(run: Run, word: str) -> None:
    run("backend", "add", "eu", "--url", "eu-west-1")
    run("backend", word, "eu")
    assert run("backend", "list").out == ""


def test_the_file_and_its_folder_are_their_owners_alone(run: Run, home: Path) -> None:
    run("backend", "add", "eu", "--url", "eu-west-1")
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert stat.S_IMODE((home / FILE).stat().st_mode) == 0o600


def test_a_bedrock_backend_needs_a_url_for_its_region(run: Run) -> None:
    refused = run("backend", "add", "eu", "--type", "bedrock", code=2)
    assert "--url is required for bedrock backends (it carries the region)" in refused.err
    assert "e.g.: --url https://bedrock-runtime.us-east-1.amazonaws.com" in refused.err
    hinted = run("backend", "add", "eu", "--region", "eu-west-3", code=2)
    assert "--url eu-west-3" in hinted.err


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://bedrock-runtime.us-east-1.amazonaws.com//v1", "looks malformed"),
        ("https://bedrock.internal.example.com", "begins like AWS"),
        ("moon", "neither an endpoint's URL nor a region"),
        ("", "neither an endpoint's URL nor a region"),
        ("ftp://bedrock-runtime.us-east-1.amazonaws.com", "neither http nor https"),
        (
            "https://me:sesame@bedrock-runtime.us-east-1.amazonaws.com",
            "credentials have their own parameters",
        ),
        ("https://bedrock-runtime.us-east-1.amazonaws.com?key=sesame", "query"),
    ],
)
def test_a_url_that_cannot_be_one_is_refused_without_its_secrets(
    run: Run, home: Path, url: str, said: str
) -> None:
    refused = run("backend", "add", "eu", "--url", url, code=2)
    assert said in refused.err
    assert "sesame" not in refused.err
    assert not (home / FILE).exists() or kept(home)["backends"] == {}


def test_the_url_and_the_region_must_not_contradict_each_other(run: Run) -> None:
    refused = run("backend", "add", "eu", "--url", "eu-west-1", "--region", "us-east-1", code=2)
    assert "eu-west-1" in refused.err and "us-east-1" in refused.err


def test_an_endpoint_of_ones_own_needs_a_region_and_answers_for_all_services(
    run: Run, endpoint: LocalBedrock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    run("backend", "add", "here", "--url", endpoint.url, "--region", "eu-north-1")
    assert run("models", "list", "--json").json["region"] == "eu-north-1"
    run("chat", "Tea is at four. When is tea?", "-m", "amazon.nova-lite-v1:0")
    assert {request.operation for request in endpoint.requests} == {
        "ListFoundationModels",
        "ListInferenceProfiles",
        "ConverseStream",
    }


def test_a_name_is_taken_once_unless_it_is_replaced(run: Run) -> None:
    run("backend", "add", "eu", "--url", "eu-west-1")
    assert "--replace" in run("backend", "add", "eu", "--url", "eu-west-2", code=2).err
    run("backend", "add", "eu", "--url", "eu-west-2", "--replace")
    assert run("backend", "show", "eu", "--json").json["region"] == "eu-west-2"


@pytest.mark.parametrize("name", ["", "-x", "a b", "a/b", "ä", "x" * 65])
def test_a_name_that_a_command_line_cannot_carry_is_refused(run: Run, name: str) -> None:
    refused = run("backend", "add", "--url", "eu-west-1", "--", name, code=2)
    assert "cannot be a backend's name" in refused.err


def test_a_backend_that_is_not_there_is_told_with_the_nearest(run: Run) -> None:
    assert "backend add production --url" in run("backend", "show", "production", code=2).err
    run("backend", "add", "production", "--url", "eu-west-1")
    for command in (("backend", "show"), ("backend", "remove"), ("config", "set", "default-backend")):
        assert "did you mean 'production'?" in run(*command, "prodution", code=2).err
    assert "did you mean 'production'?" in run("chat", "Hi", "--backend", "prodution", code=2).err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--type", "openai"], "one of: bedrock"),
        (["--role-arn", "me"], "arn:aws:iam::"),
        (["--external-id", "42"], "without a role"),
        (["--iam-role-source", "moon"], "auto, metadata, env"),
        (["--profile", "p", "--api-key-env", "KEY"], "only one can sign"),
        (["--api-key", "k", "--api-key-env", "KEY"], "different things"),
        (["--plain-text"], "--api-key"),
        (["--api-key-env", '{"AccessKeyID": "sesame"}'], "the name is wanted"),
        (["--api-key-env", "bedrock-api-key-c2VzYW1l"], "the name is wanted"),
        (["--model", "a b"], "blank"),
    ],
)
def test_what_cannot_work_is_refused_and_nothing_is_kept(
    run: Run, home: Path, options: list[str], said: str
) -> None:
    refused = run("backend", "add", "eu", "--url", "eu-west-1", *options, code=2)
    assert said in refused.err and "sesame" not in refused.err and "c2VzYW1l" not in refused.err
    assert not (home / FILE).exists()


# Keys


def test_a_key_by_reference_is_looked_up_when_the_backend_is_used(
    run: Run, home: Path, endpoint: LocalBedrock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    run(
        "backend", "add", "eu", "--url", "eu-west-1", "--api-key-env", "MY_CREDS", "--model", "claude-3-haiku"
    )
    missing = run("chat", "Hello", code=2)
    assert "backend 'eu': the environment variable MY_CREDS is not set" in missing.err
    monkeypatch.setenv("MY_CREDS", LocalBedrock.API_KEY)
    run("chat", "Hello")
    assert endpoint.requests[-1].auth == "bearer"
    monkeypatch.setenv("MY_CREDS", BLOB)
    run("chat", "Hello")
    assert endpoint.requests[-1].auth == "sigv4"
    for text in ((home / FILE).read_text(), run("backend", "show", "eu").out, run("backend", "list").out):
        assert LocalBedrock.SECRET_ACCESS_KEY not in text and LocalBedrock.API_KEY not in text


def test_a_key_goes_into_the_keyring_and_out_of_it_again(run: Run, home: Path, ring: Ring) -> None:
    run("backend", "add", "eu", "--url", "eu-west-1", "--api-key", SECRET)
    assert list(ring.held.values()) == [SECRET]
    shown = run("backend", "show", "eu")
    assert "keyring" in shown.out
    assert SECRET not in shown.out + shown.err + (home / FILE).read_text()
    run("backend", "add", "eu", "--url", "eu-west-1", "--api-key", "ABSK-another", "--replace")
    assert list(ring.held.values()) == ["ABSK-another"]
    run("backend", "remove", "eu")
    assert ring.held == {}


def test_a_key_from_the_keyring_signs(run: Run, ring: Ring, endpoint: LocalBedrock) -> None:
    run(
        "backend",
        "add",
        "eu",
        "--url",
        "eu-west-1",
        "--api-key",
        "-",
        stdin=LocalBedrock.API_KEY.encode() + b"\n",
    )
    run("chat", "Hello", "-m", "amazon.nova-lite-v1:0")
    assert endpoint.requests[-1].auth == "bearer"
    run("chat", "Hello", "-m", "amazon.nova-lite-v1:0", "--profile", "nobody", code=2)


def test_a_key_is_written_down_only_when_that_is_said(run: Run, home: Path) -> None:
    told = run("backend", "add", "eu", "--url", "eu-west-1", "--api-key", SECRET, "--plain-text")
    assert kept(home)["backends"]["eu"]["api_key"] == SECRET
    assert "plain text" in told.err
    for shown in (run("backend", "show", "eu"), run("backend", "list"), run("backend", "list", "--json")):
        assert SECRET not in shown.out + shown.err


@pytest.mark.parametrize(
    "failure", [keyring.errors.KeyringLocked(SECRET), keyring.errors.InitError(SECRET), RuntimeError(SECRET)]
)
def test_a_keyring_that_is_locked_or_fails_is_told_with_the_other_ways(
    run: Run, home: Path, ring: Ring, failure: Exception
) -> None:
    ring.failure = failure
    refused = run("backend", "add", "eu", "--url", "eu-west-1", "--api-key", SECRET, code=2)
    assert "the system's keyring" in refused.err
    assert "--api-key-env" in refused.err and "--profile" in refused.err
    assert SECRET not in refused.err
    assert not (home / FILE).exists()


@pytest.mark.parametrize("none", [keyring.backends.null.Keyring, keyring.backends.fail.Keyring])
def test_no_keyring_at_all_is_told_with_the_other_ways(
    run: Run, monkeypatch: pytest.MonkeyPatch, none: type
) -> None:
    monkeypatch.setattr(keyring, "get_keyring", none)
    refused = run("backend", "add", "eu", "--url", "eu-west-1", "--api-key", SECRET, code=2)
    assert "this system has no keyring" in refused.err and "--api-key-env" in refused.err


def test_a_key_of_a_backend_that_could_not_be_kept_leaves_the_keyring(
    run: Run, home: Path, ring: Ring, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    run("backend", "add", "eu", "--url", "eu-west-1", "--api-key", SECRET, code=2)
    assert ring.held == {}
    assert not (home / FILE).exists()


def test_a_key_that_left_the_keyring_is_told(run: Run, ring: Ring) -> None:
    run("backend", "add", "eu", "--url", "eu-west-1", "--api-key", SECRET)
    ring.held.clear()
    lost = run("chat", "Hello", "-m", "amazon.nova-lite-v1:0", code=2)
    assert "backend 'eu'" in lost.err and "no entry" in lost.err


def test_a_backend_is_forgotten_even_where_its_key_cannot_be(run: Run, ring: Ring) -> None:
    run("backend", "add", "eu", "--url", "eu-west-1", "--api-key", SECRET)
    ring.failure = keyring.errors.KeyringLocked("no")
    told = run("backend", "remove", "eu")
    assert "could not be taken out of the keyring" in told.err
    assert run("backend", "list").out == ""


@pytest.mark.parametrize("key", ["", "  ", '{"User": "x"}', "{", '{"AccessKeyID": "AKIA"}'])
def test_what_is_no_key_is_refused(run: Run, ring: Ring, key: str) -> None:
    refused = run("backend", "add", "eu", "--url", "eu-west-1", "--api-key", key, code=2)
    assert "--api-key" in refused.err
    assert ring.held == {}


def test_what_a_broken_file_says_is_not_overwritten(run: Run, home: Path) -> None:
    run("backend", "add", "eu", "--url", "eu-west-1")
    text = (home / FILE).read_text().replace('"eu-west-1"', '"eu-west-1",,')
    (home / FILE).write_text(text)
    for command in (["backend", "add", "us", "--url", "us-east-1"], ["backend", "list"], ["chat", "Hello"]):
        refused = run(*command, code=2)
        assert f"{home / FILE}, line " in refused.err
        assert "not JSON" in refused.err and "mv " in refused.err
    assert (home / FILE).read_text() == text
