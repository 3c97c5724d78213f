"""``from_config``: every public class, made of what a configuration says; overrides win."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import langchain_bedrock_unified as langchain
import llamaindex_bedrock_unified as llamaindex
from bedrock_unified import BedrockClient, load
from bedrock_unified.config.named import UnknownModelError
from bedrock_unified.errors import ConfigurationError, InvalidRequestError
from bedrock_unified.local import LocalBedrock

from .conftest import Write

NOVA, LITE = "amazon.nova-lite-v1:0", "us.amazon.nova-lite-v1:0"
TITAN, RERANK = "amazon.titan-embed-text-v2:0", "cohere.rerank-v3-5:0"
CLASSES = (
    BedrockClient,
    langchain.ChatBedrock,
    langchain.BedrockEmbeddings,
    langchain.BedrockRerank,
    langchain.BedrockGuardrail,
    llamaindex.BedrockConverse,
    llamaindex.BedrockEmbedding,
    llamaindex.BedrockRerank,
)
CHATS = pytest.mark.parametrize("chat", [langchain.ChatBedrock, llamaindex.BedrockConverse])
EMBEDDINGS = pytest.mark.parametrize("embeddings", [langchain.BedrockEmbeddings, llamaindex.BedrockEmbedding])
RERANKS = pytest.mark.parametrize("rerank", [langchain.BedrockRerank, llamaindex.BedrockRerank])
ALL = {
    "defaults": {
        "region_name": "eu-west-1",
        "temperature": 0.5,
        "max_tokens": 100,
        "dimensions": 256,
        "top_n": 7,
    },
    "providers": {
        "work": {"access_key_id": "AKIAWORK", "secret_access_key": "s-w", "session_token": "t-w"},
        "home": {"profile": "home", "region": "us-west-2"},
    },
    "models": {
        "chat": {
            "model": NOVA,
            "provider": "work",
            "temperature": 0.1,
            "guardrail_identifier": "abc",
            "guardrail_version": 1,
        },
        "other": {"model": LITE, "provider": "home"},
        "vectors": {"model": TITAN, "provider": "work", "dimensions": 512},
        "order": {"model": RERANK, "provider": "home"},
    },
    "default_model": "chat",
}


def model_of(made: Any) -> str:
    return getattr(made, "model_id", None) or getattr(made, "model_name", None) or made.model


def key_of(made: Any) -> str | None:
    return made.aws_access_key_id.get_secret_value() if made.aws_access_key_id else None


def refusal(cls: Any, *args: Any, **overrides: Any) -> str:
    with pytest.raises(ConfigurationError) as refused:
        cls.from_config(*args, **overrides)
    return str(refused.value)


@CHATS
def test_a_chat_has_its_providers_connection_and_its_own_keywords_over_the_defaults(chat: Any) -> None:
    made = chat.from_config(ALL, "chat")
    assert model_of(made) == NOVA
    assert (made.region_name, made.temperature, made.max_tokens) == ("eu-west-1", 0.1, 100)
    assert (made.guardrail_identifier, made.guardrail_version) == ("abc", "1")
    assert (key_of(made), made.aws_session_token.get_secret_value()) == ("AKIAWORK", "t-w")
    other = chat.from_config(load(ALL), "other")
    assert (model_of(other), other.region_name, other.profile_name, key_of(other)) == (
        LITE,
        "us-west-2",
        "home",
        None,
    )
    assert (other.temperature, other.guardrail_identifier) == (0.5, None)


@CHATS
def test_without_a_name_it_is_the_default_or_the_only_one(chat: Any) -> None:
    assert model_of(chat.from_config(ALL)) == NOVA
    assert model_of(chat.from_config({"models": {"a": LITE, "v": TITAN}})) == LITE
    assert "arguments has several chat models, and none was named\nHint: name one: a, b" in refusal(
        chat, {"models": {"a": NOVA, "b": LITE}}
    )
    assert "arguments has no chat models (it has v)" in refusal(chat, {"models": {"v": TITAN}})
    assert "did you mean 'chat'?" in refusal(chat, ALL, "chta")
    with pytest.raises(UnknownModelError):
        chat.from_config({"models": {"a": NOVA}}, "b")


@EMBEDDINGS
def test_embeddings_take_no_default_of_a_chats(embeddings: Any) -> None:
    made = embeddings.from_config(ALL)
    assert (model_of(made), made.dimensions, made.max_tokens, key_of(made)) == (TITAN, 512, None, "AKIAWORK")
    assert model_of(embeddings.from_config({"defaults": {"region": "us-east-1"}})) == TITAN


def test_a_class_with_a_model_of_its_own_needs_a_connection_that_is_known() -> None:
    with_one = {"providers": {"p": {"region": "us-west-2"}}, "models": {"chat": NOVA}}
    made = langchain.BedrockEmbeddings.from_config(with_one)
    assert (made.model_id, made.region_name) == (TITAN, "us-west-2")
    spicepod = {"models": [{"from": f"bedrock:{NOVA}", "name": "m", "params": {"aws_profile": "p"}}]}
    for source in (spicepod, f"bedrock:{NOVA}"):
        assert "has no embedding models (it has" in refusal(langchain.BedrockEmbeddings, source)
        assert "has no rerank models (it has" in refusal(llamaindex.BedrockRerank, source)


def test_what_only_one_framework_has_does_not_keep_the_other_from_a_configuration() -> None:
    held = {"models": {"m": {"model": NOVA, "streaming": True}}}
    assert langchain.ChatBedrock.from_config(held).streaming is True
    llamaindex.BedrockConverse.from_config(held)
    assert "has no parameter 'streaming'" in refusal(llamaindex.BedrockConverse, held, streaming=True)


@RERANKS
def test_a_reranker(rerank: Any) -> None:
    made = rerank.from_config(ALL)
    assert (model_of(made), made.top_n, made.profile_name) == (RERANK, 7, "home")
    assert rerank.from_config(ALL, top_n=None).top_n is None


def test_a_guardrail_has_the_models_guardrail_and_connection() -> None:
    made = langchain.BedrockGuardrail.from_config(ALL, "chat", action="raise")
    assert (made.guardrail_identifier, made.guardrail_version, made.action) == ("abc", "1", "raise")
    assert (made.region_name, key_of(made)) == ("eu-west-1", "AKIAWORK")


def test_a_client_has_the_connection_of_a_model_or_of_a_provider() -> None:
    for name in ("chat", "work", "vectors"):
        settings = BedrockClient.from_config(ALL, name).settings
        assert (settings.aws_access_key_id, settings.region_name) == ("AKIAWORK", "eu-west-1")
    assert BedrockClient.from_config(ALL, "home").settings.profile_name == "home"
    assert BedrockClient.from_config(ALL, timeout=5).settings.timeout == 5
    two = {
        "models": {"a": {"model": NOVA, "region": "us-east-1"}, "b": {"model": LITE, "region": "us-east-1"}}
    }
    assert BedrockClient.from_config(two).settings.region_name == "us-east-1"
    two["models"]["b"]["region"] = "us-east-2"
    assert "has several models, and none was named" in refusal(BedrockClient, two)


@pytest.mark.parametrize(
    ("cls", "name", "message"),
    [
        (
            langchain.ChatBedrock,
            "vectors",
            f"arguments, models.vectors: 'vectors' ({TITAN}) is a model of kind embedding, not chat\n"
            "Hint: models of kind chat here: chat, other",
        ),
        (llamaindex.BedrockConverse, "order", "is a model of kind rerank, not chat"),
        (
            langchain.BedrockEmbeddings,
            "chat",
            "is a model of kind chat, not embedding\nHint: models of kind embedding here: vectors",
        ),
        (llamaindex.BedrockEmbedding, "order", "is a model of kind rerank, not embedding"),
        (langchain.BedrockRerank, "chat", "is a model of kind chat, not rerank"),
        (llamaindex.BedrockRerank, "vectors", "is a model of kind embedding, not rerank"),
    ],
)
def test_a_model_of_another_kind_is_an_error(cls: Any, name: str, message: str) -> None:
    assert message in refusal(cls, ALL, name)


@CHATS
def test_overrides_win_in_every_spelling(chat: Any) -> None:
    made = chat.from_config(ALL, "chat", temperature=0, region="us-east-1", maxTokens=5, model=LITE)
    assert (made.temperature, made.region_name, made.max_tokens, model_of(made)) == (0, "us-east-1", 5, LITE)
    made = chat.from_config(ALL, "chat", max_tokens=None, region_name=None)
    assert (made.max_tokens, made.region_name) == (None, None)
    assert "has no parameter 'temprature'" in refusal(chat, ALL, "chat", temprature=1)
    assert "'region_name' in two spellings" in refusal(chat, ALL, "chat", region="a", region_name="b")


@CHATS
def test_who_signs_is_taken_from_one_place(chat: Any) -> None:
    made = chat.from_config(ALL, "chat", aws_access_key_id="AKIAOWN", aws_secret_access_key="own")
    assert (key_of(made), made.aws_session_token) == ("AKIAOWN", None)
    made = chat.from_config(ALL, "chat", aws_profile="mine")
    assert (key_of(made), made.profile_name) == (None, "mine")
    made = chat.from_config(ALL, "other", api_key="k")
    assert (made.profile_name, made.api_key.get_secret_value()) == (None, "k")
    role = chat.from_config(ALL, "chat", role_arn="arn:aws:iam::123456789012:role/r")
    assert (key_of(role), role.role_arn) == ("AKIAWORK", "arn:aws:iam::123456789012:role/r")


@CHATS
def test_a_guardrail_is_taken_from_one_place(chat: Any) -> None:
    assert "guardrail_version" in refusal(chat, ALL, "chat", guardrail_identifier="xyz")
    made = chat.from_config(ALL, "chat", guardrail_identifier="xyz", guardrail_version="DRAFT")
    assert (made.guardrail_identifier, made.guardrail_version) == ("xyz", "DRAFT")
    assert chat.from_config(ALL, "chat", guardrail_version=2).guardrail_identifier == "abc"


@CHATS
def test_another_region_leaves_the_aws_host_of_the_first(chat: Any) -> None:
    url = "https://bedrock-runtime.us-east-1.amazonaws.com"
    held = {"providers": {"p": {"endpoint_url": url}}, "models": {"m": NOVA}}
    assert chat.from_config(held).endpoint_url == url
    assert chat.from_config(held, region_name="us-east-1").endpoint_url == url
    assert chat.from_config(held, region_name="eu-west-1").endpoint_url is None
    held["providers"]["p"]["endpoint_url"] = "https://bedrock.example"
    assert chat.from_config(held, region_name="eu-west-1").endpoint_url == "https://bedrock.example"


@CHATS
def test_a_client_that_is_given_decides_about_the_connection(chat: Any) -> None:
    client = BedrockClient(region_name="us-east-2")
    made = chat.from_config(ALL, "chat", client=client)
    assert (made.client, made.region_name, key_of(made), made.temperature) == (client, None, None, 0.1)


@CHATS
def test_an_error_of_the_class_says_where_the_model_stands(chat: Any, write: Write) -> None:
    path = write(
        "spicepod.yaml", f"models:\n- from: bedrock:{NOVA}\n  name: m\n  params: {{temperature: 5}}\n"
    )
    assert refusal(chat, path).startswith(f"{path}, line 2, models[0]: {chat.__name__}: temperature: ")


def test_a_parameter_of_another_kind_is_an_error_but_for_defaults() -> None:
    held = load({"embeddings": [{"from": f"bedrock:{TITAN}", "name": "e", "params": {"dimensions": 256}}]})
    assert langchain.BedrockEmbeddings.from_config(held).dimensions == 256
    message = refusal(langchain.BedrockRerank, held, "e", family="cohere")
    assert "dimensions is a parameter of embedding models, and this is one of kind rerank" in message


def test_text_is_a_file_a_spec_or_the_name_of_a_model_that_is_found(write: Write) -> None:
    write(
        "spicepod.yaml",
        f"models:\n- {{from: 'bedrock:{NOVA}', name: novash}}\n- {{from: 'bedrock:{LITE}', name: b}}\n",
    )
    for args in (("spicepod.yaml", "novash"), (None, "novash"), ("novash",), (".", "novash")):
        assert model_of(langchain.ChatBedrock.from_config(*args)) == NOVA
    spec = langchain.ChatBedrock.from_config(f"bedrock:{LITE}", temperature=0)
    assert (spec.model_id, spec.use_converse) == (LITE, "auto")
    assert "'nobody' is neither a file nor a model" in refusal(langchain.ChatBedrock, "nobody")
    assert "absent.yaml: it does not exist" in refusal(langchain.ChatBedrock, "absent.yaml")


def test_without_any_configuration_the_environment_is_one() -> None:
    assert langchain.ChatBedrock.from_config(None, LITE).model_id == LITE
    assert langchain.ChatBedrock.from_config(model=LITE).model_id == LITE
    assert "environment names no model" in refusal(langchain.ChatBedrock)
    assert BedrockClient.from_config().settings.region_name is None


def test_any_id_is_a_model_where_providers_are_configured() -> None:
    held = load(
        {
            "providers": {
                "eu": {"region": "eu-west-1"},
                "us": {"region": "us-east-1", "models": [NOVA], "models_mode": "allowlist"},
            }
        }
    )
    assert langchain.ChatBedrock.from_config(held, f"eu/{LITE}").region_name == "eu-west-1"
    assert langchain.ChatBedrock.from_config(held, f"us/{NOVA}").region_name == "us-east-1"
    assert "allowlist" in refusal(langchain.ChatBedrock, held, f"us/{LITE}")


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalBedrock]:
    with LocalBedrock() as endpoint:
        for name, value in endpoint.environment().items():
            monkeypatch.setenv(name, value)
        yield endpoint


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: f"{cls.__module__.partition('.')[0]}.{cls.__name__}")
def test_every_public_class_is_made_and_works(endpoint: LocalBedrock, cls: Any) -> None:
    held = load(
        {
            "models": {
                "chat": {"model": NOVA, "guardrail_identifier": "abc", "guardrail_version": "1"},
                "vectors": TITAN,
                "order": RERANK,
            },
            "default_model": "chat",
        }
    )
    made = cls.from_config(held)
    calls: dict[type[Any], Any] = {
        BedrockClient: lambda: made.converse(
            modelId=NOVA, messages=[{"role": "user", "content": [{"text": "Hi"}]}]
        ),
        langchain.ChatBedrock: lambda: made.invoke("Hi"),
        langchain.BedrockEmbeddings: lambda: made.embed_query("Hi"),
        langchain.BedrockRerank: lambda: made.rerank(["a", "b"], "a"),
        langchain.BedrockGuardrail: lambda: made.invoke("Hi"),
        llamaindex.BedrockConverse: lambda: made.complete("Hi"),
        llamaindex.BedrockEmbedding: lambda: made.get_query_embedding("Hi"),
        llamaindex.BedrockRerank: lambda: made.postprocess_nodes(_nodes(), query_str="a"),
    }
    assert calls[cls]()
    assert len(endpoint.requests) == 1
    (made if cls is BedrockClient else made.bedrock).close()


def _nodes() -> list[Any]:
    from llama_index.core.schema import NodeWithScore, TextNode

    return [NodeWithScore(node=TextNode(text=text)) for text in ("a", "b")]


def test_what_cannot_be_a_model_id_is_told_with_its_place(write: Write) -> None:
    path = write("ours.yaml", "models:\n  a: 'x y'\n")
    with pytest.raises(
        (ConfigurationError, InvalidRequestError), match=r"ours\.yaml, line 2, models\.a: .*blank"
    ):
        load(path)


GATEWAY = {
    "providers": {
        "bedrock-us": {"type": "bedrock", "base_url": "us-east-1"},
        "bedrock-eu": {"type": "bedrock", "base_url": "eu-west-1", "models": [NOVA]},
    }
}


def test_of_several_providers_a_client_asks_which_also_where_one_alone_lists_models() -> None:
    for made in (BedrockClient, langchain.BedrockGuardrail):
        told = refusal(made, GATEWAY)
        assert told.startswith("arguments has several providers, and none was named")
        assert told.endswith("\nHint: name one: bedrock-us, bedrock-eu")
    assert BedrockClient.from_config(GATEWAY, "bedrock-us").region == "us-east-1"
    assert BedrockClient.from_config(GATEWAY, f"bedrock-eu/{LITE}").region == "eu-west-1"
    assert BedrockClient.from_config(ALL).region == "eu-west-1"  # that of the default model
    ours = {"providers": {"a": {"region": "us-west-2"}, "b": {}}, "models": {"m": NOVA, "n": LITE}}
    ours |= {"default_provider": "a"}
    assert BedrockClient.from_config(ours).region == "us-west-2"


@CHATS
def test_a_provider_is_told_from_a_model(chat: Any) -> None:
    told = refusal(chat, GATEWAY, "bedrock-eu")
    assert (
        told
        == f"arguments: 'bedrock-eu' is a provider, not a model\nHint: name a model of it: bedrock-eu/{NOVA}"
    )
    assert refusal(chat, GATEWAY, "bedrock-us").endswith("name a model of it: bedrock-us/<model id>")


@CHATS
@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("nova-por", "did you mean 'nova-pro'?"),
        ("bedrock-eu/nova-por", "did you mean 'bedrock-eu/nova-pro'?"),
        ("bedrock-euu", "did you mean 'bedrock-eu'?"),
        ("bedrock-eu/xyzzy", f"an id looks like amazon.nova-lite-v1:0; its models: {NOVA}"),
    ],
)
def test_a_word_that_no_id_looks_like_is_a_misspelt_name(chat: Any, name: str, hint: str) -> None:
    told = refusal(chat, GATEWAY, name)
    assert told.startswith(f"arguments has no model {name!r}, and it is no model's id")
    assert hint in told
    listed = {"providers": {"own": {"region": "us-east-1", "models": ["my-model"]}}}
    for given in ("my-model", "own/my-model"):
        assert model_of(chat.from_config(listed, given)) == "my-model"


@CHATS
def test_onellms_spelling_is_a_model_of_the_provider_of_that_name_that_is_found(
    chat: Any, write: Write
) -> None:
    text = "bedrock/nova-lite"
    assert chat.from_config(text).max_tokens == 1000
    write("bedrock.json", '{"region": "eu-west-1"}')
    assert chat.from_config(text).region_name == "eu-west-1"
    write("config.yaml", "providers:\n  bedrock: {type: bedrock, base_url: eu-north-1}\n")
    model = chat.from_config(text)
    assert (model.region_name, model.max_tokens) == ("eu-north-1", None)


@CHATS
def test_a_provider_and_an_id_are_found_without_a_source(chat: Any, write: Write) -> None:
    write("config.yaml", "providers:\n  eu: {type: bedrock, base_url: eu-north-1}\n  us: {type: bedrock}\n")
    assert chat.from_config(f"eu/{NOVA}").region_name == "eu-north-1"
    assert "did you mean 'eu' of config.yaml?" in refusal(chat, "eue")


@CHATS
def test_a_spicepod_without_bedrocks_models_says_what_was_left_out(chat: Any) -> None:
    told = refusal(chat, {"models": [{"from": "openai:gpt-4o", "name": "m"}]})
    assert told.startswith("arguments names no model\nHint: arguments, models[0].from: left out, 'openai'")
