"""``BedrockEmbeddings``: vectors in order, at once, and clear errors."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bedrock_unified import ConfigurationError, LocalBedrock
from langchain_bedrock_unified import BedrockEmbeddings
from langchain_bedrock_unified.errors import InvalidRequestError

from .scripted import KEYS, ScriptedBedrock

TITAN = "amazon.titan-embed-text-v2:0"
NOVA = "amazon.nova-2-multimodal-embeddings-v1:0"
ARN = "arn:aws:bedrock:us-east-1:123456789012:"
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 24
MP3 = b"ID3" + b"0" * 24
MP4 = b"\x00\x00\x00\x18ftypmp42" + b"0" * 24


@pytest.fixture
def embeddings(bedrock: ScriptedBedrock) -> Iterator[BedrockEmbeddings]:
    made = BedrockEmbeddings(
        endpoint_url=bedrock.url, region_name="us-east-1", dimensions=256, normalize=False, **KEYS
    )
    yield made
    made.bedrock.close()


def test_documents_in_order(embeddings: BedrockEmbeddings, bedrock: ScriptedBedrock) -> None:
    vectors = embeddings.embed_documents(["a" * size for size in range(1, 40)])
    assert [vector[0] for vector in vectors] == list(range(1, 40))
    assert {len(vector) for vector in vectors} == {256}
    assert {sent.model for sent in bedrock.sent} == {TITAN}
    assert bedrock.last.keys() == {"inputText", "dimensions", "normalize"}


async def test_asynchronously(embeddings: BedrockEmbeddings) -> None:
    assert [vector[0] for vector in await embeddings.aembed_documents(["a", "bb", "ccc"])] == [1, 2, 3]
    assert await embeddings.aembed_query("four") == embeddings.embed_query("four")
    await embeddings.bedrock.aclose()


@pytest.mark.parametrize("size", [200, 255, 700])
def test_base64_text_as_long_as_no_file_name_is_an_image(size: int) -> None:
    image = b64encode(PNG + bytes(size)).decode()
    with LocalBedrock() as local:
        made = BedrockEmbeddings(model=NOVA, endpoint_url=local.url, region_name="us-east-1", **KEYS)
        made.embed_image(image)
        assert image in str(local.requests[-1].body)
        made.bedrock.close()


def test_types_may_be_a_single_one() -> None:
    assert BedrockEmbeddings(model="cohere.embed-v4:0", embedding_types="int8")
    with pytest.raises(ConfigurationError, match="embedding_types='int4'"):
        BedrockEmbeddings(model="cohere.embed-v4:0", embedding_types="int4")


def test_no_texts_need_no_request(embeddings: BedrockEmbeddings, bedrock: ScriptedBedrock) -> None:
    assert embeddings.embed_documents([]) == []
    assert not bedrock.sent


def test_an_empty_text_is_refused(embeddings: BedrockEmbeddings, bedrock: ScriptedBedrock) -> None:
    with pytest.raises(InvalidRequestError, match="empty"):
        embeddings.embed_documents(["a", " "])
    assert not bedrock.sent


@pytest.mark.parametrize("name", ["model", "model_id", "model_name"])
def test_spellings_of_the_model(name: str) -> None:
    arn = f"arn:aws:bedrock:us-east-1::foundation-model/{TITAN}"
    assert BedrockEmbeddings(**{name: arn}, region="us-east-1").model_id == arn


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"model": "anthropic.claude-v2"}, "does not support embeddings"),
        ({"model": "cohere.embed-english-v3", "dimensions": 512}, "Cohere Embed v3 has no dimensions=512"),
        ({"model": f"{ARN}application-inference-profile/abc"}, "does not support embeddings"),
        ({"model": "a/b"}, "a/b"),
        ({"dimensions": 100}, "dimensions"),
        ({"dimension": 256}, "did you mean 'dimensions'"),
        ({"provider": "openai"}, "no embedding family is called 'openai'"),
        ({"truncate": "end"}, "Titan Text Embeddings V2 has no truncate='end'"),
        ({"embedding_types": ["int4"]}, "int4"),
    ],
)
def test_what_cannot_work_is_refused_at_construction(given: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says) as raised:
        BedrockEmbeddings(**given)
    assert raised.value.hint or "did you mean" in raised.value.message


@pytest.mark.parametrize("kind", ["application-inference-profile", "provisioned-model"])
@pytest.mark.parametrize("family", [{"family": "titan-text-v2"}, {"provider": "amazon"}, {"family": TITAN}])
def test_an_arn_that_does_not_tell_its_model_needs_its_family(
    bedrock: ScriptedBedrock, kind: str, family: dict[str, str]
) -> None:
    arn = f"{ARN}{kind}/abcdefghijkl"
    embeddings = BedrockEmbeddings(
        model=arn, endpoint_url=bedrock.url, region_name="us-east-1", **family, **KEYS
    )
    with embeddings.bedrock:
        assert embeddings.embed_query("four")[0] == 4
    assert bedrock.sent[-1].model == arn


# All families, against the local endpoint


@pytest.fixture(scope="module")
def local() -> Iterator[LocalBedrock]:
    with LocalBedrock() as running:
        yield running


def at(local: LocalBedrock, model: str, **given: Any) -> BedrockEmbeddings:
    local.forget()
    return BedrockEmbeddings(model=model, endpoint_url=local.url, region_name="us-east-1", **given, **KEYS)


@pytest.mark.parametrize(
    ("model", "size"),
    [
        (TITAN, 1024),
        ("titan-embed-text", 1536),
        ("amazon.titan-embed-image-v1", 1024),
        ("cohere.embed-english-v3", 1024),
        ("us.cohere.embed-v4:0", 1536),
        (NOVA, 3072),
        ("us.twelvelabs.marengo-embed-3-0-v1:0", 512),
        ("us.twelvelabs.marengo-embed-2-7-v1:0", 1024),
    ],
)
async def test_sp_53_every_family_embeds_documents_and_queries(
    local: LocalBedrock, model: str, size: int
) -> None:
    embeddings = at(local, model)
    documents = ["The tram takes bicycles.", "Bread is baked at six.", "The tram takes bicycles."]
    vectors = embeddings.embed_documents(documents)
    assert {len(vector) for vector in vectors} == {size}
    assert vectors[0] == vectors[2] != vectors[1]
    asked = embeddings.embed_query("Does the tram take a bicycle?")
    scores = [sum(a * b for a, b in zip(asked, vector, strict=True)) for vector in vectors]
    assert scores[0] > scores[1]
    assert await embeddings.aembed_documents(documents) == vectors
    assert await embeddings.aembed_query("Does the tram take a bicycle?") == asked
    await embeddings.bedrock.aclose()


@pytest.mark.parametrize(
    ("model", "document", "query"),
    [
        ("cohere.embed-v4:0", "search_document", "search_query"),
        ("cohere.embed-english-v3", "search_document", "search_query"),
        (NOVA, "GENERIC_INDEX", "GENERIC_RETRIEVAL"),
    ],
)
def test_documents_and_queries_are_embedded_as_such(
    local: LocalBedrock, model: str, document: str, query: str
) -> None:
    clustering = at(local, model, input_type="clustering")
    with clustering.bedrock:
        clustering.embed_query("a")
    assert "clustering" in json.dumps(json.loads(local.requests[-1].body["body"])).lower()
    embeddings = at(local, model)
    embeddings.embed_documents(["a"])
    embeddings.embed_query("a")
    first, second = (json.dumps(json.loads(request.body["body"])) for request in local.requests)
    assert (document in first, query in second) == (True, True)
    embeddings.bedrock.close()


def test_what_users_of_langchain_aws_type(local: LocalBedrock) -> None:
    embeddings = at(
        local,
        "cohere.embed-english-v3",
        credentials_profile_name=None,
        normalize=True,
        provider="cohere-v3",
        model_kwargs={"truncate": "END"},
    )
    (vector,) = embeddings.embed_documents(["a text"])
    assert sum(value * value for value in vector) == pytest.approx(1.0)
    assert json.loads(local.requests[-1].body["body"])["truncate"] == "END"
    embeddings.bedrock.close()


async def test_images_in_every_form(local: LocalBedrock, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(PNG)
    text = b64encode(PNG).decode()
    embeddings = at(local, "cohere.embed-v4:0")
    vectors = embeddings.embed_images([PNG, str(path), path, text, f"data:image/png;base64,{text}"])
    assert len({tuple(vector) for vector in vectors}) == 1
    assert embeddings.embed_image(PNG) == vectors[0]
    assert await embeddings.aembed_image(str(path)) == vectors[0]
    assert await embeddings.aembed_images([PNG, PNG]) == vectors[:2]
    await embeddings.bedrock.aclose()


async def test_sounds_and_films(local: LocalBedrock) -> None:
    embeddings = at(local, NOVA, dimensions=256)
    assert len(embeddings.embed_audio(MP3)) == 256
    assert await embeddings.aembed_audio(MP3) == embeddings.embed_audio(MP3)
    assert await embeddings.aembed_video(MP4) == embeddings.embed_video(MP4)
    titan = at(local, TITAN)
    with pytest.raises(InvalidRequestError, match="audio, which Titan Text Embeddings V2 does not embed"):
        titan.embed_audio(MP3)
    await embeddings.bedrock.aclose()
    assert not local.requests
