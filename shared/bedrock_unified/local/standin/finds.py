"""Values that stand in a text: numbers, quotations, names, lists, dates, the thing asked about."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from .words import STOPWORDS, listed_words, stem, words

_NUMBER = re.compile(
    r"(?<![\w.])(?P<sign>-)?(?P<value>\d{1,3}(?:,\d{3}){1,6}(?:\.\d{1,20})?|\d{1,20}(?:\.\d{1,20})?)(?!\w)"
)
_SPELLED = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen twenty"
)
_NUMBER_WORDS = {word: value for value, word in enumerate(str.split(_SPELLED)) if word != "one"}
_QUOTED = re.compile(
    r"\"([^\"\n]{1,400})\"|“([^”\n]{1,400})”|`([^`\n]{1,400})`|(?<!\w)'([^'\n]{1,400})'(?!\w)"
)
_NAME = r"(?:(?:[A-Z]|Mr|Mrs|Ms|Dr|St)\.|[A-ZÀ-ÖØ-Þ][\w'’&-]*(?:\.\w[\w'’&-]*)*)"
_ENTITY = re.compile(rf"(?<![\w'’]){_NAME}(?:\s+(?:(?:of|de|la|del|van|von|the|da)\s+)?{_NAME})*", re.UNICODE)
_PLACE = re.compile(rf"{_ENTITY.pattern}(?:,\s*(?:[A-Z]{{2}}\b|{_NAME}(?:\s+{_NAME})*))?", re.UNICODE)
_AFTER_PREPOSITION = re.compile(
    r"\b(?:in|at|for|near|around|to|from|of|visit|visiting)\s+(?:the\s+)?"
    r"(?P<text>[^\W\d_][\w'’-]*(?:\s+[\w'’-]+){0,3}?)"
    r"(?=\s*(?:[?.!,;:)]|$)|\s+(?:and|or|with|today|tomorrow|tonight|now|right|please|this|next|on|using|by|is|are|at|in|for)\b)",
    re.IGNORECASE,
)
_TOPIC = re.compile(
    r"\b(?:about|regarding|concerning|on the (?:topic|subject) of|concept of|meaning of|definition "
    r"of|on|of)\s+"
    r"(?P<text>[^?.!;\n]+?)(?=\s+(?:in|with|using|as|for|and "
    r"(?:then|tell|give|report|describe))\b|[?.!;\n]|$)",
    re.IGNORECASE,
)
_LIST = re.compile(
    r"(?::|\bsuch as|\bincluding|\blike|\bnamely|\bare|\bwith|\bof)\s+"
    r"(?P<text>[^.:;?!\n]+(?:,|\band\b|\bor\b)[^.:;?!\n]+)"
)
_POLITE = re.compile(
    r"^\s*(?:(?:please|hi|hello|hey|ok|okay|thanks)[,!.\s]+)*(?:(?:can|could|would|will) you (?:please "
    r")?|i(?:'d| would) like (?:you )?to |i (?:want|need) (?:you )?to |help me |let's )?",
    re.IGNORECASE,
)  # fmt: skip
FORMATS = {
    "email": re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+"),
    "uri": re.compile(r"(?:https?|s3|ftp)://[^\s\"'<>)]+"),
    "date": re.compile(r"\b\d{4}-\d{2}-\d{2}\b"),
    "date-time": re.compile(r"\b\d{4}-\d{2}-\d{2}T[\d:.]+(?:Z|[+-]\d{2}:?\d{2})?"),
    "time": re.compile(r"\b\d{1,2}:\d{2}(?::\d{2})?\s*(?:[ap]m)?\b", re.IGNORECASE),
    "uuid": re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.IGNORECASE),
}
NAMED = re.compile(
    r"\b(?:named|called|titled|name is)\s+[\"'“`](?P<name>[^\"'”`\n]{1,100})[\"'”`]", re.IGNORECASE
)
STREET = re.compile(r"\b\d{1,5}[A-Za-z]?\s+(?:[A-Z][\w'.-]*\s*){1,4}(?<!\s)")
CODE_ID = re.compile(r"(?<![\w-])(?=[A-Za-z_-]{0,40}\d)[\w-]{1,80}(?![\w-])")


@dataclass(frozen=True)
class Found:
    """A value and the offsets it was found at."""

    value: Any
    start: int
    end: int


def numbers(text: str) -> list[Found]:
    """The numbers of ``text`` in order, spelled-out ones up to twenty among them; a minus between two numbers
    is an operator."""
    found: list[Found] = []
    for match in _NUMBER.finditer(text):
        before = text[: match.start()].rstrip()
        negative = match.group("sign") and not (before and (before[-1].isalnum() or before[-1] == ")"))
        raw = match.group("value").replace(",", "")
        value = float(raw) if "." in raw else int(raw)
        found.append(Found(-value if negative else value, match.start(), match.end()))
    for match in re.finditer(r"\b[a-z]+\b", text.lower()):
        if match.group() in _NUMBER_WORDS:
            found += [Found(_NUMBER_WORDS[match.group()], match.start(), match.end())]
    return sorted(found, key=lambda item: item.start)


def quotations(text: str) -> list[Found]:
    """What stands in quotation marks or backquotes."""
    return [
        Found(next(group for group in match.groups() if group is not None), match.start(), match.end())
        for match in _QUOTED.finditer(text)
    ]


def entities(text: str, *, places: bool = False) -> list[Found]:
    """Capitalised names, in order; a lone capitalised word that only opens a sentence comes last.

    With ``places`` a following region is kept: "Springfield, IL".
    """
    inner: list[Found] = []
    opening: list[Found] = []
    for match in (_PLACE if places else _ENTITY).finditer(text):
        for found in _clean_entity(match.group(), match.start()):
            opens = not text[: found.start].strip() or text[: found.start].rstrip()[-1:] in ".!?:\n\"'“"
            alone = " " not in found.value
            (opening if opens and alone else inner).append(found)
    return inner + [
        item for item in opening if item.value.lower() not in STOPWORDS and not is_verb(item.value)
    ]


def _clean_entity(raw: str, start: int) -> Iterator[Found]:
    """The name without a leading capitalised stop word or verb ("What", "Get", "In") or a trailing mark."""
    while True:
        first, _, rest = raw.partition(" ")
        if rest and (
            first.lower().rstrip("'’s") in STOPWORDS or first.lower() in STOPWORDS or is_verb(first)
        ):
            start += len(first) + 1
            raw = rest
            continue
        break
    raw = raw.rstrip(".,'’-")
    for mark in ("'s", "’s"):
        raw = raw.removesuffix(mark)
    if raw and raw.lower() not in STOPWORDS and raw[0].isupper():
        yield Found(raw, start, start + len(raw))


_VERBS = listed_words("verbs")


def is_verb(word: str) -> bool:
    """Whether ``word`` is one of the verbs that requests and tool names begin with."""
    return word.lower().strip(".,:;!?") in _VERBS


def after_preposition(text: str) -> list[Found]:
    """Lower-case stand-ins for names: the words after in, at, for, …"""
    found: list[Found] = []
    for match in _AFTER_PREPOSITION.finditer(text):
        value = match.group("text").strip()
        if any(word not in STOPWORDS for word in words(value)):
            found.append(Found(value, match.start("text"), match.start("text") + len(value)))
    return found


def topic(text: str) -> str | None:
    """What ``text`` is about: the words after about, regarding, concept of, …"""
    for wanted in ("about", "regarding", "concerning", "concept of", "meaning of", "definition of"):
        for match in _TOPIC.finditer(text):
            if match.group().lower().startswith(wanted):
                return match.group("text").strip(" \"'")
    match = _TOPIC.search(text)
    return match.group("text").strip(" \"'") if match else None


def list_items(text: str) -> list[str]:
    """The items of a list in ``text``: a JSON array, or words joined by commas and a conjunction."""
    for match in re.finditer(r"\[[^\[\]]*\]", text):
        try:
            value = json.loads(match.group())
        except ValueError:
            continue
        return [str(item) for item in cast("list[Any]", value)]
    match = _LIST.search(text)
    if match is None:
        return []
    parts = re.split(r"\s*,\s*(?:and\s+|or\s+)?|\s+and\s+|\s+or\s+", match.group("text"))
    return [part.strip(" \"'`") for part in parts if part.strip(" \"'`")]


def json_array(text: str) -> list[Any] | None:
    """The first JSON array written out in ``text``."""
    for match in re.finditer(r"\[[^\[\]]*\]", text):
        try:
            return cast("list[Any]", json.loads(match.group()))
        except ValueError:
            continue
    return None


def without_politeness(text: str) -> str:
    """``text`` without "Please", "Can you", … in front."""
    trimmed = _POLITE.sub("", text, count=1).strip()
    return trimmed[:1].upper() + trimmed[1:] if trimmed else text.strip()


_WINDOW = 120


def near(text: str, found: Found, terms: set[str], reach: int = 2) -> bool:
    """Whether a word with a stem in ``terms`` stands within ``reach`` words of ``found``, in the same
    clause.
    """
    before = re.split(r"[.;?!\n]", text[max(0, found.start - _WINDOW) : found.start])[-1]
    after = re.split(r"[;?!\n]|\.\s", text[found.end : found.end + _WINDOW])[0]
    around = [*words(before)[-reach:], *words(after)[:reach]]
    return any(stem(word) in terms for word in around)
