"""OneLLM's ``bedrock.json``, where it is looked for, and its variables."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest

from bedrock_unified.config.onellm import MARKERS, find, read
from bedrock_unified.errors import ConfigurationError
from bedrock_unified.models.ids import aliases

PREFIX = "ONELLM_PROVIDERS__BEDROCK__"
KEYS = {"aws_access_key_id": "AKIAONELLM", "aws_secret_access_key": "very-secret"}


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the repository's is found by a search."""
    monkeypatch.chdir(tmp_path)


def write(folder: Path, **content: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "bedrock.json"
    path.write_text(json.dumps(content, indent=4))
    return path


def parameters(source: Any = None, **env: str) -> dict[str, Any]:
    found = read(source, env).providers["bedrock"].parameters
    return {name: getattr(one, "get_secret_value", lambda one=one: one)() for name, one in found.items()}


# Where the file lies


def test_the_current_folders_file_is_read(tmp_path: Path) -> None:
    write(tmp_path, profile="bedrock", region="us-west-2")
    assert parameters() == {"profile_name": "bedrock", "region_name": "us-west-2"}


@pytest.mark.parametrize("marker", MARKERS)
def test_parents_are_searched_up_to_the_projects_top(tmp_path: Path, marker: str) -> None:
    top, inside = tmp_path / "project", tmp_path / "project" / "a" / "b"
    inside.mkdir(parents=True)
    (top / marker).mkdir()
    write(tmp_path, region="of-somebody-else")
    assert find(inside) is None
    mine = write(top, region="us-west-2")
    assert find(inside) == mine
    nearer = write(top / "a", region="us-west-1")
    assert find(inside) == nearer


def test_without_a_project_around_it_the_folder_alone_counts(tmp_path: Path) -> None:
    if any((parent / marker).exists() for parent in tmp_path.parents for marker in MARKERS):
        pytest.skip("the folder for temporary files lies in a project")
    inside = tmp_path / "a" / "b"
    inside.mkdir(parents=True)
    write(tmp_path, region="us-west-2")
    assert find(inside) is None
    assert find(tmp_path) == tmp_path / "bedrock.json"


def test_where_packages_are_installed_nothing_is_looked_for(tmp_path: Path) -> None:
    installed = tmp_path / "lib" / "site-packages"
    write(installed, region="us-west-2")
    assert find(installed) is None


def test_a_variable_names_the_file(tmp_path: Path) -> None:
    write(tmp_path, region="us-west-2")
    other = write(tmp_path / "other", region="eu-west-3")
    assert parameters(ONELLM_BEDROCK_JSON=str(other)) == {"region_name": "eu-west-3"}
    with pytest.raises(ConfigurationError, match="absent"):
        read(None, {"ONELLM_BEDROCK_JSON": str(tmp_path / "absent.json")})


def test_a_folder_without_the_file_is_an_error_only_where_it_was_named(tmp_path: Path) -> None:
    assert parameters() == {}
    with pytest.raises(ConfigurationError, match=r"there is no bedrock\.json") as refused:
        read(tmp_path, {})
    assert '"profile"' in str(refused.value.hint)


# What stands above what


def test_the_order_for_a_region(tmp_path: Path) -> None:
    env: dict[str, str] = {}
    assert parameters(**env) == {}
    env["AWS_DEFAULT_REGION"] = "eu-west-1"
    assert parameters(**env) == {"region_name": "eu-west-1"}
    env["AWS_REGION"] = "eu-west-2"
    assert parameters(**env) == {"region_name": "eu-west-2"}
    write(tmp_path, region="eu-west-3")
    assert parameters(**env) == {"region_name": "eu-west-3"}
    env[f"{PREFIX}REGION"] = "eu-north-1"
    assert parameters(**env) == {"region_name": "eu-north-1"}


def test_the_variables(tmp_path: Path) -> None:
    env = {"TIMEOUT": "12.5", "MAX_RETRIES": "5", "PROFILE": "work", "REGION": "eu-west-1"}
    found = parameters(**{f"{PREFIX}{name}": value for name, value in env.items()})
    assert found == {"timeout": 12.5, "max_retries": 5, "profile_name": "work", "region_name": "eu-west-1"}


def test_who_signs_is_said_in_one_place() -> None:
    content = {**KEYS, "aws_session_token": "token", "region": "us-west-2"}
    assert parameters(content) == {
        "aws_access_key_id": "AKIAONELLM",
        "aws_secret_access_key": "very-secret",
        "aws_session_token": "token",
        "region_name": "us-west-2",
    }
    assert parameters(content, **{f"{PREFIX}PROFILE": "work"}) == {
        "profile_name": "work",
        "region_name": "us-west-2",
    }
    env = {f"{PREFIX}{name.upper()}": f"env-{value}" for name, value in KEYS.items()}
    assert parameters(content, **env) == {
        "aws_access_key_id": "env-AKIAONELLM",
        "aws_secret_access_key": "env-very-secret",
        "region_name": "us-west-2",
    }


def test_empty_text_and_null_say_nothing() -> None:
    assert parameters({"profile": "", "region": None, **KEYS, "aws_session_token": ""}) == KEYS


# What is refused


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ('{\n  "profle": "x"\n}', r"line 2, profle: unknown key 'profle'", "'profile'"),
        ('{\n  "region": "a",\n  "region": "b"\n}', r"line 3, .*twice", None),
        ('{"profile": "very-secret"', r"line 1", None),
        ('["very-secret"]', "must be a mapping", None),
        ('{"region": {"very-secret": 1}}', r"region: it must be text", None),
        ('{"aws_access_key_id": "AKIAVERY-SECRET"}', "aws_secret_access_key is missing beside it", "both"),
        ('{"aws_secret_access_key": "very-secret"}', "aws_access_key_id is missing beside it", "both"),
        ('{"aws_session_token": "very-secret"}', "a session token without its keys", "aws_access_key_id"),
    ],
)
def test_what_cannot_be_is_refused_without_a_secret(
    tmp_path: Path, text: str, message: str, hint: str | None
) -> None:
    (tmp_path / "bedrock.json").write_text(text)
    with pytest.raises(ConfigurationError, match=message) as refused:
        read(None, {})
    assert "secret" not in str(refused.value).lower().replace("aws_secret_access_key", "")
    assert hint is None or hint in str(refused.value.hint)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("TIMEOUT", "soon", "must be a number above 0"),
        ("TIMEOUT", "0", "must be a number above 0"),
        ("MAX_RETRIES", "-1", "whole number"),
        ("TIMEOUTS", "1", "unknown key 'timeouts'"),
    ],
)
def test_a_variable_that_cannot_be(name: str, value: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=f"environment, {PREFIX}{name}: .*{message}"):
        read(None, {f"{PREFIX}{name}": value})


def test_secrets_are_in_no_repr_and_no_pickle() -> None:
    found = read(KEYS, {})
    assert "very-secret" not in repr(found)
    assert b"very-secret" not in pickle.dumps(found)


# Models


@pytest.mark.parametrize("alias", sorted(aliases()))
@pytest.mark.parametrize("mark", ["bedrock/", ""])
def test_a_short_name_stays_one(alias: str, mark: str) -> None:
    model = read({}, {})[f"{mark}{alias}"]
    assert (model.model_id, model.provider) == (alias, "bedrock")
    assert model.kind == ("embedding" if "embed" in alias else "chat")
    assert model.parameters == ({} if "embed" in alias else {"max_tokens": 1000})


def test_a_full_id_is_sent_as_it_is() -> None:
    found = read({}, {})
    arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abcdefghijkl"
    for spec in ("anthropic.claude-3-5-sonnet-20241022-v2:0", "us.vendor.new-v9:0", arn):
        assert found[f"bedrock/{spec}"].model_id == spec
        assert found[f"bedrock/{spec}"].parameters == {"max_tokens": 1000}


def test_a_name_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="slash"):
        read({}, {})["openai/gpt-4"]


@pytest.mark.parametrize("variable", [f"{PREFIX}REGION", "AWS_REGION", "AWS_DEFAULT_REGION"])
def test_a_region_that_is_none(variable: str) -> None:
    with pytest.raises(ConfigurationError, match=f"environment, {variable}: 'Bad R' is not a region"):
        read(None, {variable: "Bad R"})
