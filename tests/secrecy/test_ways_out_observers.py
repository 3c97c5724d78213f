"""Nobody who watches a call is told a secret: tracers, events, spans, callbacks, observers, cassettes."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import vcr
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import HumanMessage
from langchain_core.tracers.base import BaseTracer
from llama_index.core.callbacks import CallbackManager, LlamaDebugHandler
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.span import SimpleSpan
from llama_index.core.instrumentation.span_handlers import BaseSpanHandler
from llama_index.core.llms import ChatMessage
from llama_index.core.schema import NodeWithScore, TextNode
from llama_index_instrumentation import get_dispatcher

from bedrock_unified import BedrockClient, BedrockError
from langchain_bedrock_unified import BedrockEmbeddings, ChatBedrock
from langchain_bedrock_unified import BedrockRerank as LangChainRerank
from llamaindex_bedrock_unified import BedrockConverse, BedrockEmbedding, BedrockRerank

from ..cassette.scrubbing import Scrubber
from ..cassette.tape import Label, recorder
from ..core.server import ASK, Received, Server, as_bedrock, reply
from ..traffic.conftest import no_settings_of_this_machine as no_settings_of_this_machine
from .known import canary
from .showing import no_secret

NOVA, TITAN, COHERE = "us.amazon.nova-lite-v1:0", "amazon.titan-embed-text-v2:0", "cohere.rerank-v3-5:0"
API_KEY, KEY, TOKEN = (canary(name) for name in ("api-key", "secret-key", "session-token"))
ID = "AKIAOBSERVED00000000"  # which a signature shows
PAIR = {"aws_access_key_id": ID, "aws_secret_access_key": KEY, "aws_session_token": TOKEN}
SIGNERS = pytest.mark.parametrize("signer", [{"api_key": API_KEY}, PAIR], ids=["bearer", "keys"])
PER_CALL = pytest.mark.parametrize(
    "call", [{}, {"api_key": canary("per-call")}, PAIR], ids=["", "key", "keys"]
)


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(_answer) as running:
        yield running


def _answer(request: Received) -> bytes:
    if "refuse" in request.body.decode():
        return reply({"message": f"no: {request.headers}"}, 403, x_amzn_ErrorType="InvalidSignatureException")
    if b'"documents"' in request.body:
        return reply({"results": [{"index": 0, "relevance_score": 0.5}]})
    return as_bedrock(request)


def connection(server: Server, signer: dict[str, Any]) -> dict[str, Any]:
    return {"endpoint_url": server.url, "region_name": "us-east-1", "max_retries": 0, **signer}


class Tracer(BaseTracer):
    """Keeps each run as LangSmith would be sent it."""

    def __init__(self) -> None:
        super().__init__()
        self.runs: list[str] = []

    def _persist_run(self, run: Any) -> None:
        self.runs.append(f"{run!r} {run.model_dump() if hasattr(run, 'model_dump') else run.dict()}")


class Callbacks(BaseCallbackHandler):
    """Keeps whatever it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def _keep(self, *args: Any, **more: Any) -> None:
        self.told.append(f"{args!r} {more!r}")

    on_llm_start = on_chat_model_start = on_llm_new_token = on_llm_end = on_llm_error = _keep
    on_chain_start = on_chain_end = on_chain_error = on_retry = on_custom_event = _keep


@SIGNERS
@PER_CALL
@pytest.mark.parametrize("text", ["Hello?", "refuse"])
async def test_langchains_tracers_and_callbacks(
    server: Server, signer: dict[str, Any], call: dict[str, Any], text: str
) -> None:
    model = ChatBedrock(model=NOVA, **connection(server, signer))
    tracer, callbacks = Tracer(), Callbacks()
    config: Any = {"callbacks": [tracer, callbacks], "metadata": {"a": 1}, "tags": ["t"]}
    ways = (
        lambda: model.invoke(text, config, **call),
        lambda: list(model.stream(text, config, **call)),
        lambda: model.bind(**call).batch([text], config),
        lambda: model.with_retry(stop_after_attempt=1).invoke(text, config, **call),
    )
    for way in ways:
        _tried(way)
    events: list[Any] = []
    try:
        async for event in model.astream_events(text, config, version="v2", **call):
            events.append(event)  # noqa: PERF401 - what came before an error is looked at, too
    except BedrockError as error:
        events.append(error)
    assert len(tracer.runs) >= 5 and callbacks.told and events
    no_secret(
        runs="\n".join(tracer.runs),
        callbacks="\n".join(callbacks.told),
        events=repr(events),
        langsmith=repr(model._get_ls_params(stop=["x"], **call)),
        identifying=f"{model._identifying_params} {model.lc_attributes} {model.lc_secrets}",
        invocation=repr(model._get_invocation_params(stop=["x"], **call)),
        cache=model._get_llm_string(stop=["x"], **call),
    )
    await model.bedrock.aclose()


def _tried(way: Any) -> None:
    try:
        way()
    except BedrockError:
        return  # what it tells is looked at by those who watch


class Events(BaseEventHandler):
    """Keeps each event as it is written down."""

    told: list[str] = []  # noqa: RUF012 - pydantic copies it

    def handle(self, event: Any, **_: Any) -> None:
        self.told.append(f"{event!r} {event.model_dump()}")
        if not hasattr(event, "exception"):
            self.told.append(event.model_dump_json(fallback=repr))


class Spans(BaseSpanHandler[SimpleSpan]):
    """Keeps what a span is begun and ended with."""

    told: list[str] = []  # noqa: RUF012

    def new_span(self, id_: str, bound_args: Any, instance: Any = None, *args: Any, **more: Any) -> Any:
        self.told.append(f"{instance!r} {instance} {more!r}")
        return SimpleSpan(id_=id_)

    def prepare_to_exit_span(
        self, id_: str, bound_args: Any, instance: Any = None, result: Any = None, **_: Any
    ) -> Any:
        self.told.append(f"{result!r}")

    def prepare_to_drop_span(
        self, id_: str, bound_args: Any, instance: Any = None, err: Any = None, **_: Any
    ) -> Any:
        self.told.append(f"{err!r} {err}")


@pytest.fixture
def watching() -> Iterator[tuple[Events, Spans]]:
    """Handlers of events and spans on the root dispatcher."""
    root = get_dispatcher("root")
    events, spans = Events(), Spans()
    root.add_event_handler(events)
    root.add_span_handler(spans)
    yield events, spans
    root.event_handlers.remove(events)
    root.span_handlers.remove(spans)


@SIGNERS
@pytest.mark.parametrize("text", ["Hello?", "refuse"])
async def test_llamaindexs_events_spans_and_callbacks(
    server: Server, signer: dict[str, Any], text: str, watching: tuple[Events, Spans]
) -> None:
    debug = LlamaDebugHandler(print_trace_on_end=False)
    manager = CallbackManager([debug])
    llm = BedrockConverse(model=NOVA, callback_manager=manager, **connection(server, signer))
    vectors = BedrockEmbedding(model_name=TITAN, callback_manager=manager, **connection(server, signer))
    rerank = BedrockRerank(model_id=COHERE, callback_manager=manager, **connection(server, signer))
    nodes = [NodeWithScore(node=TextNode(text=text))]
    _tried(lambda: llm.chat([ChatMessage(content=text)]))
    _tried(lambda: list(llm.stream_chat([ChatMessage(content=text)])))
    _tried(lambda: llm.complete(text))
    _tried(lambda: vectors.get_text_embedding(text))
    _tried(lambda: rerank.postprocess_nodes(nodes, query_str=text))
    try:
        await llm.achat([ChatMessage(content=text)])
    except BedrockError as error:
        no_secret(error=repr(error))
    events, spans = watching
    assert events.told and spans.told
    payloads = [f"{pair}" for pair in debug.get_event_pairs()]
    no_secret(events="\n".join(events.told), spans="\n".join(spans.told), callbacks="\n".join(payloads))
    for made in (llm, vectors, rerank):
        await made.bedrock.aclose()


@SIGNERS
@pytest.mark.parametrize("text", ["Hello?", "refuse"])
async def test_the_clients_observers(server: Server, signer: dict[str, Any], text: str) -> None:
    told: list[str] = []
    request = {**ASK, "messages": [{"role": "user", "content": [{"text": text}]}]}
    async with BedrockClient(**connection(server, signer)) as client:
        client.observe(lambda record: told.append(f"{record!r} {record.error}"))
        _tried(lambda: client.converse(**request))
        _tried(lambda: list(client.converse_stream(**request)))
        _tried(lambda: client.embed([text]))
        no_secret(client=f"{client!r} {vars(client)!r}")
    assert len(told) == 3
    no_secret(records="\n".join(told))


@SIGNERS
def test_an_observer_that_fails_is_logged_without_them(server: Server, signer: dict[str, Any]) -> None:
    with BedrockClient(**connection(server, signer)) as client:
        client.observe(lambda record: json.loads("no"))
        client.converse(**ASK)  # the log is searched by the watch


@SIGNERS
def test_logs_of_everybody_at_debug(
    server: Server, signer: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """Also botocore's and the root's, of a whole call by the core's own transports."""
    caplog.set_level(logging.DEBUG)
    chat = ChatBedrock(model=NOVA, **connection(server, signer))
    chat.invoke([HumanMessage("Hello?")])
    BedrockEmbeddings(client=chat.bedrock, model_id=TITAN).embed_query("x")
    LangChainRerank(client=chat.bedrock, model_id=COHERE).compress_documents([], "x")
    chat.bedrock.close()
    assert "urllib3" in {record.name.partition(".")[0] for record in caplog.records}
    no_secret(logs=caplog.text, records=repr([vars(record) for record in caplog.records]))


@SIGNERS
def test_a_cassette_that_is_recorded(server: Server, signer: dict[str, Any], tmp_path: Path) -> None:
    label = Label("local", ("BedrockClient.converse",))
    path = tmp_path / "it.yaml"
    with (
        recorder(label, Scrubber(pinned=True)).use_cassette(
            str(path), record_mode=vcr.record_mode.RecordMode.ALL
        ),
        BedrockClient(**connection(server, signer)) as client,
    ):
        client.converse(**ASK)
        _tried(lambda: list(client.converse_stream(**ASK)))
    written = path.read_text()
    assert "Hello?" in written
    no_secret(cassette=written)
