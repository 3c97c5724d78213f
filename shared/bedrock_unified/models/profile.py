"""What a model can do, as far as it is known; what is not known, it can.

The knowledge is data (``profiles.json``), each quirk with the Bedrock answer or document it comes from. A
profile never decides whether a model exists: any id has one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache, cached_property, lru_cache
from typing import Any, NamedTuple, cast

from ..errors import ConfigurationError
from ..nearest import did_you_mean
from .data import table


class Profile(NamedTuple):
    """A model's capabilities. The defaults are those of a model that nobody has heard of: it can.

    Attributes:
        name: the rules of the data file that made it, the most general first; empty for an unknown model.
        vendor: ``anthropic``, ``amazon``, …; None where the id does not tell.
        native: the family of its InvokeModel body that we write: ``anthropic``, ``openai``, ``meta``.
        tools: whether it calls tools.
        tool_choices: members of Converse's ``toolChoice`` that it takes.
        parallel_off: whether parallel calls can be forbidden (Claude's ``disable_parallel_tool_use``).
        streaming: whether ConverseStream serves it.
        streaming_tools: whether ConverseStream serves it with tools.
        system: whether it takes system prompts.
        media: block kinds it reads in a user's message (``image``, ``document``, ``video``, ``audio``).
        s3_media: whether media may be named by an S3 URI.
        tool_result_media: those it reads inside a tool result.
        beside_tool_result: those it reads beside a tool result in the same turn; empty: not even ``text``.
        tool_result_status: whether a tool result may carry ``status``.
        reasoning: how it is asked to reason: ``budget``, ``adaptive``, ``effort`` (Converse's
            ``outputConfig.effort``), ``openai`` (``reasoning_effort``), ``qwen`` (``reasoning_config``),
            ``nova``, ``always`` (whether asked to or not), ``none`` (does not reason); None where it is not
            known.
        efforts: the efforts it knows, the least first; with ``none`` among them it can be switched off where
            it takes nothing but an effort.
        minimum_budget: least number of reasoning tokens where the budget is given.
        reasoning_in_history: which reasoning of earlier answers it takes back: ``signed`` (its own only),
            ``unsigned`` (without a signature only), ``any``, ``none`` (refuses all).
        sampling_refused: of ``temperature``, ``top_p``, ``top_k``, ``stop_sequences``: what it refuses.
        sampling_exclusive: whether it refuses temperature and top_p together.
        top_k: the place of top_k in ``additionalModelRequestFields``, dotted; None where it is not known.
        structured_output: its best way to a JSON schema: ``native`` (outputConfig), ``strict`` (strict tool),
            ``tool``, ``text``.
        cache_places: of ``tools``, ``system``, ``messages``: where cache points may stand.
        cache_points: how many at most.
        cache_ttls: the times they may live.
        cache_minimum: tokens before a point for it to have an effect.
        count_tokens: whether CountTokens serves it, by its id without geography.
        on_demand: False where only an inference profile's id reaches it.
        prefill: whether the last message may be the assistant's.
        context_window: tokens that it reads and writes at most, together; None where it is not known. An id
            that says it (``amazon.nova-lite-v1:0:24k``) is believed.
        max_output: tokens of one answer at most; None where it is not known.
    """

    name: str = ""
    vendor: str | None = None
    native: str | None = None
    tools: bool = True
    tool_choices: frozenset[str] = frozenset({"auto", "any", "tool"})
    parallel_off: bool = False
    streaming: bool = True
    streaming_tools: bool = True
    system: bool = True
    media: frozenset[str] = frozenset({"image", "document", "video", "audio"})
    s3_media: bool = True
    tool_result_media: frozenset[str] = frozenset({"image", "document", "video"})
    beside_tool_result: frozenset[str] = frozenset({"text", "image", "document", "video", "audio"})
    tool_result_status: bool = True
    reasoning: str | None = None
    efforts: tuple[str, ...] = ()
    minimum_budget: int = 1024
    reasoning_in_history: str = "any"
    sampling_refused: frozenset[str] = frozenset()
    sampling_exclusive: bool = False
    top_k: str | None = None
    structured_output: str = "strict"
    cache_places: frozenset[str] = frozenset({"tools", "system", "messages"})
    cache_points: int = 4
    cache_ttls: frozenset[str] = frozenset({"5m", "1h"})
    cache_minimum: int = 0
    count_tokens: bool = True
    on_demand: bool = True
    prefill: bool = True
    context_window: int | None = None
    max_output: int | None = None

    @property
    def takes_schemas(self) -> bool:
        """Whether it is not known to refuse Converse's JSON schema and strict tools."""
        return self.structured_output in ("native", "strict")


UNKNOWN = Profile()

_MEDIA = ("image", "document", "video", "audio")
#: What the words of an attribute may be; attributes that are not here take any.
WORDS: Mapping[str, tuple[str, ...]] = {
    "native": ("anthropic", "openai", "meta"),
    "tool_choices": ("auto", "any", "tool"),
    "media": _MEDIA,
    "tool_result_media": _MEDIA,
    "beside_tool_result": ("text", *_MEDIA),
    "reasoning": ("budget", "adaptive", "effort", "openai", "qwen", "nova", "always", "none"),
    "efforts": ("none", "minimal", "low", "medium", "high", "xhigh", "max"),
    "reasoning_in_history": ("signed", "unsigned", "any", "none"),
    "sampling_refused": ("temperature", "top_p", "top_k", "stop_sequences"),
    "structured_output": ("native", "strict", "tool", "text"),
    "cache_places": ("tools", "system", "messages"),
    "cache_ttls": ("5m", "1h"),
}
_COUNTS = frozenset({"context_window", "max_output"})
_NULLABLE = frozenset({"vendor", "native", "reasoning", "top_k"}) | _COUNTS
_DEFAULTS: Mapping[str, Any] = UNKNOWN._asdict()
#: What a user may override.
CAPABILITIES = tuple(name for name in _DEFAULTS if name != "name")


_TOLD_WINDOW = re.compile(r":([1-9]\d{0,4})([km])$")
_TOLD_UNITS = {"k": 1000, "m": 1_000_000}
_LITERAL = re.compile(r"(?:[a-z0-9-](?![?*{])|\\\.)*")


class Rule:
    """One rule of the data file. What it says is read when a model is first found to be of it.

    ``title`` and ``example`` are those of its row in the README's table, empty where it has none.
    """

    __slots__ = ("__dict__", "_said", "_start", "example", "match", "name", "title")

    def __init__(self, row: dict[str, Any]) -> None:
        said = dict(row)
        said.pop("note", None)
        self.name: str = said.pop("name")
        self.match: str = said.pop("match")
        self.title: str = said.pop("title", "")
        self.example: str = said.pop("example", "")
        self._said: dict[str, dict[str, Any]] = said
        # What the pattern begins with word by word tells of most models, without it, that they do not fit.
        literal = _LITERAL.match(self.match)
        self._start = literal[0].replace("\\.", ".") if literal else ""

    def fits(self, base_id: str) -> bool:
        """Whether a model is of this rule."""
        return base_id.startswith(self._start) and re.match(self.match, base_id) is not None

    @cached_property
    def quirks(self) -> dict[str, Any]:
        """Attributes of :class:`Profile`.

        Raises:
            ConfigurationError: the file says what a profile does not know.
        """
        return {name: checked(name, quirk["is"]) for name, quirk in self._said.items()}

    @property
    def sources(self) -> dict[str, str]:
        """Where each quirk is known from."""
        return {name: quirk["source"] for name, quirk in self._said.items()}


def profile_of(
    model_id: str, *, family: str | None = None, overrides: Mapping[str, Any] | None = None
) -> Profile:
    """The profile of a model.

    Args:
        model_id: any spelling of an id, an ARN, an alias.
        family: what the user says the model is (``anthropic``, ``llama3-1``, or another model's id), for
            imported and custom models and application inference profiles, whose id does not tell. It stands
            above the id.
        overrides: what the user knows better, by the attributes of :class:`Profile`. Sets may be lists.

    Raises:
        InvalidRequestError: no model id can look like this.
        ConfigurationError: an override of an unknown name or of another type; an unknown family.
    """
    if family is not None and not isinstance(family, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ConfigurationError(f"model_family must be text, not {family!r:.80}")
    profile = _known(model_id, family)
    if not overrides:
        return profile
    if not isinstance(overrides, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ConfigurationError(f"capabilities must be a dict by their names, not {overrides!r:.80}")
    return profile._replace(**{name: checked(name, value) for name, value in overrides.items()})


@cache
def rules() -> tuple[Rule, ...]:
    """The rules of the data file, the general before the special."""
    return tuple(Rule(row) for row in table("profiles")["rules"])


def checked(name: str, value: Any) -> Any:
    """The value of an attribute of :class:`Profile` in its own type: lists become sets or tuples.

    Raises:
        ConfigurationError: there is no such attribute, or it is of another type, or knows no such word.
    """
    if name not in CAPABILITIES:
        hint = _near(name, CAPABILITIES) or f"there are {', '.join(CAPABILITIES)}"
        raise ConfigurationError(f"there is no capability {name!r:.80}", hint=hint)
    default = _DEFAULTS[name]
    if value is None and name in _NULLABLE:
        return None
    if isinstance(default, (frozenset, tuple)):
        return _words(name, value, ordered=isinstance(default, tuple))
    if isinstance(default, bool):
        if not isinstance(value, bool):
            raise _mistyped(name, value, "True or False")
    elif isinstance(default, int) or name in _COUNTS:
        least = int(name in _COUNTS)
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise _mistyped(name, value, f"a whole number from {least}{' or None' if least else ''}")
    else:
        if not isinstance(value, str):
            raise _mistyped(name, value, "text or None" if name in _NULLABLE else "text")
        _check_words(name, (value,))
    return value


def _words(name: str, value: Any, *, ordered: bool) -> frozenset[str] | tuple[str, ...]:
    """A set or a tuple of words."""
    if not isinstance(value, (list, tuple) if ordered else (list, tuple, set, frozenset)):
        raise _mistyped(name, value, "a list of words")
    members = tuple(cast("Iterable[str]", value))
    for member in members:
        if not isinstance(member, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise _mistyped(name, value, "a list of words")
    _check_words(name, members)
    return members if ordered else frozenset(members)


def _check_words(name: str, given: Iterable[str]) -> None:
    known = WORDS.get(name)
    if known is None:
        return
    for word in given:
        if word not in known:
            raise ConfigurationError(f"{name} knows no {word!r:.80}", hint=f"it knows {', '.join(known)}")


def _mistyped(name: str, value: Any, wanted: str) -> ConfigurationError:
    return ConfigurationError(f"the capability {name} is {value!r:.80}", hint=f"{name} is {wanted}")


def _near(given: Any, known: Iterable[str]) -> str | None:
    return did_you_mean(str(given).lower(), known, 0.5)


@lru_cache(maxsize=2048)
def _known(model_id: str, family: str | None) -> Profile:
    # Not at the top: reading ids brings the tables of geographies, which errors of this module do without.
    from .ids import parse_model_id

    parsed = parse_model_id(model_id)
    if family is not None:
        return _of_base(_base_of_family(family))
    known = _of_base(parsed.base_id)
    return known if known.name or parsed.vendor is None else known._replace(vendor=parsed.vendor)


@lru_cache(maxsize=2048)
def _of_base(base_id: str) -> Profile:
    quirks: dict[str, Any] = {}
    names: list[str] = []
    for rule in rules():
        if rule.fits(base_id):
            quirks.update(rule.quirks)
            names.append(rule.name)
    if told := _TOLD_WINDOW.search(base_id):
        quirks["context_window"] = int(told[1]) * _TOLD_UNITS[told[2]]
    return UNKNOWN._replace(name=" ".join(names), **quirks) if names or quirks else UNKNOWN


def _base_of_family(family: str) -> str:
    """The id whose rules a family's name means.

    Raises:
        ConfigurationError: no family, vendor or model is called so.
    """
    from ..errors import InvalidRequestError
    from .ids import aliases, parse_model_id

    vendors = sorted({rule.name.partition(".")[0] for rule in rules()} - {"not-claude"} | {"moonshotai"})
    plain = re.sub(r"[\s_]+", "-", family.strip().lower())
    if plain in vendors:
        return f"{plain}."
    spec = aliases().get(plain, plain)
    dashed = re.sub(r"(?<=\d)\.(?=\d)", "-", spec)
    # "llama-3.1" is called "llama3-1" in ids.
    spellings = (spec, dashed, re.sub(r"^([a-z]+)-(?=\d)", r"\1", dashed))
    bases = [f"{vendor}.{called}" for called in spellings for vendor in vendors]
    bases += [f"{vendor}.{spec[len(vendor) + 1 :]}" for vendor in vendors if spec.startswith(f"{vendor}-")]
    best = max(bases, key=_special_rules)
    if _special_rules(best):
        return best
    if "." in spec or ":" in spec:
        try:
            base = parse_model_id(spec).base_id
        except InvalidRequestError:
            base = ""
        if any(rule.fits(base) for rule in rules()):
            return base
    families = {rule.name.partition(".")[2] for rule in rules()} - {""}
    near = _near(plain, [*vendors, *sorted(families)])
    known = f"a vendor ({', '.join(vendors)}), a family (claude-3-7, llama3-1) or a known model's id"
    raise ConfigurationError(f"there is no model family {family!r:.80}", hint=near or known)


def _special_rules(base_id: str) -> int:
    """How many rules beyond a vendor's know an id."""
    return sum("." in rule.name and rule.fits(base_id) for rule in rules())
