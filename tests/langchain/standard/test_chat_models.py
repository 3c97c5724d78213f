"""The standard suites of langchain-tests, whole, for models of five families, against the local endpoint.

A property that is False, and each skip that follows from it, is a fact about the model (see the README's
table) and not about the adapter.
"""

from __future__ import annotations

from typing import Any, Literal

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage
from langchain_tests.integration_tests import ChatModelIntegrationTests
from langchain_tests.unit_tests import ChatModelUnitTests

from bedrock_unified import BedrockError, LocalBedrock, profile_of
from langchain_bedrock_unified import ChatBedrock

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
NOVA = "us.amazon.nova-pro-v1:0"
VOXTRAL = "mistral.voxtral-small-24b-2507"
PIXTRAL = "us.mistral.pixtral-large-2502-v1:0"
DEEPSEEK = "deepseek.v3-v1:0"
QWEN = "qwen.qwen3-32b-v1:0"

Details = dict[Literal["invoke", "stream"], list[Any]]
LONG = "You answer questions about the harbour of Vell. " * 400


class Described:
    """What the suites ask of a model, by its profile."""

    model_id: str = CLAUDE

    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return ChatBedrock

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": self.model_id, "region_name": "us-east-1"}

    @property
    def _profile(self) -> Any:
        return profile_of(self.model_id)

    @property
    def has_tool_choice(self) -> bool:
        return {"any", "tool"} <= self._profile.tool_choices

    @property
    def supports_json_mode(self) -> bool:
        return True

    @property
    def supports_image_inputs(self) -> bool:
        return "image" in self._profile.media

    @property
    def supports_pdf_inputs(self) -> bool:
        return "document" in self._profile.media

    @property
    def supports_audio_inputs(self) -> bool:
        return "audio" in self._profile.media

    @property
    def supports_video_inputs(self) -> bool:
        return "video" in self._profile.media

    @property
    def supports_anthropic_inputs(self) -> bool:
        return "tools" in self._profile.cache_places  # the suite puts cache_control on a tool

    @property
    def supports_image_tool_message(self) -> bool:
        return "image" in self._profile.tool_result_media

    @property
    def supports_pdf_tool_message(self) -> bool:
        # Beside the result where the model does not read it inside.
        profile = self._profile
        return "document" in profile.tool_result_media | profile.beside_tool_result & profile.media

    @property
    def supports_model_override(self) -> bool:
        return True

    @property
    def model_override_value(self) -> str:
        return "us.amazon.nova-lite-v1:0"

    @property
    def enable_vcr_tests(self) -> bool:
        return True


class Unit(Described, ChatModelUnitTests):
    @property
    def init_from_env_params(self) -> tuple[dict[str, str], dict[str, Any], dict[str, Any]]:
        # Keys and region are looked up when a request is signed, not copied into the model: see
        # test_what_the_environment_says_signs below.
        keys = {"AWS_ACCESS_KEY_ID": LocalBedrock.ACCESS_KEY_ID, "AWS_REGION": "us-west-2"}
        return keys, {"model": self.model_id}, {"model_id": self.model_id, "region_name": None}

    @pytest.mark.xfail(
        reason="load(allowed_objects='all') knows the partner classes of langchain-core's own list alone; "
        "test_writing_down.py loads what dumps wrote with the class named"
    )
    def test_serdes(self, model: BaseChatModel, snapshot: Any) -> None:
        super().test_serdes(model, snapshot)


class TestUnitClaude(Unit):
    pass


class TestUnitNova(Unit):
    model_id = NOVA


def test_what_the_environment_says_signs(bedrock: LocalBedrock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    bedrock.forget()
    model = ChatBedrock(model=CLAUDE)
    model.invoke("Hello")
    assert [request.auth for request in bedrock.requests] == ["sigv4"]
    with pytest.raises(BedrockError) as raised:
        model.invoke("Hello", model="nobody.knows-v1:0")
    assert raised.value.region == "us-west-2"


class Integration(Described, ChatModelIntegrationTests):
    pass


class TestClaude(Integration):
    @property
    def supported_usage_metadata_details(self) -> Details:
        kinds = ["reasoning_output", "cache_read_input", "cache_creation_input"]
        return {"invoke": kinds, "stream": kinds}

    def invoke_with_reasoning_output(self, *, stream: bool = False) -> AIMessage:
        return _asked(ChatBedrock(model=self.model_id, reasoning="low"), stream)

    def invoke_with_cache_creation_input(self, *, stream: bool = False) -> AIMessage:
        model = ChatBedrock(model=self.model_id, prompt_cache="auto", system=f"{id(self)} {stream} {LONG}")
        return _asked(model, stream)

    def invoke_with_cache_read_input(self, *, stream: bool = False) -> AIMessage:
        model = ChatBedrock(model=self.model_id, prompt_cache="auto", system=LONG)
        _asked(model, stream)
        return _asked(model, stream)


class TestClaudeByTools(TestClaude):
    @property
    def structured_output_kwargs(self) -> dict[str, Any]:
        return {"method": "function_calling"}


class TestClaudeByInstruction(TestClaude):
    @property
    def structured_output_kwargs(self) -> dict[str, Any]:
        return {"method": "json_mode"}


class TestClaudeOutputV1(TestClaude):
    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {**super().chat_model_params, "output_version": "v1"}


class TestClaudeByInvokeModel(TestClaude):
    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {**super().chat_model_params, "use_converse": False}

    @property
    def model_override_value(self) -> str:
        return "us.anthropic.claude-haiku-4-5-20251001-v1:0"


class TestNova(Integration):
    model_id = NOVA

    @property
    def supported_usage_metadata_details(self) -> Details:
        kinds = ["cache_read_input", "cache_creation_input"]
        return {"invoke": kinds, "stream": kinds}

    invoke_with_cache_creation_input = TestClaude.invoke_with_cache_creation_input
    invoke_with_cache_read_input = TestClaude.invoke_with_cache_read_input


class TestVoxtral(Integration):
    model_id = VOXTRAL


class TestPixtral(Integration):
    model_id = PIXTRAL


class TestDeepSeek(Integration):
    model_id = DEEPSEEK


class TestQwen(Integration):
    model_id = QWEN


def _asked(model: ChatBedrock, stream: bool) -> AIMessage:
    if not stream:
        return model.invoke("When does the harbour close?")
    chunks = list(model.stream("When does the harbour close?"))
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole += chunk  # type: ignore[assignment]
    return whole
