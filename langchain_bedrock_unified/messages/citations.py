"""Citations both ways: Bedrock's names in LangChain's spelling, every other key as it came."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_CITATION = {"sourceContent": "source_content"}
_KINDS = {
    "documentChar": "document_char",
    "documentPage": "document_page",
    "documentChunk": "document_chunk",
    "searchResultLocation": "search_result_location",
}
_PLACE = {"documentIndex": "document_index", "searchResultIndex": "search_result_index"}

_MEMBERS = {"title", "source", "sourceContent", "location"}
_LOCATIONS = {"web", *_KINDS}

_CITATION_BACK = {value: key for key, value in _CITATION.items()}
_KINDS_BACK = {value: key for key, value in _KINDS.items()}
_PLACE_BACK = {value: key for key, value in _PLACE.items()}

Citation = dict[str, Any]


def from_converse(citation: Mapping[str, Any]) -> Citation:
    """A citation of Bedrock's, as blocks of type ``text`` hold it under ``citations``."""
    return _renamed(citation, _CITATION, _KINDS, _PLACE)


def to_converse(citation: Mapping[str, Any]) -> Citation:
    """The way back; also for LangChain's standard annotations."""
    kind = citation.get("type")
    if kind == "non_standard_annotation":
        return to_converse(citation["value"])
    if kind == "citation":
        return to_converse(_unstandardised(citation))
    return _renamed(citation, _CITATION_BACK, _KINDS_BACK, _PLACE_BACK)


def is_converse(citation: Mapping[str, Any]) -> bool:
    """Whether this has the shape of a citation of Bedrock's and nothing else."""
    location = citation.get("location", {})
    return (
        not citation.keys() - _MEMBERS and isinstance(location, Mapping) and not location.keys() - _LOCATIONS
    )


def _renamed(
    citation: Mapping[str, Any],
    members: Mapping[str, str],
    kinds: Mapping[str, str],
    places: Mapping[str, str],
) -> Citation:
    renamed = {members.get(name, name): value for name, value in citation.items()}
    location = renamed.get("location")
    if isinstance(location, Mapping):
        renamed["location"] = {
            kinds.get(kind, kind): (
                {places.get(name, name): value for name, value in place.items()}
                if isinstance(place, Mapping)
                else place
            )
            for kind, place in location.items()
        }
    return renamed


def _unstandardised(annotation: Mapping[str, Any]) -> Citation:
    citation: Citation = dict(annotation.get("extras") or {})
    if "title" in annotation:
        citation["title"] = annotation["title"]
    if "cited_text" in annotation:
        citation.setdefault("source_content", [{"text": annotation["cited_text"]}])
    if "url" in annotation:
        citation.setdefault("location", {"web": {"url": annotation["url"]}})
    return citation
