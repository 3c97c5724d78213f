"""Which family a model id means, what bodies the families have, and what they refuse."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_unified.embedding import planned
from bedrock_unified.errors import InvalidRequestError
from bedrock_unified.invoke.embeddings.families import family_of
from bedrock_unified.invoke.embeddings.inputs import item_of
from bedrock_unified.media import Fetched

TITAN = "amazon.titan-embed-text-v2:0"
TITAN_V1 = "amazon.titan-embed-text-v1"
TITAN_IMAGE = "amazon.titan-embed-image-v1"
COHERE_V3 = "cohere.embed-multilingual-v3"
COHERE_V4 = "us.cohere.embed-v4:0"
NOVA = "amazon.nova-2-multimodal-embeddings-v1:0"
MARENGO = "us.twelvelabs.marengo-embed-3-0-v1:0"
MARENGO_27 = "twelvelabs.marengo-embed-2-7-v1:0"
PROFILE = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abcdefghijkl"
JPEG = b"\xff\xd8\xff\xe0" + b"0" * 20
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20
PNG_64 = base64.b64encode(PNG).decode()
MP4 = b"\x00\x00\x00\x18ftypmp42" + b"0" * 20
MP3 = b"ID3" + b"0" * 20


def body(model_id: str, *inputs: Any, **how: Any) -> dict[str, Any]:
    """The body of the only request."""
    (request,) = planned(inputs, model_id, **how).requests
    return json.loads(request.body)


def refused(model_id: str, *inputs: Any, **how: Any) -> InvalidRequestError:
    with pytest.raises(InvalidRequestError) as caught:
        planned(inputs or ["a"], model_id, **how)
    assert caught.value.hint
    return caught.value


# Which family


@pytest.mark.parametrize(
    ("model_id", "family"),
    [
        (TITAN, "titan-text-v2"),
        (TITAN_V1, "titan-text-v1"),
        ("amazon.titan-embed-g1-text-02", "titan-text-v1"),
        (TITAN_IMAGE, "titan-image"),
        ("amazon.titan-embed-image-v1:0", "titan-image"),
        ("cohere.embed-english-v3", "cohere-v3"),
        ("cohere.embed-english-light-v3:0:512", "cohere-v3"),
        (COHERE_V4, "cohere-v4"),
        ("global.cohere.embed-v4:0", "cohere-v4"),
        (NOVA, "nova"),
        (MARENGO, "marengo-3"),
        (MARENGO_27, "marengo-2.7"),
        (f"arn:aws:bedrock:us-east-1::foundation-model/{TITAN_V1}", "titan-text-v1"),
        (f"arn:aws:bedrock:us-east-1:123456789012:inference-profile/{COHERE_V4}", "cohere-v4"),
        # Not known yet: the newest of their kind.
        ("amazon.titan-embed-text-v3:0", "titan-text-v2"),
        ("cohere.embed-v5:0", "cohere-v4"),
        ("jp.cohere.embed-multilingual-v4-5:0", "cohere-v4"),
        ("amazon.nova-3-embeddings-v1:0", "nova"),
        ("twelvelabs.marengo-embed-4-0-v1:0", "marengo-3"),
    ],
)
def test_a_family_is_read_from_the_ids_structure(model_id: str, family: str) -> None:
    assert family_of(model_id).name == family


@pytest.mark.parametrize(
    ("alias", "family"),
    [
        ("titan-embed-text", "titan-text-v1"),
        ("titan-embed-text-v2", "titan-text-v2"),
        ("bedrock/embed-english", "cohere-v3"),
        ("embed-multilingual", "cohere-v3"),
    ],
)
def test_ol_20_embedding_aliases(alias: str, family: str) -> None:
    assert family_of(alias).name == family


def test_an_unknown_version_may_have_any_dimensions() -> None:
    assert body("amazon.titan-embed-text-v3:0", "a", dimensions=4096)["dimensions"] == 4096
    assert body("cohere.embed-v5:0", "a", dimensions=2048)["output_dimension"] == 2048


@pytest.mark.parametrize(
    ("family", "name"),
    [
        ("cohere-v3", "cohere-v3"),
        ("Cohere", "cohere-v4"),
        ("amazon", "titan-text-v2"),
        ("twelvelabs", "marengo-3"),
        (TITAN_IMAGE, "titan-image"),
    ],
)
def test_the_user_says_what_an_opaque_arn_is(family: str, name: str) -> None:
    assert family_of(PROFILE, family).name == name


def test_an_opaque_arn_is_not_taken_for_titan() -> None:
    error = refused(PROFILE)
    assert "family=" in str(error.hint)
    assert "titan-text-v2, titan-text-v1, titan-image, cohere-v4" in str(error.hint)


def test_a_model_that_does_not_embed_is_said_to_be_one() -> None:
    """OL, section on embeddings: "Model '…' does not support embeddings", with models that do."""
    error = refused("anthropic.claude-3-haiku-20240307-v1:0")
    assert "'anthropic.claude-3-haiku-20240307-v1:0' does not support embeddings" in error.message
    assert TITAN in str(error.hint)


@pytest.mark.parametrize("family", ["claude", "anthropic.claude-v2", 7, ""])
def test_an_unknown_family_is_refused(family: Any) -> None:
    assert "no embedding family is called" in refused(TITAN, family=family).message


# Bodies


def test_titan_text() -> None:
    assert body(TITAN, "a") == {"inputText": "a"}
    how = {"dimensions": 512, "normalize": False, "embedding_types": ["float", "binary"]}
    assert body(TITAN, "a", **how) == {
        "inputText": "a",
        "dimensions": 512,
        "normalize": False,
        "embeddingTypes": ["float", "binary"],
    }
    assert body(TITAN, "a", input_type="query", truncate="none") == {"inputText": "a"}
    assert body(TITAN_V1, {"text": "a"}) == {"inputText": "a"}


def test_titan_image() -> None:
    assert body(TITAN_IMAGE, PNG) == {"inputImage": PNG_64}
    both = {"text": "a", "image": PNG}
    assert body(TITAN_IMAGE, both, dimensions=384) == {
        "inputText": "a",
        "inputImage": PNG_64,
        "embeddingConfig": {"outputEmbeddingLength": 384},
    }
    assert "more than a text and an image" in refused(TITAN_IMAGE, {"content": ["a", "b"]}).message
    assert "more than a text and an image" in refused(TITAN_IMAGE, {"content": ["a", {"audio": MP3}]}).message
    assert "lies in S3" in refused(TITAN_IMAGE, {"image": "s3://bucket/a.png"}).message


def test_cohere_v3() -> None:
    assert body(COHERE_V3, "a", "b") == {"texts": ["a", "b"], "input_type": "search_document"}
    assert body(COHERE_V3, "a", input_type="query", truncate="start", embedding_types=["int8"]) == {
        "texts": ["a"],
        "input_type": "search_query",
        "truncate": "START",
        "embedding_types": ["int8"],
    }
    assert body(COHERE_V3, PNG) == {"images": [f"data:image/png;base64,{PNG_64}"], "input_type": "image"}
    assert len(planned([PNG, PNG], COHERE_V3).requests) == 2


def test_cohere_v4() -> None:
    how: dict[str, Any] = {
        "dimensions": 1536,
        "max_tokens": 4000,
        "truncate": "right",
        "input_type": "clustering",
    }
    assert body(COHERE_V4, "a", **how) == {
        "texts": ["a"],
        "input_type": "clustering",
        "output_dimension": 1536,
        "max_tokens": 4000,
        "truncate": "RIGHT",
    }
    url = f"data:image/png;base64,{PNG_64}"
    assert body(COHERE_V4, PNG, PNG) == {"images": [url, url], "input_type": "search_document"}
    assert body(COHERE_V4, {"text": "a", "image": PNG})["inputs"] == [
        {"content": [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": url}]}
    ]
    native = {"content": [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": "a"}]}
    assert body(COHERE_V4, native)["inputs"][0]["content"][0] == {"type": "image_url", "image_url": url}


@pytest.mark.parametrize(
    ("given", "v3", "v4"),
    [
        ("none", "NONE", "NONE"),
        ("START", "START", "START"),
        ("end", "END", "END"),
        ("left", "START", "LEFT"),
        ("RIGHT", "END", "RIGHT"),
    ],
)
def test_ways_to_truncate_are_said_in_the_versions_words(given: str, v3: str, v4: str) -> None:
    assert body(COHERE_V3, "a", truncate=given)["truncate"] == v3
    assert body(COHERE_V4, "a", truncate=given)["truncate"] == v4
    assert body(NOVA, "a", truncate=given)["singleEmbeddingParams"]["text"]["truncationMode"] == v3


def test_nova() -> None:
    assert body(NOVA, "a", input_type="query", dimensions=256) == {
        "taskType": "SINGLE_EMBEDDING",
        "singleEmbeddingParams": {
            "embeddingPurpose": "GENERIC_RETRIEVAL",
            "text": {"value": "a", "truncationMode": "NONE"},
            "embeddingDimension": 256,
        },
    }
    assert body(NOVA, {"image": PNG})["singleEmbeddingParams"] == {
        "embeddingPurpose": "GENERIC_INDEX",
        "image": {"format": "png", "source": {"bytes": PNG_64}},
    }
    film = body(NOVA, {"video": "s3://bucket/a.MP4"}, input_type="VIDEO_RETRIEVAL")["singleEmbeddingParams"]
    assert film["embeddingPurpose"] == "VIDEO_RETRIEVAL"
    assert film["video"] == {
        "format": "mp4",
        "source": {"s3Location": {"uri": "s3://bucket/a.MP4"}},
        "embeddingMode": "AUDIO_VIDEO_COMBINED",
    }
    assert body(NOVA, {"audio": MP3})["singleEmbeddingParams"]["audio"]["format"] == "mp3"
    assert "a mix of several parts" in refused(NOVA, {"text": "a", "image": PNG}).message
    assert "format of the audio in inputs[0] is not known" in refused(NOVA, {"audio": b"???"}).message


def test_nova_has_members_of_its_own_inside() -> None:
    fields = {"singleEmbeddingParams": {"image": {"detailLevel": "DOCUMENT_IMAGE"}}}
    params = body(NOVA, PNG, additional_model_request_fields=fields)["singleEmbeddingParams"]
    assert params["image"] == {"format": "png", "source": {"bytes": PNG_64}, "detailLevel": "DOCUMENT_IMAGE"}
    assert fields == {"singleEmbeddingParams": {"image": {"detailLevel": "DOCUMENT_IMAGE"}}}


def test_marengo() -> None:
    assert body(MARENGO, "a") == {"inputType": "text", "text": {"inputText": "a"}}
    source = {"mediaSource": {"base64String": PNG_64}}
    assert body(MARENGO, PNG) == {"inputType": "image", "image": source}
    assert body(MARENGO, {"image": PNG, "text": "a"}) == {
        "inputType": "text_image",
        "text_image": {"inputText": "a", **source},
    }
    there = {"image": {"source": {"s3Location": {"uri": "s3://bucket/a.png", "bucketOwner": "123456789012"}}}}
    assert body(MARENGO, there)["image"]["mediaSource"]["s3Location"] == {
        "uri": "s3://bucket/a.png",
        "bucketOwner": "123456789012",
    }
    assert body(MARENGO_27, "a", truncate="end") == {
        "inputType": "text",
        "inputText": "a",
        "textTruncate": "end",
    }
    assert body(MARENGO_27, PNG) == {"inputType": "image", **source}
    assert "more than a text and an image" in refused(MARENGO, {"content": ["a", "b"]}).message


@pytest.mark.parametrize("kind", ["audio", "video"])
@pytest.mark.parametrize("model_id", [MARENGO, MARENGO_27])
def test_what_marengo_does_asynchronously_alone_is_refused_clearly(model_id: str, kind: str) -> None:
    error = refused(model_id, {kind: MP4})
    assert f"inputs[0] is {kind}" in error.message
    assert "StartAsyncInvoke" in error.message


# Options a family does not have


@pytest.mark.parametrize(
    ("model_id", "how", "named"),
    [
        (TITAN, {"dimensions": 100}, "dimensions is 100"),
        (TITAN, {"dimensions": True}, "dimensions is True"),
        (TITAN, {"dimensions": "256"}, "dimensions is '256'"),
        (TITAN, {"truncate": "end"}, "Titan Text Embeddings V2 has no truncate='end'"),
        (TITAN, {"input_type": "clustering"}, "Titan Text Embeddings V2 has no input_type='clustering'"),
        (TITAN, {"embedding_types": ["int8"]}, "has no embedding_types='int8'"),
        (TITAN, {"max_tokens": 5}, "has no max_tokens=5"),
        (TITAN_V1, {"dimensions": 1536}, "Titan Text Embeddings G1 has no dimensions=1536"),
        (TITAN_V1, {"embedding_types": ["binary"]}, "Titan Text Embeddings G1 has no embedding_types"),
        (TITAN_IMAGE, {"dimensions": 512}, "dimensions is 512"),
        (COHERE_V3, {"dimensions": 1024}, "Cohere Embed v3 has no dimensions=1024"),
        (COHERE_V3, {"max_tokens": 5}, "Cohere Embed v3 has no max_tokens=5"),
        (COHERE_V3, {"truncate": "middle"}, "Cohere Embed v3 has no truncate='middle'"),
        (COHERE_V4, {"dimensions": 300}, "dimensions is 300"),
        (COHERE_V4, {"embedding_types": ["base64"]}, "Cohere Embed v4 has no embedding_types='base64'"),
        (COHERE_V4, {"embedding_types": []}, "embedding_types is empty"),
        (COHERE_V4, {"max_tokens": 0}, "max_tokens is 0"),
        (COHERE_V4, {"input_type": "image"}, "Cohere Embed v4 has no input_type='image'"),
        (COHERE_V4, {"input_type": 3}, "has no input_type=3"),
        (NOVA, {"dimensions": 512}, "dimensions is 512"),
        (NOVA, {"embedding_types": ["int8"]}, "Nova Multimodal Embeddings has no embedding_types='int8'"),
        (MARENGO, {"dimensions": 512}, "Marengo Embed 3.0 has no dimensions=512"),
        (MARENGO, {"truncate": "end"}, "Marengo Embed 3.0 has no truncate='end'"),
    ],
)
def test_an_option_that_a_family_has_not_is_refused_by_name(
    model_id: str, how: dict[str, Any], named: str
) -> None:
    assert named in refused(model_id, "a", **how).message


@pytest.mark.parametrize("model_id", [TITAN, TITAN_V1, TITAN_IMAGE, COHERE_V3, COHERE_V4, NOVA, MARENGO])
def test_floats_may_always_be_asked_for(model_id: str) -> None:
    assert planned(["a"], model_id, embedding_types=["float"]).count == 1


# Inputs


@pytest.mark.parametrize(
    "given",
    ["", "  \n", None, {"text": ""}, {"text": None}, {"content": []}, {"content": ["a", " "]}, {}],
    ids=repr,
)
def test_empty_texts_are_refused_with_their_position(given: Any) -> None:
    assert "a text to embed is empty: inputs[1]" in refused(COHERE_V4, "a", given).message


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (7, "inputs[0] is a int"),
        (["a"], "inputs[0] is a list"),
        ({"txt": "a"}, "'txt'"),
        ({"content": "a"}, "'content'"),
        ({"content": [7]}, "inputs[0] is a int"),
        ({"image": b""}, "image of inputs[0] has zero bytes"),
        (b"", "image of inputs[0] has zero bytes"),
        ({"image": 7}, "image of inputs[0] is given as 7"),
        ({"image": {"source": {}}}, "image of inputs[0]'s source has the members of an empty dict"),
        ({"image": "not base64!"}, "data of the image of inputs[0] is not base64: 'not base64!'"),
        ({"image": ""}, "image of inputs[0] has zero bytes"),
        ({"image": "https://x.org/a.png?key=1"}, "a web address: inputs[0] is 'https://x.org/a.png'"),
        ({"image": "HTTP://x.org/a.png"}, "no image from a web address"),
        ({"image": "s3://"}, "image of inputs[0]'s S3 URI names no bucket"),
        ({"image": b"\x00\x00\x00\x18ftypmp42"}, "format of the image in inputs[0] is not known"),
        ({"image": b"????"}, "format of the image in inputs[0] is not known"),
        ({"content": [{"audio": MP3}, "a"]}, "inputs[0] has audio"),
        ({"image": "s3://bucket/a.png"}, "lies in S3"),
    ],
    ids=repr,
)
def test_what_cannot_be_embedded_is_refused(given: Any, said: str) -> None:
    assert said in refused(COHERE_V4, given).message


def test_an_image_comes_in_many_forms(tmp_path: Path) -> None:
    path = tmp_path / "picture.bin"
    path.write_bytes(PNG)
    stream = io.BytesIO(PNG)
    stream.read(3)
    with path.open("rb") as opened:
        for form in (
            *(PNG, bytearray(PNG), memoryview(PNG), path, stream, opened),
            *({"image": form} for form in (PNG, PNG_64, path, stream, f"data:image/png;base64,{PNG_64}")),
            {"image": {"format": "png", "source": {"bytes": PNG}}},
            {"image": base64.encodebytes(PNG).decode()},
            {"image": f"data:image/png;name=a.png;base64,{PNG_64}"},
            {"image": f"DATA:;base64,{PNG_64}"},
            {"content": [path]},
            {"content": [{"image": stream}]},
            Fetched(PNG, "image/png", "https://x.org/a.png"),
            {"image": Fetched(PNG, None, "https://x.org/a.png")},
            {"type": "image_url", "image_url": {"url": f"data:image/x-unknown;base64,{PNG_64}"}},
        ):
            assert body(TITAN_IMAGE, form) == {"inputImage": PNG_64}, form
        assert opened.tell() == 0
    assert stream.tell() == 3


def test_a_file_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    said = r"image of inputs\[1\] at .*absent\.png.* could not be read: No such file"
    with pytest.raises(InvalidRequestError, match=said):
        planned(["a", {"content": [tmp_path / "absent.png"]}], TITAN_IMAGE)


@pytest.mark.parametrize(
    ("kind", "given", "form"),
    [
        ("image", JPEG, "jpeg"),
        ("image", PNG, "png"),
        ("image", b"GIF89a....", "gif"),
        ("image", b"RIFF\x00\x00\x00\x00WEBPVP8 ", "webp"),
        ("audio", b"RIFF\x00\x00\x00\x00WAVEfmt ", "wav"),
        ("video", MP4, "mp4"),
        ("video", b"\x00\x00\x00\x14ftypqt  ", "mov"),
        ("video", b"\x1aE\xdf\xa3....webm", "webm"),
        ("video", b"\x1aE\xdf\xa3....matroska", "mkv"),
        ("video", b"\x00\x00\x00\x14ftyp3gp4", "3gp"),
        ("audio", b"OggS....OpusHead", "ogg"),
        ("audio", MP3, "mp3"),
        ("audio", b"\xff\xfa\x90\x00" + b"0" * 20, "mp3"),
        # What was said, in whatever words, where the bytes do not tell.
        ("image", {"format": "JPG", "source": {"bytes": b"????"}}, "jpeg"),
        ("video", {"format": "three_gp", "source": {"bytes": b"????"}}, "3gp"),
        ("audio", f"data:audio/mpeg;base64,{base64.b64encode(b'????').decode()}", "mp3"),
        ("image", {"format": "avif", "source": {"bytes": b"????"}}, "avif"),
        ("image", {"format": "jpeg", "source": {"bytes": PNG}}, "png"),
        ("image", "S3://bucket/a.JPG", "jpeg"),
    ],
)
def test_a_format_is_told_by_the_first_bytes_or_by_what_was_said(kind: str, given: Any, form: str) -> None:
    assert body(NOVA, {kind: given})["singleEmbeddingParams"][kind]["format"] == form


@pytest.mark.parametrize("given", ["yes", 1, 0], ids=repr)
def test_normalize_is_true_or_false(given: Any) -> None:
    for model_id in (TITAN, COHERE_V4):
        assert f"normalize is {given!r}" in refused(model_id, normalize=given).message


def test_a_wish_that_a_request_could_not_keep_is_refused() -> None:
    said = refused(COHERE_V4, normalize=True, embedding_types=["int8"]).message
    assert said == "Cohere Embed v4 has no normalize=True for int8"
    assert body(COHERE_V4, "a", normalize=True, embedding_types=["int8", "float"])
    said = refused(COHERE_V3, PNG, input_type="clustering").message
    assert said == "inputs[0] is an image, for which Cohere Embed v3 has no input_type='clustering'"
    for kind in ("document", "query", "image", None):
        assert body(COHERE_V3, PNG, input_type=kind)["input_type"] == "image"


def test_texts_are_measured_in_bytes_when_requests_are_filled() -> None:
    texts = ["日" * 3_000_000] * 3
    assert [len(request.positions) for request in planned(texts, COHERE_V4).requests] == [2, 1]


def test_the_callers_objects_are_not_changed() -> None:
    given = [{"text": "a", "image": bytearray(PNG)}, {"content": ["a", {"image": PNG}]}]
    planned(given, COHERE_V4, additional_model_request_fields={"x": {"y": 1}})
    assert given == [{"text": "a", "image": bytearray(PNG)}, {"content": ["a", {"image": PNG}]}]


_parts = st.one_of(
    st.text(min_size=1).filter(str.strip),
    st.binary(min_size=1),
    st.builds(lambda text: {"text": text}, st.text(min_size=1).filter(str.strip)),
    st.builds(
        lambda text, image: {"text": text, "image": PNG + image}, st.text("ab", min_size=1), st.binary()
    ),
)


@given(st.lists(st.one_of(st.text("xyz", min_size=1), st.just(PNG), st.just({"text": "a", "image": JPEG}))))
def test_every_input_is_in_exactly_one_request(inputs: list[Any]) -> None:
    plan = planned(inputs, COHERE_V4)
    positions = [position for request in plan.requests for position in request.positions]
    assert sorted(positions) == list(range(len(inputs)))
    assert all(len(request.positions) <= 96 for request in plan.requests)


@given(_parts)
def test_any_input_becomes_an_item(given_input: Any) -> None:
    item = item_of(given_input, 4)
    assert item.position == 4
    assert item.parts
    assert item.size >= 1
