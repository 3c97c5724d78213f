"""GoModel's lists of models, its selectors, and its gateway's own settings."""

from __future__ import annotations

import pickle

import pytest

from bedrock_unified.config.gomodel import read
from bedrock_unified.config.named import UnknownModelError
from bedrock_unified.errors import ConfigurationError

from .gomodel_folder import HAIKU, NOVA, PROFILE_ARN
from .gomodel_folder import in_an_empty_folder as in_an_empty_folder


@pytest.mark.parametrize(
    ("text", "mode"),
    [("fallback", "fallback"), (" Allowlist ", "allowlist"), ("Merge", "merge"), ("", "fallback")],
)
def test_the_mode_is_read_as_gomodel_reads_it(text: str, mode: str) -> None:
    env = {"CONFIGURED_PROVIDER_MODELS_MODE": text}
    assert read(None, env).providers["bedrock"].models_mode == mode


def test_the_environments_mode_stands_above_the_files() -> None:
    source = {"models": {"configured_provider_models_mode": "allowlist"}}
    assert read(source, {}).providers["bedrock"].models_mode == "allowlist"
    env = {"CONFIGURED_PROVIDER_MODELS_MODE": "fallback"}
    assert read(source, env).providers["bedrock"].models_mode == "fallback"


@pytest.mark.parametrize("text", ["allow-list", "both", "true"])
def test_another_mode_is_refused_in_gomodels_words(text: str) -> None:
    expected = "models.configured_provider_models_mode must be one of: fallback, allowlist"
    with pytest.raises(ConfigurationError, match=expected) as refused:
        read(None, {"CONFIGURED_PROVIDER_MODELS_MODE": text})
    assert repr(text) in str(refused.value.hint)


def test_a_list_of_allowed_models_allows_no_other() -> None:
    found = read(None, {"BEDROCK_MODELS": NOVA, "CONFIGURED_PROVIDER_MODELS_MODE": "allowlist"})
    assert found[NOVA].model_id == NOVA
    for name in (HAIKU, f"bedrock/{HAIKU}"):
        with pytest.raises(UnknownModelError, match="not in the allowlist of provider 'bedrock'") as refused:
            found[name]
        assert NOVA in str(refused.value.hint)
    without_list = read(None, {"CONFIGURED_PROVIDER_MODELS_MODE": "allowlist"})
    assert without_list[HAIKU].model_id == HAIKU


TWO = {
    "BEDROCK_US_BASE_URL": "us-east-1",
    "BEDROCK_US_MODELS": HAIKU,
    "BEDROCK_EU_BASE_URL": "eu-west-1",
    "BEDROCK_EU_MODELS": NOVA,
}


@pytest.mark.parametrize(
    ("name", "model_id", "region"),
    [
        (f"bedrock-eu/{HAIKU}", HAIKU, "eu-west-1"),
        (f"bedrock-us/{NOVA}", NOVA, "us-east-1"),
        (HAIKU, HAIKU, "us-east-1"),
        (NOVA, NOVA, "eu-west-1"),
        (f"bedrock-eu/{PROFILE_ARN}", PROFILE_ARN, "eu-west-1"),
        ("bedrock-us/us.vendor.new-model-v9:0", "us.vendor.new-model-v9:0", "us-east-1"),
    ],
)
def test_a_selector_is_split_at_its_first_slash(name: str, model_id: str, region: str) -> None:
    found = read(None, TWO)
    model = found[name]
    assert (model.model_id, found.keywords(model)["region_name"]) == (model_id, region)


def test_an_id_that_several_providers_could_serve_is_asked_back() -> None:
    found = read(None, TWO)
    for name in ("amazon.nova-pro-v1:0", PROFILE_ARN):
        with pytest.raises(UnknownModelError, match="several providers") as refused:
            found[name]
        assert f"bedrock-us/{name}" in str(refused.value.hint)


def test_with_one_provider_an_arn_is_an_id() -> None:
    found = read(None, {"BEDROCK_BASE_URL": "us-east-1"})
    assert found[PROFILE_ARN].model_id == PROFILE_ARN
    assert found[f"bedrock/{PROFILE_ARN}"].provider == "bedrock"
    with pytest.raises(ConfigurationError, match="slash"):
        found["bedrok/amazon.nova-lite-v1:0"]


def test_models_are_listed_by_id_and_by_provider() -> None:
    assert list(read(None, TWO)) == [NOVA, HAIKU, f"bedrock-eu/{NOVA}", f"bedrock-us/{HAIKU}"]
    assert read(None, {"BEDROCK_MODELS": f"{NOVA},cohere.embed-english-v3"})[
        "cohere.embed-english-v3"
    ].kind == ("embedding")


def test_the_servers_settings_and_what_they_are_by_default() -> None:
    assert read(None, {}).server == {"port": 8080, "base_path": "/", "body_size_limit": 10 << 20}


def test_the_environments_settings_stand_above_the_files() -> None:
    source = {
        "server": {
            "port": "9000",
            "base_path": "g/",
            "master_key": "from-the-file",
            "body_size_limit": "512K",
            "swagger_enabled": False,
        }
    }
    found = read(source, {"PORT": "9001", "GOMODEL_MASTER_KEY": "from-the-environment"})
    assert found.server["master_key"].get_secret_value() == "from-the-environment"
    told = {name: value for name, value in found.server.items() if name != "master_key"}
    assert told == {"port": 9001, "base_path": "/g", "body_size_limit": 512 << 10}
    assert "from-the" not in repr(found)
    assert b"from-the" not in pickle.dumps(found)
    assert [note for note in found.notes if "swagger_enabled" in note]


@pytest.mark.parametrize("port", ["0", "-1", "70000", "http", "8080.5"])
def test_a_port_that_is_none(port: str) -> None:
    with pytest.raises(ConfigurationError, match="environment, PORT"):
        read(None, {"PORT": port})


@pytest.mark.parametrize(
    "name", ["a b", "", "bedrock-eux/amazon.nova-lite-v1:0", "bedrock-eu", "bedrock-eu/"]
)
def test_what_is_no_model_is_an_unknown_one(name: str) -> None:
    found = read(None, TWO)
    with pytest.raises(UnknownModelError):
        found[name]
    assert found.get(name) is None and name not in found


def test_a_provider_that_is_misspelled_is_told_the_nearest_and_one_alone_is_no_model() -> None:
    found = read(None, TWO)
    with pytest.raises(UnknownModelError) as refused:
        found[f"bedrock-eux/{NOVA}"]
    assert str(refused.value.hint) == f"did you mean 'bedrock-eu/{NOVA}'?"
    with pytest.raises(UnknownModelError, match="'bedrock-eu' is a provider") as refused:
        found["bedrock-eu"]
    assert refused.value.hint == f"name a model of it: bedrock-eu/{NOVA}"


def test_a_listed_model_is_found_by_every_spelling_of_its_id() -> None:
    assert read(None, TWO)[f"bedrock:{NOVA}"].provider == "bedrock-eu"
