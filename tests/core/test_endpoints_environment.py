"""Endpoints and proxies that environment and configuration file name, as botocore reads them."""

import os
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import BotoCoreError
from botocore.httpsession import ProxyConfiguration
from botocore.utils import get_environ_proxies
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from bedrock_unified.errors import ConfigurationError
from bedrock_unified.wire.endpoints import SERVICES, configured_endpoint, endpoint_url, proxy_for


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


# --- configured endpoints

endpoints = st.sampled_from(["https://one.example", "http://127.0.0.1:8080/p"])
maybe_endpoint = st.one_of(st.none(), st.just(""), endpoints)
maybe_flag = st.sampled_from([None, "true", "TRUE", "false", "", "1"])


@pytest.mark.parametrize("service", SERVICES)
@given(
    by_service=maybe_endpoint,
    by_all=maybe_endpoint,
    in_section=st.sampled_from([None, "this service", "another service", "absent"]),
    in_profile=st.one_of(st.none(), endpoints),
    ignore_env=maybe_flag,
    ignore_profile=st.sampled_from([None, "true", "false"]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_configured_endpoints_are_botocores(
    service: str,
    loader: Any,
    tmp_path_factory: pytest.TempPathFactory,
    by_service: str | None,
    by_all: str | None,
    in_section: str | None,
    in_profile: str | None,
    ignore_env: str | None,
    ignore_profile: str | None,
):
    key = service.replace("-", "_")
    env = {
        f"AWS_ENDPOINT_URL_{key.upper()}": by_service,
        "AWS_ENDPOINT_URL_S3": "https://other.example",
        "AWS_ENDPOINT_URL": by_all,
        "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": ignore_env,
    }
    profile: dict[str, Any] = {"endpoint_url": in_profile, "ignore_configured_endpoint_urls": ignore_profile}
    sections = {
        "this service": {key: "https://section.example"},
        "another service": {"s3": "https://other.example"},
    }
    if in_section:
        profile["services"] = "mine"
    config = "[default]\n" + "".join(f"{name} = {value}\n" for name, value in profile.items() if value)
    for name, url in sections.get(in_section or "", {}).items():
        config += f"[services mine]\n{name} =\n  endpoint_url = {url}\n"
    path = tmp_path_factory.mktemp("aws") / "config"
    path.write_text(config)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_CONFIG_FILE", str(path))
        for name, value in env.items():
            if value is not None:
                patch.setenv(name, value)
        session = fresh_session(loader)
        file = session.full_config
        given_env = {name: value for name, value in env.items() if value is not None}
        ours = (given_env, session.get_scoped_config(), file.get("services"))
        try:
            client = session.create_client(service, region_name="us-east-1")
        except BotoCoreError:
            with pytest.raises(ConfigurationError, match="services section 'mine'"):
                configured_endpoint(service, *ours)
            return
    default = endpoint_url(service, "us-east-1")
    assert (configured_endpoint(service, *ours) or default) == client.meta.endpoint_url


def test_nothing_is_configured_by_default():
    assert configured_endpoint("bedrock-runtime", {}) is None


def test_one_services_endpoint_is_not_anothers():
    env = {"AWS_ENDPOINT_URL_BEDROCK": "http://control"}
    assert configured_endpoint("bedrock", env) == "http://control"
    assert configured_endpoint("bedrock-runtime", env) is None


# --- proxies

proxy_values = st.sampled_from(
    ["http://proxy:3128", "https://u:p@proxy:3128", "proxy:3128", "proxy", "//proxy:1", "", "10.0.0.1:80"]
)
proxy_names = st.sampled_from(
    ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "Https_Proxy"]
)
no_proxies = st.one_of(
    st.just("*"),
    st.lists(
        st.sampled_from(
            [
                *(
                    "amazonaws.com",
                    ".amazonaws.com",
                    "us-east-1.amazonaws.com",
                    "Example.COM",
                    "example.com:8443",
                ),
                *("localhost", "127.0.0.1", "127.0.0.0/8", "10.0.0.0/8", "*", "*.amazonaws.com", "", " h "),
                *("[::1]", "::1", "com", "s.com", ":8443", "."),
            ]
        ),
        max_size=4,
    ).map(",".join),
)
urls = st.sampled_from(
    [
        "https://bedrock-runtime.us-east-1.amazonaws.com",
        "https://bedrock-runtime.us-east-1.amazonaws.com:443/x",
        "https://example.com:8443",
        "http://example.com",
        "http://EXAMPLE.com:8443",
        "http://localhost:8080",
        "http://127.0.0.1:8080",
        "http://10.1.2.3",
        "http://[::1]:8080",
        "http://h",
        "http://h:",
    ]
)


@given(
    url=urls,
    proxies=st.dictionaries(proxy_names, proxy_values, max_size=4),
    no_proxy=st.dictionaries(st.sampled_from(["NO_PROXY", "no_proxy"]), no_proxies, max_size=2),
    as_cgi=st.booleans(),
)
@settings(max_examples=500, deadline=None)
def test_proxies_are_botocores(url: str, proxies: dict[str, str], no_proxy: dict[str, str], as_cgi: bool):
    env = {**proxies, **no_proxy, **({"REQUEST_METHOD": "GET"} if as_cgi else {})}
    # Two spellings of one name in upper case: which of them counts depends on their order.
    assume(not {"HTTPS_PROXY", "Https_Proxy"} <= env.keys())
    with pytest.MonkeyPatch.context() as patch:
        for name in process_proxies():
            patch.delenv(name)
        for name, value in env.items():
            patch.setenv(name, value)
        theirs = ProxyConfiguration(get_environ_proxies(url)).proxy_url_for(url)
    assert proxy_for(url, env) == theirs


def process_proxies() -> list[str]:
    return [name for name in os.environ if name.lower().endswith("_proxy") or name == "REQUEST_METHOD"]


def test_no_proxy_is_asked_for_hosts_it_names():
    env = {"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "localhost, .amazonaws.com"}
    assert proxy_for("https://bedrock-runtime.us-east-1.amazonaws.com", env) is None
    assert proxy_for("https://bedrock.example.com", env) == "http://proxy:3128"
    assert proxy_for("http://bedrock.example.com", env) is None


def test_a_proxy_that_cannot_be_used_is_an_error_and_keeps_its_password():
    with pytest.raises(ConfigurationError, match="HTTPS_PROXY names a 'socks5' proxy") as refused:
        proxy_for("https://example.com", {"https_proxy": "socks5://user:hunter2@proxy:1080"})
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    "proxy",
    [
        "http://u:hunter2@proxy:abc",
        "http://u:hunter2@proxy:99999",
        "http://u:hunter2@[::1",
        "http://u:hunter2@",
        "http:///hunter2",
        "http://u:hunter2@proxy:0",
        "http://u:hunter#2@proxy:3128",
        "http://u:hunter2@two proxies",
        "//u:hunter2@proxy:abc",
        "http://",
        "proxy:hunter2",
    ],
)
def test_a_proxy_whose_url_cannot_be_read_is_an_error_and_keeps_its_password(proxy: str):
    with pytest.raises(ConfigurationError, match="HTTPS_PROXY is not a proxy's URL") as refused:
        proxy_for("https://example.com", {"HTTPS_PROXY": proxy})
    assert "hunter" not in str(refused.value)


@pytest.mark.parametrize(
    "proxy", ["http://u:p%23@my_proxy:3128/", "https://[::1]:3128", "http://proxy:", "http://10.0.0.1"]
)
def test_a_proxy_may_have_any_host_and_port(proxy: str):
    assert proxy_for("https://example.com", {"HTTPS_PROXY": proxy}) == proxy


@pytest.mark.parametrize(
    ("profile", "services"),
    [
        ({"services": "zz"}, {"zz": {"bedrock_runtime": "https://h"}}),
        ({"services": {"a": "b"}}, {}),
        ({"endpoint_url": {"a": "b"}}, {}),
    ],
)
def test_settings_that_are_not_nested_as_they_should_be_are_named(
    profile: dict[str, object], services: dict[str, dict[str, object]]
):
    with pytest.raises(ConfigurationError, match=r"bedrock_runtime|services|endpoint_url"):
        configured_endpoint("bedrock-runtime", {}, profile, services)
