"""OneLLM's short names (OL-01, OL-14 to 20): each stands for its model, in every place that takes a model."""

from __future__ import annotations

from typing import Any

import pytest

from bedrock_unified import load
from bedrock_unified.models.ids import aliases, parse_model_id

from .configured import EXAMPLES, chat, embeddings
from .configured import at_home as at_home
from .conftest import Account, MakeApp

#: Every short name of OneLLM's, and the id it stands for.
TABLE: dict[str, str] = dict(
    line.split() for line in (EXAMPLES / "onellm" / "models.txt").read_text(encoding="utf-8").splitlines()
)
CLAUDE = ("claude-3-5-sonnet", "claude-3-5-haiku", "claude-3-opus", "claude-3-sonnet", "claude-3-haiku")
OLD_CLAUDE = ("claude-2.1", "claude-2", "claude-instant")
LLAMA = (
    "llama3-2-90b",
    "llama3-2-11b",
    "llama3-2-3b",
    "llama3-2-1b",
    "llama3-1-405b",
    "llama3-1-70b",
    "llama3-1-8b",
)
OLD_LLAMA = ("llama3-70b", "llama3-8b")
NOVA = ("nova-pro", "nova-lite", "nova-micro")
MISTRAL = ("mistral-7b", "mixtral-8x7b", "mistral-large")
COMMAND = ("command-r", "command-r-plus")
JAMBA = ("jamba-1-5-large", "jamba-1-5-mini")
OLD = (
    "titan-text-express",
    "titan-text-lite",
    "command",
    "command-light",
    "jurassic-2-ultra",
    "jurassic-2-mid",
)
EMBEDDING = ("titan-embed-text", "titan-embed-text-v2", "embed-english", "embed-multilingual")
GROUPS = {
    "anthropic": (*CLAUDE, *OLD_CLAUDE),
    "meta": (*LLAMA, *OLD_LLAMA),
    "mistral": MISTRAL,
    "amazon": (*NOVA, "titan-text-express", "titan-text-lite", "titan-embed-text", "titan-embed-text-v2"),
    "ai21": (*JAMBA, "jurassic-2-ultra", "jurassic-2-mid"),
    "cohere": (*COMMAND, "command", "command-light", "embed-english", "embed-multilingual"),
}


async def _stands_for_its_model(at_home: Account, framework: Any, alias: str) -> None:
    """The name goes over the wire as its model's id, or as an inference profile of it."""
    app = chat(framework, load({}, system="onellm"), f"bedrock/{alias}")
    said = await app.ask("The ferry leaves at nine. When does the ferry leave?")
    app.close()
    assert said.text
    sent = [served.model_id for served in at_home.served if served.operation == "Converse"][-1]
    assert sent is not None and parse_model_id(sent).base_id == TABLE[f"bedrock/{alias}"]


@pytest.mark.parametrize("vendor", GROUPS)
def test_ol_01_each_familys_names_resolve(vendor: str) -> None:
    for alias in GROUPS[vendor]:
        for spec in (f"bedrock/{alias}", f"bedrock:{alias}", alias):
            parsed = parse_model_id(spec)
            assert (parsed.wire_id, parsed.vendor) == (TABLE[f"bedrock/{alias}"], vendor)


def test_ol_01_the_table_is_onellms_and_whole() -> None:
    assert {f"bedrock/{alias}": model for alias, model in aliases().items()} == TABLE
    assert len(TABLE) == 37 == sum(len(group) for group in GROUPS.values())


@pytest.mark.parametrize("alias", [*CLAUDE, *OLD_CLAUDE])
async def test_ol_14_claude(at_home: Account, framework: Any, alias: str) -> None:
    await _stands_for_its_model(at_home, framework, alias)


@pytest.mark.parametrize("alias", [*LLAMA, *OLD_LLAMA])
async def test_ol_15_llama(at_home: Account, framework: Any, alias: str) -> None:
    await _stands_for_its_model(at_home, framework, alias)


@pytest.mark.parametrize("alias", NOVA)
async def test_ol_16_nova(at_home: Account, framework: Any, alias: str) -> None:
    await _stands_for_its_model(at_home, framework, alias)


@pytest.mark.parametrize("alias", MISTRAL)
async def test_ol_17_mistral(at_home: Account, framework: Any, alias: str) -> None:
    await _stands_for_its_model(at_home, framework, alias)


@pytest.mark.parametrize("alias", COMMAND)
async def test_ol_18_command_r(at_home: Account, framework: Any, alias: str) -> None:
    await _stands_for_its_model(at_home, framework, alias)


@pytest.mark.parametrize("alias", JAMBA)
async def test_ol_19_jamba(at_home: Account, framework: Any, alias: str) -> None:
    await _stands_for_its_model(at_home, framework, alias)


@pytest.mark.parametrize("alias", EMBEDDING)
async def test_ol_20_models_that_embed(at_home: Account, framework: Any, alias: str) -> None:
    made = embeddings(framework, load({}, system="onellm"), f"bedrock/{alias}")
    texts = ["The ferry leaves at nine.", "The quick brown fox jumps over the lazy dog."]
    vectors = made.documents(texts)
    assert [len(vector) for vector in vectors] == [len(vectors[0])] * 2 and len(vectors[0]) >= 1024
    assert vectors == await made.adocuments(texts)
    assert {served.model_id for served in at_home.served} == {TABLE[f"bedrock/{alias}"]}
    made.close()


@pytest.mark.parametrize("alias", OLD)
async def test_names_that_onellms_document_leaves_out_stand_for_their_models(
    app: MakeApp, account: Account, alias: str
) -> None:
    account.has(models=[TABLE[f"bedrock/{alias}"]])
    await app(f"bedrock/{alias}", cross_region=False).ask("Hello?")
    assert account.last.model_id == TABLE[f"bedrock/{alias}"]
