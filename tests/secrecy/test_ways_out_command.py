"""The command shows and writes no secret, wherever the secrets of a setup are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bedrock_unified.local import LocalBedrock

from ..cli.conftest import Ring, Run
from ..cli.conftest import endpoint as endpoint
from ..cli.conftest import home as home
from ..cli.conftest import ring as ring
from ..cli.conftest import run as run
from .known import canary
from .plugin import scanner
from .showing import no_secret

API_KEY, KEY, TOKEN, PASSWORD = (canary(name) for name in ("api-key", "secret-key", "token", "password"))
ID = "AKIACOMMANDLINE00000"
BLOB = json.dumps({"AccessKeyID": ID, "SecretAccessKey": KEY, "SessionToken": TOKEN})
NOVA = "amazon.nova-lite-v1:0"
SETUPS = ("environment", "bearer", "files", "ring", "variable", "plain text", "proxy", "process")
COMMANDS = [
    ("doctor",),
    ("doctor", "--json"),
    ("models", "list"),
    ("models", "list", "--json"),
    ("models", "show", NOVA, "--json"),
    ("backend", "list"),
    ("backend", "list", "--json"),
    ("config", "list"),
    ("config", "list", "--json"),
    ("chat", "Hello?", "-m", NOVA),
    ("chat", "Hello?", "-m", NOVA, "--json"),
    ("embed", "Hello?", "--json"),
    ("rerank", "tea", "tea", "coffee", "--json"),
    ("iam-policy", "--json"),
    ("guardrail", "check", "Hello?", "--json"),
    ("tokens", "count", "Hello?", "-m", NOVA, "--json"),
]


@pytest.fixture
def setup(
    request: pytest.FixtureRequest,
    run: Run,
    home: Path,
    ring: Ring,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> str:
    """A machine with secrets in one place or another, in front of nothing that takes them."""
    monkeypatch.chdir(tmp_path)
    where: str = request.param
    add = ("backend", "add", "mine", "--url", "us-east-1", "--model", NOVA)
    said = []
    if where == "environment":
        told = {"AWS_ACCESS_KEY_ID": ID, "AWS_SECRET_ACCESS_KEY": KEY, "AWS_SESSION_TOKEN": TOKEN}
        for name, value in told.items():
            monkeypatch.setenv(name, value)
    elif where == "bearer":
        monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", API_KEY)
    elif where in ("files", "process"):
        (tmp_path / "files").write_text(
            f"[default]\naws_access_key_id={ID}\naws_secret_access_key={KEY}\naws_session_token={TOKEN}\n"
            if where == "files"
            else f"[default]\ncredential_process = echo '{BLOB}'\n"
        )
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "files"))
    elif where == "ring":
        said.append(run(*add, "--api-key", API_KEY))
        assert API_KEY in ring.held.values()
    elif where == "variable":
        monkeypatch.setenv("MY_CREDS", BLOB)
        said.append(run(*add, "--api-key-env", "MY_CREDS"))
    elif where == "plain text":
        said.append(run(*add, "--api-key", API_KEY, "--plain-text"))
    elif where == "proxy":
        monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", API_KEY)
    for done in said:
        no_secret(out=done.out, err=done.err)
    # AWS's place is taken by a proxy that is not there: what leaves this machine fails at once.
    monkeypatch.setenv("HTTPS_PROXY", f"http://me:{PASSWORD}@127.0.0.1:9")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    return where


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("setup", SETUPS, indirect=True)
def test_no_command_says_one(setup: str, command: tuple[str, ...], run: Run) -> None:
    done = run(*command, code=None)
    assert done.out or done.err
    no_secret(out=done.out, err=done.err)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_nor_one_that_is_answered(command: tuple[str, ...], run: Run, endpoint: LocalBedrock) -> None:
    done = run(*command, code=None)
    assert done.code in (0, 2, 3), done.err
    no_secret(out=done.out, err=done.err)


@pytest.mark.parametrize(
    "arguments",
    [
        ("backend", "add", "a", "--url", f"https://me:{PASSWORD}@bedrock-runtime.us-east-1.amazonaws.com"),
        ("backend", "add", "a", "--url", f"https://me:{canary('odd', odd=True)}@bedrock.example"),
        ("backend", "add", "a", "--url", f"me:{PASSWORD}@bedrock.example"),
        ("backend", "add", "a", "--url", f"https://me:x/{PASSWORD}@bedrock.example"),
        ("backend", "add", "a", "--url", f"https://me:x//{PASSWORD}@bedrock.example"),
        ("backend", "add", "a", "--url", f"https://[me:{PASSWORD}@bedrock.example"),
        ("backend", "add", "a", "--url", f"https://me:{PASSWORD}[@bedrock.example"),
        ("backend", "add", "a", "--url", f"https://bedrock.example?key={PASSWORD}"),
        ("backend", "add", "a", "--url", "us-east-1", "--api-key-env", API_KEY + "="),
        ("backend", "add", "a", "--url", "us-east-1", "--api-key-env", BLOB),
        ("backend", "add", "a", "--url", "us-east-1", "--api-key", BLOB[:-1]),
        (
            "backend",
            "add",
            "a",
            "--url",
            "us-east-1",
            "--api-key",
            json.dumps({"AccessKeyID": ID, "Key": KEY}),
        ),
        ("backend", "add", "a", "--url", "us-east-1", "--api-key", f"{API_KEY}\n{API_KEY}"),
        ("backend", "add", "a", "--url", "us-east-1", "--api-key", API_KEY, "--api-key-env", "X"),
        ("backend", "add", "a", "--url", "us-east-1", "--api-key", API_KEY, "--profile", "p"),
        ("backend", "add", "a", "--url", "us-east-1", "--plain-text", "--api-key", f"{API_KEY}\t{API_KEY}"),
        ("doctor", "--json", "--endpoint-url", f"https://me:{PASSWORD}@bedrock.example"),
        ("chat", "Hello?", "-m", NOVA, "--endpoint-url", f"https://me:{PASSWORD}@bedrock.example"),
    ],
    ids=lambda arguments: " ".join(arguments[:1]),
)
def test_what_is_refused_is_not_repeated(
    arguments: tuple[str, ...], run: Run, ring: Ring, home: Path
) -> None:
    done = run(*arguments, code=None)
    no_secret(out=done.out, err=done.err)
    assert done.code == 2, done.err
    assert not ring.held
    for path in home.rglob("*") if home.exists() else ():
        if path.is_file():
            no_secret(file=path.read_bytes())


def test_a_plain_key_is_nowhere_but_where_it_was_asked_for(run: Run, home: Path) -> None:
    run("backend", "add", "mine", "--url", "us-east-1", "--api-key", API_KEY, "--plain-text")
    (path,) = [path for path in home.rglob("*") if path.is_file() and API_KEY in path.read_text()]
    assert json.loads(path.read_text())["backends"]["mine"]["api_key"] == API_KEY
    shown = [
        run("backend", *which, *how) for which in (("list",), ("show", "mine")) for how in ((), ("--json",))
    ]
    no_secret(shown="\n".join(done.out + done.err for done in shown))
    assert scanner().searched["standard output"] >= 2
