"""From inputs to requests, and from answers to vectors in the order of the inputs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Any, NamedTuple, TypedDict, cast

from ..errors import ConfigurationError
from ..invoke.embeddings.families import family_of
from ..invoke.embeddings.family import EmbeddingOptions, Family, Vectors, checked_fields, merged
from ..invoke.embeddings.inputs import MEDIA, Item, item_of
from ..invoke.embeddings.titan_text import MODEL as DEFAULT_MODEL
from ..media import read_source
from ..models.ids import parse_model_id
from ..settings import shown
from ..wire import json_codec

__all__ = ["DEFAULT_MODEL", "Answered", "Embeddings", "HowToEmbed", "Plan", "Request", "planned"]

_TOKENS = "x-amzn-bedrock-input-token-count"
#: Bytes of inputs in one request: Bedrock takes bodies of 25 MB.
_MOST_BYTES = 18_000_000


class Embeddings(NamedTuple):
    """What :meth:`bedrock_unified.BedrockClient.embed` gives.

    Attributes:
        vectors: one for each input, in their order: ``float``, or the first type that was asked for.
        input_tokens: the tokens of all inputs, as far as Bedrock told.
        by_type: the vectors by embedding type, where types were asked for; else empty.
    """

    vectors: list[list[float]]
    input_tokens: int
    by_type: dict[str, list[list[float]]]


class Request(NamedTuple):
    """One InvokeModel request: its body, and the positions of the inputs that it holds."""

    body: bytes
    positions: Sequence[int]


class Answered(NamedTuple):
    """What one request gave."""

    vectors: Vectors
    tokens: int


@dataclass(frozen=True, slots=True)
class Plan:
    """All that is to be asked, in requests; ``count`` is the number of the inputs."""

    model_id: str
    family: Family
    options: EmbeddingOptions
    requests: list[Request]
    count: int
    concurrency: int
    #: Told of each answer how many inputs its request held.
    answered: Callable[[int], None] | None = None

    def read(self, request: Request, answer: Mapping[str, Any]) -> Answered:
        """The vectors of one answer.

        Raises:
            ValueError, TypeError, KeyError, IndexError: it is not an answer of this family.
        """
        fields = self.family.loads(answer["body"])
        if not isinstance(fields, dict):
            raise TypeError("no JSON object")
        members = cast("dict[str, Any]", fields)
        vectors = self.family.read(members)
        for kind in self.options.embedding_types or ("float",):
            if len(vectors[kind]) != len(request.positions):
                raise ValueError(f"{len(vectors[kind])} vectors for {len(request.positions)} inputs")
        if self.options.normalize and not self.family.normalizes:
            vectors = {**vectors, "float": [_unit(vector) for vector in vectors.get("float", ())]}
        return Answered(vectors, _tokens(members, answer))

    def joined(self, answers: Sequence[Answered]) -> Embeddings:
        """The vectors of all answers, in the order of the inputs."""
        kinds = self.options.embedding_types or ("float",)
        by_type = {kind: self._ordered(kind, answers) for kind in kinds}
        first = by_type["float" if "float" in by_type else kinds[0]]
        tokens = sum(answer.tokens for answer in answers)
        return Embeddings(first, tokens, by_type if self.options.embedding_types else {})

    def _ordered(self, kind: str, answers: Sequence[Answered]) -> list[list[float]]:
        ordered: list[list[float]] = [[]] * self.count
        for request, answer in zip(self.requests, answers, strict=True):
            for position, vector in zip(request.positions, answer.vectors[kind], strict=True):
                ordered[position] = vector
        return ordered


class HowToEmbed(TypedDict, total=False):
    """The keywords of :meth:`bedrock_unified.BedrockClient.embed`, where each is described."""

    family: str | None
    input_type: str | None
    dimensions: int | None
    normalize: bool | None
    truncate: str | None
    embedding_types: Sequence[str] | None
    max_tokens: int | None
    additional_model_request_fields: Mapping[str, Any] | None
    concurrency: int
    on_progress: Callable[[int, int], None] | None


def planned(
    inputs: Any,
    model_id: str,
    *,
    family: str | None = None,
    embedding_types: Sequence[str] | None = None,
    additional_model_request_fields: Mapping[str, Any] | None = None,
    concurrency: Any = 64,
    on_progress: Callable[[int, int], None] | None = None,
    **options: Any,
) -> Plan:
    """What to send for these inputs. Nothing of the caller's is changed; files that are named are read.

    Args:
        options: the rest of :class:`EmbeddingOptions`.

    Raises:
        ConfigurationError: no list of inputs, or a concurrency that is no whole number from 1.
        InvalidRequestError: an input or an option that the family does not take, or an unknown family.
    """
    if isinstance(inputs, (str, bytes, Mapping)) or not isinstance(inputs, Iterable):
        raise ConfigurationError(
            f"embed() takes a list of texts, images or dicts, not {shown(cast('Any', inputs))}",
            hint="put a single one into a list",
        )
    if isinstance(concurrency, bool) or not isinstance(concurrency, int) or concurrency < 1:
        raise ConfigurationError(f"concurrency must be a whole number from 1, not {shown(concurrency)}")
    if on_progress is not None and not callable(on_progress):
        raise ConfigurationError(f"on_progress is called as (done, total); {shown(on_progress)} cannot be")
    given = cast("Iterable[Any]", inputs)
    meant = family_of(model_id, family)
    fields = checked_fields(additional_model_request_fields)
    wishes = EmbeddingOptions(embedding_types=_types(embedding_types, fields), fields=fields, **options)
    meant.check(wishes)
    items = [item_of(_loaded(value, position), position) for position, value in enumerate(given)]
    for item in items:
        meant.check_item(item)
    requests = [
        Request(
            json_codec.dumps(merged(meant.body(batch, wishes), wishes.fields)),
            [item.position for item in batch],
        )
        for batch in _batches(items, meant)
    ]
    answered = None if on_progress is None else _counting(on_progress, len(items))
    return Plan(parse_model_id(model_id).wire_id, meant, wishes, requests, len(items), concurrency, answered)


def _counting(on_progress: Callable[[int, int], None], total: int) -> Callable[[int], None]:
    done = 0

    def answered(more: int) -> None:
        nonlocal done
        done += more
        on_progress(done, total)

    return answered


def _types(given: Any, fields: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The embedding types; those among the model's own members, too: the answer has to be read by them."""
    if given is None:
        given = fields.get("embedding_types", fields.get("embeddingTypes"))
    if given is None or isinstance(given, str):
        return None if given is None else (given,)
    if not isinstance(given, Iterable):
        raise ConfigurationError(f"embedding_types is {shown(given)}", hint="give a list, such as ['int8']")
    return tuple(cast("Iterable[str]", given))


def _batches(items: Sequence[Item], family: Family) -> Iterator[list[Item]]:
    """Items of one kind, as many as a request may hold by their number and their size."""
    kinds: dict[str, list[Item]] = {}
    for item in items:
        kinds.setdefault(item.kind, []).append(item)
    for kind, alike in kinds.items():
        most = family.most_of.get(kind, family.most)
        batch: list[Item] = []
        size = 0
        for item in alike:
            own = item.size
            if batch and (len(batch) == most or size + own > _MOST_BYTES):
                yield batch
                batch, size = [], 0
            batch.append(item)
            size += own
        if batch:
            yield batch


def _loaded(value: Any, position: int) -> Any:
    """An input with the files that it names read: an image as a path, or a medium in a dict."""
    if isinstance(value, str):
        return value
    if isinstance(value, PathLike) or hasattr(value, "read"):
        return {"image": _held("image", value, position)}
    if isinstance(value, Mapping):
        members = cast("Mapping[str, Any]", value)
        return {name: _member(name, held, position) for name, held in members.items()}
    return value


def _member(name: str, held: Any, position: int) -> Any:
    if name == "content" and isinstance(held, (list, tuple)):
        return [_loaded(each, position) for each in cast("Sequence[Any]", held)]
    return _held(name, held, position) if name in MEDIA else held


def _held(kind: str, held: Any, position: int) -> Any:
    if isinstance(held, PathLike):
        return read_source(f"{kind} of inputs[{position}]", cast("PathLike[str]", held))
    return _bytes_of(held) if hasattr(held, "read") else held


def _bytes_of(stream: Any) -> bytes:
    """All of a BytesIO, or what is left of an open file; where it stood is where it stands afterwards."""
    if hasattr(stream, "getvalue"):
        return stream.getvalue()
    place = stream.tell() if stream.seekable() else None
    data = stream.read()
    if place is not None:
        stream.seek(place)
    return data


def _unit(vector: list[float]) -> list[float]:
    length = math.hypot(*vector)
    return [value / length for value in vector] if length else vector


def _tokens(fields: Mapping[str, Any], answer: Mapping[str, Any]) -> int:
    """From the body where it tells, else from the header; 0 where neither does."""
    told = fields.get("inputTextTokenCount")
    if told is None:
        about: Mapping[str, Any] = answer.get("ResponseMetadata") or {}
        headers: Mapping[str, Any] = about.get("HTTPHeaders") or {}
        told = headers.get(_TOKENS, 0)
    if isinstance(told, bool) or not isinstance(told, (int, str)):
        raise TypeError("no number of tokens")
    return int(told)
