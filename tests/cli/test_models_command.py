"""``bedrock-unified models``: the account's list, the known one where there is none, what is known."""

from __future__ import annotations

import pytest

from bedrock_unified.local import Fault, LocalBedrock

from .conftest import Run, lead_to

NOVA = "amazon.nova-lite-v1:0"


def test_the_accounts_models_are_listed_with_the_id_to_call(run: Run, endpoint: LocalBedrock) -> None:
    done = run("models", "list")
    ids = [line[0] for line in done.lines]
    assert NOVA in ids
    assert "us.anthropic.claude-sonnet-4-5-20250929-v1:0" in ids  # by profile alone
    assert {request.operation for request in endpoint.requests} == {
        "ListFoundationModels",
        "ListInferenceProfiles",
    }
    assert done.err == ""


@pytest.mark.parametrize("word", ["models", "model"])
def test_the_list_is_narrowed(run: Run, endpoint: LocalBedrock, word: str) -> None:
    embeddings = run(word, "list", "--kind", "embedding", "--json").json
    assert {model["kind"] for model in embeddings["models"]} == {"embedding"}
    vendors = run(word, "list", "--vendor", "Mistral AI").lines
    assert {line[1] for line in vendors} == {"mistral"}
    assert len(run(word, "list", "--all").lines) >= len(run(word, "list").lines)
    assert "one of chat, embedding" in run(word, "list", "--kind", "poetry", code=2).err


def test_json_tells_where_the_list_comes_from(run: Run, endpoint: LocalBedrock) -> None:
    told = run("models", "list", "--json", "--region", "eu-west-1").json
    assert (told["region"], told["source"], told["notes"]) == ("eu-west-1", "account", [])


def test_without_a_network_the_known_models_are_listed_with_a_note(
    run: Run, endpoint: LocalBedrock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bedrock_unified.wire.retry.random.uniform", lambda low, high: 0)
    done = run("models", "list", "--endpoint-url", "http://127.0.0.1:9")
    assert NOVA in [line[0] for line in done.lines]
    assert "could not be listed" in done.err and "not the account's own list" in done.err


def test_without_permission_too(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    refusal = Fault("error", code="AccessDeniedException", message="User is not authorized", times=9)
    with LocalBedrock(faults=[refusal]) as running:
        lead_to(running, monkeypatch)
        done = run("models", "list", "--json")
    assert done.json["source"] == "curated" and done.json["models"]
    assert "AccessDeniedException" in done.err


def test_the_known_models_need_nobody(run: Run) -> None:
    told = run("models", "list", "--curated", "--region", "eu-west-1", "--json").json
    ids = [model["id"] for model in told["models"]]
    assert NOVA in ids and "eu.anthropic.claude-sonnet-4-5-20250929-v1:0" in ids
    assert told["source"] == "curated"


def test_a_model_is_shown_with_what_it_can_do(run: Run) -> None:
    told = run("models", "show", "claude-3-haiku", "--json").json
    assert told["id"] == "anthropic.claude-3-haiku-20240307-v1:0"
    assert told["short_names"] == ["claude-3-haiku"]
    assert told["profiles"]["eu"] == "eu.anthropic.claude-3-haiku-20240307-v1:0"
    assert told["capabilities"]["tools"] is True
    assert told["capabilities"]["media"] == ["document", "image"]
    lines = dict(line for line in run("models", "show", "claude-3-haiku").lines)
    assert lines["vendor"] == "anthropic" and lines["tools"] == "yes"


def test_a_model_behind_a_profile_is_shown_with_the_profile_of_the_region(run: Run) -> None:
    model = "anthropic.claude-sonnet-4-5-20250929-v1:0"
    told = run("models", "show", model, "--region", "eu-west-1")
    assert f"from eu-west-1 call eu.{model}" in told.err
    assert dict(told.lines)["call by"] == f"eu.{model}"
    assert "call by\tus." in run("models", "show", model, "--region", "us-east-2").out
    assert run("models", "show", f"us.{model}").err == ""


def test_a_model_that_nobody_knows_is_said_to_be_one(run: Run) -> None:
    done = run("models", "show", "acme.talker-v1:0")
    assert "knows nothing" in done.err
    assert dict(done.lines)["context window"] == "not known"


def test_what_is_no_model_is_refused(run: Run) -> None:
    assert "ARN" in run("models", "show", "arn:aws:bedrock:moon", code=2).err
