"""The public methods that must have a cassette, and a watch on whether a test really calls them."""

from __future__ import annotations

import functools
import inspect
from collections import Counter
from importlib import import_module
from typing import Any

import pytest

#: Class → its module, and its name there where two modules have one of that name.
OWNERS = {
    "BedrockClient": "bedrock_unified",
    "ChatBedrock": "langchain_bedrock_unified",
    "BedrockEmbeddings": "langchain_bedrock_unified",
    "BedrockGuardrail": "langchain_bedrock_unified",
    "BedrockConverse": "llamaindex_bedrock_unified",
    "BedrockEmbedding": "llamaindex_bedrock_unified",
    "BedrockRerank": "langchain_bedrock_unified",
    "BedrockRerankPostprocessor": "llamaindex_bedrock_unified:BedrockRerank",
}
_OURS = ("bedrock_unified", "langchain_bedrock_unified", "llamaindex_bedrock_unified")

#: Of every class that has them: a method that gives a client, and a constructor, which reads files alone.
_OF_ALL = {"bedrock_with", "from_config"}
#: Our own public methods that send nothing, and why.
SENDS_NOTHING = {
    "BedrockClient": {
        "from_settings": "a constructor",
        "raising": "another view of the client",
        "observe": "registers a callback",
        "who_signs": "says who signs, which Bedrock is not asked about",
        "sent_as": "says what was sent",
        "close": "closes connections",
        "aclose": "closes connections",
    },
    "ChatBedrock": {
        "converse_members": "builds a part of a request",
        "chat_options": "builds a part of a request",
        "bind": "another view of the model",
        "with_config": "another view of the model",
        "with_listeners": "another view of the model",
        "with_alisteners": "another view of the model",
        "create_cache_point": "a block",
        "get_token_ids": "asks a tokenizer of the caller's own",
        "is_lc_serializable": "says how it is written down",
        "configurable_fields": "makes a runnable",
        "configurable_alternatives": "makes a runnable",
    },
    "BedrockEmbeddings": {},
    "BedrockGuardrail": {"configurable_fields": "makes a runnable"},
    "BedrockConverse": {
        "as_structured_llm": "makes a model; its calls are those of structured_predict",
        "class_name": "a name",
        "to_payload": "describes the model",
        "to_dict": "writes the model down",
        "from_dict": "a constructor",
        "converse_members": "builds a part of a request",
        "chat_options": "builds a part of a request",
        "get_tool_calls_from_response": "reads an answer",
    },
    "BedrockEmbedding": {
        "class_name": "a name",
        "list_supported_models": "tells what is known",
        "to_dict": "writes the model down",
        "from_dict": "a constructor",
    },
    "BedrockRerank": {},
    "BedrockRerankPostprocessor": {
        "class_name": "a name",
        "to_dict": "writes the component down",
        "from_dict": "a constructor",
    },
}

#: Methods that the frameworks define and that reach Bedrock through ours: the ones their users call.
INHERITED = {
    "BedrockClient": "",
    "ChatBedrock": """
        invoke ainvoke stream astream batch abatch batch_as_completed abatch_as_completed
        generate agenerate generate_prompt agenerate_prompt transform atransform stream_events astream_events
    """,
    "BedrockEmbeddings": "",
    "BedrockGuardrail": "",
    "BedrockConverse": """
        chat_with_tools achat_with_tools stream_chat_with_tools astream_chat_with_tools
        predict apredict stream astream predict_and_call apredict_and_call
        structured_predict astructured_predict stream_structured_predict astream_structured_predict
    """,
    "BedrockEmbedding": """
        get_query_embedding aget_query_embedding get_text_embedding aget_text_embedding
        get_text_embedding_batch aget_text_embedding_batch
        get_agg_embedding_from_queries aget_agg_embedding_from_queries __call__ acall
        get_image_embedding aget_image_embedding get_image_embedding_batch aget_image_embedding_batch
    """,
    "BedrockRerank": "",
    "BedrockRerankPostprocessor": "postprocess_nodes apostprocess_nodes",
}


def owner(name: str) -> type:
    """The public class of this name."""
    module, _, attribute = OWNERS[name].partition(":")
    return getattr(import_module(module), attribute or name)


def own_methods(cls: type) -> set[str]:
    """Public callables that one of our modules defines on ``cls`` or on a class it inherits from."""
    names: set[str] = set()
    for base in cls.__mro__:
        if base.__module__.split(".")[0] in _OURS:
            names |= {
                name
                for name, value in vars(base).items()
                if not name.startswith(("_", "model_"))
                and (inspect.isroutine(value) or isinstance(value, classmethod | staticmethod))
            }
    return names


def required() -> set[str]:
    """``Class.method`` for everything that must have a cassette."""
    wanted: set[str] = set()
    for name in OWNERS:
        methods = own_methods(owner(name)) - set(SENDS_NOTHING[name]) - _OF_ALL
        wanted |= {f"{name}.{method}" for method in methods | set(INHERITED[name].split())}
    return wanted


def is_asynchronous(cls: type, method: str) -> bool:
    """Whether the method is the asynchronous twin of another, or says so itself."""
    function = inspect.unwrap(getattr(cls, method))
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        return True
    return method.startswith("a") and (hasattr(cls, method[1:]) or method == "acall")


def watch(monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...]) -> Counter[str]:
    """Count the calls of these methods from now on."""
    calls: Counter[str] = Counter()
    for name in names:
        cls_name, _, method = name.partition(".")
        cls = owner(cls_name)
        monkeypatch.setattr(cls, method, _counting(name, getattr(cls, method), calls))
    return calls


def _counting(name: str, function: Any, calls: Counter[str]) -> Any:
    @functools.wraps(function)
    def counted(*args: Any, **kwargs: Any) -> Any:
        calls[name] += 1
        return function(*args, **kwargs)

    return counted
