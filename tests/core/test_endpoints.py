"""Host names of AWS, as botocore has them, and endpoints of one's own."""

import itertools
import os
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import botocore.session
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import BotoCoreError
from botocore.utils import is_valid_uri
from hypothesis import given
from hypothesis import strategies as st

from bedrock_unified.errors import ConfigurationError
from bedrock_unified.wire.endpoints import (
    SERVICES,
    custom_endpoint,
    endpoint_url,
    is_loopback,
    partition_of,
    region_from_url,
)

# One call of each service, to see where botocore sends it.
CALLS = {
    "bedrock-runtime": ("converse", {"modelId": "m", "messages": [{"role": "user", "content": []}]}),
    "bedrock": ("list_foundation_models", {}),
    "bedrock-agent-runtime": ("list_sessions", {}),
    "sts": ("get_caller_identity", {}),
}


@pytest.fixture(scope="module")
def loader() -> Any:
    return botocore.session.Session().get_component("data_loader")


def fresh_session(loader: Any, **variables: str) -> botocore.session.Session:
    session = botocore.session.Session(**variables)
    session.register_component("data_loader", loader)
    session.set_credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    return session


@pytest.fixture(autouse=True)
def no_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of this machine decides where botocore sends its requests."""
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nonexistent")
    choosing = ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_USE_")
    for name in [name for name in os.environ if name.startswith(choosing)]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="module")
def known_regions(loader: Any) -> list[str]:
    partitions = loader.load_data("partitions")["partitions"]
    return [region for partition in partitions for region in partition["regions"]]


def where_botocore_sends(client: Any, service: str) -> str:
    """The endpoint of the request that the client would send (its ``meta`` tells what older rules say)."""
    seen: list[str] = []

    def keep(request: Any, **_: Any) -> AWSResponse:
        seen.append(request.url)
        empty = SimpleNamespace(stream=lambda: iter([b"<x><GetCallerIdentityResult/></x>"]))
        if service != "sts":
            empty = SimpleNamespace(stream=lambda: iter([b"{}"]))
        return AWSResponse(request.url, 200, {}, empty)

    client.meta.events.register("before-send", keep)
    method, members = CALLS[service]
    getattr(client, method)(**members)
    return "{0.scheme}://{0.netloc}".format(urlsplit(seen[0]))


# --- AWS's own hosts


@pytest.mark.parametrize("service", SERVICES)
def test_hosts_are_botocores_in_every_region(service: str, loader: Any, known_regions: list[str]):
    new_regions = ["us-future-9", "cn-central-4", "us-gov-north-3", "eu-isoe-east-2", "moon-base-1"]
    pseudo_regions = ["fips-us-gov-west-1", "us-east-1-fips"]
    impossible = ["", "-bad", "bad-", "bad_region", "a b", "123", "us-east-1\n", "us.east.1", "x" * 64]
    session = fresh_session(loader)
    refused: set[tuple[str, bool]] = set()
    compared = 0
    for region in known_regions + new_regions + pseudo_regions + impossible:
        for fips, dualstack in itertools.product((False, True), repeat=2):
            config = Config(use_fips_endpoint=fips, use_dualstack_endpoint=dualstack)
            try:
                theirs = where_botocore_sends(
                    session.create_client(service, region_name=region, config=config), service
                )
            except (BotoCoreError, ValueError):
                refused.add((region, dualstack))
                with pytest.raises(ConfigurationError):
                    endpoint_url(service, region, fips=fips, dualstack=dualstack)
                continue
            assert endpoint_url(service, region, fips=fips, dualstack=dualstack) == theirs
            compared += 1
    assert {region for region, dualstack in refused if not dualstack} == set(impossible)
    assert {region for region, dualstack in refused if dualstack} == {
        *impossible,
        *("eu-isoe-west-1", "eu-isoe-east-2", "us-isof-east-1", "us-isof-south-1"),
    }
    assert compared > 200


def test_hosts_in_the_partitions_people_use():
    assert endpoint_url("bedrock-runtime", "us-east-1") == "https://bedrock-runtime.us-east-1.amazonaws.com"
    assert endpoint_url("bedrock", "cn-north-1") == "https://bedrock.cn-north-1.amazonaws.com.cn"
    assert (
        endpoint_url("bedrock-agent-runtime", "eu-west-1")
        == "https://bedrock-agent-runtime.eu-west-1.amazonaws.com"
    )
    assert (
        endpoint_url("bedrock-runtime", "us-gov-west-1", fips=True, dualstack=True)
        == "https://bedrock-runtime-fips.us-gov-west-1.api.aws"
    )
    assert endpoint_url("sts", "us-gov-west-1", fips=True) == "https://sts.us-gov-west-1.amazonaws.com"


def test_refusals_say_why():
    with pytest.raises(ConfigurationError, match="'aws-iso-f', which has no dual-stack endpoints; leave"):
        endpoint_url("bedrock-runtime", "us-isof-east-1", dualstack=True)
    with pytest.raises(ConfigurationError, match="'us east' cannot be an AWS region"):
        endpoint_url("bedrock-runtime", "us east")
    with pytest.raises(ConfigurationError, match="no endpoint is known for 's3'"):
        endpoint_url("s3", "us-east-1")


def test_partitions_are_botocores(loader: Any, known_regions: list[str]):
    for partition in loader.load_data("partitions")["partitions"]:
        for region in partition["regions"]:
            ours = partition_of(region)
            domains = partition["outputs"]
            assert (ours.name, ours.domain) == (partition["id"], domains["dnsSuffix"])
            assert ours.dualstack_domain == domains["dualStackDnsSuffix"]


# --- the region in a URL


@given(service=st.sampled_from(["bedrock-runtime", "bedrock", "bedrock-agent-runtime"]), data=st.data())
def test_aws_hosts_tell_their_region(service: str, data: st.DataObject, known_regions: list[str]):
    region = data.draw(st.sampled_from([name for name in known_regions if not name.endswith("global")]))
    fips = data.draw(st.booleans())
    dualstack = data.draw(st.booleans()) and partition_of(region).name not in ("aws-iso-e", "aws-iso-f")
    url = endpoint_url(service, region, fips=fips, dualstack=dualstack)
    for form in (url, f"  {url}/ ", url.removeprefix("https://"), f"{url}:443/prefix", url.upper()):
        assert region_from_url(form) == region
    assert region_from_url(region) == region


@pytest.mark.parametrize(
    ("url", "region"),
    [
        ("us-east-1", "us-east-1"),
        (" eu-west-3 ", "eu-west-3"),
        ("https://vpce-0a1b-c2d3.bedrock-runtime.us-east-1.vpce.amazonaws.com", "us-east-1"),
        ("https://bedrock-mantle.us-west-2.api.aws/v1", "us-west-2"),
        ("https://bedrock-runtime.us-east-1.amazonaws.com./", "us-east-1"),
        ("https://bedrock-runtime.eu-west-1.proxy.example.com:8443/x", "eu-west-1"),
        # Hosts of one's own tell nothing else.
        ("https://bedrock.internal.example.com", None),
        ("https://bedrock.us-east-1.example.com", None),
        ("https://my-bedrock-runtime.us-east-1.example.com", None),
        ("https://bedrock-runtime.internal.example.com", None),
        ("https://sts.us-east-1.amazonaws.com", None),
        ("https://bedrock-runtime.amazonaws.com", None),
        ("https://bedrock-runtime.us-east-1.amazonaws.com.evil.example", "us-east-1"),
        ("https://example.com/bedrock-runtime.us-east-1.amazonaws.com", None),
        ("http://127.0.0.1:8080", None),
        ("localhost:8080", None),
        ("localhost", None),
        ("http://[", None),
        ("", None),
        ("us-east-1/", None),
    ],
)
def test_the_region_in_a_url(url: str, region: str | None):
    assert region_from_url(url) == region


# --- endpoints of one's own


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("https://h", "https://h"),
        ("https://h/", "https://h"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("HTTP://[::1]:8080/", "http://[::1]:8080"),
        ("http://[::1]", "http://[::1]"),
        ("https://h/a/b", "https://h/a/b"),
        ("https://h/a/b/", "https://h/a/b"),
        ("https://h/a%20b", "https://h/a%20b"),
        ("https://h/a%2fb%c3%A4", "https://h/a%2Fb%C3%A4"),
        ("https://h.example./a", "https://h.example/a"),
        ("https://h.example.:8443", "https://h.example:8443"),
        ("https://h:", "https://h"),
        ("https://h:0443/", "https://h:443"),
    ],
)
def test_an_endpoint_is_taken_as_http_libraries_send_it(given: str, used: str):
    assert custom_endpoint(given) == used


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", "has no scheme"),
        ("us-east-1", "it is a region: pass it as region_name"),
        ("localhost:8080", "has no scheme; write 'https://<host>'"),
        ("ftp://h", "neither http nor https"),
        ("https://", "no valid host name"),
        ("https://-h", "no valid host name"),
        ("https://a_b", "no valid host name"),
        ("https://[::1", "cannot be read"),
        ("https://[::g]", "cannot be read|no valid host name"),
        ("https://[v1.a:b]", "no valid host name"),
        ("https://h:99999", "cannot be read"),
        ("https://h:0", "port 0"),
        ("https://h/p?x=1", "query or fragment"),
        ("https://h/p#x", "query or fragment"),
        ("https://h/?", "query or fragment"),
        ("https://h/a b", "blank or control character"),
        ("https://h\n", "blank or control character"),
        ("https://h/ä", "not percent-encoded"),
        ("https://h//p", "two slashes in a row"),
        ("https://h/a/../b", "'.' or '..' in its path"),
    ],
)
def test_what_cannot_be_an_endpoint_is_refused(url: str, says: str):
    with pytest.raises(ConfigurationError, match=says):
        custom_endpoint(url)


def test_secrets_in_a_url_are_not_repeated():
    for url in ("https://user:hunter2@h", "https://h/p?token=hunter2", "https://h/p#hunter2"):
        with pytest.raises(ConfigurationError) as refused:
            custom_endpoint(url)
        assert "hunter2" not in str(refused.value)
        assert "https://" in str(refused.value)


@pytest.mark.parametrize("option", ["fips", "dualstack"])
def test_options_that_choose_among_aws_hosts_exclude_ones_own(option: str):
    with pytest.raises(ConfigurationError, match=f"use_{option} cannot be combined"):
        custom_endpoint("http://127.0.0.1:8080", **{option: True})


hosts = st.one_of(
    st.text("abcXYZ019-._", min_size=1, max_size=70),
    st.ip_addresses().map(lambda address: f"[{address}]" if address.version == 6 else str(address)),
    st.lists(st.from_regex(r"[a-z0-9-]{1,64}", fullmatch=True), min_size=1, max_size=5).map(".".join),
)


@given(hosts)
def test_hosts_are_valid_where_botocore_takes_them(host: str):
    url = f"https://{host}"
    try:
        custom_endpoint(url)
    except ConfigurationError:
        assert not is_valid_uri(url)
    else:
        assert is_valid_uri(url)


@given(st.text(), st.sampled_from(["", "http://", "https://h/", "https://u:p@"]))
def test_no_text_breaks_the_endpoint_check(text: str, start: str):
    for check in (custom_endpoint, endpoint_of_runtime):
        try:
            assert check(start + text).startswith("http")
        except ConfigurationError as error:
            assert str(error)
    region_from_url(start + text)
    is_loopback(start + text)


def endpoint_of_runtime(region: str) -> str:
    return endpoint_url("bedrock-runtime", region)


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("http://localhost:8080", True),
        ("http://LOCALHOST./x", True),
        ("http://127.0.0.1", True),
        ("http://127.8.8.8:1", True),
        ("http://[::1]:8080", True),
        ("http://[::ffff:127.0.0.1]", True),
        ("http://localhost.example.com", False),
        ("http://sub.localhost", False),
        ("http://127.0.0.1.example.com", False),
        ("http://localhost@example.com", False),
        ("http://10.0.0.1", False),
        ("http://[::ffff:10.0.0.1]", False),
        ("http://0.0.0.0", False),
        ("http://2130706433", False),
        ("http://", False),
        ("http://[", False),
    ],
)
def test_loopback(url: str, loopback: bool):
    assert is_loopback(url) is loopback
