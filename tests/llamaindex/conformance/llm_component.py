"""An LLM as a component: any model id, parameters, Settings, copies."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from llama_index.core import Document, SummaryIndex

from .base import PROFILE, PROFILED, Make, Permits, Serve, says
from .component import ComponentConformance
from .llm_calls import QUESTION


class LLMComponent(ComponentConformance):
    """A component that can be asked."""

    def works(self, model: Any) -> bool:
        return bool(model.chat(QUESTION).message.content)

    @pytest.mark.parametrize(
        "model",
        [
            "us.anthropic.claude-opus-9-20290101-v1:0",
            "qwen.qwen9-coder-v1:0",
            "us.openai.gpt-oss-120b-1:0",
            "mistral.mistral-large-3-675b-instruct",
            PROFILE,
            "arn:aws:bedrock:us-east-1:123456789012:imported-model/abcdefghijkl",
            "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0",
        ],
    )
    def test_any_model_is_described_and_asked(self, serve: Serve, make: Make, model: str) -> None:
        endpoint = serve(says("Good day."))
        llm = make(model=model)
        assert llm.metadata.context_window > 0
        assert llm.chat(QUESTION).message.content == "Good day."
        assert endpoint.requests[-1].model_id == model

    def test_an_application_profile_is_asked(self, serve: Serve, make: Make) -> None:
        endpoint = serve(says("Good day."))
        llm = make(model=PROFILED, application_inference_profile_arn=PROFILE)
        assert llm.chat(QUESTION).message.content == "Good day."
        assert endpoint.requests[-1].model_id == PROFILE

    def test_additional_keywords_are_laid_over_the_others(self, serve: Serve, make: Make) -> None:
        endpoint = serve()
        given = {"inferenceConfig": {"maxTokens": 100}, "requestMetadata": {"team": "a"}}
        make(max_tokens=512, additional_kwargs=given).chat(QUESTION)
        assert endpoint.requests[-1].body["inferenceConfig"]["maxTokens"] == 100
        assert endpoint.requests[-1].body["requestMetadata"] == {"team": "a"}

    def test_settings_hold_it(self, serve: Serve, make: Make, settings: Any) -> None:
        serve(says("At nine."))
        settings.llm = llm = make()
        assert settings.llm is llm
        engine = SummaryIndex.from_documents([Document(text="It closes at nine.")]).as_query_engine()
        assert str(engine.query("When?")) == "At nine."

    def test_a_copy_shares_its_rate_limiter(self, serve: Serve, make: Make) -> None:
        serve()
        llm = make()
        llm.rate_limiter = permits = Permits()
        make.adopt(copy.deepcopy(llm)).chat(QUESTION)
        llm.chat(QUESTION)
        assert permits.taken == 2
