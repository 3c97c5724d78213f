"""Contenox's commands, as its guide types them (CX-02, 06 to 12, 14 to 17, 19), and what both frameworks then
find: examples/contenox/commands-*.sh run as they stand, ``contenox`` being this package's command."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bedrock_unified import load
from bedrock_unified.local import LocalBedrock

from ..cli.conftest import Run
from ..cli.conftest import run as run
from ..core.server import KEY_ID, SECRET, Server
from .configured import EXAMPLES, ask, chat, profile, signed_by
from .configured import at_home as at_home
from .configured import watched as watched
from .conftest import Account

HERE = EXAMPLES / "contenox"
SONNET = "anthropic.claude-3-5-sonnet-20241022-v2:0"
URL = "https://bedrock-runtime.{}.amazonaws.com"
QUESTION = "The ferry leaves at nine. When does the ferry leave?"
ADD = "contenox backend add bedrock --type bedrock"
Type = Callable[..., str]


@pytest.fixture(autouse=True)
def settings(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty folder for what the command keeps; said behind the fixtures that empty the environment."""
    for name in ("at_home", "watched"):
        if name in request.fixturenames:
            request.getfixturevalue(name)
    monkeypatch.setenv("BEDROCK_UNIFIED_HOME", str(tmp_path / "settings"))
    return tmp_path / "settings"


@pytest.fixture
def typed(run: Run) -> Type:
    """Types commands, or those of one of the examples, and gives what they print."""

    def type_(line: str, code: int = 0) -> str:
        text = (HERE / line).read_text(encoding="utf-8") if line.endswith(".sh") else line
        said = ""
        for command in text.replace("\\\n", " ").splitlines():
            name, *words = shlex.split(command, comments=True)
            assert name == "contenox"
            done = run(*words, code=code)
            said += done.out if code == 0 else done.err
        return said

    return type_


@pytest.mark.parametrize("region", ["us-east-1", "ap-southeast-2"])
async def test_cx_02_the_region_of_the_calls_is_the_one_in_the_backends_url(
    typed: Type, watched: Server, framework: Any, monkeypatch: pytest.MonkeyPatch, region: str
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    typed(f"{ADD} --url {URL.format(region)}")
    typed(f"contenox chat -m {SONNET} '{QUESTION}'")
    assert signed_by(watched) == (KEY_ID, region)
    await ask(chat(framework, None, f"bedrock/{SONNET}"))
    assert signed_by(watched) == (KEY_ID, region)


async def test_cx_06_a_backend_without_a_key_signs_with_awss_chain(
    typed: Type, at_home: Account, framework: Any
) -> None:
    typed("commands-ambient.sh")
    assert "nine" in typed(f"contenox chat '{QUESTION}'")
    assert "nine" in await ask(chat(framework, None))
    assert {one.auth for one in at_home.served} == {"sigv4"}


async def test_cx_07_aws_profile_signs_for_a_backend_without_a_key(
    typed: Type, watched: Server, framework: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    profile(monkeypatch, tmp_path, "my-profile", "AKIAMINE")
    monkeypatch.setenv("AWS_PROFILE", "my-profile")
    typed(f"{ADD} --url {URL.format('us-east-1')}")
    typed(f"contenox chat -m {SONNET} '{QUESTION}'")
    assert signed_by(watched) == ("AKIAMINE", "us-east-1")
    await ask(chat(framework, None, f"bedrock/{SONNET}"))
    assert signed_by(watched) == ("AKIAMINE", "us-east-1")


async def test_cx_08_a_backend_is_kept_under_its_name(typed: Type, at_home: Account, framework: Any) -> None:
    typed("commands-ambient.sh")
    assert typed("contenox backend list").split("\t")[0] == "bedrock"
    assert "us-east-1" in typed("contenox backend show bedrock")
    assert list(load().providers) == ["bedrock"]
    assert "nine" in await ask(chat(framework, "bedrock"))
    assert at_home.last.model_id == SONNET
    typed("contenox backend rm bedrock")
    assert typed("contenox backend list") == ""


def test_cx_08_a_url_is_required_and_must_be_well_formed(typed: Type) -> None:
    refused = typed(ADD, code=2)
    assert "--url is required for bedrock backends (it carries the region) e.g.: --url https://" in refused
    doubled = URL.format("us-east-1") + "//"
    assert "looks malformed" in typed(f"{ADD} --url {doubled}", code=2)


def test_cx_09_model_list_shows_the_accounts_models_and_without_it_a_curated_list(
    typed: Type, at_home: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = [line.split("\t")[0] for line in typed("contenox model list").splitlines()]
    assert "us.anthropic.claude-sonnet-4-5-20250929-v1:0" in listed
    assert at_home.served
    at_home.stop()
    curated = [line.split("\t")[0] for line in typed("contenox model list --curated").splitlines()]
    assert {"amazon.nova-lite-v1:0", "us.anthropic.claude-sonnet-4-5-20250929-v1:0"} <= set(curated)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    assert [line.split("\t")[0] for line in typed("contenox model list").splitlines()] == curated


@pytest.mark.parametrize("way", ["chat", "Python"])
async def test_cx_10_the_default_model_is_kept_and_called_where_none_is_named(
    typed: Type, at_home: Account, framework: Any, way: str
) -> None:
    typed("commands-ambient.sh")
    assert typed("contenox config get default-model") == f"{SONNET}\n"
    if way == "chat":
        typed(f"contenox chat '{QUESTION}'")
    else:
        await ask(chat(framework, None))
    assert at_home.last.model_id == SONNET


def test_cx_11_the_default_provider_is_kept(typed: Type, at_home: Account) -> None:
    typed("commands-ambient.sh")
    assert typed("contenox config get default-provider") == "bedrock\n"
    assert "one of bedrock" in typed("contenox config set default-provider openai", code=2)


async def test_cx_12_a_bare_region_is_a_url_too(typed: Type, at_home: Account, framework: Any) -> None:
    typed(f"{ADD} --url eu-west-1")
    assert "eu-west-1" in typed("contenox backend show bedrock")
    app = chat(framework, None, f"bedrock/{SONNET}")
    assert app.model.bedrock.region == "eu-west-1"
    assert "nine" in await ask(app)


async def test_cx_14_keys_in_a_variable_are_used_instead_of_the_chain(
    typed: Type, watched: Server, framework: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOFTHECHAIN")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "chain")
    monkeypatch.setenv(
        "AWS_BEDROCK_CREDS", '{"AccessKeyID":"AKIAPINNED","SecretAccessKey":"pinned","SessionToken":""}'
    )
    typed("commands-static-keys.sh")
    typed(f"contenox chat -m {SONNET} '{QUESTION}'")
    assert signed_by(watched) == ("AKIAPINNED", "us-east-1")
    assert "x-amz-security-token" not in watched.requests[-1].headers
    await ask(chat(framework, None, f"bedrock/{SONNET}"))
    assert signed_by(watched) == ("AKIAPINNED", "us-east-1")


def test_cx_14_the_variables_name_is_kept_and_not_what_it_holds(
    typed: Type, monkeypatch: pytest.MonkeyPatch, settings: Path
) -> None:
    monkeypatch.setenv("AWS_BEDROCK_CREDS", '{"AccessKeyID":"AKIAPINNED","SecretAccessKey":"pinned"}')
    typed("commands-static-keys.sh")
    kept = "".join(path.read_text() for path in settings.iterdir())
    assert "AWS_BEDROCK_CREDS" in kept and "PINNED" not in kept
    monkeypatch.delenv("AWS_BEDROCK_CREDS")
    assert "AWS_BEDROCK_CREDS is not set" in typed(f"contenox chat -m {SONNET} Hello", code=2)


@pytest.mark.parametrize(
    "blob",
    [
        '{"AccessKeyID":"AKIAPINNED","SecretAccessKey":"pinned","SessionToken":"token"}',
        '{"access_key_id":"AKIAPINNED","secret_access_key":"pinned","session_token":"token"}',
        '{"accessKeyId":"AKIAPINNED","secretAccessKey":"pinned","sessionToken":"token"}',
    ],
)
def test_cx_15_the_keys_may_be_spelled_in_each_way(
    typed: Type, watched: Server, monkeypatch: pytest.MonkeyPatch, blob: str
) -> None:
    monkeypatch.setenv("AWS_BEDROCK_CREDS", blob)
    typed("commands-static-keys.sh")
    typed(f"contenox chat -m {SONNET} '{QUESTION}'")
    assert signed_by(watched)[0] == "AKIAPINNED"
    assert watched.requests[-1].headers["x-amz-security-token"] == "token"


def test_cx_16_any_id_can_be_the_default_model(typed: Type, at_home: Account) -> None:
    typed("contenox config set default-model amazon.nova-of-the-future-v9:0")
    typed(f"contenox chat '{QUESTION}'")
    assert at_home.last.model_id == "amazon.nova-of-the-future-v9:0"


def test_cx_17_a_model_that_needs_a_profile_is_shown_with_the_one_of_the_region(typed: Type) -> None:
    shown = typed("contenox model show anthropic.claude-sonnet-4-5-20250929-v1:0 --region eu-west-1")
    assert "on demand\tno" in shown
    assert "call by\teu.anthropic.claude-sonnet-4-5-20250929-v1:0" in shown


async def test_cx_19_an_inference_profile_is_the_default_model(
    typed: Type, at_home: Account, framework: Any
) -> None:
    typed("commands-ambient.sh")
    typed("commands-inference-profile.sh")
    typed(f"contenox chat '{QUESTION}'")
    assert at_home.last.model_id == f"us.{SONNET}"
    await ask(chat(framework, None))
    assert at_home.last.model_id == f"us.{SONNET}"
    assert os.environ["AWS_ACCESS_KEY_ID"] == LocalBedrock.ACCESS_KEY_ID
