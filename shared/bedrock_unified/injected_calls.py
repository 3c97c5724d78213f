"""Calls on a boto3 client that the caller handed in: its answers, our errors. Loaded only with one."""

# pyright: reportMissingTypeStubs=false
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .botocores import named
from .converse.events import EventParser, GivenChunks, GivenEvents
from .errors import BedrockError, ConfigurationError, InvalidRequestError
from .failures import ErrorMaker
from .flow import Opened
from .transport.injected import AsyncInjectedStream, InjectedStream, InjectedTransport
from .wire import operations as op
from .wire.failure import Failure, InStreamFailure
from .wire.http import FailureKind, Flow, Read, Response, TransportError
from .wire.operations import Operation, encode, model_of

#: The member without which an answer is none.
_ANSWERED = {
    op.CONVERSE.name: "output",
    op.COUNT_TOKENS.name: "inputTokens",
    op.LIST_FOUNDATION_MODELS.name: "modelSummaries",
    op.LIST_INFERENCE_PROFILES.name: "inferenceProfileSummaries",
}

#: The botocore whose service models this package was written to.
KNOWN_BY = "1.44.5"


def injected_flow(
    transport: InjectedTransport, operation: Operation, members: Mapping[str, Any], errors: ErrorMaker
) -> Flow[dict[str, Any]]:
    """A call on the caller's boto3 client, with our errors."""
    from botocore.exceptions import BotoCoreError, ClientError

    model_id = model_of(members)
    if operation.raw_body:  # boto3 takes bytes alone; text and values to write as JSON are ours
        members = {**members, "body": encode(operation, members).body}
    try:
        answer = yield from transport.call(operation, members)
    except TransportError as error:
        if error.kind is FailureKind.CORRUPT:
            raise errors.unreadable(error.detail, operation, model_id, 200) from error
        raise errors.unanswered(error, operation, model_id) from error
    except BedrockError:
        raise  # of a client that calls by ours
    except ClientError as error:
        raise errors.answered(_failure(error), operation, model_id) from error
    except BotoCoreError as error:
        kind, hint = _refusal(error)
        about = {"operation": operation.name, "model_id": model_id, "hint": hint}
        raise errors.make(kind, str(error), like=named(error), **about) from error
    # boto3 gives a body that is no JSON as an answer without members.
    if (member := _ANSWERED.get(operation.name)) and member not in answer:
        status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 200)
        raise errors.unreadable(f"it has no {member}", operation, model_id, status)
    return answer


def _refusal(error: Exception) -> tuple[type[BedrockError], str | None]:
    """What it means that boto3 made no call: a request it refuses, nobody to sign as, or its settings."""
    from botocore import exceptions as boto

    if isinstance(error, boto.ParamValidationError):
        return InvalidRequestError, _older(str(error))
    unsigned = (
        boto.NoCredentialsError,
        boto.PartialCredentialsError,
        boto.CredentialRetrievalError,
        boto.TokenRetrievalError,
        boto.SSOError,
    )
    if isinstance(error, unsigned):
        from .hints import explain_missing_credentials

        return explain_missing_credentials(error)
    return ConfigurationError, "the boto3 client given as client= cannot make this call"


def _older(message: str) -> str | None:
    """The way out where botocore's service model is older than what was sent; None for other findings."""
    if "Unknown parameter in" not in message:
        return None
    from botocore import __version__ as installed

    return (
        f"the installed botocore {installed} knows no such member; if it is spelled right, it "
        f"takes {KNOWN_BY} or newer (pip install -U boto3), or no client=: our own do not ask botocore"
    )


def injected_stream_flow(
    transport: InjectedTransport,
    operation: Operation,
    members: Mapping[str, Any],
    errors: ErrorMaker,
    *,
    asynchronous: bool,
) -> Flow[Opened]:
    """A streaming call on the caller's boto3 client, read up to its first event as our own transports do."""
    answer = yield from injected_flow(transport, operation, members, errors)
    events = answer["stream" if operation is op.CONVERSE_STREAM else "body"]
    stream = AsyncInjectedStream(events, transport.executor) if asynchronous else InjectedStream(events)
    about: Mapping[str, Any] = answer.get("ResponseMetadata") or {}
    headers = _headers(about)
    parser: EventParser = GivenEvents() if operation is op.CONVERSE_STREAM else GivenChunks()
    response = Response(about.get("HTTPStatusCode", 200), headers, b"")
    first = yield from _first_event(stream, operation, members.get("modelId"), errors, headers)
    read = parser.feed(first) if first else []
    return Opened(response, stream, parser, read, about.get("RetryAttempts", 0))


def _first_event(
    stream: InjectedStream | AsyncInjectedStream,
    operation: Operation,
    model_id: str | None,
    errors: ErrorMaker,
    headers: Mapping[str, str],
) -> Flow[Any]:
    """The first event, ``b""`` of a stream without any."""
    try:
        return (yield Read(stream))
    except InStreamFailure as failure:
        stream.close()
        raise errors.answered(errors.in_stream(failure, headers), operation, model_id) from failure
    except TransportError as failure:
        stream.close()
        request_id = headers.get("x-amzn-requestid")
        raise errors.unanswered(failure, operation, model_id, request_id=request_id) from failure
    except BaseException:  # the waiting was cancelled, too
        stream.close()
        raise


def _failure(error: Any) -> Failure:
    told = error.response.get("Error", {})
    about = error.response.get("ResponseMetadata", {})
    headers = _headers(about)
    return Failure(
        str(told.get("Code", "")), str(told.get("Message", "")), about.get("HTTPStatusCode", 0), headers
    )


def _headers(about: Mapping[str, Any]) -> dict[str, str]:
    """The response headers that a ``ResponseMetadata`` tells of, with the request id among them."""
    told: Mapping[object, object] = about.get("HTTPHeaders") or {}
    headers = {str(name).lower(): str(value) for name, value in told.items()}
    if about.get("RequestId"):
        headers.setdefault("x-amzn-requestid", str(about["RequestId"]))
    return headers
