"""The parameters of a spicepod's entry: Spice's own, its overrides in OpenAI's words, our classes' keywords.

Each parameter works, or is refused, or is left out with a note; this file is where it says which.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from pydantic import SecretStr

from ...errors import BedrockError, ConfigurationError
from ...settings import SECRETS, role_source
from ..kinds import OF_KIND, WRITABLE, canonical_name, check_url, spellings
from ..reading.planes import checked_region
from ..reading.problems import problem, unknown_key
from ..reading.said import Said
from ..secrets import Secrets, half_a_reference, refers
from .openai_style import OVERRIDES, Override, any_number

Read = Callable[[Said], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What the parameters of an entry belong to.

    Attributes:
        notes: sentences about what was left out are added here.
    """

    name: str
    model_id: str
    kind: str
    secrets: Secrets
    notes: list[str]


def _text(said: Said) -> str:
    if isinstance(said.data, int) and not isinstance(said.data, bool) and said.raw is None:
        return str(said.data)  # a number of Python's: a guardrail's version
    return said.text()


def _region(said: Said) -> str:
    return checked_region(said.text(), said.origin)


def _role_source(said: Said) -> str:
    try:
        return role_source(said.text())
    except ConfigurationError as error:
        raise said.wrong(error.message, hint=error.hint) from None


def _lower(said: Said) -> str:
    return said.text().lower()


def _one_of(*words: str) -> Read:
    def read(said: Said) -> str:
        word = said.text().lower()
        if word not in words:
            raise said.wrong(
                f"{said.text()!r:.60} is not allowed", hint=f"must be one of: {', '.join(words)}"
            )
        return word

    return read


def _tokens(said: Said) -> int:
    return said.whole(least=1)


def _texts(said: Said) -> list[str]:
    """A list of texts, one text, or a list that is written as JSON."""
    if said.is_list:
        return [_verbatim(one) for one in said.items()]
    text = _verbatim(said)
    if text.startswith("["):
        try:
            found = json.loads(text)
        except ValueError:
            return [text]
        if isinstance(found, list) and all(isinstance(one, str) for one in cast("list[Any]", found)):
            return cast("list[str]", found)
    return [text]


def _verbatim(said: Said) -> str:
    """Text with its blanks: a stop sequence may be a line break."""
    return said.data if isinstance(said.data, str) else said.text()


_TRACES = ("disabled", "enabled", "enabled_full")
#: Parameters of every entry: the keyword, and how its value is read.
_CONNECTION: Mapping[str, tuple[str, Read]] = {
    "aws_region": ("region_name", _region),
    "aws_profile": ("profile_name", _text),
    "aws_access_key_id": ("aws_access_key_id", _text),
    "aws_secret_access_key": ("aws_secret_access_key", _text),
    "aws_session_token": ("aws_session_token", _text),
    "aws_iam_role_source": ("aws_iam_role_source", _role_source),
}
_OF_KIND: Mapping[str, Mapping[str, tuple[str, Read]]] = {
    "chat": {
        "bedrock_guardrail_identifier": ("guardrail_identifier", _text),
        "bedrock_guardrail_version": ("guardrail_version", _text),
        "bedrock_trace": ("guardrail_trace", _one_of(*_TRACES)),
        "maxTokens": ("max_tokens", _tokens),
        "temperature": ("temperature", any_number),
        "topP": ("top_p", any_number),
        "topK": ("top_k", partial(Said.whole, least=0)),
        "stopSequences": ("stop_sequences", _texts),
        "system_prompt": ("system", _verbatim),
        "max_concurrency": ("max_concurrency", _tokens),
        "requests_per_minute_limit": ("requests_per_minute", _tokens),
    },
    "embedding": {
        "max_concurrent_invocations": ("concurrency", _tokens),
        "requests_per_min_limit": ("requests_per_minute", _tokens),
        "normalize": ("normalize", Said.switch),
        "dimensions": ("dimensions", _tokens),
        "truncate": ("truncate", _lower),
        "truncate_mode": ("truncate", _lower),
        "input_type": ("input_type", _text),
        "embedding_purpose": ("input_type", _text),
    },
    "rerank": {
        "max_concurrent_invocations": ("concurrency", _tokens),
        "requests_per_min_limit": ("requests_per_minute", _tokens),
    },
}
#: Tunables of Spice's runtime for which there is nothing here, and what to do instead.
_RUNTIMES: Mapping[str, str] = {
    "tools": "they are the tools of Spice's runtime; give tools of your own to the model or its agent",
    "spice_tools": "they are the tools of Spice's runtime; give tools of your own to the model or its agent",
    "tool_embedding_model": "it chooses among the tools of Spice's runtime",
    "tool_recursion_limit": "it bounds the tool calls of Spice's runtime; an agent has a limit of its own",
}


def read_params(params: Mapping[str, Said], entry: Entry) -> dict[str, Any]:
    """The keywords that an entry's parameters mean; secrets, and text that had references, as SecretStr.

    Raises:
        ConfigurationError: a parameter that nobody knows, one that is said twice, a value that cannot be, one
            that this model has no place for.
    """
    found: dict[str, Any] = {}
    said_by: dict[str, str] = {}
    deprecated: list[str] = []
    for name, raw in params.items():
        if raw.data is None:
            if not _is_known(name, entry):
                raise unknown_key(raw.origin, name, _all_names(entry.kind))
            continue
        for keyword, value in _read(name, raw, entry, deprecated).items():
            if keyword == "additional_model_request_fields" and keyword in found:
                found[keyword] = {**found[keyword], **value}
                continue
            if keyword in found:
                raise raw.wrong(
                    f"{said_by[keyword]!r} and {name!r} mean the same, and both are given",
                    hint="keep one of them",
                )
            found[keyword] = value
            said_by[keyword] = name
    if deprecated:
        entry.notes.append(
            f"model {entry.name!r}: {', '.join(deprecated)}: the prefix openai_ is deprecated; write bedrock_"
        )
    _autoload(found, entry)
    if "aws_access_key_id" in found and "aws_secret_access_key" in found and "aws_iam_role_source" in found:
        del found["aws_iam_role_source"]
        entry.notes.append(
            f"model {entry.name!r}: aws_iam_role_source is left out: the two keys are given, and they sign"
        )
    return found


def _read(name: str, raw: Said, entry: Entry, deprecated: list[str]) -> dict[str, Any]:
    if name in _RUNTIMES:
        entry.notes.append(f"{raw.origin}: left out, {_RUNTIMES[name]}")
        return {}
    if name == "parameterized_prompt":
        return _parameterized(raw)
    if name in _CONNECTION and isinstance(raw.data, str) and half_a_reference(raw.data):
        raise raw.wrong("a reference names no store", hint="write ${secrets:NAME}, or ${env:NAME}")
    secret = _refers(raw)
    said = _filled(raw, entry.secrets) if secret else raw
    try:
        found = _understood(name, said, entry, deprecated)
    except BedrockError as error:
        if secret and _is_known(name, entry):
            # What the reference stands for may be in the message.
            raise problem(raw.origin, "what the reference stands for cannot be used here") from None
        raise error
    for keyword, value in found.items():
        if isinstance(value, str) and (secret or keyword in SECRETS):
            found[keyword] = SecretStr(value)
    return found


def _understood(name: str, said: Said, entry: Entry, deprecated: list[str]) -> dict[str, Any]:
    known = {**_CONNECTION, **_OF_KIND[entry.kind]}
    if name in known:
        keyword, read = known[name]
        if said.missing:
            raise said.wrong("it is empty", hint="give it a value, or leave the line out")
        return {keyword: read(said)}
    if entry.kind == "chat":
        for prefix in ("bedrock_", "openai_"):
            override = OVERRIDES.get(name.removeprefix(prefix)) if name.startswith(prefix) else None
            if override is not None:
                if prefix == "openai_":
                    deprecated.append(name)
                return _overridden(name, override, said, entry)
    keyword = canonical_name(name, entry.kind)
    if keyword is None:
        others = [kind for kind, names in _OF_KIND.items() if name in names or canonical_name(name, kind)]
        if others:
            raise said.wrong(
                f"it is a parameter of {' and '.join(others)} models; this one is for {entry.kind}"
            )
        raise unknown_key(said.origin, name, _all_names(entry.kind), also=spellings(entry.kind))
    value = said.plain()
    check_url(keyword, value, said)
    return {
        keyword: said.text()
        if isinstance(value, str) and keyword not in ("system", "stop_sequences")
        else value
    }


def _overridden(name: str, override: Override, said: Said, entry: Entry) -> dict[str, Any]:
    result = override(said, entry.model_id)
    if isinstance(result, str):
        entry.notes.append(f"{said.origin}: left out, {result}")
        return {}
    return result


def _all_names(kind: str) -> set[str]:
    names = {*_CONNECTION, *_OF_KIND[kind], *WRITABLE, *OF_KIND[kind]}
    return names | {f"bedrock_{name}" for name in OVERRIDES} if kind == "chat" else names


def _is_known(name: str, entry: Entry) -> bool:
    """Whether there is a parameter of this name."""
    if name in _all_names(entry.kind) or name in _RUNTIMES or canonical_name(name, entry.kind) is not None:
        return True
    return entry.kind == "chat" and name.startswith("openai_") and name.removeprefix("openai_") in OVERRIDES


def _parameterized(said: Said) -> dict[str, Any]:
    if said.data is False or (isinstance(said.data, str) and said.text().lower() in ("disabled", "false")):
        return {}
    raise said.wrong(
        "prompts with parameters are not filled in here",
        hint="leave it out, and build the prompt with a template of your framework",
    )


def _refers(said: Said) -> bool:
    """Whether there is a reference to a secret anywhere in a value."""
    if said.is_mapping:
        return any(_refers(one) for one in said.entries().values())
    if said.is_list:
        return any(_refers(one) for one in said.items())
    return isinstance(said.data, str) and refers(said.data)


def _filled(said: Said, secrets: Secrets) -> Said:
    """The value with its references resolved."""
    if said.is_mapping:
        return Said(said.origin, {name: _filled(one, secrets) for name, one in said.entries().items()})
    if said.is_list:
        return Said(said.origin, [_filled(one, secrets) for one in said.items()])
    if not isinstance(said.data, str):
        return said
    text = secrets.filled(said.data, said.origin)
    if isinstance(text, SecretStr):
        text = text.get_secret_value()
    return Said(said.origin, text, text)


def _autoload(found: dict[str, Any], entry: Entry) -> None:
    """Keys that the stores have under their parameters' names, where nothing else says who signs.

    As in Spice, whose parameters need not be written down for that; but a profile or a role source that is
    asked for stays in charge, and keys come as a pair.
    """
    pair = ("aws_access_key_id", "aws_secret_access_key")
    if any(found.get(name) for name in ("profile_name", "aws_iam_role_source", "api_key", "role_arn")):
        return
    loaded = {name: found.get(name) or entry.secrets.autoloaded(name) for name in pair}
    if all(loaded.values()):
        token = found.get("aws_session_token")
        if token is None and not any(name in found for name in pair):
            token = entry.secrets.autoloaded("aws_session_token")
        found.update(loaded)
        if token is not None:
            found["aws_session_token"] = token
