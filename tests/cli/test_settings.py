"""``bedrock-unified config``, the file behind it, and that Python finds there what the command keeps."""

from __future__ import annotations

import copy
import json
import os
import pickle
import threading
import time
from pathlib import Path

import pytest

from bedrock_unified import BedrockClient, load
from bedrock_unified.cli import state
from bedrock_unified.config import own
from bedrock_unified.errors import ConfigurationError
from bedrock_unified.local import LocalBedrock
from langchain_bedrock_unified import ChatBedrock
from llamaindex_bedrock_unified import BedrockConverse

from .conftest import Run, process

FILE = "bedrock-unified.json"
NOVA = "amazon.nova-lite-v1:0"
QUESTION = "The ferry leaves at nine. When does the ferry leave?"


def test_a_setting_is_set_got_listed_and_unset(run: Run, home: Path) -> None:
    assert run("config", "get", "default-model", code=1).out == ""
    run("config", "set", "default-model", NOVA)
    run("config", "set", "default-max-tokens", "200")
    assert run("config", "get", "default-model").out == f"{NOVA}\n"
    listed = run("config", "list", "--json").json
    assert listed == {
        "file": str(home / FILE),
        "settings": {"default-model": NOVA, "default-max-tokens": 200},
    }
    assert ["default-model", NOVA] in [line[:2] for line in run("config", "list").lines]
    run("config", "unset", "default-model")
    run("config", "unset", "default-model")
    assert run("config", "get", "default-model", "--json", code=1).json is None


def test_an_unknown_setting_is_refused_with_the_nearest(run: Run, home: Path) -> None:
    for command in (["set", "default-modle", "x"], ["get", "default-modle"], ["unset", "default-modle"]):
        assert "did you mean 'default-model'?" in run("config", *command, code=2).err
    assert "default-max-tokens" in run("config", "get", "colour", code=2).err
    assert not home.exists()


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("default-model", "two words", "blank"),
        ("default-model", "", "not empty"),
        ("default-max-tokens", "0", "from 1"),
        ("default-max-tokens", "many", "whole number"),
        ("default-max-tokens", "9999999999", "whole number"),
        ("default-temperature", "2", "from 0 to 1"),
        ("default-temperature", "nan", "from 0 to 1"),
        ("default-think", "hard", "auto, off"),
        ("default-provider", "openai", "one of bedrock"),
        ("default-region", "The Moon", "us-east-1"),
        ("default-backend", "nobody", "no backend"),
    ],
)
def test_a_value_that_cannot_be_is_refused(run: Run, home: Path, setting: str, value: str, said: str) -> None:
    assert said in run("config", "set", setting, value, code=2).err
    assert not (home / FILE).exists()


# The file


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("", None, "empty"),
        ("[]", 1, "where keys and values belong"),
        ('{"bedrock-unified": 1', 1, "not JSON"),
        ('{\n "settings": {}\n}', 1, "has no key 'bedrock-unified'"),
        ('{\n "bedrock-unified": 9\n}', 2, "update bedrock-unified"),
        ('{\n "bedrock-unified": true\n}', 2, "form is True"),
        ('{\n "bedrock-unified": 1,\n "setings": {}\n}', 3, "did you mean 'settings'?"),
        (
            '{"bedrock-unified": 1,\n "settings": {\n  "default-modle": "x"}}',
            3,
            "did you mean 'default-model'?",
        ),
        ('{"bedrock-unified": 1,\n "settings": {\n  "default-max-tokens": "x"}}', 3, "whole number"),
        ('{"bedrock-unified": 1,\n "settings": [1]}', 2, "list"),
        ('{"bedrock-unified": 1,\n "backends": {\n  "eu": 3}}', 3, "number"),
        ('{"bedrock-unified": 1,\n "backends": {\n  "eu": {\n   "regoin": "eu-west-1"}}}', 4, "'region'?"),
        ('{"bedrock-unified": 1,\n "backends": {\n  "eu": {\n   "region": 3}}}', 4, "text"),
        ('{"bedrock-unified": 1,\n "backends": {\n  "eu": {}}}', 3, "--url is required"),
        ('{"bedrock-unified": 1,\n "backends": {\n  "a b": {"region": "eu-west-1"}}}', 3, "name"),
        ('{"bedrock-unified": 1,\n "settings": {},\n "settings": {}}', 3, "twice"),
    ],
)
def test_a_broken_file_is_told_with_its_line_and_how_to_mend_it(
    run: Run, home: Path, text: str, line: int | None, said: str
) -> None:
    home.mkdir()
    (home / FILE).write_text(text)
    for command in (["config", "list"], ["config", "set", "default-model", NOVA], ["backend", "rm", "eu"]):
        refused = run(*command, code=2)
        where = str(home / FILE) if line is None else f"{home / FILE}, line {line}"
        assert refused.err.startswith(f"bedrock-unified: {where}")
        assert said in refused.err
        assert f"mv {home / FILE} {home / FILE}.old" in refused.err
    assert (home / FILE).read_text() == text
    with pytest.raises(ConfigurationError, match=r"bedrock-unified\.json"):
        own.read()


def test_a_secret_in_a_broken_file_is_not_shown(run: Run, home: Path) -> None:
    home.mkdir()
    for text in (
        '{"bedrock-unified": 1, "backends": {"eu": {"region": "eu-west-1", "api_key": "sesame"',
        '{"bedrock-unified": 1, "backends": {"eu": {"region": "moon!", "api_key": "sesame"}}}',
        '{"bedrock-unified": 1, "backends": {"eu": {"region": "eu-west-1", "api_key": ["sesame"]}}}',
    ):
        (home / FILE).write_text(text)
        assert "sesame" not in run("backend", "list", code=2).err


def test_a_file_that_cannot_be_written_is_told(run: Run, home: Path) -> None:
    home.parent.joinpath("settings").write_text("a file where the folder belongs")
    refused = run("config", "set", "default-model", NOVA, code=2)
    assert str(home) in refused.err and "BEDROCK_UNIFIED_HOME" in refused.err


def test_a_link_to_the_file_stays_one(run: Run, home: Path, tmp_path: Path) -> None:
    home.mkdir()
    (home / FILE).symlink_to(tmp_path / "dotfiles.json")
    (tmp_path / "dotfiles.json").write_text('{"bedrock-unified": 1}')
    run("config", "set", "default-model", NOVA)
    assert (home / FILE).is_symlink()
    assert json.loads((tmp_path / "dotfiles.json").read_text())["settings"] == {"default-model": NOVA}


def test_a_failure_while_writing_leaves_the_file_as_it_was(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("config", "set", "default-model", NOVA)
    before = (home / FILE).read_text()

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    refused = run("config", "set", "default-model", "amazon.nova-pro-v1:0", code=2)
    assert "No space left on device" in refused.err
    assert (home / FILE).read_text() == before
    assert {path.name for path in home.iterdir()} == {FILE, ".lock"}


def test_writers_take_turns(home: Path) -> None:
    names = [f"one-{number}" for number in range(8)]
    writers = [process("backend", "add", name, "--url", "eu-west-1") for name in names]
    for writer in writers:
        _, said = writer.communicate(timeout=60)
        assert writer.returncode == 0, said
    assert set(own.read_file(home / FILE).backends) == set(names)


def test_a_writer_does_not_wait_for_ever(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "PATIENCE", 0.2)
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with state.changing():
            held.set()
            release.wait(10)

    other = threading.Thread(target=hold)
    other.start()
    held.wait(10)
    began = time.monotonic()
    refused = run("config", "set", "default-model", NOVA, code=2)
    release.set()
    other.join()
    assert "another bedrock-unified is writing" in refused.err
    assert time.monotonic() - began < 5
    assert run("config", "get", "default-model", code=1).out == ""


def test_without_a_folder_of_its_own_the_platforms_is_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("BEDROCK_UNIFIED_HOME")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert own.place().name == FILE
    assert tmp_path in own.place().parents


# From Python


@pytest.mark.parametrize("kind", [ChatBedrock, BedrockConverse])
def test_python_finds_backends_and_defaults(run: Run, endpoint: LocalBedrock, kind: type) -> None:
    run("backend", "add", "eu", "--url", endpoint.url, "--region", "eu-west-1", "--model", NOVA)
    run("config", "set", "default-max-tokens", "123")
    model = kind.from_config("eu")
    assert (model.bedrock.region, model.max_tokens) == ("eu-west-1", 123)
    response = model.invoke(QUESTION) if kind is ChatBedrock else model.complete(QUESTION)
    assert "nine" in str(response)
    assert endpoint.requests[-1].body["inferenceConfig"] == {"maxTokens": 123}
    model.bedrock.close()
    other = kind.from_config(None, "eu/amazon.nova-pro-v1:0")
    assert other.bedrock.region == "eu-west-1"
    client = BedrockClient.from_config("eu")
    assert client.region == "eu-west-1"


def test_the_configuration_names_models_and_providers(run: Run) -> None:
    run("backend", "add", "eu", "--url", "eu-west-1", "--model", "claude-3-haiku")
    run("backend", "add", "us", "--url", "us-east-1")
    configuration = load()
    assert configuration.system == "bedrock-unified"
    assert list(configuration.providers) == ["eu", "us"]
    assert configuration["eu"].model_id == "claude-3-haiku"
    assert configuration.default_model == "eu"
    assert "'us' names no model" in configuration.notes[0]
    with pytest.raises(ConfigurationError, match="backend 'us' names no model"):
        configuration["us"]
    run("config", "set", "default-model", NOVA)
    assert load()["us"].model_id == NOVA
    assert load()["eu"].model_id == "claude-3-haiku"


def test_a_key_is_in_no_repr_and_no_pickle_and_a_copy_does_not_sign_as_somebody_else(run: Run) -> None:
    run(
        "backend",
        "add",
        "eu",
        "--url",
        "eu-west-1",
        "--model",
        NOVA,
        "--api-key",
        "ABSK-sesame",
        "--plain-text",
    )
    configuration = load()
    keywords = configuration.keywords(configuration["eu"])
    assert keywords["api_key"].get_secret_value() == "ABSK-sesame"
    assert "sesame" not in repr(configuration) + str(configuration.providers["eu"].parameters)
    written = pickle.dumps(configuration)
    assert b"sesame" not in written
    copied = pickle.loads(written)
    with pytest.raises(ConfigurationError, match="its key was not written down"):
        copied.keywords(copied["eu"])
    kept = copy.deepcopy(configuration)
    assert kept.keywords(kept["eu"])["api_key"].get_secret_value() == "ABSK-sesame"


def test_one_backends_missing_key_does_not_hinder_another(run: Run) -> None:
    run("backend", "add", "eu", "--url", "eu-west-1", "--model", NOVA, "--api-key-env", "NOT_SET_ANYWHERE")
    run("backend", "add", "us", "--url", "us-east-1", "--model", NOVA)
    configuration = load()
    assert configuration.keywords(configuration["us"])["region_name"] == "us-east-1"
    with pytest.raises(ConfigurationError, match="NOT_SET_ANYWHERE is not set"):
        configuration.keywords(configuration["eu"])


@pytest.mark.parametrize(
    ("env", "options", "region"),
    [
        ({}, [], "eu-central-1"),
        ({"AWS_DEFAULT_REGION": "eu-west-3"}, [], "eu-west-3"),
        ({"AWS_REGION": "eu-west-2", "AWS_DEFAULT_REGION": "eu-west-3"}, [], "eu-west-2"),
        ({"AWS_REGION": "eu-west-2"}, ["--backend", "us"], "us-east-1"),
        ({"AWS_REGION": "eu-west-2"}, ["--backend", "us", "--region", "us-west-2"], "us-west-2"),
    ],
)
def test_the_region_is_the_options_the_backends_the_environments_the_settings(
    run: Run, monkeypatch: pytest.MonkeyPatch, env: dict[str, str], options: list[str], region: str
) -> None:
    run("backend", "add", "us", "--url", "us-east-1")
    run("config", "unset", "default-backend")
    run("config", "set", "default-region", "eu-central-1")
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    assert run("models", "list", "--curated", "--json", *options).json["region"] == region
