"""A search for what must not stand in a cassette: credentials, signatures, accounts, machines, people.

It reads the text of a file, and what is inside its binary bodies: the payloads of event-stream frames, and
the base64 of ``chunk`` events.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from bedrock_unified.wire.eventstream import FrameDecoder, FrameError

from .scrubbing import ACCOUNT, AGENT_HOST, CONTROL_HOST, RUNTIME_HOST

_DOCUMENTED_KEYS = {"AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE"}
_DOCUMENTED_ACCOUNTS = {ACCOUNT, "111122223333", "444455556666"}
#: ``internal.amazon.com`` is part of every ``x-amzn-ErrorType`` that AWS sends.
#: The bucket is the one of AWS's documentation.
_HOSTS = {RUNTIME_HOST, CONTROL_HOST, AGENT_HOST, "internal.amazon.com", "json-schema.org"}
_HOSTS |= {"amzn-s3-demo-bucket"}
_UUID = re.compile(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b")
_ROOTS = "home|Users|root|tmp|work|workspace|builds|var|private|opt|mnt|srv|usr|etc"

_PATTERNS = {
    "access key": r"\b(?:AKIA|ASIA|ABIA|ACCA|AROA|AIDA|AGPA)[A-Z0-9]{16}\b",
    "secret key": r"(?<![A-Za-z0-9/+=])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])",
    "session token": r"(?i:x-amz-security-token|aws_?session_?token)|"
    r"\b(?:IQoJb3JpZ2lu|FwoGZXIvYXdz|FQoGZXIvYXdz)",
    "bearer key": r"(?i:\bbearer\s+\S)|bedrock-(?:local-)?api-key|\bABSK[A-Za-z0-9+/=]{16,}",
    "authorization": r"(?i:\bauthorization\b)|AWS4-HMAC-SHA256|(?i:x-amz-(?:credential|signature|date)\b)",
    "signature": r"\b[0-9a-f]{64}\b",
    "cookie": r"(?i:\b(?:set-)?cookie\b\s*[:=])",
    "account number": r"(?<![0-9.])[0-9]{12}(?![0-9])",
    "host": r"\b(?:[0-9]{1,3}\.){3}[0-9]{1,3}\b|\blocalhost\b|\bip-[0-9]{1,3}-[0-9]{1,3}-|"
    r"\b[a-z0-9-]+\.(?:local|internal|lan|corp|intra|home\.arpa)\b(?!\.)",
    "path": rf"(?<![A-Za-z0-9+/])/(?:{_ROOTS})/|\b[A-Z]:\\|\bfile://|~/",
    "e-mail": r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+",
}
_COMPILED = {kind: re.compile(pattern) for kind, pattern in _PATTERNS.items()}
_BASE64 = re.compile(r'"(?:bytes|body)"\s*:\s*"([A-Za-z0-9+/=]+)"')
_URL = re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s\"'<>\\]+")


def in_file(path: Path) -> list[str]:
    """Each leak in the file, as ``kind: what``."""
    text = path.read_text(encoding="utf-8")
    found = in_text(_without_binary(text))
    if path.suffix == ".yaml":
        for data in _binaries(yaml.load(text, Loader=yaml.CSafeLoader)):
            found += in_body(data)
    return found


def in_body(data: bytes) -> list[str]:
    """Leaks in a body: event-stream frames, JSON or text."""
    try:
        decoder = FrameDecoder()
        frames = decoder.feed(data)
        if decoder.error is not None or not decoder.is_idle or not frames:
            raise FrameError("not an event stream")
    except FrameError:
        return in_text(data.decode("utf-8", "replace"))
    found: list[str] = []
    for head, payload in frames:
        found += in_text(json.dumps(dict(head.headers), default=str))
        found += in_text(_without_padding(payload))
    return found


def in_text(text: str) -> list[str]:
    """Leaks in plain text."""
    text = _UUID.sub("", text)
    found: list[str] = []
    for kind, pattern in _COMPILED.items():
        hits = {match.group() for match in pattern.finditer(text)}
        if kind == "access key":
            hits -= _DOCUMENTED_KEYS
        elif kind == "secret key":  # names and numbers of this length are not random
            hits = {hit for hit in hits if all(re.search(part, hit) for part in ("[a-z]", "[A-Z]", "[0-9]"))}
        elif kind == "account number":
            hits -= _DOCUMENTED_ACCOUNTS
        found += [f"{kind}: {hit}" for hit in sorted(hits)]
    for carried in _carried(text):
        found += in_text(carried)
    hosts = {urlsplit(match.group()).hostname or match.group() for match in _URL.finditer(text)}
    return found + [f"host: {host}" for host in sorted(hosts - _HOSTS)]


def _binaries(value: Any) -> Iterator[bytes]:
    if isinstance(value, bytes):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _binaries(each)
    elif isinstance(value, list):
        for each in value:
            yield from _binaries(each)


def _without_binary(text: str) -> str:
    """YAML without the base64 of its binaries, which is searched decoded."""
    return re.sub(r"!!binary \|\n(?: +[A-Za-z0-9+/=]+\n)+", "\n", text)


def _without_padding(payload: bytes) -> str:
    """A payload without ``p``, whose alphabet looks like a key."""
    return re.sub(r'"p":"[A-Za-z0-9]*"', "", payload.decode("utf-8", "replace"))


def _carried(text: str) -> Iterator[str]:
    """What JSON carries as base64: raw chunks, images, the body that CountTokens counts."""
    for match in _BASE64.finditer(text):
        try:
            yield base64.b64decode(match.group(1)).decode("utf-8", "replace")
        except binascii.Error:
            continue  # not base64 after all, and searched as the text that it is
