"""Failures: the core's error, langchain-core's kind and botocore's class, all in one."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError
from langchain_core import exceptions as langchain
from langchain_core.messages import AIMessage

from bedrock_unified import errors as core
from langchain_bedrock_unified import BedrockEmbeddings, BedrockGuardrail, BedrockRerank, ChatBedrock
from langchain_bedrock_unified import errors as ours

from .scripted import MODEL, Fails, MakeModel, Says, ScriptedBedrock

CASES = [
    (403, "UnrecognizedClientException", core.AuthenticationError, langchain.ModelAuthenticationError, False),
    (403, "AccessDeniedException", core.PermissionDeniedError, langchain.ModelPermissionDeniedError, False),
    (404, "ResourceNotFoundException", core.NotFoundError, langchain.ModelNotFoundError, False),
    (400, "ValidationException", core.InvalidRequestError, langchain.ModelInvalidRequestError, False),
    (429, "ThrottlingException", core.ThrottlingError, langchain.ModelRateLimitError, True),
    (408, "ModelTimeoutException", core.RequestTimeoutError, langchain.ModelTimeoutError, True),
    (500, "InternalServerException", core.ServiceUnavailableError, langchain.ModelAPIError, True),
    (503, "ServiceUnavailableException", core.ServiceUnavailableError, langchain.ModelAPIError, True),
]


@pytest.mark.parametrize(("status", "code", "kind", "langchains", "retryable"), CASES)
@pytest.mark.parametrize("call", ["invoke", "stream"])
def test_an_error_of_awss_is_all_three(
    model: ChatBedrock,
    bedrock: ScriptedBedrock,
    status: int,
    code: str,
    kind: type[core.BedrockError],
    langchains: type[langchain.ModelError],
    retryable: bool,
    call: str,
) -> None:
    bedrock.says(Fails(status, code, "It says no."))
    with pytest.raises(kind) as caught:
        list(getattr(model, call)("q"))
    error = caught.value
    assert isinstance(error, langchains)
    assert isinstance(error, ClientError)
    assert (error.code, error.status, error.message) == (code, status, "It says no.")
    assert error.is_retryable is retryable
    for copied in (pickle.loads(pickle.dumps(error)), copy.deepcopy(error)):
        assert type(copied) is type(error)
        assert copied.details() == error.details()


def test_input_that_is_too_long_is_context_overflow_for_both(
    model: ChatBedrock, bedrock: ScriptedBedrock
) -> None:
    bedrock.says(Fails(400, "ValidationException", "Input is too long for requested model."))
    with pytest.raises(langchain.ContextOverflowError) as caught:
        model.invoke("q")
    assert isinstance(caught.value, core.ContextOverflowError)
    assert isinstance(caught.value, langchain.ModelInvalidRequestError)


@pytest.mark.parametrize("kind", list(ours.ERROR_CLASSES))
def test_each_public_error_has_its_class_here(kind: type[core.BedrockError]) -> None:
    here = ours.ERROR_CLASSES[kind]
    assert here.__name__ == kind.__name__
    assert issubclass(here, kind)
    assert issubclass(here, langchain.ModelError)
    assert here("x").is_retryable is kind.default_retryable


def test_no_public_error_was_forgotten() -> None:
    public = {getattr(core, name) for name in core.__all__}
    assert set(ours.ERROR_CLASSES) == public


@pytest.mark.parametrize(
    ("answer", "kind", "langchains"),
    [
        (Says(cut_after=3), core.StreamInterrupted, langchain.ModelConnectionError),
        (
            Says(failure=("throttlingException", "Too many requests.")),
            core.ThrottlingError,
            langchain.ModelRateLimitError,
        ),
    ],
)
async def test_a_stream_that_breaks_off_says_what_had_come(
    model: ChatBedrock, bedrock: ScriptedBedrock, answer: Says, kind: Any, langchains: Any
) -> None:
    bedrock.says(answer, answer)
    heard: list[str] = []
    with pytest.raises(kind) as caught:
        for chunk in model.stream("q"):
            heard.append(chunk.text)  # noqa: PERF401 - what came before the error matters
    assert isinstance(caught.value, langchains)
    said = caught.value.partial["output"]["message"]["content"][0]["text"]
    assert said == "".join(heard)
    assert "Good day.".startswith(said) and said
    with pytest.raises(kind):
        async for _ in model.astream("q"):
            pass
    await model.bedrock.aclose()


def test_retry_and_fallback_by_kind(make_model: MakeModel, bedrock: ScriptedBedrock) -> None:
    model = make_model()
    bedrock.says(Fails(429, "ThrottlingException"), "Here.")
    retried = model.with_retry(
        retry_if_exception_type=(langchain.ModelRateLimitError,), wait_exponential_jitter=False
    )
    assert retried.invoke("q").text == "Here."
    bedrock.says(Fails(404, "ResourceNotFoundException"), "There.")
    fallen = model.with_fallbacks([make_model()], exceptions_to_handle=(langchain.ModelNotFoundError,))
    answer = fallen.invoke("q")
    assert isinstance(answer, AIMessage)
    assert answer.text == "There."


def test_an_endpoint_that_is_not_there(make_model: MakeModel) -> None:
    with pytest.raises(langchain.ModelConnectionError) as caught:
        make_model(endpoint_url="http://127.0.0.1:9").invoke("q")
    assert isinstance(caught.value, core.ConnectionFailed)
    assert caught.value.hint


@pytest.mark.parametrize(
    "make",
    [
        lambda: ChatBedrock(),
        lambda: ChatBedrock(model=MODEL, temprature=0.3),
        lambda: ChatBedrock(model=MODEL, temperature=3),
        lambda: ChatBedrock(model=MODEL, aws_access_key_id="AKIAIOSFODNN7EXAMPLE"),
        lambda: ChatBedrock(model=MODEL, raw_blocks=[1]),
        lambda: BedrockEmbeddings(dimension=256),
        lambda: BedrockRerank(topn=3),
        lambda: BedrockGuardrail(guardrail_identifier="abc"),
    ],
)
def test_what_cannot_work_is_langchains_error_at_construction_too(make: Any) -> None:
    """And a ValueError, as what pydantic raises for other integrations."""
    with pytest.raises(ours.ConfigurationError) as caught:
        make()
    assert isinstance(caught.value, core.ConfigurationError)
    assert isinstance(caught.value, langchain.ModelError) and isinstance(caught.value, ValueError)
    assert not caught.value.is_retryable


@pytest.mark.parametrize("caught", [(ClientError, BotoCoreError), (EndpointConnectionError,)])
async def test_a_fallback_that_was_written_for_botocores_errors_is_taken(
    make_model: MakeModel, caught: tuple[type[Exception], ...]
) -> None:
    nobody = make_model(endpoint_url="http://127.0.0.1:9")
    safe = nobody.with_fallbacks([make_model()], exceptions_to_handle=caught)
    assert safe.invoke("q").text == (await safe.ainvoke("q")).text == "Good day."
    await nobody.bedrock.aclose()
