"""Chat engines: they remember, condense, retrieve and stream."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from llama_index.core import VectorStoreIndex
from llama_index.core.chat_engine import SimpleChatEngine
from llama_index.core.chat_engine.types import BaseChatEngine
from llama_index.core.llms import ChatMessage
from llama_index.core.memory import ChatMemoryBuffer, ChatSummaryMemoryBuffer, Memory

from .rig import FERRY, WHEN, Rig, documents

MakeRig = Callable[..., Rig]
ANSWERS = ["It leaves at nine.", "It costs fourteen pounds.", "For many miles."]
TICKET = "And what does a ticket for it cost?"
LAMP = "How far is the lamp visible?"
#: For each engine what it asks first about a question that follows another one.
MODES = {
    "context": None,
    "condense_question": "What does a ticket for the ferry cost?",
    "condense_plus_context": "What does a ticket for the ferry cost?",
    "simple": None,
}


def replies(mode: str) -> list[str]:
    """What the model says to three questions in a row."""
    condensed = MODES[mode]
    if condensed is None:
        return ANSWERS
    return [ANSWERS[0], condensed, ANSWERS[1], "How far is the lighthouse's lamp visible?", ANSWERS[2]]


def engine(rig: Rig, mode: str) -> BaseChatEngine:
    """The engine over four pages, with a memory of its own."""
    memory = ChatMemoryBuffer.from_defaults(llm=rig.llm)
    if mode == "simple":
        return SimpleChatEngine.from_defaults(llm=rig.llm, memory=memory)
    index = VectorStoreIndex.from_documents(documents(), embed_model=rig.embedding)
    return index.as_chat_engine(chat_mode=mode, llm=rig.llm, memory=memory, similarity_top_k=2)  # type: ignore[arg-type]


@pytest.mark.parametrize("mode", MODES)
async def test_a_conversation(make_rig: MakeRig, mode: str) -> None:
    rig = make_rig(*replies(mode))
    talking = engine(rig, mode)
    assert str(talking.chat(WHEN)) == ANSWERS[0]
    streamed = talking.stream_chat(TICKET)
    pieces = list(streamed.response_gen)
    assert len(pieces) > 1 and "".join(pieces) == str(streamed) == ANSWERS[1]
    assert "".join(talking.stream_chat(LAMP).response_gen) == ANSWERS[2]
    _check(rig, mode, talking)


@pytest.mark.parametrize("mode", MODES)
async def test_a_conversation_asynchronously(make_rig: MakeRig, mode: str) -> None:
    rig = make_rig(*replies(mode))
    talking = engine(rig, mode)
    assert str(await talking.achat(WHEN)) == ANSWERS[0]
    streamed = await talking.astream_chat(TICKET)
    pieces = [piece async for piece in streamed.async_response_gen()]
    assert len(pieces) > 1 and "".join(pieces) == ANSWERS[1]
    assert str(await talking.achat(LAMP)) == ANSWERS[2]
    _check(rig, mode, talking)


def _check(rig: Rig, mode: str, talking: BaseChatEngine) -> None:
    said = [(message.role.value, message.content) for message in talking.chat_history]
    asked = [WHEN, TICKET, LAMP]
    assert said == [
        turn
        for pair in zip(asked, ANSWERS, strict=True)
        for turn in (("user", pair[0]), ("assistant", pair[1]))
    ]
    assert len(rig.asked) == len(replies(mode))
    prompts = rig.prompts
    if mode != "simple":
        assert FERRY in prompts[0]
        assert "fourteen pounds" in prompts[2 if MODES[mode] else 1]
    if MODES[mode]:
        assert WHEN in prompts[1] and ANSWERS[0] in prompts[1] and TICKET in prompts[1]
    if mode in ("context", "simple"):
        turns = [turn["role"] for turn in rig.asked[-1]["messages"]]
        assert turns == ["user", "assistant", "user", "assistant", "user"]
    talking.reset()
    assert talking.chat_history == []


async def test_a_chat_engine_says_where_it_read_it(rig: Rig) -> None:
    talking = engine(rig, "context")
    answer = talking.chat(WHEN)
    assert "nine" in str(answer)
    assert answer.source_nodes[0].metadata["file"] == "ferry.md"
    assert rig.asked[0]["system"]


async def test_a_long_conversation_is_summarised_by_the_model(make_rig: MakeRig) -> None:
    rig = make_rig("They spoke of ferries.")
    history = [
        ChatMessage(role=role, content=f"{role} says the ferry leaves at {hour}.")
        for hour in range(10)
        for role in ("user", "assistant")
    ]
    memory = ChatSummaryMemoryBuffer.from_defaults(chat_history=history, llm=rig.llm, token_limit=60)
    told = memory.get()
    assert "They spoke of ferries." in str(told[0].content)
    assert len(told) < len(history) and "leaves at 0" in rig.prompts[0]


async def test_memory_blocks_ask_the_model_too(make_rig: MakeRig) -> None:
    from llama_index.core.memory import FactExtractionMemoryBlock

    facts = "<facts>\n  <fact>The ferry leaves at nine.</fact>\n</facts>"
    rig = make_rig(facts)
    block = FactExtractionMemoryBlock(llm=rig.llm, max_facts=5)
    memory = Memory.from_defaults(
        session_id="s",
        token_limit=40,
        chat_history_token_ratio=0.3,
        token_flush_size=10,
        memory_blocks=[block],
    )
    for role in ("user", "assistant") * 4:
        await memory.aput(ChatMessage(role=role, content="The ferry leaves Harwick at nine, I think."))
    assert "The ferry leaves at nine." in block.facts
    assert "The ferry leaves at nine." in str(await memory.aget())
    await memory.sql_store._async_engine.dispose()  # type: ignore[union-attr]  # LlamaIndex leaves it open
