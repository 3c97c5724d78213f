"""What an LLM's messages may hold, and that it comes back from memories and stores as it went in."""

from __future__ import annotations

import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.base.llms.types import (
    AudioBlock,
    CacheControl,
    CachePoint,
    CitableBlock,
    DocumentBlock,
    ImageBlock,
    TextBlock,
    ToolCallBlock,
    VideoBlock,
)
from llama_index.core.llms import ChatMessage
from llama_index.core.memory import ChatMemoryBuffer, Memory
from llama_index.core.tools import FunctionTool
from sqlalchemy.ext.asyncio import create_async_engine

from .base import REDACTED, Conformance, Make, Serve, calls, says, thought

QUESTION = ChatMessage(role="user", content="Hello?")
#: One pixel.
PNG = b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
#: An answer with everything an agent's turn may hold.
TURN = [REDACTED, thought("Let me look."), {"text": "I look."}, calls("weather", {"city": "Oslo"})]
RESULT = ChatMessage(role="tool", content="Sunny", additional_kwargs={"tool_call_id": "tooluse_1"})


def weather(city: str) -> str:
    """The weather of a city."""
    return f"Sunny in {city}"


WEATHER = FunctionTool.from_defaults(weather)


def sent(llm: Any, endpoint: Any, *messages: ChatMessage) -> list[dict[str, Any]]:
    """The turns that the model got; with a tool, without which Bedrock takes no history of tools."""
    if any(message.role == "tool" for message in messages):
        llm.chat_with_tools([WEATHER], chat_history=list(messages))
    else:
        llm.chat(list(messages))
    assert endpoint.requests[-1].status == 200
    return endpoint.requests[-1].body["messages"]


def of_user(*blocks: Any) -> ChatMessage:
    """A question of blocks."""
    return ChatMessage(role="user", blocks=[TextBlock(text="See."), *blocks])


class LLMContent(Conformance):
    """Content."""

    video_model = "us.amazon.nova-pro-v1:0"
    audio_model = "mistral.voxtral-mini-3b-2507"

    def test_an_image_is_sent(self, serve: Serve, make: Make) -> None:
        endpoint = serve()
        (turn,) = sent(make(), endpoint, of_user(ImageBlock(image=PNG)))
        assert turn["content"][1] == {"image": {"format": "png", "source": {"bytes": PNG}}}

    def test_an_image_of_a_path_is_sent(self, serve: Serve, make: Make, tmp_path: Path) -> None:
        endpoint = serve()
        path = tmp_path / "pixel.png"
        path.write_bytes(PNG)
        (turn,) = sent(make(), endpoint, of_user(ImageBlock(path=path)))
        assert turn["content"][1]["image"]["source"]["bytes"] == PNG

    @pytest.mark.parametrize("title", ["rules", "Rules: Q3/2024 (final).pdf", "Ærlig_talt.pdf", None])
    def test_a_document_of_any_name_is_sent(self, serve: Serve, make: Make, title: str | None) -> None:
        """The endpoint refuses a name that Bedrock would refuse."""
        endpoint = serve()
        block = DocumentBlock(data=b"%PDF-1.4 ", title=title, document_mimetype="application/pdf")
        (turn,) = sent(make(), endpoint, of_user(block))
        assert turn["content"][1]["document"]["source"] == {"bytes": b"%PDF-1.4 "}

    def test_documents_of_one_name_are_sent(self, serve: Serve, make: Make) -> None:
        endpoint = serve()
        block = DocumentBlock(data=b"%PDF-1.4 ", title="rules", document_mimetype="application/pdf")
        (turn,) = sent(make(), endpoint, of_user(block, block.model_copy()))
        assert len({part["document"]["name"] for part in turn["content"][1:]}) == 2

    def test_a_video_is_sent(self, serve: Serve, make: Make) -> None:
        endpoint = serve()
        block = VideoBlock(video=b"\0\0\0\x18ftypmp42", video_mimetype="video/mp4")
        (turn,) = sent(make(model=self.video_model), endpoint, of_user(block))
        assert turn["content"][1]["video"]["source"] == {"bytes": b"\0\0\0\x18ftypmp42"}

    def test_a_sound_is_sent(self, serve: Serve, make: Make) -> None:
        endpoint = serve()
        block = AudioBlock(audio=b"RIFF\x24\0\0\0WAVE", format="wav")
        (turn,) = sent(make(model=self.audio_model), endpoint, of_user(block))
        assert turn["content"][1]["audio"]["source"] == {"bytes": b"RIFF\x24\0\0\0WAVE"}

    def test_a_passage_to_cite_is_sent(self, serve: Serve, make: Make) -> None:
        endpoint = serve()
        passage = CitableBlock(
            title="Rules", source="https://vell.test/", content=[TextBlock(text="Closes at nine.")]
        )
        (turn,) = sent(make(), endpoint, of_user(passage))
        assert "Closes at nine." in str(turn["content"][1])

    def test_what_an_answer_cites_is_not_lost(self, serve: Serve, make: Make) -> None:
        location = {"documentChar": {"documentIndex": 0, "start": 0, "end": 5}}
        cited = {"title": "Rules", "sourceContent": [{"text": "Nine."}], "location": location}
        block = {"citationsContent": {"content": [{"text": "It closes at nine."}], "citations": [cited]}}
        serve(says("I read. ", block, times=None))
        llm = make()
        for message in (llm.chat([QUESTION]).message, list(llm.stream_chat([QUESTION]))[-1].message):
            assert "It closes at nine." in (message.content or "")

    def test_an_image_that_is_answered_is_not_lost(self, serve: Serve, make: Make) -> None:
        serve(says("See.", {"image": {"format": "png", "source": {"bytes": PNG}}}))
        found = [block for block in make().chat([QUESTION]).message.blocks if isinstance(block, ImageBlock)]
        assert [block.resolve_image().read() for block in found] == [PNG]

    @pytest.mark.parametrize("ttl", ["5m", "1h"])
    @pytest.mark.parametrize("kind", ["default", "ephemeral"])
    def test_a_cache_point_is_sent(self, serve: Serve, make: Make, kind: str, ttl: str) -> None:
        endpoint = serve()
        point = CachePoint(cache_control=CacheControl(type=kind, ttl=ttl))
        before = point.model_copy(deep=True)
        (turn,) = sent(make(), endpoint, of_user(point))
        found = turn["content"][1]["cachePoint"]
        assert found["type"] == "default"
        assert found.get("ttl", "5m") == ttl
        assert point == before

    @pytest.mark.parametrize("role", ["system", "developer"])
    def test_instructions_are_the_system_prompt(self, serve: Serve, make: Make, role: str) -> None:
        endpoint = serve()
        turns = sent(make(), endpoint, ChatMessage(role=role, content="Be brief."), QUESTION)
        assert endpoint.requests[-1].body["system"][0] == {"text": "Be brief."}
        assert [turn["role"] for turn in turns] == ["user"]

    @pytest.mark.parametrize("role", ["assistant", "model", "chatbot"])
    def test_the_models_turns_are_the_assistants(self, serve: Serve, make: Make, role: str) -> None:
        endpoint = serve()
        turns = sent(make(), endpoint, QUESTION, ChatMessage(role=role, content="Yes?"), QUESTION)
        assert [turn["role"] for turn in turns] == ["user", "assistant", "user"]

    @pytest.mark.parametrize("text", ["", " \n"])
    def test_text_that_says_nothing_is_not_sent(self, serve: Serve, make: Make, text: str) -> None:
        """Bedrock refuses it."""
        endpoint = serve()
        (turn,) = sent(make(), endpoint, of_user(TextBlock(text=text)))
        assert turn["content"] == [{"text": "See."}]

    @pytest.mark.parametrize(
        ("blocks", "content"),
        [
            ([TextBlock(text="Sunny")], [{"text": "Sunny"}]),
            ([ImageBlock(image=PNG)], [{"image": {"format": "png", "source": {"bytes": PNG}}}]),
        ],
        ids=["text", "image"],
    )
    def test_a_tools_result_is_sent(self, serve: Serve, make: Make, blocks: Any, content: Any) -> None:
        endpoint = serve()
        call = ToolCallBlock(tool_call_id="tooluse_1", tool_name="weather", tool_kwargs={"city": "Oslo"})
        result = ChatMessage(role="tool", blocks=blocks, additional_kwargs={"tool_call_id": "tooluse_1"})
        turns = sent(make(), endpoint, QUESTION, ChatMessage(role="assistant", blocks=[call]), result)
        (part,) = turns[-1]["content"]
        assert part["toolResult"]["content"] == content

    @pytest.mark.parametrize("way", ["chat", "stream_chat"])
    def test_a_message_goes_through_json(self, serve: Serve, make: Make, way: str) -> None:
        endpoint = serve(says(*TURN))
        llm = make()
        found = getattr(llm, way)([QUESTION])
        message = (found if way == "chat" else list(found)[-1]).message
        stored = ChatMessage.model_validate_json(message.model_dump_json())
        assert sent(llm, endpoint, QUESTION, stored, RESULT)[1]["content"] == TURN

    @pytest.mark.parametrize("way", ["chat", "stream_chat"])
    def test_a_chat_memory_buffer_keeps_a_turn(self, serve: Serve, make: Make, way: str) -> None:
        endpoint = serve(says(*TURN))
        llm = make()
        memory = ChatMemoryBuffer.from_defaults(llm=llm)
        found = getattr(llm, way)([QUESTION])
        message = (found if way == "chat" else list(found)[-1]).message
        memory.put_messages([QUESTION, message, RESULT])
        assert sent(llm, endpoint, *memory.get())[1]["content"] == TURN

    async def test_a_memory_keeps_a_turn(self, serve: Serve, make: Make) -> None:
        endpoint = serve(says(*TURN))
        llm = make()
        engine = create_async_engine("sqlite+aiosqlite:///:memory:")  # the memory leaves its own one open
        memory = Memory.from_defaults(session_id="conformance", token_limit=10_000, async_engine=engine)
        message = (await llm.achat([QUESTION])).message
        await memory.aput_messages([QUESTION, message, RESULT])
        kept = await memory.aget()
        await engine.dispose()
        turns = sent(llm, endpoint, *kept)
        assert turns[1]["content"] == TURN

    def test_a_chat_store_keeps_a_turn(self, serve: Serve, make: Make) -> None:
        """LlamaIndex's stores write messages as dicts, or as JSON."""
        endpoint = serve(says(*TURN))
        llm = make()
        written = json.dumps(llm.chat([QUESTION]).message.model_dump())
        kept = ChatMessage.model_validate(json.loads(written))
        assert sent(llm, endpoint, QUESTION, kept, RESULT)[1]["content"] == TURN
