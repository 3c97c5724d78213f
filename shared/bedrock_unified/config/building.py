"""``from_config``: one of our classes, made of what a configuration says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, TypeVar, cast

from pydantic import SecretStr

from ..client import BedrockClient
from ..embedding.parameters import EmbeddingParameters
from ..errors import ConfigurationError, InvalidRequestError
from ..parameters import ConnectionParameters, ConverseParameters
from ..rerank_parameters import RerankParameters
from ..settings import SECRETS
from ..spelling import SPELLINGS
from .kinds import CHAT, CONNECTION, EMBEDDING, GUARDRAIL, KINDS, OF_KIND, RERANK
from .load import ONELLM_MARK, Source, is_there, load
from .named import ARGUMENTS, Configuration, NamedModel, Origin, UnknownModelError, WithheldSecret
from .open import OpenConfiguration, kind_of
from .precedence import layered
from .reading.problems import problem

_Made = TypeVar("_Made")
Keywords = dict[str, Any]
_MODEL = frozenset({"model", "model_id", "model_name", "modelId"})
#: Keywords that an adapter reads in a way of its own before our spellings: they stay as they are written.
_ADAPTERS_OWN = frozenset({"provider", "model_kwargs", "config"})


def from_config(
    cls: type[_Made], source: Source | Configuration, name: str | None, overrides: Keywords
) -> _Made:
    """An instance of a class of ours.

    Args:
        source: what :func:`bedrock_unified.load` takes, or what it returned. Text that is neither a file
            nor a model is the ``name`` of a model, in the configuration that ``load()`` finds.
        name: the model's name there; default its default model, or the only one of this kind.
        overrides: keywords of the class, in any spelling; they win. None takes out what is configured.

    Raises:
        UnknownModelError: no such model, or none is named and there are several.
        ConfigurationError: a model of another kind; a value that cannot work, with the place where it stands.
    """
    if isinstance(source, str) and name is None:
        source, name = _source_or_name(source)
    configuration = source if isinstance(source, Configuration) else load(source)
    kind = _kind(cls)
    named = _canonical(cls, overrides)
    model, provider = _chosen(configuration, kind, name, named)
    keywords = _keywords(configuration, kind, model, provider, named)
    if model is not None and kind in OF_KIND and not any(named.get(each) is not None for each in _MODEL):
        keywords = {
            "model": model.model_id,
            **{key: one for key, one in keywords.items() if key not in _MODEL},
        }
    keywords = _fitted(cls, keywords, named)
    origin = model.origin if model else configuration.origin
    try:
        return cls(**_plain(keywords, origin, client=cls is BedrockClient or issubclass(cls, BedrockClient)))
    except (ConfigurationError, InvalidRequestError) as error:
        if origin == ARGUMENTS:
            raise
        raise problem(origin, error.message, hint=error.hint) from error.__cause__


def _source_or_name(text: str) -> tuple[Source | Configuration, str | None]:
    """A configuration, or the name of a model in the one that is found."""
    provider, slash, _ = text.partition("/")
    if text.startswith(ONELLM_MARK) and not is_there(text):
        found = load()  # its own provider of that name, such as a backend; else it is said in OneLLM's way
        return (found, text) if provider in found.providers else (load(text), None)
    try:
        return load(text), None
    except ConfigurationError as error:
        if text.lower().endswith((".yaml", ".yml", ".json")) or is_there(text):
            raise
        found = load()
        if text in found.models or text in found.providers or (slash and provider in found.providers):
            return found, text
        near = get_close_matches(text, [*found.models, *found.providers], n=1, cutoff=0.6)
        if near:
            hint = f"did you mean {near[0]!r} of {found.origin.source}?"
            raise ConfigurationError(error.message, hint=hint) from None
        raise


def _kind(cls: type[Any]) -> str:
    """``chat``, ``embedding``, ``rerank``, ``guardrail`` or ``client``."""
    for base, kind in (
        (ConverseParameters, "chat"),
        (EmbeddingParameters, "embedding"),
        (RerankParameters, "rerank"),
    ):
        if issubclass(cls, base):
            return kind
    return "guardrail" if issubclass(cls, ConnectionParameters) else "client"


def _canonical(cls: type[Any], given: Keywords) -> Keywords:
    """The overrides, those that a configuration may say, too, under their canonical names."""
    also: Mapping[str, str] = getattr(cls, "spellings", {})
    layered_names = CONNECTION | CHAT | EMBEDDING | RERANK
    fields: Mapping[str, Any] = getattr(cls, "model_fields", {})
    found: Keywords = {}
    for name, value in given.items():
        target = also.get(name, SPELLINGS.get(name, name))
        if name in fields or target not in layered_names or name in _ADAPTERS_OWN:
            target = name
        if target in found:
            raise ConfigurationError(
                f"{cls.__name__} was given {target!r} in two spellings",
                hint=f"keep one of them; {target!r} is its name",
            )
        found[target] = value
    return found


def _chosen(
    configuration: Configuration, kind: str, name: str | None, overrides: Keywords
) -> tuple[NamedModel | None, str | None]:
    """The model, and the provider where only that is chosen."""
    told = next((overrides[each] for each in _MODEL if overrides.get(each) is not None), None)
    if name is not None:
        if kind not in OF_KIND and name in configuration.providers and name not in configuration.models:
            return None, name
        return _of_kind(configuration[name], kind, overrides, configuration), None
    if isinstance(told, str) and isinstance(configuration, OpenConfiguration):
        return configuration[told], None
    default = configuration.default_model
    if default is not None:
        model = configuration[default]
        if kind not in OF_KIND or _kind_of(model) in (kind, None):
            return model, None
    if kind not in OF_KIND and len(configuration.providers) > 1:  # a model would choose one of them
        only = configuration.default_provider if isinstance(configuration, OpenConfiguration) else None
        if only is None:
            raise UnknownModelError(
                f"{configuration.origin.source} has several providers, and none was named",
                hint=f"name one: {', '.join(configuration.providers)}",
            )
        return None, only
    fitting = [
        each
        for each in configuration.models.values()
        if kind not in OF_KIND or _kind_of(each) in (kind, None)
    ]
    if len(fitting) == 1:
        return fitting[0], None
    if kind not in OF_KIND and len(configuration.providers) == 1:
        return None, next(iter(configuration.providers))
    if (
        kind not in OF_KIND
        and len({repr(sorted(map(str, _reach(configuration, each)))) for each in fitting}) == 1
    ):
        return fitting[0], None  # all of them are reached in the same way
    known = not configuration.models or len(configuration.providers) == 1  # how it is reached
    if not fitting and kind != "chat" and known and len(configuration.providers) <= 1:
        return None, next(iter(configuration.providers), None)  # the class's own model, if it needs one
    raise _which(configuration, kind, [each.name for each in fitting], told)


def _reach(configuration: Configuration, model: NamedModel) -> list[tuple[str, Any]]:
    keywords = configuration.keywords(model)
    told = {key: one for key, one in keywords.items() if key in CONNECTION}
    return [(key, one.get_secret_value() if isinstance(one, SecretStr) else one) for key, one in told.items()]


def _which(configuration: Configuration, kind: str, fitting: Sequence[str], told: Any) -> ConfigurationError:
    where = configuration.origin.source
    if not fitting and not configuration.providers and not configuration.models and told is None:
        named = "name one: from_config(…, 'us.amazon.nova-lite-v1:0')"
        written = "; ".join(configuration.notes[:3]) or "write one under its 'models'"
        hint = named if isinstance(configuration, OpenConfiguration) else written
        return UnknownModelError(f"{where} names no model", hint=hint)
    what = f"{kind} models" if kind in OF_KIND else "models"
    if not fitting:
        others = ", ".join(sorted(configuration.models))
        return UnknownModelError(
            f"{where} has no {what}" + (f" (it has {others})" if others else ""),
            hint="; ".join(configuration.notes[:3]) or "name one, by its id: from_config(…, '<model id>')",
        )
    return UnknownModelError(
        f"{where} has several {what}, and none was named", hint=f"name one: {', '.join(fitting)}"
    )


def _kind_of(model: NamedModel) -> str | None:
    return model.kind or kind_of(model.model_id)


def _of_kind(model: NamedModel, kind: str, overrides: Keywords, configuration: Configuration) -> NamedModel:
    """The model, if it can be made as this kind.

    Raises:
        ConfigurationError: it is of another kind.
    """
    own = _kind_of(model)
    if kind not in OF_KIND or own in (kind, None) or overrides.get("family") is not None:
        return model
    fitting = [each.name for each in configuration.models.values() if _kind_of(each) == kind]
    classes = {
        "chat": "ChatBedrock or BedrockConverse",
        "embedding": "BedrockEmbeddings",
        "rerank": "BedrockRerank",
    }
    raise problem(
        model.origin,
        f"{model.name!r} ({model.model_id}) is a model of kind {own}, not {kind}",
        hint=f"models of kind {kind} here: {', '.join(fitting)}"
        if fitting
        else f"make it with {classes[own]}",
    )


def _keywords(
    configuration: Configuration,
    kind: str,
    model: NamedModel | None,
    provider: str | None,
    overrides: Keywords,
) -> Keywords:
    """All keywords, the stronger over the weaker; see the README's table."""
    where = provider or (model.provider if model else None)
    held = configuration.providers.get(where) if where else None
    layers: list[tuple[Mapping[str, Any], Origin]] = [
        (_defaults(configuration.defaults, kind), configuration.origin)
    ]
    if held is not None:
        layers.append((held.parameters, held.origin))
    if model is not None:
        layers.append((model.parameters, model.origin))
    fitting = [_of_the_class(dict(layer), kind, origin) for layer, origin in layers]
    if overrides.get("client") is not None:  # it decides about the connection
        fitting = [{key: one for key, one in layer.items() if key not in CONNECTION} for layer in fitting]
    left_out = {
        key: None for key, one in overrides.items() if one is None
    }  # to some keywords None is a value
    return {**layered(*fitting, overrides), **left_out}


def _defaults(defaults: Mapping[str, Any], kind: str) -> Keywords:
    """The defaults that are about this kind. A name that several kinds have means a chat there."""
    if kind in OF_KIND:
        others = (CHAT | EMBEDDING | RERANK) - OF_KIND[kind]
        if kind != "chat":
            others |= CHAT
        return {key: one for key, one in defaults.items() if key not in others}
    return {
        key: one
        for key, one in defaults.items()
        if key not in CHAT | EMBEDDING | RERANK or (kind == "guardrail" and key in GUARDRAIL)
    }


def _of_the_class(layer: Keywords, kind: str, origin: Origin) -> Keywords:
    """The layer's keywords that are about this class.

    Raises:
        ConfigurationError: one is about another kind of model, and this model says it.
    """
    models = CHAT | EMBEDDING | RERANK
    if kind not in OF_KIND:
        kept = GUARDRAIL if kind == "guardrail" else frozenset[str]()
        return {key: one for key, one in layer.items() if key not in models or key in kept}
    for key in layer:
        if key in models and key not in OF_KIND[kind]:
            owners = " and ".join(each for each in KINDS if key in OF_KIND[each])
            raise problem(origin, f"{key} is a parameter of {owners} models, and this is one of kind {kind}")
    return layer


def _fitted(cls: type[Any], keywords: Keywords, overrides: Keywords) -> Keywords:
    """Keywords that this class has at another place, or has no need of."""
    fields: Mapping[str, Any] = getattr(cls, "model_fields", {})
    if "streaming" in keywords and "streaming" not in fields and "streaming" not in overrides:
        # LangChain's invoke() may stream; in LlamaIndex the method says it.
        keywords = {key: one for key, one in keywords.items() if key != "streaming"}
    if "output_config" in keywords and "output_config" not in fields and "additional_kwargs" in fields:
        keywords = dict(keywords)
        config = keywords.pop("output_config")
        keywords["additional_kwargs"] = {"outputConfig": config, **(keywords.get("additional_kwargs") or {})}
    return keywords


def _plain(keywords: Keywords, origin: Origin, *, client: bool) -> Keywords:
    """Secrets stay secrets where a class keeps them so; what other references stood for becomes a value."""
    return {
        key: one
        if key in SECRETS and not client and isinstance(one, SecretStr)
        else _revealed(one, key, origin)
        for key, one in keywords.items()
    }


def _revealed(value: Any, key: str, origin: Origin) -> Any:
    if isinstance(value, WithheldSecret):
        raise problem(
            origin,
            f"{key} was a secret, which was not written down with the configuration",
            hint="load the configuration again, or give it as an override",
        )
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, dict):
        return {name: _revealed(one, key, origin) for name, one in cast("dict[Any, Any]", value).items()}
    if isinstance(value, list):
        return [_revealed(one, key, origin) for one in cast("list[Any]", value)]
    return value
