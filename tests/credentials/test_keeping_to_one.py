"""A client keeps to the identity of its first call, whatever the environment says later."""

from __future__ import annotations

import os
import pickle
import threading
from pathlib import Path
from typing import Any

import pytest

from bedrock_unified import per_call
from bedrock_unified.errors import AuthenticationError, ConfigurationError

from ..acceptance.frameworks import APPS
from ..core.server import ASK, Received, reply
from .calling import PAIR, call, client_of, colours, refused, signed
from .fakes import KEYS_OF, ROLE, SECRET, World

MODEL = "us.amazon.nova-lite-v1:0"
TWO = "[a]\naws_access_key_id = AKIAA\naws_secret_access_key = s\n[b]\naws_access_key_id = AKIAB\n" + (
    "aws_secret_access_key = s\n"
)


def expire_once(world: World) -> None:
    """The next call is answered that its keys have expired."""
    expired: list[Received] = []

    def answer(request: Received) -> bytes:
        if request.target.startswith("/model/") and not expired:
            expired.append(request)
            return reply({"message": "expired"}, 403, x_amzn_ErrorType="ExpiredTokenException")
        return world.aws(request)

    world.server.answer = answer


@colours
@pytest.mark.parametrize("later", ["another profile", "keys", "other files"])
def test_keys_that_expired_are_had_again_from_the_same_place(
    later: str, colour: str, world: World, tmp_path: Path
) -> None:
    world.credentials(TWO)
    world.environment(AWS_PROFILE="a")
    client = client_of(world, max_retries=1)
    call(client, colour)
    assert world.signed_by == "AKIAA"
    if later == "another profile":
        world.environment(AWS_PROFILE="b")
    elif later == "keys":
        world.has("env")
    else:
        (tmp_path / "others").write_text(TWO.replace("AKIAA", "AKIAOTHER"))
        world.environment(AWS_SHARED_CREDENTIALS_FILE=str(tmp_path / "others"))
    expire_once(world)
    call(client, colour)
    assert world.signed_by == "AKIAA"


def test_what_has_gone_since_is_an_error_and_nobody_else_signs(world: World) -> None:
    for source in ("files", "imds"):
        world.has(source)
    client = client_of(world, max_retries=1)
    call(client)
    world.has("files", there=False)
    expire_once(world)
    with pytest.raises(AuthenticationError, match="no profile 'default' in them"):
        call(client)
    assert world.aws.metadata == []


def test_keys_that_are_changed_in_the_file_are_taken(world: World) -> None:
    world.credentials(TWO)
    client = client_of(world, profile_name="a", max_retries=1)
    call(client)
    world.credentials(TWO.replace("AKIAA", "AKIAROTATED"))
    expire_once(world)
    call(client)
    assert world.signed_by == "AKIAROTATED"


@pytest.mark.parametrize("files", [True, False], ids=["files", "no files"])
@pytest.mark.parametrize("given", [PAIR, {"api_key": "k"}, {"aws_iam_role_source": "env"}])
def test_a_profile_that_was_asked_for_and_is_not_there_is_named(
    given: dict[str, Any], files: bool, world: World
) -> None:
    world.has("env")
    if files:
        world.has("files")
    error = refused(world, ConfigurationError, **given, profile_name="absent")
    assert "absent" in error.message and "list-profiles" in str(error.hint)
    world.environment(AWS_PROFILE="absent")
    assert signed(world, **given), "the environment's is in nobody's way who does not sign by it"


def test_an_empty_name_of_a_file_stands_for_no_file(world: World) -> None:
    world.config("[default]\nregion = eu-west-3\n")
    world.has("files")
    world.environment(AWS_CONFIG_FILE="", AWS_SHARED_CREDENTIALS_FILE="")
    client = client_of(world, **PAIR, region_name=None)
    call(client)
    assert client.region == "us-east-1"
    assert "no profile 'default' in them" in refused(world, AuthenticationError).message


@pytest.mark.parametrize("given", [{"api_key": " k"}, {**PAIR, "aws_session_token": "t "}])
def test_white_space_around_a_key_is_refused(given: dict[str, str], world: World) -> None:
    with pytest.raises(ConfigurationError, match="white space"):
        client_of(world, **given)
    world.environment(AWS_ACCESS_KEY_ID="AKIA ", AWS_SECRET_ACCESS_KEY="s")
    assert "AWS_ACCESS_KEY_ID" in refused(world, ConfigurationError).message


@pytest.mark.parametrize("expiring", [True, False])
def test_the_session_token_has_awss_own_name_first(expiring: bool, world: World) -> None:
    world.has("env")
    world.environment(AWS_SESSION_TOKEN="of-today", AWS_SECURITY_TOKEN="of-an-older-tool")
    if expiring:
        world.environment(AWS_CREDENTIAL_EXPIRATION="2099-01-01T00:00:00Z")
    signed(world)
    assert world.asked[-1].headers["x-amz-security-token"] == "of-today"


def test_a_secret_without_its_key_id_is_told_when_nobody_is_found(world: World) -> None:
    world.environment(AWS_SECRET_ACCESS_KEY=SECRET)
    message = refused(world, AuthenticationError).message
    assert "AWS_ACCESS_KEY_ID is not set beside AWS_SECRET_ACCESS_KEY" in message


def test_a_source_profile_with_keys_gives_these_whatever_role_it_has(world: World) -> None:
    own = "aws_access_key_id = AKIAB\naws_secret_access_key = s\n"
    mfa = "mfa_serial = arn:aws:iam::123456789012:mfa/ann\n"
    base = f"[profile base]\n{own}role_arn = {ROLE}\nsource_profile = base\n{mfa}"
    world.config(f"{base}[profile role]\nrole_arn = {ROLE}\nsource_profile = base\n")
    assert signed(world, profile_name="role") == "ASIAREADER0001"
    assert [one.signer for one in world.aws.sts] == ["AKIAB"]
    assert "MFA" in refused(world, ConfigurationError, profile_name="base").message


# Copies


@pytest.mark.parametrize("app", APPS, ids=lambda app: app.name)
@pytest.mark.parametrize(
    "own",
    [
        {**PAIR, "aws_session_token": "mine"},
        {"api_key": "mine"},
        {"profile_name": "a"},
        {**PAIR, "role_arn": ROLE},
    ],
    ids=["pair", "api_key", "profile", "role"],
)
@pytest.mark.parametrize(
    ("others", "signer"),
    [
        ({"aws_access_key_id": "AKIAC", "aws_secret_access_key": "s"}, "AKIAC"),
        ({"api_key": "theirs"}, "Bearer theirs"),
        ({"profile_name": "b"}, "AKIAB"),
        ({"aws_iam_role_source": "env"}, KEYS_OF["env"]),
    ],
    ids=["pair", "api_key", "profile", "source"],
)
async def test_a_copy_with_another_identity_signs_by_that_alone(
    others: dict[str, Any], signer: str, own: dict[str, Any], app: Any, world: World
) -> None:
    world.credentials(TWO)
    world.has("env")
    model = app(model=MODEL, endpoint_url=world.url, max_retries=0, **own).model
    twin = model.model_copy(update=others)
    twin.bedrock.converse(**ASK)
    assert world.signed_by == signer
    assert "x-amz-security-token" not in world.asked[-1].headers and world.aws.sts == []
    twin.bedrock.close()


@pytest.mark.parametrize("app", APPS, ids=lambda app: app.name)
def test_a_copy_that_says_nothing_of_who_signs_keeps_it(app: Any, world: World) -> None:
    world.has("env")
    model = app(model=MODEL, endpoint_url=world.url, max_retries=0, **PAIR).model
    for update in ({"profile_name": None, "api_key": None}, {"aws_iam_role_source": "auto"}, {"timeout": 9}):
        model.model_copy(update=update).bedrock.converse(**ASK)
        assert world.signed_by == PAIR["aws_access_key_id"]
    model.model_copy(update={"role_arn": ROLE}).bedrock.converse(**ASK)
    assert world.aws.sts[-1].signer == PAIR["aws_access_key_id"]


@pytest.mark.parametrize("app", APPS, ids=lambda app: app.name)
def test_a_copy_that_is_given_its_keys_again_signs_again(app: Any, world: World) -> None:
    model = app(model=MODEL, endpoint_url=world.url, max_retries=0, **PAIR).model
    restored = pickle.loads(pickle.dumps(model))
    with pytest.raises(ConfigurationError, match="will not sign as somebody else"):
        restored.model_copy(update={"timeout": 9}).bedrock.converse(**ASK)
    restored.model_copy(update=PAIR).bedrock.converse(**ASK)
    assert world.signed_by == PAIR["aws_access_key_id"]


# Clients of single calls


@pytest.mark.parametrize("app", APPS, ids=lambda app: app.name)
async def test_the_kept_client_of_a_call_is_not_known_by_its_secret(app: Any, world: World) -> None:
    model = app(model=MODEL, endpoint_url=world.url, max_retries=0, **PAIR)
    for _ in range(2):
        await model.ask("Hello?", api_key="a-key-of-one-call")
        assert world.signed_by == "Bearer a-key-of-one-call"
    (kept,) = model.model._elsewhere
    assert "a-key-of-one-call" not in repr(kept)
    model.close()


@pytest.mark.parametrize("app", APPS, ids=lambda app: app.name)
@pytest.mark.parametrize("given", [{"verify": {}}, {"timeout": [1]}, {"profile_name": ["a"]}])
async def test_a_call_with_what_is_no_parameter_is_refused(
    given: dict[str, Any], app: Any, world: World
) -> None:
    model = app(model=MODEL, endpoint_url=world.url, **PAIR)
    with pytest.raises(ConfigurationError, match=next(iter(given))):
        await model.ask("Hello?", **given)
    assert world.asked == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_fork_in_the_middle_of_making_a_calls_client_leaves_no_lock_behind() -> None:
    with per_call._lock:
        child = os.fork()
        if child == 0:  # pragma: no cover
            os._exit(0 if per_call._lock.acquire(timeout=1) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_threads_that_find_at_once_ask_once(world: World) -> None:
    world.has("ecs")
    client = client_of(world)
    threads = [threading.Thread(target=client.converse, kwargs=ASK) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    client.close()
    assert len(world.aws.container_headers) == 1
    assert {one.headers["authorization"].split("/")[0][-20:] for one in world.asked} == {KEYS_OF["ecs"]}


def test_a_run_that_chooses_another_pair_keeps_nothing_of_the_models_role_but_what_it_says(
    world: World,
) -> None:
    from langchain_core.runnables import ConfigurableField

    from langchain_bedrock_unified import ChatBedrock

    names = ("aws_access_key_id", "aws_secret_access_key", "role_arn")
    model = ChatBedrock(model=MODEL, endpoint_url=world.url, max_retries=0, **PAIR, role_arn=ROLE)
    chosen = model.configurable_fields(**{name: ConfigurableField(id=name) for name in names})
    other = {"aws_access_key_id": "AKIAC", "aws_secret_access_key": PAIR["aws_secret_access_key"]}
    chosen.with_config(configurable=other).invoke("Hello?")
    assert world.signed_by == "AKIAC" and world.aws.sts == []
    chosen.with_config(configurable={**other, "role_arn": ROLE}).invoke("Hello?")
    assert world.signed_by == "ASIAREADER0001" and world.aws.sts[-1].signer == "AKIAC"
