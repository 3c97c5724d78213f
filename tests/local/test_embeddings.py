"""Embeddings by word features: a question lies nearest to the passage that answers it."""

from __future__ import annotations

import json
import math
import re
from base64 import b64decode, b64encode
from typing import Any

import pytest

from bedrock_unified.local.standin.embedding import embed

from .recordings import folder, load

PASSAGES = [
    "The bakery opens at six in the morning and sells rye bread until it runs out.",
    "Bicycles may be taken on the tram outside rush hours if there is room.",
    "To reset the password, open the account page and choose Forgotten password.",
    "The library lends novels for three weeks; overdue books cost ten cents a day.",
    "Snow on the pass closes the mountain road from December to April.",
    "Our retry policy waits longer after each failed attempt and gives up after three.",
]
QUESTIONS = [
    ("When does the baker open?", 0),
    ("Can I take my bike, I mean a bicycle, on trams?", 1),
    ("How do I reset passwords?", 2),
    ("What do I pay for a book that is overdue at the library?", 3),
    ("Which months is the road over the mountains closed?", 4),
    ("How many times are failing attempts retried?", 5),
]


def closeness(one: list[float], other: list[float]) -> float:
    return math.fsum(a * b for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("dimensions", [256, 512, 1024])
@pytest.mark.parametrize(("question", "answer"), QUESTIONS)
def test_a_question_finds_its_passage(dimensions: int, question: str, answer: int) -> None:
    asked = embed(question, dimensions)
    scores = [closeness(asked, embed(passage, dimensions)) for passage in PASSAGES]
    assert scores.index(max(scores)) == answer


def test_length_one_only_where_asked_for() -> None:
    assert math.hypot(*embed("some words", 512)) == pytest.approx(1.0)
    assert math.hypot(*embed("some words", 512, normalize=False)) > 1.5


def test_the_same_text_has_the_same_embedding_and_another_another() -> None:
    assert embed("one text", 256) == embed("one text", 256)
    assert embed("one text", 256) != embed("another text", 256)


@pytest.mark.parametrize("text", ["…", "the", "日本語の文章", "👋", "a" * 50_000])
def test_any_text_has_a_direction(text: str) -> None:
    assert math.hypot(*embed(text, 256)) == pytest.approx(1.0)


# The families' bodies, by boto3


def invoked(runtime: Any, model: str, body: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    answer = runtime.invoke_model(modelId=model, body=json.dumps(body))
    return json.loads(answer["body"].read()), answer["ResponseMetadata"]["HTTPHeaders"]


COHERE_V4 = "us.cohere.embed-v4:0"
COHERE_V3 = "cohere.embed-english-v3"
NOVA = "amazon.nova-2-multimodal-embeddings-v1:0"
PICTURE = b64encode(b"\x89PNG\r\n\x1a\n" + b"0" * 24).decode()
URL = f"data:image/png;base64,{PICTURE}"


def test_titan_g1_has_1536_numbers_that_are_not_normalised(runtime: Any) -> None:
    told, headers = invoked(runtime, "amazon.titan-embed-text-v1", {"inputText": "a red bicycle"})
    assert told.keys() == {"embedding", "inputTextTokenCount"}
    assert len(told["embedding"]) == 1536
    assert math.hypot(*told["embedding"]) > 1.5
    assert headers["x-amzn-bedrock-input-token-count"] == str(told["inputTextTokenCount"])


@pytest.mark.parametrize("size", [256, 384, 1024])
def test_titan_multimodal_lies_between_its_text_and_its_image(runtime: Any, size: int) -> None:
    config = {"embeddingConfig": {"outputEmbeddingLength": size}}
    model = "amazon.titan-embed-image-v1"
    text = invoked(runtime, model, {"inputText": "a red bicycle", **config})[0]["embedding"]
    image = invoked(runtime, model, {"inputImage": PICTURE, **config})[0]["embedding"]
    both = invoked(runtime, model, {"inputText": "a red bicycle", "inputImage": PICTURE, **config})[0]
    assert len(both["embedding"]) == size
    assert closeness(text, both["embedding"]) == pytest.approx(closeness(image, both["embedding"]))
    assert closeness(text, both["embedding"]) > closeness(text, image)


def test_cohere_v3_answers_with_a_list_and_with_types_by_type(runtime: Any) -> None:
    body = {"texts": ["Hello World!", "Goodbye"], "input_type": "search_document"}
    told, headers = invoked(runtime, COHERE_V3, body)
    assert told["response_type"] == "embeddings_floats"
    assert [len(vector) for vector in told["embeddings"]] == [1024, 1024]
    assert told["texts"] == ["hello world!", "goodbye"]
    assert int(headers["x-amzn-bedrock-input-token-count"]) > 0
    assert int(headers["x-amzn-bedrock-invocation-latency"]) > 0
    told, _ = invoked(runtime, COHERE_V3, {**body, "embedding_types": ["float"]})
    assert told["response_type"] == "embeddings_by_type"


@pytest.mark.parametrize("size", [256, 512, 1024, 1536])
def test_cohere_v4_honours_sizes_and_types(runtime: Any, size: int) -> None:
    kinds = ["float", "int8", "uint8", "binary", "ubinary"]
    body = {"texts": ["a bicycle"], "input_type": "search_query", "output_dimension": size}
    told, _ = invoked(runtime, COHERE_V4, {**body, "embedding_types": kinds, "truncate": "RIGHT"})
    vectors = {kind: told["embeddings"][kind][0] for kind in kinds}
    assert {kind: len(vector) for kind, vector in vectors.items()} == {
        "float": size,
        "int8": size,
        "uint8": size,
        "binary": size // 8,
        "ubinary": size // 8,
    }
    assert all(-128 <= value <= 127 for kind in ("int8", "binary") for value in vectors[kind])
    assert all(0 <= value <= 255 for kind in ("uint8", "ubinary") for value in vectors[kind])
    assert [value - 128 for value in vectors["ubinary"]] == vectors["binary"]
    bits = "".join(f"{value:08b}" for value in vectors["ubinary"])
    assert [bit == "1" for bit in bits] == [value >= 0 for value in vectors["float"]]


def test_cohere_embeds_images_and_mixed_inputs(runtime: Any) -> None:
    told, _ = invoked(runtime, COHERE_V4, {"images": [URL, URL], "input_type": "search_document"})
    first, second = told["embeddings"]["float"]
    assert first == second
    parts = [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": URL}]
    told, _ = invoked(runtime, COHERE_V4, {"inputs": [{"content": parts}], "input_type": "search_document"})
    assert len(told["embeddings"]["float"][0]) == 1536
    told, _ = invoked(runtime, COHERE_V3, {"images": [URL], "input_type": "image"})
    assert len(told["embeddings"][0]) == 1024


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("text", {"value": "a bicycle", "truncationMode": "END"}),
        ("image", {"format": "png", "source": {"bytes": PICTURE}}),
        ("audio", {"format": "mp3", "source": {"s3Location": {"uri": "s3://b/a.mp3"}}}),
        ("video", {"format": "mp4", "embeddingMode": "AUDIO_VIDEO_COMBINED", "source": {"bytes": PICTURE}}),
    ],
)
def test_nova_embeds_everything(runtime: Any, kind: str, content: dict[str, Any]) -> None:
    params = {"embeddingPurpose": "GENERIC_INDEX", "embeddingDimension": 384, kind: content}
    told, headers = invoked(runtime, NOVA, {"taskType": "SINGLE_EMBEDDING", "singleEmbeddingParams": params})
    (found,) = told["embeddings"]
    assert (found["embeddingType"], len(found["embedding"])) == (kind.upper(), 384)
    assert (int(headers["x-amzn-bedrock-input-token-count"]) > 0) == (kind == "text")


def test_marengo(runtime: Any) -> None:
    model = "us.twelvelabs.marengo-embed-3-0-v1:0"
    pair = {"inputText": "a bicycle", "mediaSource": {"base64String": PICTURE}}
    for body in (
        {"inputType": "text", "text": {"inputText": "a bicycle"}},
        {"inputType": "image", "image": {"mediaSource": {"base64String": PICTURE}}},
        {"inputType": "text_image", "text_image": pair},
    ):
        told, _ = invoked(runtime, model, body)
        assert len(told["data"][0]["embedding"]) == 512
    older = {"inputType": "text", "inputText": "a bicycle", "textTruncate": "end"}
    told, _ = invoked(runtime, "twelvelabs.marengo-embed-2-7-v1:0", older)
    assert len(told["data"][0]["embedding"]) == 1024


@pytest.mark.parametrize(
    ("model", "body", "said"),
    [
        ("amazon.titan-embed-text-v1", {"inputText": "a", "dimensions": 256}, "extraneous key [dimensions]"),
        ("amazon.titan-embed-image-v1", {}, "[inputText] or [inputImage] not found"),
        (
            "amazon.titan-embed-image-v1",
            {"inputText": "a", "embeddingConfig": {"outputEmbeddingLength": 512}},
            "512 is not a valid enum value",
        ),
        (COHERE_V3, {"texts": ["a"]}, "required key [input_type] not found"),
        (COHERE_V3, {"texts": ["a"] * 97, "input_type": "clustering"}, "maximum item count: 96, found: 97"),
        (COHERE_V3, {"images": [URL] * 2, "input_type": "image"}, "maximum item count: 1, found: 2"),
        (COHERE_V3, {"texts": ["a"], "input_type": "search", "x": 1}, "extraneous key [x]"),
        (COHERE_V3, {"texts": ["a"], "input_type": "search"}, "search is not a valid enum value"),
        (COHERE_V3, {"texts": ["a"], "input_type": "clustering", "truncate": "LEFT"}, "LEFT is not a valid"),
        (COHERE_V3, {"texts": ["a"], "input_type": "clustering", "output_dimension": 256}, "extraneous key"),
        (COHERE_V4, {"texts": [""], "input_type": "clustering"}, "expected minLength: 1"),
        (COHERE_V4, {"texts": ["a"], "images": [URL], "input_type": "clustering"}, "exactly one of"),
        (COHERE_V4, {"images": ["abc"], "input_type": "clustering"}, "valid data URI"),
        (COHERE_V4, {"inputs": ["abc"], "input_type": "clustering"}, "expected type: JSONObject"),
        (COHERE_V4, {"inputs": [{"content": [{"type": "x"}]}], "input_type": "clustering"}, "a part is"),
        (COHERE_V4, {"texts": ["a"], "input_type": "clustering", "output_dimension": 8}, "8 is not a valid"),
        (COHERE_V4, {"texts": ["a"], "input_type": "clustering", "embedding_types": ["x"]}, "x is not a"),
        (
            NOVA,
            {"taskType": "SEGMENTED_EMBEDDING", "singleEmbeddingParams": {}},
            "SEGMENTED",
        ),
        (
            "cohere.embed-english-v3",
            {"texts": ["a", "b" * 2049], "input_type": "search_query", "truncate": "END"},
            "#/texts/1: expected maxLength: 2048, actual: 2049",
        ),
        (NOVA, {"taskType": "SINGLE_EMBEDDING", "singleEmbeddingParams": {}}, "[embeddingPurpose] not found"),
        (
            NOVA,
            {"taskType": "SINGLE_EMBEDDING", "singleEmbeddingParams": {"embeddingPurpose": "CLUSTERING"}},
            "exactly one of [text]",
        ),
        ("twelvelabs.marengo-embed-3-0-v1:0", {"inputType": "video"}, "video is not a valid enum value"),
        ("cohere.rerank-v3-5:0", {"query": "q", "documents": ["a"]}, "[api_version] not found"),
        (
            "cohere.rerank-v3-5:0",
            {"query": "q", "documents": ["a"], "api_version": 1},
            "not greater",
        ),
        ("amazon.rerank-v1:0", {"query": "q", "documents": []}, "from 1 to 1000 texts"),
        ("amazon.rerank-v1:0", {"query": "q", "documents": ["a"], "top_n": 2}, "top_n"),
        ("amazon.rerank-v1:0", {"query": "q", "documents": ["a"], "api_version": 2}, "extraneous key"),
    ],
)
def test_a_bad_body_is_refused(runtime: Any, model: str, body: dict[str, Any], said: str) -> None:
    with pytest.raises(runtime.exceptions.ValidationException, match=re.escape(said)):
        invoked(runtime, model, body)


@pytest.mark.parametrize("model", [COHERE_V4, NOVA, "amazon.rerank-v1:0"])
def test_none_of_them_streams(runtime: Any, model: str) -> None:
    with pytest.raises(runtime.exceptions.ValidationException, match="unsupported for streaming"):
        runtime.invoke_model_with_response_stream(modelId=model, body=b"{}")


# As recorded


def test_answers_have_the_structure_of_the_recorded_ones(runtime: Any) -> None:
    compared = 0
    for record in load(folder()):
        if record["operation"] != "InvokeModel" or "embed" not in str(record["model_id"]):
            continue
        told, headers = invoked(runtime, record["model_id"], record["request_json"])
        assert outline(told) == outline(json.loads(b64decode(record["response_body_b64"])))
        theirs = {name.lower() for name in record["response_headers"]}
        assert {name for name in theirs if name.startswith("x-amzn-bedrock")} <= headers.keys()
        compared += 1
    assert compared >= 23


def outline(value: Any) -> Any:
    """Names, types and lengths."""
    if isinstance(value, dict):
        return {name: outline(item) for name, item in sorted(value.items())}
    if isinstance(value, list):
        return (len(value), outline(value[0]) if value else None)
    return "number" if isinstance(value, (int, float)) else type(value).__name__
