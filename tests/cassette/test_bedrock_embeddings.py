"""LangChain's ``BedrockEmbeddings`` from cassettes."""

from __future__ import annotations

import pytest

from langchain_bedrock_unified import BedrockEmbeddings

from .recording import Recording
from .vectors import COHERE_V4, NOVA, PICTURE, QUERY, SOUND, TEXTS, only_vectors, recorded_vectors

cassette = pytest.mark.cassette


def embeddings(recording: Recording) -> BedrockEmbeddings:
    """Short vectors, for short cassettes."""
    return recording.make(BedrockEmbeddings, dimensions=256)


@cassette("BedrockEmbeddings.embed_documents", unordered=True)
def test_embed_documents(recording: Recording) -> None:
    assert embeddings(recording).embed_documents(TEXTS) == recorded_vectors(recording, TEXTS)


@cassette("BedrockEmbeddings.aembed_documents", unordered=True)
async def test_aembed_documents(recording: Recording) -> None:
    assert await embeddings(recording).aembed_documents(TEXTS) == recorded_vectors(recording, TEXTS)


@cassette("BedrockEmbeddings.embed_query")
def test_embed_query(recording: Recording) -> None:
    assert [embeddings(recording).embed_query(QUERY)] == recorded_vectors(recording, [QUERY])


@cassette("BedrockEmbeddings.aembed_query")
async def test_aembed_query(recording: Recording) -> None:
    assert [await embeddings(recording).aembed_query(QUERY)] == recorded_vectors(recording, [QUERY])


def images(recording: Recording) -> BedrockEmbeddings:
    """A model of images and texts."""
    return recording.make(BedrockEmbeddings, model=COHERE_V4, dimensions=256)


def everything(recording: Recording) -> BedrockEmbeddings:
    """A model of sounds and films, too."""
    return recording.make(BedrockEmbeddings, model=NOVA, dimensions=256)


@cassette("BedrockEmbeddings.embed_image")
def test_embed_image(recording: Recording) -> None:
    assert [images(recording).embed_image(PICTURE)] == only_vectors(recording)


@cassette("BedrockEmbeddings.aembed_image")
async def test_aembed_image(recording: Recording) -> None:
    assert [await images(recording).aembed_image(PICTURE)] == only_vectors(recording)


@cassette("BedrockEmbeddings.embed_images")
def test_embed_images(recording: Recording) -> None:
    assert images(recording).embed_images([PICTURE, PICTURE]) == only_vectors(recording)


@cassette("BedrockEmbeddings.aembed_images")
async def test_aembed_images(recording: Recording) -> None:
    assert await images(recording).aembed_images([PICTURE, PICTURE]) == only_vectors(recording)


@cassette("BedrockEmbeddings.embed_audio")
def test_embed_audio(recording: Recording) -> None:
    assert [everything(recording).embed_audio(SOUND)] == only_vectors(recording)


@cassette("BedrockEmbeddings.aembed_audio")
async def test_aembed_audio(recording: Recording) -> None:
    assert [await everything(recording).aembed_audio(SOUND)] == only_vectors(recording)


@cassette("BedrockEmbeddings.embed_video")
def test_embed_video(recording: Recording) -> None:
    assert [everything(recording).embed_video("s3://amzn-s3-demo-bucket/film.mp4")] == only_vectors(recording)


@cassette("BedrockEmbeddings.aembed_video")
async def test_aembed_video(recording: Recording) -> None:
    found = await everything(recording).aembed_video("s3://amzn-s3-demo-bucket/film.mp4")
    assert [found] == only_vectors(recording)
