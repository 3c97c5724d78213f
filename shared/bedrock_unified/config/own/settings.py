"""The settings of the command's own file: what ``bedrock-unified config set`` takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import BedrockError
from ...settings import check_region, shown

#: The only kind of provider there is; Contenox's users set it.
PROVIDERS = ("bedrock",)
#: How hard to think; ``on`` and ``off`` as in Contenox.
THINKING = ("auto", "off", "none", "minimal", "low", "medium", "high", "xhigh", "max", "on")
MOST_TOKENS = 2**31 - 1  # maxTokens is a signed integer of 32 bits


class Unfit(ValueError):
    """A value that a setting cannot have; its text says what is allowed."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting.

    Attributes:
        name: as it is set: ``default-model``.
        help: what it is for, half a sentence.
        read: the value as it is kept, from text or from the file's own JSON value; raises :class:`Unfit`.
        keyword: the parameter of the chat models that it is the default of, if it is one.
    """

    name: str
    help: str
    read: Callable[[Any], Any]
    keyword: str | None = None


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise Unfit("text that is not empty")
    return value.strip()


def _model(value: Any) -> str:
    from ...models.ids import parse_model_id

    text = _text(value)
    try:
        parse_model_id(text)
    except BedrockError as error:
        raise Unfit(f"a model id: {error.message}") from None
    return text


def _region(value: Any) -> str:
    text = _text(value)
    try:
        check_region("region", text)
    except BedrockError:
        raise Unfit("a region such as us-east-1") from None
    return text


def _tokens(value: Any) -> int:
    number = _number(value, int)
    if number is None or not 1 <= number <= MOST_TOKENS:
        raise Unfit(f"a whole number from 1 to {MOST_TOKENS}")
    return int(number)


def _temperature(value: Any) -> float:
    number = _number(value, float)
    if number is None or not 0 <= number <= 1:
        raise Unfit("a number from 0 to 1")
    return number


def _number(value: Any, kind: type[int] | type[float]) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    if kind is int and isinstance(value, float):
        return None
    try:
        return kind(value)
    except ValueError:
        return None


def _one_of(*allowed: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if not isinstance(value, str) or value not in allowed:
            raise Unfit(f"one of {', '.join(allowed)}")
        return value

    return read


_ALL = (
    Setting("default-model", "the chat model where none is named", _model),
    Setting("default-embedding-model", "the embedding model where none is named", _model),
    Setting("default-rerank-model", "the reranking model where none is named", _model),
    Setting("default-backend", "the backend that commands call; see 'backend add'", _text),
    Setting("default-provider", "whose models: bedrock", _one_of(*PROVIDERS)),
    Setting("default-region", "the region where neither a backend nor AWS's settings name one", _region),
    Setting("default-max-tokens", "the longest answer, in tokens", _tokens, "max_tokens"),
    Setting("default-temperature", "from 0 to 1", _temperature, "temperature"),
    Setting("default-think", f"how hard to think: {', '.join(THINKING)}", _one_of(*THINKING), "reasoning"),
    Setting("default-system", "the system prompt of 'chat'", _text),
)
SETTINGS: Mapping[str, Setting] = {setting.name: setting for setting in _ALL}
#: The setting that names the model of each kind.
MODEL_SETTINGS: Mapping[str, str] = {
    "chat": "default-model",
    "embedding": "default-embedding-model",
    "rerank": "default-rerank-model",
}


def not_fit(value: Any, error: Unfit) -> str:
    """What is wrong with a value, as the end of a sentence."""
    return f"{shown(value)} is not {error}"
