"""One HTTP request from its first byte to its last: who asks, what for, what comes back, what goes wrong."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Iterator
from datetime import timedelta
from email.utils import format_datetime
from typing import Any, cast

from aiohttp import web

from .faults import FaultPlan, Taken
from .operations import OPERATIONS, sts
from .problems import FRONT_DOOR, Problem
from .protocol.answers import Answer, Call, StreamAnswer, TextAnswer
from .protocol.authentication import Caller, Signed, authenticate
from .protocol.frames import CONTENT_TYPE, event_frame, exception_frame, json_bytes, paddings
from .protocol.parameters import read_parameters
from .protocol.service_models import Route, find_route, operation_model
from .record import Record, ServedRequest, safe_headers
from .script import Script, scripted_answer
from .state import State
from .trouble import broken_frame, cut_connection

MOST_BYTES = 20 * 1024 * 1024
"""The largest request body: 20 MB, Bedrock's documented limit."""
_LOG = logging.getLogger(__name__)
_DEFAULT_REGION = "us-east-1"


class BedrockServer:
    """Answers Bedrock, control-plane and STS requests from ``state``; the endpoint gives it its sockets."""

    def __init__(
        self, state: State, record: Record, faults: FaultPlan, script: Script | None, event_delay: float
    ) -> None:
        self._state = state
        self._record = record
        self._faults = faults
        self._script = script
        self._event_delay = event_delay
        self.stopping = asyncio.Event()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """aiohttp's handler."""
        path, _, query = request.raw_path.partition("?")
        is_sts = path == "/" and sts.is_sts(request.headers.get("Content-Type", ""))
        found = None if is_sts else find_route(request.method, path)
        operation = found[0].operation if found else ("GetCallerIdentity" if is_sts else "Unknown")
        served = ServedRequest(
            operation,
            _model_label(found),
            request.method,
            path,
            request_id=str(uuid.uuid4()),
            headers=safe_headers(request.headers),
            connection=_client_port(request),
        )
        taken = self._faults.take(operation, served.model_id)
        try:
            return await self._serve(
                request, served, taken, found, Signed(request.method, path, query, request.headers, b"")
            )
        except (asyncio.CancelledError, ConnectionError) as left:
            if served.outcome == "open":
                served.outcome = "client left"
            if isinstance(left, asyncio.CancelledError):
                raise
            return web.Response()  # nobody reads it; an error would be logged as the server's own

    async def _serve(
        self,
        request: web.BaseRequest,
        served: ServedRequest,
        taken: Taken,
        found: tuple[Route, dict[str, str]] | None,
        signed: Signed,
    ) -> web.StreamResponse:
        self._state.skew = timedelta(seconds=taken.skew)
        is_sts = served.operation == "GetCallerIdentity"
        answer: Answer | Problem
        try:
            body = await _read_body(request)
            signed = Signed(signed.method, signed.path, signed.query, signed.headers, body)
            if taken.latency:
                await self._sleep(taken.latency)
            if taken.main and taken.main.kind == "cut" and taken.main.place == "before_first_byte":
                served.outcome = "cut"
                self._record.add(served)
                cut_connection(request, reset=taken.main.reset)
                return web.Response()
            self._state.skew = timedelta(seconds=taken.skew)
            answer = self._answer(served, taken, found, signed)
        except Problem as problem:
            answer = self._refusal(problem, served, is_sts)
        except (asyncio.CancelledError, ConnectionError):
            raise
        except Exception as error:
            # A fault of the endpoint's own is told as one, in the form a client expects of a server.
            _LOG.exception("the local endpoint failed to answer %s", served.operation)
            own = Problem("InternalServerException", f"The local endpoint failed: {type(error).__name__}")
            answer = self._refusal(own, served, is_sts)
        return await self._send(request, served, taken, answer)

    def _refusal(self, problem: Problem, served: ServedRequest, is_sts: bool) -> Answer | Problem:
        served.error, served.status = problem.code, problem.status
        return sts.problem_xml(problem, served.request_id) if is_sts else problem

    def _answer(
        self, served: ServedRequest, taken: Taken, found: tuple[Route, dict[str, str]] | None, signed: Signed
    ) -> Answer:
        state = self._state
        expired = taken.main is not None and taken.main.kind == "expired_token"
        signing_name = "sts" if served.operation == "GetCallerIdentity" else "bedrock"
        caller = authenticate(signed, state.account, signing_name, state.now(), expired=expired)
        served.auth = caller.scheme
        if taken.main and taken.main.kind == "error":
            fault = taken.main
            raise Problem(fault.code, fault.message, fault.status, headers=fault.headers)
        if signing_name == "sts":
            return self._sts(signed, served)
        if found is None:
            raise Problem(
                "UnknownOperationException",
                "The requested operation is not recognized by the service.",
                domain=FRONT_DOOR,
            )
        return self._operate(found, signed, served, caller)

    def _sts(self, signed: Signed, served: ServedRequest) -> Answer:
        action = sts.action_of(signed.body)
        if action != "GetCallerIdentity":
            raise Problem("InvalidAction", f"Could not find operation {action} for version 2011-06-15")
        return sts.get_caller_identity(self._state.account, served.request_id)

    def _operate(
        self, found: tuple[Route, dict[str, str]], signed: Signed, served: ServedRequest, caller: Caller
    ) -> Answer:
        route, labels = found
        handler = OPERATIONS.get((route.service, route.operation))
        if handler is None:
            raise Problem(
                "UnknownOperationException",
                f"The local endpoint does not serve {route.operation}.",
                501,
                domain=FRONT_DOOR,
            )
        model = operation_model(route.service, route.operation)
        served.body = _as_sent(signed.body)
        params = read_parameters(model, labels, signed.query, signed.headers, signed.body)
        served.body = params
        region = caller.region or _DEFAULT_REGION
        call = Call(route.service, route.operation, params, signed.headers, region, served.request_id)
        scripted = self._script.take(call) if self._script else None
        return (
            scripted_answer(scripted, call, self._state)
            if scripted is not None
            else handler(call, self._state)
        )

    async def _send(
        self, request: web.BaseRequest, served: ServedRequest, taken: Taken, answer: Answer | Problem
    ) -> web.StreamResponse:
        headers = {
            "Date": format_datetime(self._state.now(), usegmt=True),
            "Server": "bedrock-unified-local",
            "x-amzn-RequestId": served.request_id,
        }
        if isinstance(answer, StreamAnswer):
            return await self._stream(request, served, taken, answer, headers)
        content_type = "application/json"
        if isinstance(answer, Problem):
            if answer.in_stream:
                frames = StreamAnswer([exception_frame(answer.code, answer.message)])
                served.error = answer.code
                return await self._stream(request, served, taken, frames, headers)
            body, status = json_bytes(answer.body), answer.status
            headers |= {"x-amzn-ErrorType": answer.error_type, **answer.headers}
        elif isinstance(answer, TextAnswer):
            body, status, content_type = answer.body, served.status or 200, answer.content_type
            headers |= answer.headers
        else:
            body, status = json_bytes(answer.members, sort_keys=answer.sort_keys), 200
            headers |= answer.headers
            served.usage = answer.usage
        served.status = status
        response = web.Response(body=body, status=status, headers={**headers, "Content-Type": content_type})
        served.outcome = "complete"
        if taken.main and taken.main.kind == "cut":
            served.outcome = "cut"
            self._record.add(served)
            await response.prepare(request)
            await cast(Any, response)._payload_writer.write(body[: len(body) // 2])
            cut_connection(request, reset=taken.main.reset)
            return response
        self._record.add(served)
        return response

    async def _stream(
        self,
        request: web.BaseRequest,
        served: ServedRequest,
        taken: Taken,
        answer: StreamAnswer,
        headers: dict[str, str],
    ) -> web.StreamResponse:
        served.status, served.usage = 200, answer.usage
        response = web.StreamResponse(headers={**headers, "Content-Type": CONTENT_TYPE, **answer.headers})
        response.enable_chunked_encoding()
        self._record.add(served)
        fault = taken.main if taken.main and taken.main.kind not in {"error", "expired_token"} else None
        await response.prepare(request)
        for frame in _frames(answer, served.request_id):
            if fault and served.frames_sent == fault.after_events:
                ends = fault.kind != "stall"
                if fault.kind == "stall":
                    await self._sleep(fault.seconds)
                    fault = None
                else:
                    await response.write(broken_frame(fault, frame))
                if ends and fault:
                    return await self._finish_broken(
                        request, served, response, fault.kind == "cut", fault.reset
                    )
            await response.write(frame)
            served.frames_sent += 1
            if self._event_delay:
                await self._sleep(self._event_delay)
        served.outcome = "complete"
        await response.write_eof()
        return response

    async def _finish_broken(
        self,
        request: web.BaseRequest,
        served: ServedRequest,
        response: web.StreamResponse,
        cut: bool,
        reset: bool,
    ) -> web.StreamResponse:
        served.outcome = "cut" if cut else "complete"
        if cut:
            cut_connection(request, reset=reset)
        else:
            await response.write_eof()
        return response

    async def _sleep(self, seconds: float | None) -> None:
        """Wait, but not beyond the endpoint's own end; None waits for that."""
        try:
            await asyncio.wait_for(self.stopping.wait(), seconds)
        except TimeoutError:
            return


def _frames(answer: StreamAnswer, seed: str) -> Iterator[bytes]:
    pads = paddings(uuid.UUID(seed).bytes)
    for event in answer.events:
        yield event if isinstance(event, bytes) else event_frame(event.kind, event.payload, next(pads))


async def _read_body(request: web.BaseRequest) -> bytes:
    length = request.content_length
    if length is not None and length > MOST_BYTES:
        raise _too_large()
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise _too_large() from None


def _too_large() -> Problem:
    return Problem("ValidationException", f"The request body exceeds the limit of {MOST_BYTES} bytes.", 413)


def _as_sent(body: bytes) -> Any:
    from bedrock_unified.wire import json_codec

    try:
        return json_codec.loads(body) if body else None
    except ValueError:
        return None


def _model_label(found: tuple[Route, dict[str, str]] | None) -> str | None:
    from urllib.parse import unquote

    label = found[1].get("modelId") if found else None
    return unquote(label) if label is not None else None


def _client_port(request: web.BaseRequest) -> int:
    peer: Any = request.transport.get_extra_info("peername") if request.transport else None
    return int(peer[1]) if peer else 0
