"""Progress of embeddings, where it is asked for: a callback, or a bar on standard error."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bedrock_unified import ConfigurationError, LocalBedrock
from langchain_bedrock_unified import BedrockEmbeddings
from langchain_bedrock_unified.errors import ContextOverflowError

from .scripted import KEYS

TEXTS = [f"The tram of line {number}." for number in range(250)]
COHERE = "cohere.embed-english-v3"
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 24


@pytest.fixture(scope="module")
def local() -> Iterator[LocalBedrock]:
    with LocalBedrock() as running:
        yield running


def at(local: LocalBedrock, **given: Any) -> BedrockEmbeddings:
    return BedrockEmbeddings(
        **{"model": COHERE, "endpoint_url": local.url, "region_name": "us-east-1", **KEYS, **given}
    )


@pytest.mark.parametrize("colour", ["sync", "async"])
@pytest.mark.parametrize("said", ["by the model", "by the call"])
async def test_a_callback_hears_how_far_it_is(local: LocalBedrock, colour: str, said: str) -> None:
    heard: list[tuple[int, int]] = []

    def hear(done: int, total: int) -> None:
        heard.append((done, total))

    embeddings = at(local, show_progress=hear if said == "by the model" else False)
    own: Any = {"show_progress": hear} if said == "by the call" else {}
    if colour == "sync":
        vectors = embeddings.embed_documents(TEXTS, **own)
    else:
        vectors = await embeddings.aembed_documents(TEXTS, **own)
    assert len(vectors) == len(TEXTS)
    assert len(heard) == 3, "one for each request"
    assert heard == sorted(heard) and heard[-1] == (250, 250)
    assert {total for _, total in heard} == {250}
    await embeddings.bedrock.aclose()


@pytest.mark.parametrize("colour", ["sync", "async"])
async def test_a_bar_on_standard_error(
    local: LocalBedrock, capsys: pytest.CaptureFixture[str], colour: str
) -> None:
    embeddings = at(local, show_progress_bar=True)
    if colour == "sync":
        embeddings.embed_documents(TEXTS)
    else:
        await embeddings.aembed_documents(TEXTS)
    shown = capsys.readouterr()
    assert shown.err.endswith("250/250\n") and shown.err.startswith("\rEmbedding |")
    assert not shown.out
    embeddings.embed_query("How many trams?")
    embeddings.embed_documents(["one"])
    embeddings.embed_documents([])
    embeddings.embed_documents(TEXTS, show_progress=False)
    assert capsys.readouterr().err == "", "nothing to wait for, or not wanted"
    await embeddings.bedrock.aclose()


def test_nothing_is_shown_unless_it_is_asked_for(
    local: LocalBedrock, capsys: pytest.CaptureFixture[str]
) -> None:
    with (embeddings := at(local)).bedrock:
        embeddings.embed_documents(TEXTS)
    shown = capsys.readouterr()
    assert shown.err == shown.out == ""


async def test_images_have_it_too(local: LocalBedrock, tmp_path: Path) -> None:
    heard: list[tuple[int, int]] = []
    embeddings = at(local, model="amazon.titan-embed-image-v1", show_progress=lambda *far: heard.append(far))
    (tmp_path / "a.png").write_bytes(PNG)
    embeddings.embed_images([PNG, tmp_path / "a.png"])
    await embeddings.aembed_images([PNG, PNG])
    embeddings.embed_image(PNG)
    await embeddings.aembed_image(PNG)
    assert heard == [(1, 2), (2, 2)] * 2
    await embeddings.bedrock.aclose()


@pytest.mark.parametrize("colour", ["sync", "async"])
async def test_what_a_callback_raises_ends_the_call(local: LocalBedrock, colour: str) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyError("enough")

    embeddings = at(local, concurrency=1, show_progress=stop)
    local.forget()
    with pytest.raises(KeyError, match="enough"):
        if colour == "sync":
            embeddings.embed_documents(TEXTS)
        else:
            await embeddings.aembed_documents(TEXTS)
    assert len(local.requests) == 1
    await embeddings.bedrock.aclose()


def test_a_bar_ends_its_line_when_the_call_fails(
    local: LocalBedrock, capsys: pytest.CaptureFixture[str]
) -> None:
    embeddings = at(local, show_progress=True, concurrency=1)
    with embeddings.bedrock, pytest.raises(ContextOverflowError, match="maxLength"):
        embeddings.embed_documents([*TEXTS[:200], "long " * 600])
    assert capsys.readouterr().err.endswith(" 96/201\n")


@pytest.mark.parametrize("wish", ["maybe", 3, [print]])
def test_what_is_neither_is_refused(local: LocalBedrock, wish: Any) -> None:
    with pytest.raises(ConfigurationError, match="show_progress"):
        at(local, show_progress=wish)
    local.forget()
    with pytest.raises(ConfigurationError, match="show_progress") as caught:
        at(local).embed_documents(TEXTS, show_progress=wish)
    assert caught.value.hint and not local.requests


def test_it_is_in_copies_and_not_in_writing(local: LocalBedrock) -> None:
    assert pickle.loads(pickle.dumps(at(local, show_progress=True))).show_progress is True
    assert "show_progress" not in at(local, show_progress=print).model_dump()
