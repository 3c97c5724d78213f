"""Whoever asks for it is told after each answer how many inputs are done."""

from __future__ import annotations

import threading

import pytest

from bedrock_unified import BedrockClient, LocalBedrock

MODEL = "cohere.embed-english-v3"


@pytest.mark.parametrize("colour", ["sync", "async"])
async def test_each_answer_is_told_on_the_callers_thread(colour: str) -> None:
    told: list[tuple[int, int]] = []
    threads: set[threading.Thread] = set()

    def hear(done: int, total: int) -> None:
        told.append((done, total))
        threads.add(threading.current_thread())

    texts = [f"text {number}" for number in range(200)]
    with LocalBedrock() as local:
        client = BedrockClient(endpoint_url=local.url, region_name="us-east-1", api_key=local.API_KEY)
        if colour == "sync":
            found = client.embed(texts, model_id=MODEL, on_progress=hear)
        else:
            found = await client.aembed(texts, model_id=MODEL, on_progress=hear)
        await client.aclose()
    assert len(found.vectors) == 200
    assert len(told) == 3 and told == sorted(told) and told[-1] == (200, 200)
    assert threads == {threading.current_thread()}
