"""What an embedding family is: which inputs and options it takes, its body, its answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from ...errors import ConfigurationError, InvalidRequestError
from ...settings import shown
from ...wire import json_codec
from .inputs import Item

#: The vectors of an answer by their type (``float``, ``int8``, …), in the order of the request's items.
Vectors = dict[str, list[list[float]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingOptions:
    """How to embed; the words are those of :meth:`bedrock_unified.BedrockClient.embed`."""

    input_type: str | None = None
    dimensions: int | None = None
    normalize: bool | None = None
    truncate: str | None = None
    embedding_types: tuple[str, ...] | None = None
    max_tokens: int | None = None
    fields: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One family and version.

    Attributes:
        name: what the user calls it by with ``family=``.
        title: what messages call it.
        most: inputs of one kind in a request.
        most_of: other numbers, by the kind of input.
        kinds: the kinds of input (see :attr:`Item.kind`) that it takes.
        asynchronous: kinds that it takes through StartAsyncInvoke alone.
        dimensions: the sizes to choose from; empty where there is no choice, None where they are not known.
        input_types: what each input type is called in the body; None where it makes no difference.
        truncates: the same of ways to truncate.
        types: embedding types to choose from; empty where there is no choice.
        normalizes: whether it has a switch for unit length.
        limits_tokens: whether it has a limit of tokens for each input.
        body: a request's body, for items of one kind.
        loads: an answer's text to its JSON value. Raises ValueError.
        read: an answer's vectors. Raises KeyError, TypeError or ValueError for another model's answer.
    """

    name: str
    title: str
    body: Callable[[Sequence[Item], EmbeddingOptions], dict[str, Any]]
    loads: Callable[[bytes], Any] = json_codec.loads_quick
    read: Callable[[Mapping[str, Any]], Vectors]
    most: int = 1
    most_of: Mapping[str, int] = field(default_factory=dict[str, int])
    kinds: frozenset[str] = frozenset({"text"})
    asynchronous: frozenset[str] = frozenset()
    dimensions: tuple[int, ...] | None = ()
    input_types: Mapping[str, str | None] = field(default_factory=lambda: {"document": None, "query": None})
    truncates: Mapping[str, str | None] = field(default_factory=lambda: {"none": None})
    types: tuple[str, ...] = ()
    normalizes: bool = False
    limits_tokens: bool = False

    def check(self, options: EmbeddingOptions) -> None:
        """Refuse what this family cannot do; nothing that was asked for is dropped.

        Raises:
            InvalidRequestError: it names the option and the family.
        """
        self._check_dimensions(options.dimensions)
        self._check_word("input_type", options.input_type, self.input_types)
        self._check_word("truncate", options.truncate, self.truncates)
        if options.embedding_types is not None:
            if not options.embedding_types:
                raise InvalidRequestError("embedding_types is empty", hint="name one, or leave it out")
            for kind in options.embedding_types:
                if kind not in (self.types or ("float",)):
                    raise self._lacks("embedding_types", kind, self.types or ("float",))
        if options.normalize is not None:
            self._check_normalize(options.normalize, options.embedding_types)
        if options.max_tokens is not None:
            if not self.limits_tokens:
                raise self._lacks("max_tokens", options.max_tokens, ())
            if not _is_positive(options.max_tokens):
                raise InvalidRequestError(f"max_tokens is {options.max_tokens!r:.80}", hint="a number from 1")

    def check_item(self, item: Item) -> None:
        """Refuse an input of a kind that this family does not take.

        Raises:
            InvalidRequestError: it names the input's position.
        """
        kind = item.kind
        if kind in self.kinds:
            return
        where = f"inputs[{item.position}]"
        if kind in self.asynchronous:
            raise InvalidRequestError(
                f"{where} is {kind}, which {self.title} embeds through StartAsyncInvoke alone",
                hint="that operation writes to a bucket in S3; embed() sends texts and images",
            )
        shown = "a mix of several parts" if kind == "mixed" else kind
        raise InvalidRequestError(
            f"{where} is {shown}, which {self.title} does not embed",
            hint=f"what it takes: {', '.join(sorted(self.kinds))}; one an input",
        )

    def word(self, table: Mapping[str, str | None], given: str | None) -> str | None:
        """What the body says for an option's word; None where it says nothing."""
        return None if given is None else table[_canonical(given, table)]

    def _check_dimensions(self, dimensions: Any) -> None:
        if dimensions is None:
            return
        if self.dimensions == ():
            raise self._lacks("dimensions", dimensions, ())
        if not _is_positive(dimensions) or (self.dimensions and dimensions not in self.dimensions):
            sizes = ", ".join(map(str, self.dimensions or ("a whole number from 1",)))
            raise InvalidRequestError(f"dimensions is {dimensions!r:.80}", hint=f"{self.title} has {sizes}")

    def _check_normalize(self, normalize: Any, types: Sequence[str] | None) -> None:
        if not isinstance(normalize, bool):
            raise InvalidRequestError(f"normalize is {normalize!r:.80}", hint="give True or False")
        if normalize and not self.normalizes and types is not None and "float" not in types:
            raise InvalidRequestError(
                f"{self.title} has no normalize=True for {', '.join(types)}",
                hint="vectors of unit length are float ones: ask for 'float', or leave normalize out",
            )

    def _check_word(self, option: str, given: Any, table: Mapping[str, str | None]) -> None:
        if given is None:
            return
        if not isinstance(given, str) or _canonical(given, table) not in table:
            raise self._lacks(option, given, tuple(name for name in table if name.islower()))

    def _lacks(self, option: str, value: Any, known: Sequence[str]) -> InvalidRequestError:
        way = f"it has {', '.join(known)}" if known else f"leave {option} out"
        return InvalidRequestError(f"{self.title} has no {option}={value!r:.80}", hint=way)


def _canonical(given: str, table: Mapping[str, str | None]) -> str:
    """The key of a word: as it is, or in lower case."""
    return given if given in table else given.lower()


def _is_positive(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def checked_fields(given: Any) -> Mapping[str, Any]:
    """The caller's own members of a body; none for None.

    Raises:
        ConfigurationError: no dict, or one that JSON cannot say.
    """
    if given is None:
        return {}
    what = "additional_model_request_fields"
    if not isinstance(given, Mapping):
        raise ConfigurationError(
            f"{what} is {shown(given)}", hint="give a dict of members of the model's own body"
        )
    fields = cast("Mapping[str, Any]", given)
    try:
        json_codec.dumps(dict(fields))
    except (TypeError, ValueError) as error:
        raise ConfigurationError(
            f"{what} cannot be written as JSON: {error!s:.120}",
            hint="its values are texts, numbers, booleans, None, lists and dicts",
        ) from error
    return fields


def merged(body: dict[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """A body with the caller's own members laid over it; dicts are merged, all else is replaced."""
    result = dict(body)
    for name, value in fields.items():
        held = result.get(name)
        if isinstance(held, dict) and isinstance(value, Mapping):
            value = merged(held, value)  # pyright: ignore[reportUnknownArgumentType]
        result[name] = value
    return result


def one_vector(value: Any) -> list[float]:
    """A vector as it came: not copied, its elements not looked at.

    Raises:
        TypeError: it is no list.
    """
    if not isinstance(value, list):
        raise TypeError("no list of numbers")
    return value  # pyright: ignore[reportUnknownVariableType]
