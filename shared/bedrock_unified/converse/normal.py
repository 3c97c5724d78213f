"""The one normaliser: any history of any blocks, as a request that Bedrock and the model take.

It never changes what the caller gave; what is right already is shared with the result, and a plain
conversation comes back as the same object. Twice is once. The rules, in their order:

**Tools**

1. Tool names that Bedrock refuses get allowed ones, in ``toolConfig``, in the choice and in the history alike
   (:mod:`.names`); :class:`~.names.ToolNames` maps them back. Refused ids of calls become a hash of
   themselves (:func:`~.tools.tool_use_id`), in calls and results alike, and inputs that are no objects
   become such (:func:`~.tools.tool_input`).
2. Bedrock refuses tool blocks without ``toolConfig``. Where no tools are offered, those that the history
   speaks of are declared with stubs (:func:`~.tools.stub_tools`). Where none may be called (``toolChoice`` is
   ``{"none": {}}``, which is our spelling and not Converse's) or the model calls none, ``toolConfig`` is left
   out and the blocks become text (:mod:`.told`).
3. Tool results stand in the user turn behind their calls, first in it, in the order of the calls; what is
   missing, doubled or without a call is settled as :func:`~.results.with_results_in_place` says.

**Blocks**

4. Blank text is dropped (Bedrock: "The text field in the ContentBlock object … is blank"), also in tool
   results, where nothing then becomes ``(no output)``.
5. A tool result's ``status`` is dropped where the profile says that the model refuses it. Media that the
   model does not read inside a tool result stand beside it under a label, as recorded requests to Nova 2 have
   them (bx9c055ac7ad20a0, bxd445601ca404c8; inside they were refused, bxbe93bd2e408fba).
6. Reasoning of earlier answers: the profile says whether all, the signed, none, or its text without the
   signature is sent.
7. Documents get names that Bedrock takes, each once in a request (:mod:`.documents`). A user turn with a
   document and without a text gets a text that names it, for Bedrock wants one ("A text block is required
   …", as users of the service quote it).

**Turns**

8. Empty turns are dropped, neighbours of one role become one turn: roles alternate. A ``system`` turn in
   mid-conversation keeps its place; where the model takes no system prompts, what it says is the user's.
9. Where the model takes nothing of a kind beside a tool result, that moves to a turn of its own
   (:func:`~.results.with_company_apart`).
10. Before a first turn that is not the user's stands a user's ``.``: "A conversation must start with a user
    message". It is the shortest text that is not blank, and says nothing that nobody said.
11. A last turn of the assistant's loses the white space at its end (Claude: "final assistant content cannot
    end with trailing whitespace"). It is an error where the model continues no answer. But where a tool must
    be called or a schema is given, or may be called by a model that continues no answer, there is nothing to
    continue: behind such a turn stands a user's ``.``, too, before rule 3 looks for the results of its calls.
12. Blank system text is dropped. Where the model takes no system prompts they stand in front of the first
    user text, an empty line between.

A prompt of Bedrock's prompt management (its ARN as ``modelId``) has turns and tools of its own, which nobody
sees here: of the rules on turns only 8 and 11 are applied, of those on tools only 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from ..errors import InvalidRequestError
from .cleaning import cleaned
from .documents import with_document_names
from .names import NO_NAMES, ToolNames, are_allowed, named_config, names_of
from .results import FILLER, users_last, with_company_apart, with_results_in_place
from .told import with_tools_told
from .tools import is_none, stub_tools
from .turns import is_blank, listed, merged_turns, under

if TYPE_CHECKING:
    from ..models.profile import Profile

Block = dict[str, Any]
Turn = dict[str, Any]

_FORCED = frozenset({"any", "tool"})
_STRUCTURES = frozenset(
    {
        "audio",
        "document",
        "guardContent",
        "image",
        "reasoningContent",
        "systemTool",
        "toolResult",
        "toolSpec",
        "toolUse",
        "video",
    }
)


class Normalised(NamedTuple):
    """A request by the rules of this module.

    Attributes:
        request: the request; the caller's own object where nothing had to change.
        names: the way back from Bedrock's tool names to the caller's.
    """

    request: Mapping[str, Any]
    names: ToolNames


def normalised(request: Mapping[str, Any], profile: Profile) -> Normalised:
    """The request by the rules above.

    Args:
        request: members of Converse; what is not of the service model's shape is left for others to refuse.
        profile: what the model takes.

    Raises:
        InvalidRequestError: nothing but blank text; a last turn of the assistant's that the model refuses.
    """
    if not _is_plain(request, profile) and _is_wellformed(request):
        return _settled(request, profile)
    return Normalised(request, NO_NAMES)


def _is_plain(request: Mapping[str, Any], profile: Profile) -> bool:
    """Whether no rule can apply: text alone, turns that alternate, names that are allowed."""
    expected = "user"
    try:
        for turn in request["messages"]:
            if turn["role"] != expected or not turn["content"]:
                return False
            for block in turn["content"]:
                text = block["text"]
                if len(block) > 1 or not text or text.isspace():
                    return False
            expected = "assistant" if expected == "user" else "user"
        if expected == "user":  # none, or the last is the assistant's
            return False
        if system := request.get("system"):
            if not profile.system:
                return False
            for block in system:
                if is_blank(block):
                    return False
        config = request.get("toolConfig")
        return config is None or (
            bool(config["tools"])
            and "none" not in config.get("toolChoice", ())
            and are_allowed(config["tools"])
        )
    except (KeyError, TypeError, AttributeError):
        return False


def _is_wellformed(request: Mapping[str, Any]) -> bool:
    """Whether the parts that the rules look at have the service model's shapes."""
    messages = request.get("messages") or ()
    system = request.get("system") or ()
    config = request.get("toolConfig")
    return (
        _are_mappings(messages)
        and all(isinstance(turn.get("role"), str) and _are_blocks(turn.get("content")) for turn in messages)
        and _are_mappings(system)
        and (config is None or isinstance(config, Mapping))
        and _are_blocks(listed(under(request, "toolConfig"), "tools"))
    )


def _are_mappings(value: Any) -> bool:
    items: Any = value
    return isinstance(value, (list, tuple)) and all(
        type(item) is dict or isinstance(item, Mapping) for item in items
    )


def _are_blocks(value: Any) -> bool:
    """Blocks whose members, but for text and citations, are structures."""
    if not _are_mappings(value):
        return False
    for block in cast("Sequence[Mapping[str, Any]]", value):
        for kind, held in block.items():
            if kind not in _STRUCTURES:
                continue
            if not (type(held) is dict or isinstance(held, Mapping)):
                return False
            if kind == "toolResult" and not _are_blocks(under(block, kind).get("content") or ()):
                return False
    return True


def _settled(request: Mapping[str, Any], profile: Profile) -> Normalised:
    given: list[Turn] = list(request.get("messages") or ())
    managed = ":prompt/" in str(request.get("modelId"))
    settled = dict(request)
    turns = given
    config: Mapping[str, Any] | None = request.get("toolConfig") or None
    if config is not None and is_none(config.get("toolChoice")):
        del settled["toolConfig"]
        turns = with_tools_told(turns)
        config = None
    elif config is not None and not config.get("tools") and under(config, "toolChoice").keys() <= {"auto"}:
        del settled["toolConfig"]
        config = None
    if config is None and not profile.tools and not managed:
        turns = with_tools_told(turns)
    if not profile.system:
        turns = [_users(turn) if turn["role"] == "system" else turn for turn in turns]
    names = names_of({"messages": turns, "toolConfig": config})
    turns = merged_turns(cleaned(turns, profile, names))
    if not managed:
        turns = _begun_anew(turns, settled, profile)
        turns = _with_tools_settled(turns, profile)
        if config is None and (stubs := stub_tools(turns)):
            settled["toolConfig"] = {"tools": stubs}
        turns = _with_documents_settled(turns)
        turns = with_company_apart(turns, profile)
        turns = _user_first(turns)
    elif _has(turns, "document"):
        turns = with_document_names(turns)
    turns = _ended(turns, profile)
    if config is not None and names:
        settled["toolConfig"] = named_config(config, names)
    if given and not turns and not managed:
        raise InvalidRequestError(
            "the messages hold nothing but blank text",
            hint="send at least one user message that says something",
        )
    _settle_system(settled, turns, profile)
    if turns != given:
        settled["messages"] = turns
    return Normalised(request if settled == request else settled, names)


def _has(turns: Sequence[Turn], *kinds: str) -> bool:
    """Whether there are blocks of these kinds, also in tool results."""
    for turn in turns:
        for block in turn["content"]:
            for kind in kinds:
                if kind in block:
                    return True
            if "toolResult" in block:
                for part in block["toolResult"].get("content") or ():
                    if any(kind in part for kind in kinds):
                        return True
    return False


def _with_tools_settled(turns: list[Turn], profile: Profile) -> list[Turn]:
    if not _has(turns, "toolUse", "toolResult"):
        return turns
    return merged_turns(with_results_in_place(turns, profile))


def _with_documents_settled(turns: list[Turn]) -> list[Turn]:
    if not _has(turns, "document"):
        return turns
    return [_with_text(turn) if turn["role"] == "user" else turn for turn in with_document_names(turns)]


def _with_text(turn: Turn) -> Turn:
    """A turn with documents, with a text behind them if it had none."""
    content: list[Block] = turn["content"]
    named = [block["document"]["name"] for block in content if "document" in block]
    if not named or any("text" in block or "text" in block.get("guardContent", ()) for block in content):
        return turn
    behind = max(place for place, block in enumerate(content) if "document" in block) + 1
    text = f"{'Document' if len(named) == 1 else 'Documents'}: {', '.join(named)}"
    return {**turn, "content": [*content[:behind], {"text": text}, *content[behind:]]}


def _users(turn: Turn) -> Turn:
    """A system turn as the user's; one that adds or removes tools has no other form."""
    if any("toolAddition" in block or "toolRemoval" in block for block in turn["content"]):
        return turn
    return {**turn, "role": "user"}


def _user_first(turns: list[Turn]) -> list[Turn]:
    if not turns or turns[0]["role"] == "user":
        return turns
    return [{"role": "user", "content": [{"text": FILLER}]}, *turns]


def _begun_anew(turns: list[Turn], request: Mapping[str, Any], profile: Profile) -> list[Turn]:
    """The turns with a user's last, where an answer to them cannot be the rest of one that was begun."""
    if not turns or turns[-1]["role"] != "assistant":
        return turns
    config = under(request, "toolConfig")
    anew = under(request, "outputConfig").get("textFormat") or under(config, "toolChoice").keys() & _FORCED
    if not anew and not profile.prefill:
        anew = config or _has(turns, "toolUse", "toolResult")
    return users_last(turns) if anew else turns


def _ended(turns: list[Turn], profile: Profile) -> list[Turn]:
    if not turns or turns[-1]["role"] != "assistant":
        return turns
    if not profile.prefill:
        raise InvalidRequestError(
            "the conversation ends with an answer of the assistant's, which this model does not continue",
            hint="end it with a user message; if the model does, say capabilities={'prefill': True}",
        )
    content: list[Block] = turns[-1]["content"]
    place = next(
        (place for place in reversed(range(len(content))) if "cachePoint" not in content[place]), None
    )
    text: Any = None if place is None else content[place].get("text")
    if place is None or not isinstance(text, str) or text == text.rstrip():
        return turns
    ended = [*content[:place], {**content[place], "text": text.rstrip()}, *content[place + 1 :]]
    return [*turns[:-1], {**turns[-1], "content": ended}]


def _settle_system(settled: dict[str, Any], turns: list[Turn], profile: Profile) -> None:
    """Clean ``system``, or move it in front of the first user text of ``turns``, a list of our own."""
    system: list[Block] = settled.get("system") or []
    said = [block for block in system if not is_blank(block)]
    if said and not profile.system:
        place = next((place for place, turn in enumerate(turns) if turn["role"] == "user"), None)
        if place is not None:
            del settled["system"]
            turns[place] = {**turns[place], "content": _in_front(said, turns[place]["content"])}
    elif len(said) < len(system):
        if said:
            settled["system"] = said
        else:
            del settled["system"]


def _in_front(system: Sequence[Block], content: Sequence[Block]) -> list[Block]:
    """Source of the empty line: ReqLLM's rule for the Mistral models without system prompts."""
    joined: list[Block] = []
    texts: list[str] = []
    for block in (*system, *content[:1]):
        if len(block) == 1 and "text" in block:
            texts.append(block["text"])
            continue
        if texts:
            joined.append({"text": "\n\n".join(texts)})
            texts = []
        joined.append(block)
    if texts:
        joined.append({"text": "\n\n".join(texts)})
    return [*joined, *content[1:]]
