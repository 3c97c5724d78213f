"""What an error answer or an exception frame says, before anybody decides what it means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, NamedTuple, cast

from . import json_codec
from .eventstream import Frame
from .http import Response


class Failure(NamedTuple):
    """An error in AWS's own words."""

    code: str
    message: str
    status: int
    headers: Mapping[str, str]

    @property
    def request_id(self) -> str | None:
        """AWS's request id."""
        return self.headers.get("x-amzn-requestid")


class InStreamFailure(Exception):
    """An exception or error frame inside an event stream."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


def failure_of(response: Response) -> Failure:
    """The failure of an error response.

    The kind stands in ``x-amzn-ErrorType`` up to a colon; other front ends (proxies, gateways) put it into
    the body as ``__type`` or ``code``, or nowhere.
    """
    body: Any = None
    try:
        body = json_codec.loads(response.body) if response.body else None
    except ValueError:
        body = None
    fields = cast("dict[str, Any]", body) if isinstance(body, dict) else {}
    code = response.headers.get("x-amzn-errortype") or fields.get("__type") or fields.get("code") or ""
    code = str(code).partition(":")[0].rpartition("#")[2] or str(response.status)
    message = next(
        (fields[name] for name in ("message", "Message", "errorMessage") if fields.get(name)), None
    )
    if message is None:
        message = _plain_text(response) or _reason(response.status)
    return Failure(code, str(message), response.status, response.headers)


def in_stream_failure(frame: Frame) -> InStreamFailure:
    """The failure that an exception or error frame tells of."""
    head, payload = frame
    headers = head.headers
    if head.message_type == "error":
        return InStreamFailure(
            str(headers.get(":error-code", "error")), str(headers.get(":error-message", ""))
        )
    code = str(headers.get(":exception-type", "exception"))
    try:
        body = json_codec.loads(payload)
        message = body.get("message") or body.get("Message") or ""
    except (ValueError, AttributeError):
        message = payload.decode("utf-8", "replace")
    return InStreamFailure(code, str(message))


def server_time(headers: Mapping[str, str]) -> float | None:
    """Unix time of the ``Date`` header, None where it is absent or unreadable."""
    text = headers.get("date")
    if not text:
        return None
    try:
        date = parsedate_to_datetime(text)
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def _plain_text(response: Response) -> str:
    text = response.body[:2000].decode("utf-8", "replace").strip()
    if "html" in response.headers.get("content-type", "") or text.startswith("<"):
        text = " ".join(re.sub(r"<[^>]*>", " ", text).split())
    return text[:300]


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "no message"
