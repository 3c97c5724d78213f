"""The systems that are measured, ours and the others, each behind the same few methods.

Nothing is imported before a system is made, so that a fresh process that makes one pays for that one alone.
All get the same model, region, sampling and prompt; credentials come from the environment
(``environments.py``).

A system has what it can do of ``call`` and ``acall`` (prompt to answer), ``stream`` and ``astream`` (prompt
to its text in pieces), ``tool_stream`` (prompt to partial answers that carry a growing tool call), and
``embed`` and ``aembed`` (model and texts to vectors).
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

MODEL = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"  # an id that all of them know
REGION = "us-east-1"
MAX_TOKENS = 512
TEMPERATURE = 0.1


class System:
    """One system under test."""

    #: The environment it runs in: "ours" is "main" with the clone of the driver on its path.
    environment = "ours"
    #: Distributions whose versions the report names.
    distributions: tuple[str, ...] = ()

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.make()

    def make(self) -> None:
        """Import and construct what is measured."""

    async def open(self) -> None:
        """Prepare for asynchronous calls."""

    async def aclose(self) -> None:
        """Close what :meth:`open` opened."""


def _converse(prompt: str) -> dict[str, Any]:
    return {
        "modelId": MODEL,
        "messages": [{"role": "user", "content": [{"text": prompt}]}],
        "inferenceConfig": {"maxTokens": MAX_TOKENS, "temperature": TEMPERATURE},
    }


def _text(answer: dict[str, Any]) -> str:
    return answer["output"]["message"]["content"][0]["text"]


class Core(System):
    """``bedrock_unified.BedrockClient``."""

    distributions = ("aiohttp", "urllib3", "orjson")

    def make(self) -> None:
        from bedrock_unified import BedrockClient

        self._client = BedrockClient(endpoint_url=self.endpoint, region_name=REGION)

    def call(self, prompt: str) -> str:
        return _text(self._client.converse(**_converse(prompt)))

    async def acall(self, prompt: str) -> str:
        return _text(await self._client.aconverse(**_converse(prompt)))

    def stream(self, prompt: str) -> Iterator[str]:
        for event in self._client.converse_stream(**_converse(prompt)):
            if "contentBlockDelta" in event:
                yield event["contentBlockDelta"]["delta"]["text"]

    async def astream(self, prompt: str) -> AsyncIterator[str]:
        async for event in await self._client.aconverse_stream(**_converse(prompt)):
            if "contentBlockDelta" in event:
                yield event["contentBlockDelta"]["delta"]["text"]

    def tool_stream(self, prompt: str) -> Iterator[Any]:
        stream = self._client.converse_stream(**_converse(prompt))
        for event in stream:
            if "contentBlockDelta" in event:
                yield event
        (block,) = stream.response["output"]["message"]["content"]
        assert isinstance(block["toolUse"]["input"], dict)

    async def aclose(self) -> None:
        await self._client.aclose()


class Boto3(System):
    """boto3, synchronous."""

    environment = "main"
    distributions = ("boto3", "botocore", "urllib3")

    def make(self) -> None:
        import boto3

        self._client = boto3.client("bedrock-runtime", endpoint_url=self.endpoint, region_name=REGION)

    def call(self, prompt: str) -> str:
        return _text(self._client.converse(**_converse(prompt)))

    def stream(self, prompt: str) -> Iterator[str]:
        for event in self._client.converse_stream(**_converse(prompt))["stream"]:
            if "contentBlockDelta" in event:
                yield event["contentBlockDelta"]["delta"]["text"]


class Aiobotocore(System):
    """aiobotocore: one client for all calls, its pool larger than the load."""

    environment = "aiobc"
    distributions = ("aiobotocore", "botocore", "aiohttp")

    async def open(self) -> None:
        from aiobotocore.config import AioConfig
        from aiobotocore.session import get_session

        config = AioConfig(max_pool_connections=1024)
        self._context = get_session().create_client(
            "bedrock-runtime", endpoint_url=self.endpoint, region_name=REGION, config=config
        )
        self._client = await self._context.__aenter__()

    async def acall(self, prompt: str) -> str:
        return _text(await self._client.converse(**_converse(prompt)))

    async def astream(self, prompt: str) -> AsyncIterator[str]:
        answer = await self._client.converse_stream(**_converse(prompt))
        async for event in answer["stream"]:
            if "contentBlockDelta" in event:
                yield event["contentBlockDelta"]["delta"]["text"]

    async def aclose(self) -> None:
        await self._context.__aexit__(None, None, None)


class _LangChain(System):
    """A LangChain chat model; what a user writes with it."""

    _model: Any

    def call(self, prompt: str) -> str:
        return self._model.invoke(prompt).text

    async def acall(self, prompt: str) -> str:
        return (await self._model.ainvoke(prompt)).text

    def stream(self, prompt: str) -> Iterator[str]:
        for chunk in self._model.stream(prompt):
            if chunk.content and (text := chunk.text):
                yield text

    async def astream(self, prompt: str) -> AsyncIterator[str]:
        async for chunk in self._model.astream(prompt):
            if chunk.content and (text := chunk.text):
                yield text


class LangChain(_LangChain):
    """``langchain_bedrock_unified.ChatBedrock``."""

    distributions = ("langchain-core",)

    def make(self) -> None:
        from langchain_bedrock_unified import ChatBedrock

        self._model = ChatBedrock(
            model=MODEL,
            endpoint_url=self.endpoint,
            region_name=REGION,
            temperature=TEMPERATURE,
            max_tokens=MAX_TOKENS,
        )


class LangChainAws(_LangChain):
    """``langchain_aws.ChatBedrockConverse``."""

    environment = "main"
    distributions = ("langchain-aws", "langchain-core", "boto3")

    def make(self) -> None:
        from langchain_aws import ChatBedrockConverse

        self._model = ChatBedrockConverse(
            model=MODEL,
            base_url=self.endpoint,
            region_name=REGION,
            temperature=TEMPERATURE,
            max_tokens=MAX_TOKENS,
        )


class LangChainEmbeddings(System):
    """``langchain_bedrock_unified.BedrockEmbeddings``."""

    distributions = ("langchain-core",)

    def make(self) -> None:
        self._models: dict[str, Any] = {}

    def _model(self, model: str) -> Any:
        if model not in self._models:
            self._models[model] = self._made(model)
        return self._models[model]

    def _made(self, model: str) -> Any:
        from langchain_bedrock_unified import BedrockEmbeddings

        return BedrockEmbeddings(model_id=model, endpoint_url=self.endpoint, region_name=REGION)

    def embed(self, model: str, texts: list[str]) -> list[list[float]]:
        return self._model(model).embed_documents(texts)

    async def aembed(self, model: str, texts: list[str]) -> list[list[float]]:
        return await self._model(model).aembed_documents(texts)


class LangChainAwsEmbeddings(LangChainEmbeddings):
    """``langchain_aws.BedrockEmbeddings``."""

    environment = "main"
    distributions = ("langchain-aws", "langchain-core", "boto3")

    def _made(self, model: str) -> Any:
        from langchain_aws import BedrockEmbeddings

        return BedrockEmbeddings(model_id=model, endpoint_url=self.endpoint, region_name=REGION)


class AnswersAlone(System):
    """Answers of Cohere's that are there already, parsed by orjson: the least that embeddings cost."""

    distributions = ("orjson",)
    _BATCH = 96

    def make(self) -> None:
        from urllib.request import Request, urlopen

        asked = json.dumps({"texts": ["a"] * self._BATCH}).encode()
        with urlopen(Request(f"{self.endpoint}/model/cohere/invoke", asked)) as answer:
            self._body = answer.read()

    def embed(self, model: str, texts: list[str]) -> list[list[float]]:
        from orjson import loads

        batches = range(0, len(texts), self._BATCH)
        return [vector for _ in batches for vector in loads(self._body)["embeddings"]][: len(texts)]


class LangChainAlone(_LangChain):
    """langchain-core with a model that knows its answer: what the framework costs by itself."""

    distributions = ("langchain-core",)

    def make(self) -> None:
        from langchain_core.language_models.chat_models import BaseChatModel
        from langchain_core.messages import AIMessage
        from langchain_core.outputs import ChatGeneration, ChatResult

        class Constant(BaseChatModel):
            @property
            def _llm_type(self) -> str:
                return "constant"

            def _generate(self, *_: Any, **__: Any) -> ChatResult:
                return ChatResult(generations=[ChatGeneration(message=AIMessage(content="an answer"))])

        self._model = Constant()


class _LlamaIndex(System):
    """A LlamaIndex chat model; what a user writes with it."""

    _model: Any
    _message: Any

    def call(self, prompt: str) -> str:
        return self._model.chat(self._messages(prompt)).message.content

    async def acall(self, prompt: str) -> str:
        return (await self._model.achat(self._messages(prompt))).message.content

    def stream(self, prompt: str) -> Iterator[str]:
        for part in self._model.stream_chat(self._messages(prompt)):
            if part.delta:
                yield part.delta

    async def astream(self, prompt: str) -> AsyncIterator[str]:
        async for part in await self._model.astream_chat(self._messages(prompt)):
            if part.delta:
                yield part.delta

    def tool_stream(self, prompt: str) -> Iterator[Any]:
        from llama_index.core.tools import FunctionTool

        def record_words(words: str) -> str:
            """Record the words."""
            return words

        part: Any = None
        tools = [FunctionTool.from_defaults(record_words)]
        for part in self._model.stream_chat_with_tools(tools, user_msg=prompt):
            yield part
        (call,) = self._model.get_tool_calls_from_response(part)
        assert call.tool_name == "record_words"
        assert call.tool_kwargs["words"]

    def _messages(self, prompt: str) -> list[Any]:
        return [self._message(role="user", content=prompt)]


class LlamaIndex(_LlamaIndex):
    """``llamaindex_bedrock_unified.BedrockConverse``."""

    distributions = ("llama-index-core",)

    def make(self) -> None:
        from llamaindex_bedrock_unified import BedrockConverse  # isort: split
        from llama_index.core.llms import ChatMessage

        self._message = ChatMessage
        self._model = BedrockConverse(
            model=MODEL,
            endpoint_url=self.endpoint,
            region_name=REGION,
            temperature=TEMPERATURE,
            max_tokens=MAX_TOKENS,
        )


class LlamaIndexCoreFirst(LlamaIndex):
    """The same where llama-index-core is imported before: what we do for that import comes too late."""

    def make(self) -> None:
        __import__("llama_index.core")
        super().make()


class LlamaIndexBedrock(_LlamaIndex):
    """``llama_index.llms.bedrock_converse.BedrockConverse`` as it installs, without its ``async`` extra."""

    environment = "main"
    distributions = ("llama-index-llms-bedrock-converse", "llama-index-core", "boto3")

    def make(self) -> None:
        from llama_index.llms.bedrock_converse import BedrockConverse  # isort: split
        from llama_index.core.llms import ChatMessage

        self._message = ChatMessage
        self._model = BedrockConverse(
            model=MODEL,
            endpoint_url=self.endpoint,
            region_name=REGION,
            temperature=TEMPERATURE,
            max_tokens=MAX_TOKENS,
        )


class LlamaIndexAlone(_LlamaIndex):
    """llama-index-core with a model that knows its answer: what the framework costs by itself."""

    distributions = ("llama-index-core",)

    def make(self) -> None:
        from llama_index.core.llms import (
            ChatMessage,
            CompletionResponse,
            CompletionResponseGen,
            CustomLLM,
            LLMMetadata,
        )

        class Constant(CustomLLM):
            @property
            def metadata(self) -> LLMMetadata:
                return LLMMetadata()

            def complete(self, prompt: str, formatted: bool = False, **_: Any) -> CompletionResponse:
                return CompletionResponse(text="an answer")

            def stream_complete(
                self, prompt: str, formatted: bool = False, **_: Any
            ) -> CompletionResponseGen:
                yield CompletionResponse(text="an answer", delta="an answer")

        self._message = ChatMessage
        self._model = Constant()


SYSTEMS: dict[str, type[System]] = {
    "core": Core,
    "langchain": LangChain,
    "llamaindex": LlamaIndex,
    "llamaindex, core first": LlamaIndexCoreFirst,
    "boto3": Boto3,
    "aiobotocore": Aiobotocore,
    "langchain-aws": LangChainAws,
    "langchain embeddings": LangChainEmbeddings,
    "langchain-aws embeddings": LangChainAwsEmbeddings,
    "answers alone": AnswersAlone,
    "llama-index-bedrock": LlamaIndexBedrock,
    "langchain-core alone": LangChainAlone,
    "llama-index-core alone": LlamaIndexAlone,
}
