"""Every recorded InvokeModel conversation, read into each framework's messages, built again and sent.

What goes over the wire with ``use_converse=False`` must be the recorded body under these rules:

- a document, which Converse knows by a name, has it as its title (18 exchanges, recorded without one);
- a system turn within the conversation is said in ``system``, where system messages go (1 exchange);
- a prompt for Llama 4 has Llama 4's marks, by Meta's model card (4 exchanges, recorded with those of Llama 3,
  which AWS refused unread: the models are reached by inference profiles alone).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from bedrock_unified import BedrockClient
from bedrock_unified.errors import BedrockError

from .kinds import native_conversations
from .native_bodies import as_converse, canonical
from .native_speakers import native_parameters
from .recordings import Exchange
from .replay import ReplayServer
from .senders import LangChainSender, LlamaIndexSender
from .speakers import CONNECTION
from .tally import TALLY

Body = dict[str, Any]

NAMED = "a document has its name as its title"
ABOVE = "a system turn is said in system"
MARKED = "a prompt for Llama 4 has Llama 4's marks"
NEEDED = {NAMED: 18, ABOVE: 1, MARKED: 4}
#: Prompts for Llama that are no conversations in its layout.
NOT_BUILT_AGAIN = {"meta": 6}
TITLE = "recorded"
_MARKS = {"start_header_id": "header_start", "end_header_id": "header_end", "eot_id": "eot"}
_SENDERS = {"LangChain": LangChainSender, "LlamaIndex": LlamaIndexSender}


@pytest.mark.parametrize("framework", _SENDERS)
def test_each_recorded_body_is_built_again(
    framework: str, server: ReplayServer, recorded: tuple[Exchange, ...]
) -> None:
    needed: Counter[str] = Counter()
    left: Counter[str] = Counter()
    built: list[str] = []
    found: list[str] = []
    with BedrockClient(endpoint_url=server.url, **CONNECTION) as client:
        for family, exchange in native_conversations(recorded):
            request = as_converse(family, exchange)
            if request is None:
                left[family] += 1
                continue
            server.play(exchange)
            sender = _SENDERS[framework](client, **native_parameters(exchange.model_id))
            try:
                sender.send(exchange, _as_users_write_it(request))
            except BedrockError as error:
                if not server.asked:
                    found.append(f"{exchange.id} was not sent: {error!r:.300}")
                    continue
            built.append(exchange.id)
            expected, rules = _expected(exchange)
            needed.update(rules)
            sent, wanted = canonical(family, server.last.json), canonical(family, expected)
            found += [
                f"{exchange.id} {name}: {sent.get(name)!r:.300} instead of {wanted.get(name)!r:.300}"
                for name in sorted(sent.keys() | wanted.keys())
                if sent.get(name) != wanted.get(name)
            ]
    TALLY.check("native requests built again", framework, built, found)
    assert needed == NEEDED
    assert left == NOT_BUILT_AGAIN


def _as_users_write_it(request: Body) -> Body:
    """The request with a name for each document, as Converse has it, and system turns as system messages."""
    made = deepcopy(request)
    for held in _documents(made["messages"], "content"):
        held["document"]["name"] = TITLE
    said = [block for turn in made["messages"] if turn["role"] == "system" for block in turn["content"]]
    if said:
        made["system"] = [*made.get("system", []), *said]
        made["messages"] = [turn for turn in made["messages"] if turn["role"] != "system"]
    return made


def _expected(exchange: Exchange) -> tuple[Body, set[str]]:
    """The recorded body under the rules, and those that it needed."""
    body: Body = deepcopy(exchange.request)
    needed: set[str] = set()
    if "llama4" in str(exchange.model_id):
        for theirs, ours in _MARKS.items():
            body["prompt"] = body["prompt"].replace(f"<|{theirs}|>", f"<|{ours}|>")
        needed.add(MARKED)
    for message in body.get("messages", ()):
        for block in message["content"] if isinstance(message["content"], list) else ():
            if block["type"] == "document":
                block["title"] = TITLE
                needed.add(NAMED)
    said = [turn for turn in body.get("messages", ()) if turn["role"] == "system"]
    if said and "anthropic_version" in body:
        above = body.get("system", [])
        above = [{"type": "text", "text": above}] if isinstance(above, str) else above
        body["system"] = [*above, *(block for turn in said for block in turn["content"])]
        body["messages"] = [turn for turn in body["messages"] if turn["role"] != "system"]
        needed.add(ABOVE)
    return body, needed


def _documents(turns: list[Body], member: str) -> Iterator[Body]:
    for turn in turns:
        for block in turn[member]:
            if "document" in block:
                yield block
            elif "toolResult" in block:
                yield from _documents([block["toolResult"]], "content")
