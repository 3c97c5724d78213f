"""A new user's way: a folder of mixed files is indexed, asked, cited, given to an agent, saved and restored,
with a wrong model, a throttled account and a cancelled stream in between."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from llama_index.core import (
    Document,
    SimpleDirectoryReader,
    StorageContext,
    VectorStoreIndex,
    load_index_from_storage,
)
from llama_index.core.agent.workflow import FunctionAgent, ToolCallResult
from llama_index.core.base.llms.types import CitableBlock, CitationBlock, DocumentBlock, TextBlock
from llama_index.core.base.response.schema import StreamingResponse
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.llms import ChatMessage
from llama_index.core.node_parser import MarkdownNodeParser, SentenceSplitter
from llama_index.core.query_engine import CitationQueryEngine
from llama_index.core.readers.base import BaseReader
from llama_index.core.schema import BaseNode
from llama_index.core.tools import QueryEngineTool
from llama_index.core.workflow import Context, JsonSerializer

from bedrock_unified.errors import BedrockError, InvalidRequestError, ThrottlingError
from bedrock_unified.local import Fault

from ..conftest import KEYS
from .rig import Rig

MakeRig = Callable[..., Rig]
REPOSITORY = Path(__file__).parents[3]
ORCHARD = "The orchard behind the mill holds forty pear trees."
CHAPEL = "The chapel bell was cast in Utrecht in 1712."
pytestmark = [
    pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecatedSince20"),
    pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecatedSince211"),
    pytest.mark.filterwarnings("ignore::workflows.context.state_store.UnserializableKeyWarning"),
]


def pdf(text: str) -> bytes:
    """A PDF of one page with one line."""
    content = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    written, offsets = b"%PDF-1.4\n", list[int]()
    for number, body in enumerate(objects, 1):
        offsets.append(len(written))
        written += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    end = b"trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % len(written)
    return written + b"xref\n0 6\n0000000000 65535 f \n" + table + end


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


class Pages(BaseReader):
    """HTML as text."""

    def load_data(self, file: Path, extra_info: dict[str, Any] | None = None) -> list[Document]:  # type: ignore[override]
        parser = _Text()
        parser.feed(file.read_text())
        return [Document(text=" ".join(" ".join(parser.parts).split()), metadata=extra_info or {})]


class AskedOfTheModel(BaseReader):
    """A PDF as the model reads it: LlamaIndex itself needs another package for PDFs."""

    def __init__(self, rig: Rig) -> None:
        self._llm = rig.llm

    def load_data(self, file: Path, extra_info: dict[str, Any] | None = None) -> list[Document]:  # type: ignore[override]
        blocks = [DocumentBlock(path=file), TextBlock(text="What does this document say?")]
        said = self._llm.chat([ChatMessage(role="user", blocks=blocks)]).message.content
        return [Document(text=str(said), metadata=extra_info or {})]


class Reader(SimpleDirectoryReader):
    """LlamaIndex's, without the package of readers that it looks for."""

    supported_suffix_fn = staticmethod(dict)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Markdown, Python, HTML and PDF."""
    place = tmp_path / "folder"
    place.mkdir()
    (place / "README.md").write_text((REPOSITORY / "README.md").read_text())
    (place / "code.py").write_text((REPOSITORY / "llamaindex_bedrock_unified" / "batches.py").read_text())
    (place / "mill.html").write_text(f"<html><title>Mill</title><body><p>{ORCHARD}</p></body></html>")
    (place / "chapel.pdf").write_bytes(pdf(CHAPEL))
    return place


def nodes(rig: Rig, folder: Path) -> list[BaseNode]:
    """The folder's pages, cut up."""
    readers = {".html": Pages(), ".pdf": AskedOfTheModel(rig)}
    pages = Reader(str(folder), file_extractor=readers).load_data()
    assert {page.metadata["file_name"] for page in pages} == {path.name for path in folder.iterdir()}
    steps = [MarkdownNodeParser(), SentenceSplitter(chunk_size=256, chunk_overlap=16), rig.embedding]
    return list(IngestionPipeline(transformations=steps).run(documents=pages))


def files(answer: Any) -> list[str]:
    return [node.metadata["file_name"] for node in answer.source_nodes]


async def test_index_ask_rerank_cite_and_restore(make_rig: MakeRig, folder: Path, tmp_path: Path) -> None:
    rig = make_rig()
    found = nodes(rig, folder)
    assert len(found) > 20
    index = VectorStoreIndex(found, embed_model=rig.embedding)
    asking = index.as_query_engine(llm=rig.llm, similarity_top_k=8, node_postprocessors=[rig.rerank])
    for question, file, said in (
        ("How many pear trees does the orchard behind the mill hold?", "mill.html", "forty"),
        ("Where was the chapel bell cast?", "chapel.pdf", "Utrecht"),
    ):
        answer = asking.query(question)
        assert files(answer)[0] == file and said in str(answer)
        assert files(answer) == files(await asking.aquery(question))
    sentence = (REPOSITORY / "llamaindex_bedrock_unified" / "batches.py").read_text().split('"""')[1]
    assert "code.py" in files(asking.query(sentence))
    assert "README.md" in files(
        asking.query("BedrockClient, LangChain and LlamaIndex: how are they installed?")
    )

    cited = CitationQueryEngine.from_args(index, llm=rig.llm, similarity_top_k=2)
    answer = cited.query("Where was the chapel bell cast?")
    assert "Utrecht" in str(answer) and answer.source_nodes[0].node.get_content().startswith("Source 1:")

    index.storage_context.persist(str(tmp_path / "saved"))
    store = "docstore.json"  # the README itself shows the key
    written = "".join(path.read_text() for path in (tmp_path / "saved").iterdir() if path.name != store)
    assert written and KEYS["aws_secret_access_key"] not in written
    storage = StorageContext.from_defaults(persist_dir=str(tmp_path / "saved"))
    restored = load_index_from_storage(storage, embed_model=rig.embedding)
    again = restored.as_query_engine(llm=rig.llm, similarity_top_k=2).query("Where was the chapel bell cast?")
    assert "Utrecht" in str(again)


async def test_the_model_itself_cites_the_pdf(make_rig: MakeRig, folder: Path) -> None:
    rig = make_rig()
    source = CitableBlock(
        title="chapel",
        source="chapel.pdf",
        content=[DocumentBlock(path=folder / "chapel.pdf", title="chapel")],
    )
    question = ChatMessage(role="user", blocks=[source, TextBlock(text="Where was the chapel bell cast?")])
    answer = rig.llm.chat([question]).message
    (citation,) = [block for block in answer.blocks if isinstance(block, CitationBlock)]
    assert "Utrecht" in str(answer.content) and "Utrecht" in str(citation.cited_content)
    *_, last = rig.llm.stream_chat([question])
    assert last.message.blocks == answer.blocks
    rig.llm.chat([question, last.message, ChatMessage(role="user", content="And when?")])
    assert "citationsContent" in json.dumps(rig.asked[-1]["messages"][1], default=repr)


async def test_an_agent_over_the_folder_whose_context_is_saved_and_restored(
    make_rig: MakeRig, folder: Path
) -> None:
    rig = make_rig()
    index = VectorStoreIndex(nodes(rig, folder), embed_model=rig.embedding)
    engine = index.as_query_engine(llm=rig.llm, similarity_top_k=3)
    tool = QueryEngineTool.from_defaults(engine, name="search", description="Searches the folder's pages.")
    agent = FunctionAgent(tools=[tool], llm=rig.llm)
    context = Context(agent)
    handler = agent.run("Search the pages: where was the chapel bell cast?", ctx=context)
    events = [event async for event in handler.stream_events()]
    assert "Utrecht" in str(await handler)
    assert [event.tool_name for event in events if isinstance(event, ToolCallResult)] == ["search"]
    await context.store.set("seen", ["chapel.pdf"])
    saved = json.dumps(context.to_dict(serializer=JsonSerializer()))
    assert KEYS["aws_secret_access_key"] not in saved
    restored = Context.from_dict(agent, json.loads(saved), serializer=JsonSerializer())
    assert await restored.store.get("seen") == ["chapel.pdf"]
    assert "forty" in str(await agent.run("Search the pages: how many pear trees are there?", ctx=restored))


async def test_a_wrong_model_says_what_is_wrong_and_how_to_go_on(make_rig: MakeRig, folder: Path) -> None:
    rig = make_rig()
    index = VectorStoreIndex(nodes(rig, folder), embed_model=rig.embedding)
    wrong = rig.another(model="us.anthropc.claude-sonnet-4-5-20250929-v1:0")
    assert wrong.metadata.context_window > 0
    with pytest.raises(BedrockError) as caught:
        index.as_query_engine(llm=wrong).query("Where was the bell cast?")
    assert "anthropc" in str(caught.value) and caught.value.hint
    with pytest.raises(InvalidRequestError, match="blank"):
        rig.another(model="claude sonnet")
    assert "Utrecht" in str(index.as_query_engine(llm=rig.llm).query("Where was the chapel bell cast?"))


async def test_a_throttled_account_waits_or_says_so_with_the_way_out(make_rig: MakeRig, folder: Path) -> None:
    rig = make_rig(max_retries=1)
    index = VectorStoreIndex(nodes(rig, folder), embed_model=rig.embedding)
    asking = index.as_query_engine(llm=rig.llm, similarity_top_k=2)
    rig.local.forget()
    rig.local.inject(Fault.throttle(1, retry_after=0, operation="Converse"))
    assert "Utrecht" in str(asking.query("Where was the chapel bell cast?"))
    assert [sent.status for sent in rig.local.requests if sent.operation == "Converse"] == [429, 200]
    rig.local.inject(Fault.throttle(2, retry_after=0, operation="Converse"))
    with pytest.raises(ThrottlingError) as caught:
        await asking.aquery("Where was the chapel bell cast?")
    assert caught.value.is_retryable and caught.value.hint and "us.anthropic.claude" in str(caught.value)
    rig.local.inject(Fault.throttle(1, retry_after=0, operation="Rerank"))
    reranked = index.as_query_engine(llm=rig.llm, node_postprocessors=[rig.rerank])
    assert "Utrecht" in str(await reranked.aquery("Where was the chapel bell cast?"))


async def test_a_stream_that_is_left_is_not_read_to_its_end(make_rig: MakeRig, folder: Path) -> None:
    rig = make_rig(event_delay=0.1)
    index = VectorStoreIndex(nodes(rig, folder), embed_model=rig.embedding)
    asking = index.as_query_engine(llm=rig.llm, streaming=True, similarity_top_k=2)

    streamed = asking.query("Where was the chapel bell cast?")
    assert isinstance(streamed, StreamingResponse) and streamed.response_gen is not None
    assert next(streamed.response_gen)
    streamed.response_gen.close()  # type: ignore[attr-defined]
    del streamed
    await _left(rig, 1)

    async def read() -> None:
        answer: Any = await asking.aquery("Where was the chapel bell cast?")
        async for _ in answer.response_gen:
            reading.set()

    reading = asyncio.Event()
    task = asyncio.create_task(read())
    await asyncio.wait_for(reading.wait(), 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await _left(rig, 2)
    whole: Any = await asking.aquery("Where was the chapel bell cast?")
    assert "Utrecht" in "".join([piece async for piece in whole.response_gen])


async def _left(rig: Rig, times: int) -> None:
    """Wait until the endpoint has seen so many streams left by their client."""
    until = time.monotonic() + 3
    while sum(sent.outcome == "client left" for sent in rig.local.requests) < times:
        assert time.monotonic() < until, [sent.outcome for sent in rig.local.requests]
        await asyncio.sleep(0.02)
