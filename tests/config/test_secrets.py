"""References to secrets, and the stores that they are looked up in."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bedrock_unified import load
from bedrock_unified.config.reading.said import from_python
from bedrock_unified.config.secrets import Secrets
from bedrock_unified.errors import ConfigurationError

from ..core.server import Received, Server, reply
from .conftest import Write

ORIGIN = from_python({}).origin


def stores(*entries: dict[str, Any], env: Mapping[str, str] | None = None) -> Secrets:
    return Secrets.of_section(from_python(list(entries)), env or {}, Path())


def found(secrets: Secrets, text: str) -> str:
    value = secrets.filled(text, ORIGIN)
    assert isinstance(value, SecretStr)
    return value.get_secret_value()


@pytest.mark.parametrize(
    "text",
    ["${env:KEY}", "${ env:KEY }", "${env: KEY}", "${secrets:KEY}", "${ secrets:key }", "${secrets::KEY}"],
)
def test_a_reference_with_and_without_blanks(text: str) -> None:
    assert found(stores(env={"KEY": "v"}), text) == "v"


def test_references_inside_longer_text() -> None:
    secrets = stores(env={"USER": "u", "PASSWORD": "p$1\\g<0>"})
    assert (
        found(secrets, "mysql://${env:USER}:${ secrets:PASSWORD }@localhost")
        == "mysql://u:p$1\\g<0>@localhost"
    )


@pytest.mark.parametrize("text", ["", "plain", "${KEY}", "$KEY", "${env:}", "{env:KEY}", "${ }"])
def test_what_is_no_reference_is_left_alone(text: str) -> None:
    assert stores(env={"KEY": "v"}).filled(text, ORIGIN) == text


def test_the_environment_is_asked_before_env_local_before_env(write: Write) -> None:
    write(".env", "A=env\nB=env\nC=env\nQUOTED='a b $A'\n")
    write(".env.local", "A=local\nB=local\n")
    secrets = stores(env={"A": "process"})
    assert [found(secrets, f"${{env:{name}}}") for name in "ABC"] == ["process", "local", "env"]
    assert found(secrets, "${env:QUOTED}") == "a b $A"


def test_keys_of_the_environment_may_begin_with_spice_and_be_in_lower_case() -> None:
    env = {"KEY": "bare", "SPICE_KEY": "prefixed", "other": "low", "OTHER": "high"}
    assert found(stores(env=env), "${env:KEY}") == "prefixed"
    assert found(stores(env=env), "${env:key}") == "prefixed"
    assert found(stores(env=env), "${env:other}") == "low"


def test_a_file_of_ones_own_replaces_both(write: Write) -> None:
    write(".env", "A=env\n")
    write("my.env", "B=mine\n")
    secrets = stores({"from": "env", "name": "mine", "params": {"file_path": "my.env"}})
    assert found(secrets, "${mine:B}") == "mine"
    with pytest.raises(ConfigurationError, match="secret 'A' was not found"):
        secrets.filled("${mine:A}", ORIGIN)
    absent = stores({"from": "env", "params": {"file_path": "absent.env"}})
    with pytest.raises(ConfigurationError, match=r"absent\.env: it does not exist"):
        absent.filled("${env:A}", ORIGIN)


def test_the_last_defined_store_is_asked_first(write: Write) -> None:
    write("first.env", "A=first\nB=first\n")
    write("last.env", "A=last\n")
    secrets = stores(
        {"from": "env", "name": "first", "params": {"file_path": "first.env"}},
        {"from": "env", "name": "last", "params": {"file_path": "last.env"}},
    )
    assert found(secrets, "${secrets:A} ${secrets:B} ${first:A}") == "last first first"


def test_a_store_that_fails_does_not_hide_another(write: Write) -> None:
    secrets = stores({"from": "env"}, {"from": "kubernetes:absent"}, env={"A": "v"})
    assert found(secrets, "${secrets:A}") == "v"
    with pytest.raises(
        ConfigurationError, match=r"'B' was not found \(searched: kubernetes, env\); .*not mounted"
    ):
        secrets.filled("${secrets:B}", ORIGIN)
    with pytest.raises(
        ConfigurationError, match=r"not mounted at /var/run/secrets/absent or /etc/secrets/absent"
    ):
        secrets.filled("${kubernetes:B}", ORIGIN)


def test_the_files_of_a_mounted_secret(tmp_path: Path) -> None:
    folder = tmp_path / "mounted"
    folder.mkdir()
    (folder / "KEY").write_text("v\n")
    (folder / "spice_OTHER").write_text("prefixed")
    (folder / "OTHER").write_text("bare")
    (tmp_path / "outside").write_text("not a secret of this store")
    secrets = stores({"from": "kubernetes:app", "name": "k8s", "params": {"mount_path": str(folder)}})
    assert found(secrets, "${k8s:KEY} ${k8s:OTHER}") == "v prefixed"
    with pytest.raises(ConfigurationError, match="was not found"):
        secrets.filled("${k8s:../outside}", ORIGIN)


def test_the_systems_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    import keyring
    from keyring.errors import KeyringLocked

    entries = {
        ("spice_A", "spiced"): "1",
        ("A", "spiced"): "2",
        ("B", "spiced"): "3",
        ("bedrock-unified", "C"): "4",
    }
    monkeypatch.setattr(keyring, "get_password", lambda service, user: entries.get((service, user)))
    secrets = stores({"from": "keyring"})
    assert found(secrets, "${keyring:A}${keyring:B}${keyring:C}") == "134"

    def locked(service: str, user: str) -> str:
        raise KeyringLocked("the entry was v-e-r-y secret")

    monkeypatch.setattr(keyring, "get_password", locked)
    with pytest.raises(ConfigurationError, match="keyring cannot be asked") as refused:
        secrets.filled("${keyring:A}", ORIGIN)
    assert "v-e-r-y" not in str(refused.value)


class SecretsManager:
    """Answers GetSecretValue."""

    def __init__(self) -> None:
        self.content: dict[str, Any] = {
            "SecretString": json.dumps({"A": "a", "spice_B": "b", "B": "not this", "N": 5})
        }

    def __call__(self, request: Received) -> bytes:
        assert request.headers["x-amz-target"] == "secretsmanager.GetSecretValue"
        if request.json() == {"SecretId": "absent"}:
            return reply({"__type": "ResourceNotFoundException", "Message": "no"}, 400)
        if request.json() == {"SecretId": "forbidden"}:
            return reply({"__type": "AccessDeniedException", "Message": "no"}, 400)
        return reply({"Name": "app", **self.content})


@pytest.fixture
def manager(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT00000")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    with Server(SecretsManager()) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", server.url)
        yield server


def test_aws_secrets_manager_is_asked_once(manager: Server) -> None:
    secrets = stores(
        {"from": "aws_secrets_manager:app", "name": "aws", "params": {"aws_region": "eu-west-1"}}
    )
    assert found(secrets, "${aws:A} ${aws:B} ${aws:N}") == "a b 5"
    assert len(manager.requests) == 1
    assert "/eu-west-1/secretsmanager/" in manager.requests[0].headers["authorization"]


def test_parameters_of_a_store_may_refer_to_the_environment(manager: Server) -> None:
    params = {
        "aws_region": "us-east-1",
        "aws_access_key_id": "${env:ID}",
        "aws_secret_access_key": "${ secrets:SECRET }",
    }
    secrets = stores(
        {"from": "aws_secrets_manager:app", "name": "aws", "params": params},
        env={"ID": "AKIAOFTHESTORE", "SECRET": "s"},
    )
    assert found(secrets, "${aws:A}") == "a"
    assert "Credential=AKIAOFTHESTORE/" in manager.requests[0].headers["authorization"]


@pytest.mark.parametrize(
    ("secret", "content", "message"),
    [
        ("absent", {}, "'A' was not found"),
        (
            "forbidden",
            {},
            r"refused the secret 'forbidden' \(AccessDeniedException\)\n.*secretsmanager:GetSecretValue",
        ),
        ("app", {"SecretString": "v-e-r-y secret"}, "is no JSON object"),
        ("app", {"SecretString": '["v-e-r-y"]'}, "is no JSON object"),
    ],
)
def test_what_aws_secrets_manager_does_not_tell(
    manager: Server, monkeypatch: pytest.MonkeyPatch, secret: str, content: dict[str, Any], message: str
) -> None:
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    answer: Any = manager.answer
    answer.content = content
    with pytest.raises(ConfigurationError, match=message) as refused:
        stores({"from": f"aws_secrets_manager:{secret}"}, env={"AWS_REGION": "us-east-1"}).filled(
            "${aws_secrets_manager:A}", ORIGIN
        )
    assert "v-e-r-y" not in str(refused.value)


def test_aws_secrets_manager_that_fails_is_not_asked_again(manager: Server) -> None:
    secrets = stores({"from": "aws_secrets_manager:forbidden", "params": {"aws_region": "us-east-1"}})
    for _ in range(3):
        with pytest.raises(ConfigurationError, match="AccessDenied"):
            secrets.filled("${aws_secrets_manager:A}", ORIGIN)
        assert secrets.autoloaded("A") is None
    assert len(manager.requests) == 1


def test_an_empty_file_of_variables_has_none(write: Write) -> None:
    write(".env", " \n")
    assert found(stores(env={"A": "v"}), "${env:A}") == "v"


@pytest.mark.parametrize(
    ("package", "reference"), [("dotenv.parser", "${env:A}"), ("keyring", "${keyring:A}")]
)
def test_a_package_that_is_missing_is_named(
    write: Write, monkeypatch: pytest.MonkeyPatch, package: str, reference: str
) -> None:
    write(".env", "A=v\n")
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ConfigurationError, match=r"Hint: pip install 'bedrock-unified\[cli\]'"):
        stores({"from": "env"}, {"from": "keyring"}).filled(reference, ORIGIN)


def spicepod(*secrets: dict[str, Any], **params: Any) -> dict[str, Any]:
    model = {"from": "bedrock:amazon.nova-lite-v1:0", "name": "nova", "params": params}
    return {"models": [model], **({"secrets": list(secrets)} if secrets else {})}


def signs(configuration: Any) -> tuple[str | None, ...]:
    told = configuration["nova"].parameters
    names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
    return tuple(told[name].get_secret_value() if name in told else None for name in names)


def test_keys_are_found_by_their_names_in_the_stores(write: Write) -> None:
    write(".env", "AWS_ACCESS_KEY_ID=AKIAFILE\nAWS_SECRET_ACCESS_KEY=s\nAWS_SESSION_TOKEN=t\n")
    assert signs(load(spicepod())) == ("AKIAFILE", "s", "t")


def test_keys_that_are_found_never_take_the_place_of_who_is_asked_to_sign(write: Write) -> None:
    write(".env", "AWS_ACCESS_KEY_ID=AKIAFILE\nAWS_SECRET_ACCESS_KEY=s\nAWS_SESSION_TOKEN=t\n")
    assert signs(load(spicepod(aws_profile="work"))) == (None, None, None)
    assert signs(load(spicepod(aws_iam_role_source="metadata"))) == (None, None, None)
    own = {"aws_access_key_id": "AKIAOWN", "aws_secret_access_key": "own"}
    assert signs(load(spicepod(**own))) == ("AKIAOWN", "own", None)


def test_half_a_pair_in_the_stores_is_left_alone(write: Write) -> None:
    write(".env", "AWS_ACCESS_KEY_ID=AKIAFILE\n")
    assert signs(load(spicepod())) == (None, None, None)


def test_what_the_process_has_is_left_to_the_chain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAPROCESS")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    assert signs(load(spicepod())) == (None, None, None)
    env = {"AWS_ACCESS_KEY_ID": "AKIAGIVEN", "AWS_SECRET_ACCESS_KEY": "s"}
    assert signs(load(spicepod(), env=env)) == ("AKIAGIVEN", "s", None)


def test_a_line_of_an_env_file_that_is_no_variable_is_told_and_not_shown(write: Write) -> None:
    write(".env", "A=v\nSUPER SECRET LINE\n")
    path = write(
        "spicepod.yaml",
        "models:\n- from: bedrock:amazon.nova-lite-v1:0\n  name: m\n  params: {system_prompt: '${env:A}'}\n",
    )
    with pytest.raises(ConfigurationError, match=r"\.env, line 2: this line is no variable") as refused:
        load(path)
    assert "SECRET" not in str(refused.value)
