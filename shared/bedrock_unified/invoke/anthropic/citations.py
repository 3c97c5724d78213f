"""Claude's citations and Converse's, both ways.

Recorded Converse answers have the numbers as Claude gives them (``documentPage`` 1 to 2 is Claude's
``start_page_number`` 1, ``end_page_number`` 2). What Converse has no member for stays beside its members
under Claude's name, so that it can go back: ``encrypted_index`` of a web search, ``file_id``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import urlsplit

# Claude's kind: Converse's location, its index and Claude's, Claude's start and end.
_PLACES: Mapping[str, tuple[str, str, str, str, str]] = {
    "char_location": (
        "documentChar", "documentIndex", "document_index", "start_char_index", "end_char_index",
    ),
    "page_location": (
        "documentPage", "documentIndex", "document_index", "start_page_number", "end_page_number",
    ),
    "content_block_location": (
        "documentChunk", "documentIndex", "document_index", "start_block_index", "end_block_index",
    ),
    "search_result_location": (
        "searchResultLocation", "searchResultIndex", "search_result_index", "start_block_index",
        "end_block_index",
    ),
}  # fmt: skip
_KINDS = {place[0]: (kind, *place[1:]) for kind, place in _PLACES.items()}
_WEB = "web_search_result_location"
_OWN = frozenset({"title", "source", "sourceContent", "location"})


def converse_citation(citation: Mapping[str, Any]) -> dict[str, Any]:
    """A citation of Claude's as Converse has it."""
    rest = {name: value for name, value in citation.items() if value is not None}
    kind = str(rest.pop("type", ""))
    made: dict[str, Any] = {}
    title = rest.pop("document_title", None) or rest.pop("title", None)
    if title is not None:
        made["title"] = title
    if (cited := rest.pop("cited_text", None)) is not None:
        made["sourceContent"] = [{"text": cited}]
    if kind in _PLACES:
        name, ours, theirs, start, end = _PLACES[kind]
        numbers = {ours: theirs, "start": start, "end": end}
        made["location"] = {name: {own: rest.pop(given) for own, given in numbers.items() if given in rest}}
        if kind == "search_result_location" and "source" in rest:
            made["source"] = rest.pop("source")
    elif kind == _WEB:
        url = str(rest.pop("url", ""))
        made["location"] = {"web": {"url": url, "domain": urlsplit(url).hostname or ""}}
    else:
        made["location"] = {kind: rest}
        return made
    return {**made, **rest}


def native_citation(citation: Mapping[str, Any]) -> dict[str, Any] | None:
    """A citation of Converse's as Claude takes it back, None where it is none of Claude's."""
    location = cast("Mapping[str, Any]", citation.get("location") or {})
    name = next(iter(location), "")
    rest = {key: value for key, value in citation.items() if key not in _OWN}
    text = "".join([part.get("text") or "" for part in citation.get("sourceContent") or ()])
    if name in _KINDS:
        kind, ours, theirs, start, end = _KINDS[name]
        numbers = location[name]
        if any(numbers.get(own) is None for own in (ours, "start", "end")):
            return None
        made: dict[str, Any] = {"type": kind, "cited_text": text, theirs: numbers[ours]}
        made[start], made[end] = numbers["start"], numbers["end"]
        if kind == "search_result_location":
            made |= {"title": citation.get("title"), "source": citation.get("source", "")}
        else:
            made["document_title"] = citation.get("title")
        return {**made, **rest}
    if name == "web":
        if "encrypted_index" not in rest:
            return None  # another model's: Claude takes its own web citations alone
        url = location["web"].get("url", "")
        return {"type": _WEB, "cited_text": text, "url": url, "title": citation.get("title"), **rest}
    if not name:
        return None
    told = {"cited_text": text} if text else {}
    if citation.get("title") is not None:
        told["title"] = citation["title"]
    return {"type": name, **told, **location[name]}
