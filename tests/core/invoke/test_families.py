"""Which family's body a model takes."""

from __future__ import annotations

from typing import Any

import pytest

from bedrock_unified.invoke.families import FAMILIES, family_for
from bedrock_unified.invoke.meta import Llama
from bedrock_unified.models.profile import Profile, profile_of

ARN = "arn:aws:bedrock:us-east-1:123456789012:imported-model/abc123"


@pytest.mark.parametrize(
    ("model_id", "kind"),
    [
        ("global.anthropic.claude-sonnet-4-5-20250929-v1:0", "anthropic"),
        ("openai.gpt-oss-120b-1:0", "openai"),
        ("us.meta.llama3-2-3b-instruct-v1:0", "meta"),
        ("cohere.command-r-plus-v1:0", "cohere"),
        ("amazon.nova-lite-v1:0", None),
        ("vendor.new-model-v9:0", None),
        (ARN, None),
    ],
)
def test_a_models_family_follows_from_its_profile(model_id: str, kind: str | None) -> None:
    family = family_for(profile_of(model_id))
    if kind is None:
        assert family is None
    else:
        assert type(family) is type(FAMILIES[kind])
        assert kind == "meta" or family is FAMILIES[kind]


@pytest.mark.parametrize(
    ("named", "kind"),
    [
        ("anthropic", "anthropic"),
        ("claude", "anthropic"),
        ("us.anthropic.claude-haiku-4-5-20251001-v1:0", "anthropic"),
        ("openai", "openai"),
        ("gpt-oss-20b", "openai"),
        ("cohere", "cohere"),
        ("command-r", "cohere"),
        ("Llama", "meta"),
        ("mistral", None),
        ("bellama", None),
        (None, None),
    ],
)
def test_an_imported_model_is_of_the_family_that_the_user_names(named: str | None, kind: str | None) -> None:
    family = family_for(Profile(), named)
    assert type(family) is type(None if kind is None else FAMILIES[kind])


def test_the_name_of_a_llama_tells_its_generation() -> None:
    assert family_for(Profile(), "llama4") == Llama(4)
    assert family_for(Profile(native="meta"), "meta.llama2-13b-chat-v1") == Llama(2)
    assert family_for(Profile(native="meta", name="meta/meta.llama3-1")) == Llama(3)
    assert family_for(Profile(native="meta")) == Llama(None)


def test_a_capability_beats_a_name() -> None:
    assert family_for(Profile(native="openai", vendor="anthropic"), "claude") is FAMILIES["openai"]


def test_an_imported_llama_gets_the_layout_that_its_family_tells() -> None:
    profile = profile_of(ARN, family="meta.llama4-scout-17b-instruct-v1:0")
    family: Any = family_for(profile, "meta.llama4-scout-17b-instruct-v1:0")
    turns = [{"role": "user", "content": [{"text": "Hi"}]}]
    assert "<|header_start|>" in family.body({"modelId": ARN, "messages": turns})["prompt"]


@pytest.mark.parametrize("kind", FAMILIES)
def test_every_family_has_the_whole_face(kind: str) -> None:
    family = FAMILIES[kind]
    turns = [{"role": "user", "content": [{"text": "Hi"}]}]
    assert "Hi" in repr(family.body({"messages": turns}))
    maker = family.events()
    assert maker is not family.events()
    assert callable(maker.feed) and callable(maker.end) and callable(family.response)
