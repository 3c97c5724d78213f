"""Many identities and regions in one process, at the same time: each call is made by its own."""

from __future__ import annotations

import asyncio
import copy
import pickle
import threading
from typing import Any

import pytest

from bedrock_unified import BedrockClient
from bedrock_unified.errors import ConfigurationError

from ..acceptance.frameworks import APPS, Turn
from ..core.server import ASK, Received
from .calling import PAIR, call, client_of
from .fakes import ROLE, SECRET, World, scope

REGIONS = ("us-east-1", "eu-west-1", "ap-south-1")
MODEL = "us.amazon.nova-lite-v1:0"
TENANTS = 12


def marked(number: int) -> dict[str, Any]:
    """A call that says whose it is."""
    return {**ASK, "system": [{"text": f"tenant {number}"}]}


def tenant_of(request: Received) -> int:
    return int(request.json()["system"][0]["text"].split()[1])


def settings_of(number: int) -> dict[str, Any]:
    """Every kind of identity, a dozen of them."""
    region = REGIONS[number % 3]
    if number % 4 == 0:
        return {"region_name": region, "api_key": f"bearer-{number}"}
    if number % 4 == 1:
        return {"region_name": region, "profile_name": f"tenant-{number}"}
    pair = {"aws_access_key_id": f"AKIATENANT{number:04}", "aws_secret_access_key": f"s{number}"}
    role = f"arn:aws:iam::123456789012:role/tenant{'abcdefghijkl'[number]}"
    return {"region_name": region, **pair, **({"role_arn": role} if number % 4 == 2 else {})}


def check(request: Received) -> None:
    number = tenant_of(request)
    authorization = request.headers["authorization"]
    if number % 4 == 0:
        assert authorization == f"Bearer bearer-{number}" and "x-amz-security-token" not in request.headers
        return
    key, region = scope(request)
    token = request.headers.get("x-amz-security-token")
    assert region == REGIONS[number % 3]
    if number % 4 == 1:
        assert (key, token) == (f"AKIAPROFILE{number:04}", f"token-{number}")
    elif number % 4 == 2:
        assert key.startswith(f"ASIATENANT{'ABCDEFGHIJKL'[number]}") and token == f"token-of-{key}"
    else:
        assert (key, token) == (f"AKIATENANT{number:04}", None)


@pytest.fixture
def tenants(world: World) -> World:
    """A profile for each, and sources in the environment that none of them may take."""
    world.credentials(
        "".join(
            f"[tenant-{number}]\naws_access_key_id = AKIAPROFILE{number:04}\naws_secret_access_key = s\n"
            f"aws_session_token = token-{number}\n"
            for number in range(TENANTS)
        )
    )
    for source in ("env", "web identity", "ecs"):
        world.has(source)
    world.environment(AWS_SESSION_TOKEN="ambient-token", AWS_BEARER_TOKEN_BEDROCK="ambient")
    return world


def test_concurrent_clients_sign_each_as_itself_synchronously(tenants: World) -> None:
    clients = [client_of(tenants, **settings_of(number)) for number in range(TENANTS)]
    begin = threading.Barrier(TENANTS)

    def work(number: int) -> None:
        begin.wait()
        for _ in range(8):
            clients[number].converse(**marked(number))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(TENANTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for client in clients:
        client.close()
    assert len(tenants.asked) == 8 * TENANTS
    for request in tenants.asked:
        check(request)


async def test_concurrent_clients_sign_each_as_itself_asynchronously(tenants: World) -> None:
    clients = [client_of(tenants, **settings_of(number)) for number in range(TENANTS)]
    numbers = [number for number in range(TENANTS) for _ in range(8)]
    await asyncio.gather(*(clients[number].aconverse(**marked(number)) for number in numbers))
    for client in clients:
        await client.aclose()
    assert len(tenants.asked) == len(numbers)
    for request in tenants.asked:
        check(request)


@pytest.mark.parametrize("app", APPS, ids=lambda app: app.name)
async def test_calls_of_one_model_bring_their_own_identity_and_region(app: Any, tenants: World) -> None:
    model = app(model=MODEL, endpoint_url=tenants.url, max_retries=0, **PAIR, region_name="us-west-2")
    numbers = [number for number in range(TENANTS) for _ in range(4)]
    await asyncio.gather(
        *(
            model.ask([Turn("system", f"tenant {n}"), Turn("user", "Hello?")], "awhole", **settings_of(n))
            for n in numbers
        )
    )
    assert len(tenants.asked) == 4 * TENANTS
    for request in tenants.asked:
        check(request)
    await model.ask("Hello?", "awhole")
    assert scope(tenants.asked[-1]) == (PAIR["aws_access_key_id"], "us-west-2")
    model.close()


@pytest.mark.parametrize("app", APPS, ids=lambda app: app.name)
async def test_a_calls_role_is_assumed_with_the_models_own_identity(app: Any, world: World) -> None:
    model = app(model=MODEL, endpoint_url=world.url, max_retries=0, **PAIR)
    await model.ask("Hello?", role_arn=ROLE, role_external_id="tenant-7")
    assert world.signed_by == "ASIAREADER0001"
    assert world.aws.sts[-1].signer == PAIR["aws_access_key_id"]
    assert world.aws.sts[-1].form["ExternalId"] == "tenant-7"
    await model.ask("Hello?")
    assert world.signed_by == PAIR["aws_access_key_id"]
    model.close()


@pytest.mark.parametrize("app", APPS, ids=lambda app: app.name)
async def test_a_calls_identity_drops_the_models_role(app: Any, world: World) -> None:
    world.has("ecs")
    model = app(
        model=MODEL, endpoint_url=world.url, max_retries=0, **PAIR, role_arn=ROLE, role_external_id="mine"
    )
    await model.ask("Hello?", api_key="of-the-call")
    assert world.signed_by == "Bearer of-the-call"
    await model.ask("Hello?", aws_iam_role_source="metadata")
    assert world.signed_by.startswith("ASIACONTAINER") and world.aws.sts == []
    await model.ask("Hello?", role_arn=ROLE.replace("reader", "writer"))
    assert world.signed_by.startswith("ASIAWRITER") and "ExternalId" not in world.aws.sts[-1].form
    model.close()


# Written down and copied


def test_a_client_of_a_role_and_its_pair_is_written_down_without_the_pair(world: World) -> None:
    client = client_of(world, **PAIR, role_arn=ROLE, role_external_id="e-1", sts_endpoint_url=world.url)
    data = pickle.dumps(client)
    assert PAIR["aws_secret_access_key"].encode() not in data
    restored = pickle.loads(data)
    assert restored.settings.role_arn == ROLE and restored.settings.role_external_id == "e-1"
    with pytest.raises(ConfigurationError, match="will not sign as somebody else"):
        restored.converse(**ASK)
    copied = copy.deepcopy(client)
    call(copied)
    assert world.signed_by == "ASIAREADER0001"
    client.converse(**ASK)
    issued = pickle.dumps(client)
    assert SECRET.encode() not in issued and b"ASIAREADER" not in issued, "nor what STS gave out"
    client.close()


def test_a_client_of_a_role_and_an_ambient_identity_works_when_it_is_unpickled(world: World) -> None:
    world.has("ecs")
    client = client_of(world, role_arn=ROLE, aws_iam_role_source="metadata")
    restored = pickle.loads(pickle.dumps(client))
    call(restored)
    assert world.signed_by == "ASIAREADER0001"


@pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")
@pytest.mark.parametrize("app", APPS, ids=lambda app: app.name)
async def test_the_new_keywords_are_copied_pickled_and_written_like_the_others(
    app: Any, world: World
) -> None:
    world.has("ecs")
    told = {
        "aws_iam_role_source": "metadata",
        "role_arn": ROLE,
        "role_session_name": "s-1",
        "role_external_id": "e-1",
        "role_duration": 900,
        "sts_endpoint_url": world.url,
    }
    model = app(model=MODEL, endpoint_url=world.url, max_retries=0, **told).model
    for twin in (copy.deepcopy(model), copy.copy(model), pickle.loads(pickle.dumps(model)), _reread(model)):
        assert {name: getattr(twin, name) for name in told} == told
        twin.bedrock.converse(**ASK)
        assert world.signed_by.startswith("ASIAREADER")
        twin.bedrock.close()


def _reread(model: Any) -> Any:
    if hasattr(model, "to_dict") and hasattr(type(model), "from_dict"):
        return type(model).from_dict(model.to_dict())
    from langchain_core.load import dumps, loads

    return loads(dumps(model), valid_namespaces=["langchain_bedrock_unified"], allowed_objects=[type(model)])


def test_a_shared_client_decides_about_the_role(world: World) -> None:
    client = BedrockClient(endpoint_url=world.url, region_name="us-east-1", **PAIR)
    app = APPS[0](model=MODEL, client=client)
    assert app.model.bedrock.settings.role_arn is None
    with pytest.raises(ConfigurationError, match="role_arn would be ignored"):
        APPS[0](model=MODEL, client=client, role_arn=ROLE)


def test_what_a_client_shows_of_a_role(world: World) -> None:
    shown = repr(client_of(world, **PAIR, role_arn=ROLE, role_duration=900))
    assert f"role_arn='{ROLE}'" in shown and "role_duration=900" in shown
    assert PAIR["aws_secret_access_key"] not in shown and "AKIAEXPLICIT" not in shown
