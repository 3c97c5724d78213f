"""Which tool to call next, with what, or none.

A tool is called when it is named, or when its name, description and parameters share enough with what is
asked, and its required arguments can be found. After a result, another tool is called only for what the
calls so far have not covered; the same tool is not called twice for one turn unless a forced choice, or an
error that names the right argument, asks for it. So a turn always ends.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from ..shapes import under
from .arguments import Filler, Material
from .extraction import answers_already, find_passages
from .finds import after_preposition, entities, numbers, quotations
from .reading import Reading
from .toolbox import FITS, Fit, Tool, asks_something, fit, offered_tools, without_negations
from .words import name_words, parameter_stems, stem

_MOST_CALLS = 8
"""Tool results in one turn after which the stand-in answers, whatever it could still call."""
_MOST_PARALLEL = 10
_LONG_TURN = 1500


@dataclass(frozen=True)
class Planned:
    """A tool call to make."""

    name: str
    input: dict[str, Any]


def plan_calls(request: Mapping[str, Any], reading: Reading) -> list[Planned]:
    """The calls of the next assistant turn; empty when it is to be an answer."""
    tools = offered_tools(request)
    if not tools:
        return []
    choice = under(under(request, "toolConfig"), "toolChoice")
    if "tool" in choice:
        name = choice["tool"]["name"]
        chosen = next((tool for tool in tools if tool.name == name), None)
        return _calls(chosen, reading, forced=True) if chosen else []
    if "any" in choice:
        return _spelled_out(tools, reading) or _calls(_best_of(tools, reading), reading, forced=True)
    return _free_choice(tools, reading)


def _free_choice(tools: list[Tool], reading: Reading) -> list[Planned]:
    results = reading.results
    if len(results) >= _MOST_CALLS:
        return []
    if not results:
        spelled = _spelled_out(tools, reading)
        if spelled:
            return spelled
    corrected = _completed(tools, reading) or _corrected(tools, reading)
    if corrected:
        return corrected
    done = {result.name for result in results}
    covered = _covered(tools, done, reading)
    furthest = _furthest(tools, done, reading)
    ranked = _ranked(
        [tool for tool in tools if tool.name not in done and not tool.gives_final_answer], reading, covered
    )
    for candidate in ranked:
        if candidate.score < FITS:
            break
        if candidate.place > furthest or (reading.asks_about_attachment and not candidate.named):
            continue
        calls = _calls(candidate.tool, reading, forced=candidate.named)
        if calls:
            return calls
    if not results:
        lookup = next((tool for tool in tools if tool.looks_things_up), None)
        if lookup and asks_something(reading.question) and not answers_already(reading):
            return _calls(lookup, reading, forced=False)
    final = next((tool for tool in tools if tool.gives_final_answer and tool.name not in done), None)
    if final and (results or asks_something(reading.question)):
        return _calls(final, reading, forced=True)
    return []


def _text(reading: Reading) -> str:
    """What tools are chosen by: the whole turn, or only its question where the turn is long."""
    return reading.request if len(reading.request) <= _LONG_TURN else reading.question


def _ranked(tools: list[Tool], reading: Reading, covered: frozenset[str]) -> list[Fit]:
    text = _text(reading)
    fits = [_with_instructions(fit(tool, text, tools, covered), reading) for tool in tools]
    nested = bool(re.search(r"\bof\b", text))
    # "the A of the B": B is needed first. Otherwise what is asked first is done first.
    return sorted(fits, key=lambda f: (-round(f.score, 1), -f.place if nested else f.place))


def _with_instructions(found: Fit, reading: Reading) -> Fit:
    """A system prompt that says to use a tool by its name counts as naming it."""
    name = re.escape(found.tool.name)
    told = re.search(
        rf"\b(?:use|call|using|tool)\b[^.\n]*(?<![\w-]){name}(?![\w-])", reading.instructions, re.I
    )
    if told and asks_something(reading.question) and not found.named:
        return Fit(found.tool, found.score + FITS, found.covers, found.place, False)
    return found


def _covered(tools: list[Tool], done: set[str], reading: Reading) -> frozenset[str]:
    text = _text(reading)
    return frozenset(s for tool in tools if tool.name in done for s in fit(tool, text, tools).covers)


def _furthest(tools: list[Tool], done: set[str], reading: Reading) -> int:
    """In "the A of the B" a result for A settles B: the place in the question beyond which nothing is
    needed.
    """
    text = _text(reading)
    if not re.search(r"\bof\b", text):
        return len(text)
    places = [fit(tool, text, tools).place for tool in tools if tool.name in done]
    return min(places, default=len(text))


def _best_of(tools: list[Tool], reading: Reading) -> Tool:
    """For a choice that must call something: the best tool not called yet, the final one when the rest is
    done.
    """
    done = {result.name for result in reading.results}
    fresh = [tool for tool in tools if tool.name not in done]
    working = [tool for tool in fresh if not tool.gives_final_answer]
    final = [tool for tool in fresh if tool.gives_final_answer]
    ranked = _ranked(working, reading, _covered(tools, done, reading))
    if ranked and (ranked[0].score >= FITS or not final):
        return ranked[0].tool
    return (final or fresh or tools)[0]


def _calls(tool: Tool, reading: Reading, *, forced: bool) -> list[Planned]:
    """Calls of one tool: several when the turn asks for several; none when an argument cannot be found."""
    times = _repetitions(tool, reading)
    if times > 1:
        return [Planned(tool.name, {}) for _ in range(times)]
    several = _several_subjects(tool, reading)
    if several:
        return several
    arguments, guessed = _arguments(tool, reading, everything=tool.gives_final_answer)
    if guessed and not forced:
        return []
    return [Planned(tool.name, arguments)]


def _arguments(tool: Tool, reading: Reading, *, everything: bool) -> tuple[dict[str, Any], list[str]]:
    passages = find_passages(reading.question, reading.sources)
    answer = " ".join(passage.text for passage in passages)
    if not answer and reading.results:
        answer = reading.results[-1].text
    filler = Filler(Material(without_negations(_text(reading)), reading, answer), everything)
    value = filler.fill({"type": "object", **tool.schema})
    required = [name for name in filler.guessed if name in tool.required]
    return (cast("dict[str, Any]", value) if isinstance(value, dict) else {}), required


def _repetitions(tool: Tool, reading: Reading) -> int:
    if tool.required:
        return 1
    for found in numbers(reading.request):
        if re.match(r"\s*(?:times|x\b)", reading.request[found.end :]) and isinstance(found.value, int):
            return max(1, min(found.value, _MOST_PARALLEL))
    return 2 if re.search(r"\btwice\b", reading.request, re.IGNORECASE) else 1


_SUBJECTS = parameter_stems("subject")


def _several_subjects(tool: Tool, reading: Reading) -> list[Planned]:
    """One call for each of several places or names joined by commas and "and"."""
    required = tool.required or list(tool.properties)
    if len(required) != 1 or reading.results:
        return []
    prop = tool.properties.get(required[0])
    if not isinstance(prop, dict) or cast("dict[str, Any]", prop).get("type", "string") != "string":
        return []
    if not {stem(w) for w in name_words(required[0])} & _SUBJECTS:
        return []
    text = _text(reading)
    for found in (quotations(text), entities(text), after_preposition(text)):
        joined = [found[0]] if found else []
        for one in found[1:]:
            between = text[joined[-1].end : one.start]
            if re.fullmatch(
                r"[\"'“”`]?\s*(?:,|&|\band\b|\bor\b|,\s*and)\s*(?:in|for|at)?\s*[\"'“”`]?\s*", between
            ):
                joined.append(one)
        if len(joined) > 1 and not re.search(
            rf"{re.escape(joined[0].value)},\s*{re.escape(joined[-1].value)}\s*[?.!]?$", text
        ):
            return [Planned(tool.name, {required[0]: f.value}) for f in joined[:_MOST_PARALLEL]]
    return []


def _spelled_out(tools: list[Tool], reading: Reading) -> list[Planned]:
    """Calls written as calls: ``lookup(query='x')``, ``f(3)``."""
    text = without_negations(reading.request)
    found: list[tuple[int, Planned]] = []
    for tool in tools:
        for match in re.finditer(rf"(?<![\w.]){re.escape(tool.name)}\((?P<inside>[^()]*)\)", text):
            arguments = _written_arguments(tool, match.group("inside"))
            if arguments is not None:
                found.append((match.start(), Planned(tool.name, arguments)))
    return [call for _, call in sorted(found, key=lambda pair: pair[0])][:_MOST_PARALLEL]


def _written_arguments(tool: Tool, inside: str) -> dict[str, Any] | None:
    try:
        call = ast.parse(f"f({inside})", mode="eval").body
        if not isinstance(call, ast.Call):
            return None
        values = {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in call.keywords}
        for name, argument in zip(tool.properties, call.args, strict=False):
            values[name] = ast.literal_eval(argument)
    except (SyntaxError, ValueError):
        return None  # written like a call, but not one: the words around it are read instead
    if any(name not in values for name in tool.required):
        return None
    return values


def _completed(tools: list[Tool], reading: Reading) -> list[Planned]:
    """A call that failed for want of a required argument, made again with what the text gives."""
    if not reading.results:
        return []
    last = reading.results[-1]
    tool = next((tool for tool in tools if tool.name == last.name), None)
    if tool is None or not re.search(r"\berror\b|\bmissing\b|\brequired\b", last.text, re.IGNORECASE):
        return []
    lacking = [name for name in tool.required or list(tool.properties) if name not in last.input]
    arguments, guessed = _arguments(tool, reading, everything=False) if lacking else ({}, [])
    if guessed or not any(name in arguments for name in lacking):
        return []
    return [Planned(tool.name, {**last.input, **arguments})]


def _corrected(tools: list[Tool], reading: Reading) -> list[Planned]:
    """A second try when a tool refused its one text argument and named another in quotation marks."""
    if not reading.results:
        return []
    last = reading.results[-1]
    tried = [result for result in reading.results if result.name == last.name]
    refused = last.is_error or re.search(
        r"\b(?:not supported|invalid|unknown|not found|did you mean)\b", last.text, re.I
    )
    if not refused or len(tried) > 1:
        return []
    tool = next((tool for tool in tools if tool.name == last.name), None)
    texts = [name for name, value in last.input.items() if isinstance(value, str)]
    suggestions = [found.value for found in quotations(last.text) if found.value.lower() != last.name.lower()]
    if tool is None or len(texts) != 1 or not suggestions:
        return []
    return [Planned(tool.name, {**last.input, texts[0]: suggestions[0]})]
