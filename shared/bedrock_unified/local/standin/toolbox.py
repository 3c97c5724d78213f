"""The tools a request offers, and how well each fits what is asked."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from ..shapes import listed, under
from .concepts import concepts_of
from .finds import after_preposition, entities, is_verb, numbers
from .schema import kind_of, resolve
from .words import STOPWORDS, content_stems, listed_words, name_words, parameter_stems, stem, words

_TOOL_SPEAK = frozenset(stem(word) for word in listed_words("tool_speak"))
_NEGATED = re.compile(
    r"\b(?:do not|don't|never|without|avoid|instead "
    r"of|not)\s+(?:use|using|call|calling|run|running)\b[^.;!?\n]*",
    re.IGNORECASE,
)
_TERM = r"[-(]{0,9}\d[\d.,]{0,30}\){0,9}"
_ARITHMETIC = re.compile(rf"(?<![\w.]){_TERM}(?:\s{{0,9}}(?P<sign>\*\*|[-+*/×÷^%])\s{{0,9}}{_TERM})+")
_DATE_LIKE = re.compile(r"[(\d]\d*(?:[-/][\d.]+)+\)?")
"""A date, a telephone number, a range: figures joined without spaces are not a calculation."""
_SIGNS = {
    "+": "addition", "-": "subtraction", "*": "multiplication", "×": "multiplication", "/": "division",
    "÷": "division",
}  # fmt: skip
_CALCULATING = frozenset({"arithmetic", *_SIGNS.values()})
_FINAL = re.compile(
    r"\b(final|structured)\W*(result|answer|response|output)|ends? th(e|is) conversation", re.I
)
_LOOKUP_PARAMETERS = parameter_stems("lookup")
_LOOKUP_CONCEPTS = frozenset({"search", "documents"})

FITS = 1.0
"""The score from which a tool is called without being told to."""


@dataclass(frozen=True)
class Tool:
    """One toolSpec."""

    name: str
    description: str
    schema: Mapping[str, Any]

    @property
    def properties(self) -> dict[str, Any]:
        return cast("dict[str, Any]", resolve(self.schema, self.schema).get("properties") or {})

    @property
    def required(self) -> list[str]:
        return cast("list[str]", resolve(self.schema, self.schema).get("required") or [])

    @property
    def gives_final_answer(self) -> bool:
        """Whether calling it is how the answer is to be given: it says so, or it is named like a type
        (``CityReport``) rather than like an action (``GetCity``)."""
        if re.fullmatch(r"_?[A-Z][A-Za-z0-9]*", self.name) and not is_verb(name_words(self.name)[0]):
            return True
        return bool(_FINAL.search(f"{self.name.replace('_', ' ')} . {self.description}"))

    @property
    def looks_things_up(self) -> bool:
        """Whether it takes a question in words and answers from somewhere else."""
        required = self.required or list(self.properties)
        if len(required) != 1 or not {stem(w) for w in name_words(required[0])} & _LOOKUP_PARAMETERS:
            return False
        described = concepts_of([*name_words(self.name), *words(self.description)])
        return bool(described & _LOOKUP_CONCEPTS) or "question" in words(self.description)


def offered_tools(request: Mapping[str, Any]) -> list[Tool]:
    """The tool specifications of a Converse request, in order."""
    config = under(request, "toolConfig")
    tools: list[Tool] = []
    for entry in listed(config, "tools"):
        spec = cast("dict[str, Any] | None", entry.get("toolSpec"))
        if spec:
            schema = under(under(spec, "inputSchema"), "json")
            tools.append(Tool(spec["name"], spec.get("description", ""), schema))
    return tools


def system_tools(request: Mapping[str, Any]) -> list[str]:
    """The names of the tools that Bedrock itself runs."""
    config = under(request, "toolConfig")
    entries = listed(config, "tools")
    return [str(entry["systemTool"]["name"]) for entry in entries if "systemTool" in entry]


def arithmetic_in(text: str) -> str | None:
    """The arithmetic expression written in ``text``, if there is one."""
    match = _calculation(text)
    return match.group().strip(" .,") if match else None


def _calculation(text: str) -> re.Match[str] | None:
    return next((m for m in _ARITHMETIC.finditer(text) if not _DATE_LIKE.fullmatch(m.group())), None)


def without_negations(text: str) -> str:
    """``text`` without the clauses that say what not to use."""
    return _NEGATED.sub(" ", text)


@dataclass(frozen=True)
class Fit:
    """How well a tool fits: its score, the question's stems it covers, and where its first one stands."""

    tool: Tool
    score: float
    covers: frozenset[str]
    place: int
    named: bool


def fit(tool: Tool, question: str, tools: list[Tool], covered: frozenset[str] = frozenset()) -> Fit:
    """Score ``tool`` against ``question``; stems in ``covered`` (met by earlier calls) do not count again."""
    text = re.sub(r"\blook(s|ed|ing)? up\b", "lookup", without_negations(question), flags=re.IGNORECASE)
    named = _is_named(tool, text)
    mine = _tool_terms(tool)
    said = content_stems(text)
    asked = [s for s in said if s not in covered]
    matched: dict[str, float] = {}
    for term in asked:
        weight = mine.get(term, 0.0)
        if weight:
            shared_by = sum(1 for other in tools if term in _tool_terms(other))
            matched[term] = weight / shared_by**0.5 * (0.15 if term in _TOOL_SPEAK else 1.0)
    score = sum(matched.values())
    related = _related(tool, text, covered)
    score += 0.6 * len(related)
    if related and _is_given_what_it_needs(tool, text):
        score += 0.4  # of the right kind, and the text has what it asks for
    if named:
        score += 5.0
    place = min((said.index(term) for term in matched), default=len(said))
    return Fit(tool, score, frozenset(matched), place, named)


def _is_given_what_it_needs(tool: Tool, text: str) -> bool:
    """Whether ``text`` names a place for a tool that wants one, or numbers for one that wants numbers."""
    if any("place" in concepts_of(name_words(name)) for name in tool.required):
        return bool(entities(text) or after_preposition(text))
    kinds = [kind_of(resolve(tool.properties.get(name) or {}, tool.schema)) for name in tool.required]
    wanted = sum(kind in {"integer", "number"} for kind in kinds)
    return 0 < wanted <= len(numbers(text))


def _is_named(tool: Tool, text: str) -> bool:
    if re.search(rf"(?<![\w-]){re.escape(tool.name)}(?![\w-])", text, re.IGNORECASE):
        # A name that is an ordinary word (add, search) counts only where it is spoken of as a tool.
        plain_word = tool.name.isalpha() and tool.name.islower()
        spoken = rf"{tool.name}[`'\"]?\s+(?:tool|function)|(?:tool|function|call|use)\s+[`'\"]?{tool.name}\b"
        return not plain_word or bool(re.search(spoken, text, re.IGNORECASE))
    parts = name_words(tool.name)
    spaced = r"[\s_-]+".join(map(re.escape, parts))
    return len(parts) > 1 and bool(re.search(rf"\b{spaced}\b(?:\s+(?:tool|function))", text, re.IGNORECASE))


@functools.lru_cache(maxsize=256)
def _terms(name: str, description: str, parameters: tuple[tuple[str, str], ...]) -> dict[str, float]:
    terms: dict[str, float] = {}

    def note(tokens: list[str], weight: float) -> None:
        for token in tokens:
            if token not in STOPWORDS and not token.isdigit():
                term = stem(token)
                terms[term] = max(terms.get(term, 0.0), weight)

    note(name_words(name), 1.5)
    note(words(description), 1.0)
    for parameter, told in parameters:
        note(name_words(parameter), 0.6)
        note(words(told), 0.4)
    return terms


def _tool_terms(tool: Tool) -> dict[str, float]:
    parameters = tuple(
        (name, _parameter_words(cast("dict[str, Any]", prop) if isinstance(prop, dict) else {}))
        for name, prop in tool.properties.items()
    )
    return _terms(tool.name, tool.description, parameters)


def _parameter_words(prop: Mapping[str, Any]) -> str:
    return " ".join([str(prop.get("description", "")), *map(str, cast("list[Any]", prop.get("enum") or []))])


def _related(tool: Tool, text: str, covered: frozenset[str]) -> frozenset[str]:
    asked = concepts_of([w for w in words(text) if w not in STOPWORDS and stem(w) not in covered])
    match = _calculation(text)
    if match:
        asked |= {"arithmetic", _SIGNS.get(match.group("sign"), "arithmetic")}
    mine = concepts_of([*name_words(tool.name), *words(tool.description)])
    related = asked & mine - {"place", "person", "count"}
    # An expression calls for a tool that calculates even where no word does.
    return related | {"expression"} if match and related & _CALCULATING else related


def asks_something(question: str) -> bool:
    """Whether ``question`` wants information, beyond a greeting."""
    telling = [w for w in words(question) if w not in STOPWORDS]
    return len(telling) >= 1 and (question.rstrip().endswith("?") or len(telling) >= 2)
