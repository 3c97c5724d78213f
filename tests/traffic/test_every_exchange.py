"""None of the recorded exchanges is left out: how many there are, by operation and by who replays them."""

from __future__ import annotations

from collections import Counter

from .kinds import conversations, embeddings, guardrail_calls, native_conversations, others, token_counts
from .recordings import Exchange

Exchanges = tuple[Exchange, ...]

#: All of them.
RECORDED = {
    "Converse": 529,
    "ConverseStream": 101,
    "InvokeModel": 495,
    "InvokeModelWithResponseStream": 183,
    "ListFoundationModels": 12,
    "GetInferenceProfile": 1,
    "CountTokens": 4,
    "ApplyGuardrail": 1,
}
#: Through both adapters, by InvokeModel: conversations whose body's family is spoken there.
NATIVE = {"InvokeModel": 437, "InvokeModelWithResponseStream": 161}
#: Through the client alone: no adapter has these, and the bodies of these families nobody writes here.
CLIENT_ALONE = {
    "InvokeModel": 35,
    "InvokeModelWithResponseStream": 22,
    "ListFoundationModels": 12,
    "GetInferenceProfile": 1,
}
#: The models behind those bodies: former completions, and families that are spoken by Converse.
SPOKEN_BY_CONVERSE = {"ai21", "amazon", "anthropic", "cohere", "mistral", "arn:aws:sagemaker"}


def test_every_recorded_exchange_is_replayed(recorded: Exchanges) -> None:
    assert Counter(one.operation for one in recorded) == RECORDED
    assert len({one.id for one in recorded}) == sum(RECORDED.values()) == 1326
    kinds = {
        "conversations": conversations(recorded),
        "native conversations": tuple(one for _, one in native_conversations(recorded)),
        "embeddings": embeddings(recorded),
        "guardrail calls": guardrail_calls(recorded),
        "token counts": token_counts(recorded),
        "others": others(recorded),
    }
    replayed = Counter(one.id for exchanges in kinds.values() for one in exchanges)
    assert set(replayed) == {one.id for one in recorded}, "left out"
    assert set(replayed.values()) == {1}, "of two kinds"


def test_each_kind_is_as_large_as_it_is_known_to_be(recorded: Exchanges) -> None:
    assert len(conversations(recorded)) == 630
    assert Counter(one.operation for _, one in native_conversations(recorded)) == NATIVE
    assert len(embeddings(recorded)) == 23
    assert len(guardrail_calls(recorded)) == 1
    assert len(token_counts(recorded)) == 4
    assert Counter(one.operation for one in others(recorded)) == CLIENT_ALONE


def test_bodies_that_no_adapter_sends_are_of_known_families(recorded: Exchanges) -> None:
    bodies = [one for one in others(recorded) if one.operation.startswith("InvokeModel")]
    models = {str(one.model_id).removeprefix("us.") for one in bodies}
    vendors = {
        model.partition(":us-")[0] if model.startswith("arn") else model.partition(".")[0] for model in models
    }
    assert vendors == SPOKEN_BY_CONVERSE
    assert {model for model in models if model.startswith("anthropic")} == {
        "anthropic.claude-v2",
        "anthropic.claude-v2:1",
    }, "of Claude, text completions alone"
    assert not any("command-r" in model for model in models), "of Cohere, former Command alone"
