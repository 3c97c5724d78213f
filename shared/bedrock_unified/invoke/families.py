"""The families of InvokeModel bodies that speak Converse, one small room each, all with the same face.

==============  ============================================  ==========================================
family          body                                          source
==============  ============================================  ==========================================
``anthropic``   Anthropic Messages                            recorded traffic; Anthropic's Messages API
``openai``      OpenAI chat completions (gpt-oss, imported)   recorded traffic
``meta``        one prompt in Llama's own layout              recorded traffic; Llama 2 and 4 inferred
``cohere``      Cohere chat (Command R)                       recorded traffic; Bedrock user guide
==============  ============================================  ==========================================

A family is chosen by ``Profile.native``, by the vendor, or by the name that the user gives to an imported or
custom model. ``cohere`` is served by Converse unless the user asks for InvokeModel.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Protocol, cast

from ..models.profile import Profile
from . import anthropic, cohere_chat, meta, openai

Event = dict[str, Any]


class EventMaker(Protocol):
    """Turns the chunks of one InvokeModelWithResponseStream into Converse events, in linear time."""

    def feed(self, chunk: Mapping[str, Any], /) -> list[Event]:
        """The events of one chunk, decoded from its JSON, as ``{event name: members}``.

        Raises:
            InStreamFailure: the chunk is an error of the model's.
            ValueError, TypeError, KeyError, AttributeError: it is not a chunk of the family.
        """
        ...

    def end(self) -> list[Event]:
        """The last events, when no more chunks come; nothing the second time.

        Raises:
            TransportError: the stream ended before the model had said why it stopped.
        """
        ...


class Family(Protocol):
    """One family: pure functions between Converse's shapes and its own. Nothing given is changed."""

    def body(self, request: Mapping[str, Any], /) -> dict[str, Any]:
        """The InvokeModel body of a Converse request, ready for JSON.

        ``additionalModelRequestFields`` are merged into it and win.

        Raises:
            InvalidRequestError: something in the request has no form in the body.
        """
        ...

    def response(self, body: Mapping[str, Any], headers: Mapping[str, str], /) -> dict[str, Any]:
        """The Converse response that says the same as the family's answer.

        Args:
            body: the answer's JSON.
            headers: the answer's HTTP headers, in any case; they hold token counts and the latency. Where
                neither tells the latency, ``metrics`` is absent.
        """
        ...

    def events(self) -> EventMaker:
        """A maker of events for one stream."""
        ...


FAMILIES: Mapping[str, Family] = {
    "anthropic": cast("Family", anthropic),
    "cohere": cast("Family", cohere_chat),
    "meta": meta.Llama(),
    "openai": cast("Family", openai),
}
#: Names that people use for a family, beside the vendor's.
_CALLED = (
    ("anthropic", "anthropic"),
    ("claude", "anthropic"),
    ("cohere", "cohere"),
    ("command-r", "cohere"),
    ("gpt", "openai"),
    ("llama", "meta"),
    ("meta", "meta"),
    ("openai", "openai"),
)


def family_for(profile: Profile, model_family: str | None = None) -> Family | None:
    """The family whose body a model takes, None where nobody knows.

    Args:
        profile: what is known of the model.
        model_family: what the user says that it is: a family, a vendor, a model's name or id (which tells the
            generation of a Llama).
    """
    kind = profile.native or profile.vendor
    if kind not in FAMILIES:
        kind = _named(model_family) if profile.native is None else None
    if kind == "meta":
        return meta.Llama(meta.generation(model_family) or meta.generation(profile.name))
    return None if kind is None else FAMILIES[kind]


def _named(model_family: str | None) -> str | None:
    words = (model_family or "").lower()
    return next((kind for name, kind in _CALLED if re.search(rf"(^|[^a-z]){name}", words)), None)
