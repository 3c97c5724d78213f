"""Which region, which endpoint, which settings: by argument, environment or shared file, in that order."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from bedrock_unified import BedrockClient
from bedrock_unified.errors import ConfigurationError
from bedrock_unified.place import Places
from bedrock_unified.settings import ConnectionSettings
from bedrock_unified.wire.operations import CONTROL, RUNTIME

from .server import ASK, KEYS, Server

pytestmark = pytest.mark.usefixtures("no_aws")


def places(env: dict[str, str] | None = None, **settings: Any) -> Places:
    """What is resolved from these settings, with keys where nothing else is said."""
    keys = {} if {"api_key", "profile_name"} & set(settings) else KEYS
    return Places(ConnectionSettings(**{**keys, **settings}), {} if env is None else env)


def host(found: Places, service: str = RUNTIME) -> str:
    return found[service].route.host


CONFIG = """
[default]
region = ap-south-1
[profile dev]
region = eu-west-3
endpoint_url = http://127.0.0.1:1111/dev
ca_bundle = /dev/bundle.pem
use_fips_endpoint = true
[profile parts]
region = eu-north-1
services = mine
[services mine]
bedrock_runtime =
  endpoint_url = http://127.0.0.1:2222
"""


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """A config file and a credentials file."""
    (tmp_path / "config").write_text(CONFIG)
    (tmp_path / "credentials").write_text("[onlyhere]\nregion = sa-east-1\n[dev]\nregion = eu-west-2\n")
    return {
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
    }


# Region


def test_the_region_comes_from_the_first_that_names_one(files: dict[str, str]) -> None:
    url = "https://bedrock-runtime.eu-central-1.amazonaws.com"
    env = {**files, "AWS_REGION": "us-west-1", "AWS_DEFAULT_REGION": "us-west-2"}
    assert places(env, region_name="us-east-2", endpoint_url=url).region == "us-east-2"
    assert places(env, endpoint_url=url).region == "eu-central-1"
    assert places(env, endpoint_url="http://localhost:1").region == "us-west-1"
    assert places(env).region == "us-west-1"
    del env["AWS_REGION"]
    assert places(env, profile_name="parts").region == "us-west-2"
    del env["AWS_DEFAULT_REGION"]
    assert places(env, profile_name="parts").region == "eu-north-1"
    assert places({**env, "AWS_PROFILE": "parts"}).region == "eu-north-1"
    assert places({**env, "AWS_DEFAULT_PROFILE": "parts"}).region == "eu-north-1"
    assert places(env).region == "ap-south-1"
    assert places({}).region == "us-east-1"


@pytest.mark.parametrize("profile", ["dev", "onlyhere", "parts", None])
def test_a_profiles_region_is_botocores(
    profile: str | None, files: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in files.items():
        monkeypatch.setenv(name, value)
    theirs = botocore.session.Session(profile=profile).get_config_variable("region")
    assert places(files, **({"profile_name": profile} if profile else {})).region == theirs


def test_the_default_region_is_told_once(caplog: pytest.LogCaptureFixture, server: Server) -> None:
    with (
        caplog.at_level(logging.INFO, "bedrock_unified"),
        BedrockClient(endpoint_url=server.url, **KEYS) as client,
    ):
        client.converse(**ASK)
        client.converse(**ASK)
        assert client.region == "us-east-1"
    assert [record.getMessage() for record in caplog.records] == ["no region is configured; using us-east-1"]


def test_a_configured_endpoint_tells_the_region_as_a_given_one_does(files: dict[str, str]) -> None:
    url = "https://bedrock-runtime.eu-central-1.amazonaws.com"
    assert places({"AWS_ENDPOINT_URL_BEDROCK_RUNTIME": url}).region == "eu-central-1"
    assert places({**files, "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": url, "AWS_REGION": "us-west-1"}).region == (
        "eu-central-1"
    )
    assert places({"AWS_ENDPOINT_URL_BEDROCK_RUNTIME": url}, endpoint_url="http://localhost:1").region == (
        "us-east-1"
    )


@pytest.mark.parametrize("name", ["AWS_REGION", "AWS_DEFAULT_REGION"])
@pytest.mark.parametrize("value", [" us-east-1", "us-east-1\n", "evil.example/x", "US-EAST-1"])
def test_an_environment_with_a_senseless_region_is_told_so(name: str, value: str) -> None:
    with pytest.raises(ConfigurationError, match=name):
        places({name: value})


# Endpoint


def test_the_endpoint_comes_from_the_first_that_names_one(files: dict[str, str]) -> None:
    env = {
        **files,
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "http://127.0.0.1:3",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:4",
    }
    assert host(places(env, endpoint_url="http://127.0.0.1:5")) == "127.0.0.1:5"
    assert host(places(env)) == "127.0.0.1:3"
    del env["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"]
    assert host(places(env)) == "127.0.0.1:4"
    del env["AWS_ENDPOINT_URL"]
    dev = places(env, profile_name="dev", use_fips=False)[RUNTIME].route
    assert (dev.host, dev.prefix) == ("127.0.0.1:1111", "/dev")
    assert host(places(env, profile_name="parts")) == "127.0.0.1:2222"
    assert host(places({}, region_name="eu-west-1")) == "bedrock-runtime.eu-west-1.amazonaws.com"


def test_the_runtimes_endpoint_is_not_the_control_planes() -> None:
    found = places({}, endpoint_url="http://127.0.0.1:5", region_name="eu-west-1")
    assert host(found, CONTROL) == "bedrock.eu-west-1.amazonaws.com"
    found = places({}, control_endpoint_url="http://127.0.0.1:6", region_name="eu-west-1")
    assert host(found, CONTROL) == "127.0.0.1:6"
    assert host(found) == "bedrock-runtime.eu-west-1.amazonaws.com"
    assert host(places({"AWS_ENDPOINT_URL_BEDROCK": "http://127.0.0.1:7"}), CONTROL) == "127.0.0.1:7"


@pytest.mark.parametrize(
    ("url", "host_header", "prefix"),
    [
        ("https://Bedrock.Example:443/", "bedrock.example", ""),
        ("http://localhost:80", "localhost", ""),
        ("https://gate.example:8443/a/b%2Fc/", "gate.example:8443", "/a/b%2Fc"),
        ("http://[::1]:9000/x", "[::1]:9000", "/x"),
    ],
)
def test_an_endpoints_parts(url: str, host_header: str, prefix: str) -> None:
    route = places({}, endpoint_url=url)[RUNTIME].route
    assert (route.host, route.prefix) == (host_header, prefix)


def test_a_path_prefix_is_in_front_of_every_request_and_is_signed(server: Server) -> None:
    with server.client(endpoint_url=server.url + "/gate/way/") as client:
        client.converse(**ASK)
    assert server.requests[0].target == "/gate/way/model/us.amazon.nova-lite-v1%3A0/converse"


@pytest.mark.parametrize("value", ["true", "TRUE", "True"])
def test_fips_and_dual_stack_are_switched_by_the_environment_and_the_argument_wins(value: str) -> None:
    env = {"AWS_USE_FIPS_ENDPOINT": value, "AWS_USE_DUALSTACK_ENDPOINT": value}
    region = {"region_name": "us-east-1"}
    assert host(places(env, **region)) == "bedrock-runtime-fips.us-east-1.api.aws"
    assert host(places(env, **region, use_dualstack=False)) == "bedrock-runtime-fips.us-east-1.amazonaws.com"
    assert host(places({}, **region, use_fips=True)) == "bedrock-runtime-fips.us-east-1.amazonaws.com"
    assert host(places(env, **region, use_fips=False, use_dualstack=False)).startswith("bedrock-runtime.us")


# Files


@pytest.mark.parametrize("where", ["/dev/null", "/", "/nonexistent/config"])
def test_files_that_are_no_files_are_as_good_as_absent(where: str) -> None:
    assert places({"AWS_CONFIG_FILE": where, "AWS_SHARED_CREDENTIALS_FILE": where}).region == "us-east-1"


def test_a_path_in_the_environment_may_use_the_home_folder_and_variables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config").write_text(CONFIG)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PLACE", str(tmp_path))
    for name in ("~/config", "$PLACE/config"):
        assert places({"AWS_CONFIG_FILE": name}).region == "ap-south-1"


def test_a_home_folder_that_is_missing_or_closed_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Containers run as users without a home, or with root's."""

    def no_home() -> None:
        raise KeyError("getpwuid(): uid not found")

    def closed(path: object, **_: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr("pwd.getpwuid", lambda _: no_home())
    assert places().region == "us-east-1"
    monkeypatch.setenv("HOME", "/root")
    monkeypatch.setattr("os.stat", closed)
    found = places()
    monkeypatch.undo()
    assert found.region == "us-east-1"


@pytest.mark.parametrize("name", ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"])
@pytest.mark.parametrize("text", [b"no section\n", b"[default]\nregion = \xff\n"])
def test_a_file_that_cannot_be_read_is_named(name: str, text: bytes, tmp_path: Path) -> None:
    path = tmp_path / "broken"
    path.write_bytes(text)
    with pytest.raises(ConfigurationError, match="broken"):
        places({name: str(path)})


# What else is resolved


def test_the_limits_reach_the_transport_and_the_flow() -> None:
    place = places(
        {},
        connect_timeout=2,
        timeout=30,
        total_timeout=60,
        max_retries=7,
        max_concurrency=9,
        retry_read_timeouts=True,
    )[RUNTIME]
    route, transport = place.route, place._settings
    assert (route.max_retries, route.total_timeout, route.retry_read_timeouts) == (7, 60, True)
    assert (transport.connect_timeout, transport.read_timeout, transport.max_concurrency) == (2, 30, 9)


def test_the_ca_bundle_comes_from_the_first_that_names_one(files: dict[str, str]) -> None:
    env = {**files, "AWS_CA_BUNDLE": "/a.pem", "REQUESTS_CA_BUNDLE": "/r.pem"}
    dev = {"profile_name": "dev", "use_fips": False}

    def verify(**settings: Any) -> Any:
        return places(env, **settings)[RUNTIME]._settings.verify

    assert verify(**dev, verify=False) is False
    assert verify(**dev, verify="/v.pem") == "/v.pem"
    assert verify(**dev) == "/a.pem"
    del env["AWS_CA_BUNDLE"]
    assert verify(**dev) == "/dev/bundle.pem"
    assert verify() == "/r.pem"
    del env["REQUESTS_CA_BUNDLE"]
    assert verify() is True


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9", "http://localhost:9", "http://[::1]:9", "https://127.0.0.1:9"]
)
def test_this_machine_is_not_reached_through_a_proxy(url: str) -> None:
    """A bearer key for it would otherwise travel to the proxy in clear text."""
    env = {"HTTP_PROXY": "http://proxy:3128", "HTTPS_PROXY": "http://proxy:3128"}
    assert places(env, endpoint_url=url, api_key="k")[RUNTIME]._settings.proxy is None
    assert places(env, endpoint_url="http://gateway:9")[RUNTIME]._settings.proxy == "http://proxy:3128"


def test_a_place_is_resolved_once_and_its_services_share_budget_and_clock() -> None:
    found = places({})
    assert found[RUNTIME] is found[RUNTIME]
    runtime, control = found[RUNTIME].route, found[CONTROL].route
    assert runtime.budget is control.budget
    assert runtime.clock is control.clock
    assert runtime.source is control.source


def test_a_signature_is_made_for_the_region_and_the_host(server: Server) -> None:
    with server.client(region_name="eu-west-3") as client:
        client.converse(**ASK)
    authorization = server.requests[0].headers["authorization"]
    assert "/eu-west-3/bedrock/aws4_request" in authorization
    assert "host" in authorization
    assert server.requests[0].headers["host"] == f"127.0.0.1:{server.port}"


def test_both_colours_send_the_same_request(server: Server) -> None:
    members = {**ASK, "system": [{"text": "Be brief."}], "inferenceConfig": {"temperature": 0.5}}
    with server.client() as client:
        client.converse(**members)

    async def run() -> None:
        async with server.client() as client:
            await client.aconverse(**members)

    asyncio.run(run())
    one, other = server.requests
    assert (one.method, one.target, one.body) == (other.method, other.target, other.body)
    changing = {"x-amz-date", "authorization"}
    kept = [{n: v for n, v in r.headers.items() if n not in changing} for r in (one, other)]
    wanted = {"host", "content-type", "content-length", "user-agent", "accept-encoding"}
    assert {n: kept[0].get(n) for n in wanted} == {n: kept[1].get(n) for n in wanted}
    assert set(kept[0]) ^ set(kept[1]) <= {"accept", "connection"}
