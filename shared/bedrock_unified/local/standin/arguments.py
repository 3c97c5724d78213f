"""Filling a JSON schema from a text: a tool's arguments, a structured answer.

Each property is looked for by its own name first (``limit 5``, ``status "open"``, ``city: Rome``), then by
what its name, format and type suggest. A value is used once. Required properties that no text supplies get
the schema's default, its first choice or its least value, and the result says that they were guessed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from ..shapes import under
from .arithmetic import work_out
from .finds import (
    CODE_ID,
    FORMATS,
    NAMED,
    STREET,
    Found,
    after_preposition,
    entities,
    json_array,
    list_items,
    near,
    numbers,
    quotations,
    topic,
    without_politeness,
)
from .reading import Reading
from .schema import kind_of, resolve
from .toolbox import arithmetic_in
from .words import name_words, parameter_stems, stem, stems_of, words

_PLACE = parameter_stems("place")
_WHOLE_PLACE = parameter_stems("whole_place")
_STREET = parameter_stems("street")
_PERSON = parameter_stems("person")
_QUERY = parameter_stems("query")
_TOPIC = parameter_stems("topic")
_PROSE = parameter_stems("prose")
_EXPRESSION = parameter_stems("expression")
_IDENTIFIER = parameter_stems("identifier")
_DEEPEST = 6
_MOST_INVENTED = 100
"""Items, or characters, put in only because a schema asks for so many."""


@dataclass
class Material:
    """What values may be taken from."""

    text: str
    reading: Reading
    answer: str = ""
    """The sentences that answer the question, for properties that want prose."""

    @property
    def results(self) -> str:
        return "\n".join(result.text for result in self.reading.results)


@dataclass
class Filler:
    """Fills one schema; remembers what it has used."""

    material: Material
    everything: bool = False
    """Fill optional properties too (a structured answer), not only those the text names."""
    guessed: list[str] = field(default_factory=list[str])
    _used: set[tuple[int, int]] = field(default_factory=set[tuple[int, int]])

    def fill(self, schema: Mapping[str, Any]) -> Any:
        """A value that ``schema`` allows."""
        return self._value("", schema, schema, True, 0)

    def _value(self, name: str, schema: Any, root: Mapping[str, Any], required: bool, depth: int) -> Any:
        shape = resolve(schema, root)
        if "const" in shape:
            return shape["const"]
        choices = cast("list[Any] | None", shape.get("enum"))
        if choices:
            return self._choice(name, choices, shape, required)
        kind = kind_of(shape)
        if kind == "object":
            return self._object(shape, root, depth)
        if kind == "array":
            return self._array(name, shape, root, required, depth)
        terms = stems_of(name_words(name)) or {stem(w) for w in name_words(name)}
        if kind in {"integer", "number"}:
            found = self._number(name, terms, shape, kind)
        elif kind == "boolean":
            found = self._boolean(terms)
        elif kind == "null":
            return None
        else:
            found = self._string(name, terms, shape)
        if found is not None:
            return found
        if "default" in shape:
            return shape["default"] if required else None
        if not required:
            return None
        self.guessed.append(name)
        return _least(kind, shape)

    def _object(self, shape: Mapping[str, Any], root: Mapping[str, Any], depth: int) -> dict[str, Any]:
        properties = under(shape, "properties")
        required = cast("list[str]", shape.get("required") or [])
        filled: dict[str, Any] = {}
        if depth > _DEEPEST:
            return filled
        # Numbers and choices first, so that a free text does not take what they need.
        for name in sorted(properties, key=lambda name: not _is_exact(properties[name], root)):
            value = self._value(name, properties[name], root, name in required or self.everything, depth + 1)
            if value is not None or name in required:
                filled[name] = value
        return {name: filled[name] for name in properties if name in filled}

    def _array(
        self, name: str, shape: Mapping[str, Any], root: Mapping[str, Any], required: bool, depth: int
    ) -> list[Any] | None:
        items = resolve(shape.get("items"), root)
        kind = kind_of(items)
        text = self.material.text
        literal = json_array(text)
        if literal is not None:
            return literal
        if kind in {"integer", "number"}:
            values: list[Any] = [f.value for f in numbers(text) if self._take(f)]
        elif kind == "object":
            values = [self._object(items, root, depth + 1)] if required else []
        elif items.get("enum"):
            values = [
                c for c in cast("list[Any]", items["enum"]) if stems_of(words(str(c))) & stems_of(words(text))
            ]
        else:
            quoted = [f.value for f in quotations(text) if self._take(f)]
            values = quoted or list_items(text) or [f.value for f in entities(text)]
            if not values and required:
                only = self._string(name, stems_of(name_words(name)), items)
                values = [only] if only else []
        if not values and not required:
            return None
        least = min(int(shape.get("minItems", 0)), _MOST_INVENTED)
        while len(values) < least:
            values.append(values[-1] if values else _least(kind, items))
        return values[: max(0, shape["maxItems"])] if "maxItems" in shape else values

    def _choice(self, name: str, choices: list[Any], shape: Mapping[str, Any], required: bool) -> Any:
        text = f"{self.material.text}\n{self.material.results}" if self.everything else self.material.text
        lowered = text.lower()
        for choice in sorted((c for c in choices if c is not None), key=lambda c: -len(str(c))):
            if re.search(rf"(?<!\w){re.escape(str(choice).lower())}(?!\w)", lowered):
                return choice
        present = stems_of(words(text))
        for choice in choices:
            if choice is not None and stems_of(name_words(str(choice))) & present:
                return choice
        if "default" in shape:
            return shape["default"]
        if required:
            self.guessed.append(name)
            return choices[0]
        return None

    def _number(self, name: str, terms: set[str], shape: Mapping[str, Any], kind: str) -> float | int | None:
        expression = arithmetic_in(self.material.text) if self.everything else None
        worked_out = work_out(expression) if expression else None
        if worked_out is not None:
            return worked_out
        told = terms | stems_of(words(str(shape.get("description", ""))))
        for text in (self.material.text, self.material.results):
            free = [
                f for f in numbers(text) if (f.start, f.end) not in self._used and _in_range(f.value, shape)
            ]
            if kind == "integer":
                free = [f for f in free if float(f.value).is_integer()]
            written = arithmetic_in(text)
            if written:
                # "Take 8 from 30: 30 - 8": the operands in the order of the expression.
                start = text.index(written)
                free = [f for f in free if start <= f.start < start + len(written)] or free
            chosen = next((f for f in free if near(text, f, terms)), None) or next(
                (f for f in free if near(text, f, told, 3)), None
            )
            chosen = chosen or (free[0] if free else None)
            if chosen is not None:
                self._used.add((chosen.start, chosen.end))
                return int(chosen.value) if kind == "integer" else chosen.value
        return None

    def _boolean(self, terms: set[str]) -> bool | None:
        if not terms & stems_of(words(self.material.text)):
            return False if self.everything else None
        return not re.search(r"\b(?:not?|without|don't|disable[d]?|off|false)\b", self.material.text, re.I)

    def _string(self, name: str, terms: set[str], shape: Mapping[str, Any]) -> str | None:
        value = self._found_string(name, terms, shape)
        if value is None:
            return None
        limit = shape.get("maxLength")
        return value[:limit] if isinstance(limit, int) and limit >= 0 else value

    def _found_string(self, name: str, terms: set[str], shape: Mapping[str, Any]) -> str | None:
        text = self.material.text
        wanted_format = FORMATS.get(str(shape.get("format", "")))
        if wanted_format is None:
            wanted_format = next((FORMATS[f] for f in ("email", "uri", "date") if f in terms), None)
            if "url" in terms:
                wanted_format = FORMATS["uri"]
        if wanted_format is not None:
            for source in (text, self.material.results):
                match = wanted_format.search(source)
                if match:
                    return match.group()
        if isinstance(shape.get("pattern"), str):
            value = _by_pattern(str(shape["pattern"]), f"{text}\n{self.material.results}")
            if value is not None:
                return value
        labelled = _labelled(name, text)
        if labelled is not None:
            return labelled
        if terms & _EXPRESSION:
            expression = arithmetic_in(text)
            if expression:
                return expression
        if terms & _STREET:
            match = STREET.search(text)
            if match and self._take(Found(match.group(), match.start(), match.end())):
                return match.group()
        if terms & _PLACE:
            return self._place(terms)
        if terms & _QUERY:
            return without_politeness(self.material.reading.question or text)
        if terms & _PROSE:
            return self._prose(text)
        if terms & _TOPIC:
            return topic(text) or self._name() or without_politeness(text)
        if terms & _PERSON:
            named = NAMED.search(text)
            if named and self._take(Found(named.group("name"), named.start("name"), named.end("name"))):
                return named.group("name")
            return self._quotation() or self._name()
        if {stem(word) for word in name_words(name)} & _IDENTIFIER:
            match = CODE_ID.search(text)
            if match:
                return match.group()
        return (
            self._quotation()
            or self._name()
            or self._phrase()
            or (self._prose(text) if self.everything else None)
        )

    def _prose(self, text: str) -> str | None:
        quoted = self._quotation()
        if quoted and not self.everything:
            return quoted
        said = re.search(
            r"\b(?:saying|says|that says|with the text)\s*:?\s*(.+)$", text, re.IGNORECASE | re.DOTALL
        )
        if said:
            return said.group(1).strip(" \"'")
        return self.material.answer or without_politeness(text)

    def _place(self, terms: set[str]) -> str | None:
        for result in reversed([] if self.everything else self.material.reading.results):
            # What an earlier tool found is more to the point than the words it was asked with.
            name = result.text.strip(" .\"'")
            if name and len(name.split()) <= 4 and not result.is_error and not any(c.isdigit() for c in name):
                return name
        whole = bool(terms & _WHOLE_PLACE)
        for found in entities(self.material.text, places=whole):
            if self._take(found):
                return str(found.value)
        for found in after_preposition(self.material.text):
            if self._take(found):
                return str(found.value)
        return None

    def _name(self) -> str | None:
        found = next((f for f in entities(self.material.text) if self._take(f)), None)
        return str(found.value) if found else None

    def _quotation(self) -> str | None:
        found = next((f for f in quotations(self.material.text) if self._take(f)), None)
        return str(found.value) if found else None

    def _phrase(self) -> str | None:
        found = next((f for f in after_preposition(self.material.text) if self._take(f)), None)
        return str(found.value) if found else topic(self.material.text)

    def _take(self, found: Found) -> bool:
        """Claim a value; False when an overlapping one is taken."""
        if any(start < found.end and found.start < end for start, end in self._used):
            return False
        self._used.add((found.start, found.end))
        return True


def _labelled(name: str, text: str) -> str | None:
    spoken = r"[\s_-]*".join(map(re.escape, name_words(name)))
    if not spoken:
        return None
    quoted = re.search(
        rf"\b{spoken}\b[^\w\"'“`\n]{{0,3}}(?:(?:is|of|to|named|called|as)\s+)?[\"'“`]([^\"'”`\n]+)[\"'”`]",
        text,
        re.I,
    )
    if quoted:
        return quoted.group(1)
    plain = re.search(rf"\b{spoken}\b\s*[=:]\s*([^\s,;)]+(?:[ \t][A-Z][\w-]*)*)", text, re.IGNORECASE)
    return plain.group(1).strip(" .") if plain else None


def _by_pattern(pattern: str, text: str) -> str | None:
    try:
        compiled = re.compile(pattern.strip("^$"))
    except re.error:
        return (
            None  # an ECMAScript pattern that Python cannot read: the property is found by its name instead
        )
    match = compiled.search(text)
    return match.group() if match and match.group() else None


def _in_range(value: float, shape: Mapping[str, Any]) -> bool:
    low, high = shape.get("minimum"), shape.get("maximum")
    return not (isinstance(low, int | float) and value < low) and not (
        isinstance(high, int | float) and value > high
    )


def _least(kind: str, shape: Mapping[str, Any]) -> Any:
    if kind in {"integer", "number"}:
        low = shape.get("minimum", shape.get("exclusiveMinimum", 0))
        least = low if isinstance(low, int | float) else 0
        return least + 1 if "exclusiveMinimum" in shape and "minimum" not in shape else least
    if kind == "boolean":
        return False
    return "unknown".ljust(min(int(shape.get("minLength", 0)), _MOST_INVENTED), ".")


def _is_exact(schema: Any, root: Mapping[str, Any]) -> bool:
    shape = resolve(schema, root)
    return "enum" in shape or "format" in shape or kind_of(shape) in {"integer", "number", "boolean"}
