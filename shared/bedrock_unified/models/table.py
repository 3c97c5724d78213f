"""The README's table of capabilities, from the data; ``python -m bedrock_unified.models.table`` prints it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from .profile import UNKNOWN, Profile, Rule, profile_of, rules

_LEGEND = """\
*Slanted* is inferred from what vendors and users write; the rest is recorded, documented or denied by nobody.
Tool choice: `auto` leaves it to the model, `named` is a tool by its name. Cache points: where they may stand;
how long they may live. JSON schema: `native` is Converse's own, `strict` a tool whose schema is kept to,
`tool` one whose schema is only asked for, `text` a request in words. On demand: `by profile` is what an
inference profile's id alone reaches."""
_CHOICES = {"auto": "auto", "any": "any", "tool": "named"}
_REASONING = {
    "budget": "budget of tokens",
    "adaptive": "adaptive",
    "effort": "effort",
    "openai": "effort",
    "qwen": "effort",
    "nova": "effort",
    "always": "always",
    "none": "no",
}
_MEDIA = ("image", "document", "video", "audio")
_SAMPLING = ("temperature", "top_p", "top_k", "stop_sequences")


def markdown() -> str:
    """The table in Markdown, one row a family, and what its words mean."""
    head = [title for title, _, _ in _COLUMNS]
    lines = [_row(["Model", *head]), _row(["---"] * (len(head) + 1))]
    lines += [_row(_cells(rule)) for rule in rules() if rule.title]
    return "\n".join([*lines, "", _LEGEND])


def _cells(rule: Rule) -> Iterator[str]:
    profile = profile_of(rule.example)
    names = set(profile.name.split())
    sources: dict[str, str] = {}
    for other in rules():
        if other.name in names:
            sources.update(other.sources)
    yield rule.title
    for _, attributes, told in _COLUMNS:
        cell = told(profile)
        yield f"*{cell}*" if _is_inferred(attributes, sources) else cell


def _is_inferred(attributes: Iterable[str], sources: Mapping[str, str]) -> bool:
    return any(sources.get(name, "").startswith("inferred") for name in attributes)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _listed(held: frozenset[str], order: Iterable[str]) -> str:
    return ", ".join(word for word in order if word in held)


def _choice(profile: Profile) -> str:
    taken = [told for word, told in _CHOICES.items() if word in profile.tool_choices]
    return "–" if not profile.tools else ", ".join(taken) or "none"


def _streaming(profile: Profile) -> str:
    if not profile.streaming:
        return "no streams"
    return _yes(profile.streaming_tools) if profile.tools else "–"


def _media(profile: Profile) -> str:
    return "?" if profile.media == UNKNOWN.media else _listed(profile.media, _MEDIA) or "nothing"


def _reasoning(profile: Profile) -> str:
    if profile.reasoning is None:
        return "?"
    told = _REASONING[profile.reasoning]
    return f"{told}: {profile.efforts[0]} to {profile.efforts[-1]}" if profile.efforts else told


def _caching(profile: Profile) -> str:
    if not profile.cache_places:
        return "no"
    places = _listed(profile.cache_places, ("tools", "system", "messages"))
    return f"{places}; {_listed(profile.cache_ttls, ('5m', '1h'))}"


def _sampling(profile: Profile) -> str:
    if profile.sampling_refused:
        return f"no {_listed(profile.sampling_refused, _SAMPLING)}"
    return "temperature or top_p" if profile.sampling_exclusive else "all"


# Heading, attributes that the cell tells of, the cell.
_COLUMNS: tuple[tuple[str, tuple[str, ...], Callable[[Profile], str]], ...] = (
    ("Tools", ("tools",), lambda profile: _yes(profile.tools)),
    ("Tool choice", ("tools", "tool_choices"), _choice),
    ("Tools in a stream", ("tools", "streaming", "streaming_tools"), _streaming),
    ("System prompt", ("system",), lambda profile: _yes(profile.system)),
    ("Reads beside text", ("media",), _media),
    ("Reasoning", ("reasoning", "efforts"), _reasoning),
    ("Cache points", ("cache_places", "cache_ttls"), _caching),
    ("JSON schema by", ("structured_output",), lambda profile: profile.structured_output),
    ("Sampling", ("sampling_refused", "sampling_exclusive"), _sampling),
    ("On demand", ("on_demand",), lambda profile: "yes" if profile.on_demand else "by profile"),
)


if __name__ == "__main__":
    print(markdown())
