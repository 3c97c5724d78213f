"""The secrets that the suite uses, in every form in which they could come out.

Those of :func:`canary` are told by their beginning and end alone, so that any number of them costs as much to
look for as one. The others stand here once.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from secrets import token_hex
from typing import NamedTuple
from urllib.parse import quote

#: How every canary begins and ends: also a part that was cut off is known by one of them.
STEM, TAIL = "canary0Zq7x", "w5kJ1perch"
_canaries: set[str] = set()

#: Secrets that tests of this repository write out, behind what they are.
FIXED = {
    "the secret key of AWS's documentation": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "the local endpoint's API key": "bedrock-local-api-key",
    "a session token": "the-session-token",
    "a session token like AWS's": "FwoGZXIvYXdzEXAMPLETOKEN==",
    "the beginning of a session token": "FwoGZXIv",
    "a session token of STS": "IQoJb3JpZ2luX2VjEXAMPLE",
    "a session token of a profile": "dev-token",
    "a session token of the environment": "ambient-token",
    "a session token of an argument": "explicit-token",
    "a session token of a model": "token-of-the-model",
    "a session token of a container": "container-token-1",
    "a session token of an .env file": "dot-token",
    "an SSO token": "the-sso-token",
    "an API key": "ABSKQmVkcm9ja0FQSUtleUV4YW1wbGU=",
    "an API key of a stream": "ABSKsecretkey",
    "an API key of the command": "ABSK-a-very-secret-key",
    "an API key of a store": "ABSK-secret",
    "an API key of a call": "bedrock-api-key-of-this-call",
    "an API key of a session": "bedrock-api-key-secret",
    "a bearer key": "the-bearer-token",
    "a bearer key of the chain": "bearer-secret",
    "a secret key of the fakes": "hush-hush-secret",
    "a secret key of a file": "very-secret",
    "a secret key of an .env file": "dot-secret",
    "a secret key of a JSON object": "blob-secret",
    "a secret key of a container": "container-secret",
    "a secret key of an argument": "an-explicit-secret",
    "somebody's key of another provider": "sk-of-somebody",
    "a key that is shown letter by letter": "v-e-r-y",
    "a password in an address": "hunter2",
    "another password in an address": "s3cret",
    "a short secret": "hush",
}
_LONG_ENOUGH = 9  # of a shorter one, what is the same in base64 wherever it stands is no mark of it


class Needle(NamedTuple):
    """One form of one secret.

    Attributes:
        what: which secret it is, without the secret.
        form: how it is written: ``plain``, ``base64``, …
    """

    what: str
    form: str
    text: str
    data: bytes


def canary(name: str, *, odd: bool = False) -> str:
    """A fresh secret that is recognised wherever it comes out.

    Args:
        name: what a report calls it; letters, digits and ``-``.
        odd: with characters that an address, JSON or a shell would write in another way.
    """
    middle = '/+=%@:"\\' if odd else ""
    made = f"{STEM}-{name}-{token_hex(4)}{middle}{TAIL}"
    _canaries.add(made)
    return made


def without_canaries(text: str) -> str:
    """The text with each canary masked."""
    for made in _canaries:
        text = text.replace(made, "…")
    return text


def forms(secret: str) -> Iterator[tuple[str, str]]:
    """The forms of a secret: what it is called, and what it looks like."""
    yield "plain", secret
    yield "percent-encoded", quote(secret, safe="")
    yield "percent-encoded", quote(secret)
    yield "percent-encoded", _lower_escapes(quote(secret, safe=""))
    yield "JSON", json.dumps(secret)[1:-1]
    yield "JSON", json.dumps(secret)[1:-1].replace("/", "\\/")
    yield "a Python text", repr(secret)[1:-1]
    if len(secret) < _LONG_ENOUGH:
        return
    raw = secret.encode()
    yield "reversed", secret[::-1]
    yield "hexadecimal", raw.hex()
    for before in range(3):  # where the secret begins within a group of three bytes
        encoded = base64.b64encode(b"\0" * before + raw).decode()
        # The first characters mix with what stands before, the last ones with what follows.
        core = encoded[(0, 2, 3)[before] : (len(raw) + before) * 8 // 6]
        yield "base64", core
        yield "base64", core.replace("+", "-").replace("/", "_")


def needles(secrets: Iterable[tuple[str, str]]) -> tuple[Needle, ...]:
    """What to look for, each once; ``secrets`` are pairs of what it is and the secret."""
    found: dict[str, Needle] = {}
    for what, secret in secrets:
        for form, text in forms(secret):
            found.setdefault(text, Needle(what, form, text, text.encode()))
    return tuple(found.values())


def all_needles() -> tuple[Needle, ...]:
    """Those of the whole suite."""
    from bedrock_unified.local import LocalBedrock

    local = {
        "the local endpoint's secret key": LocalBedrock.SECRET_ACCESS_KEY,
        "the local endpoint's session token": LocalBedrock.SESSION_TOKEN,
        "the local endpoint's API key": LocalBedrock.API_KEY,
    }
    canaries = (("a canary", STEM), ("a canary", TAIL), ("a canary", STEM.lower()))
    return needles((*local.items(), *FIXED.items(), *canaries))


def _lower_escapes(text: str) -> str:
    """Percent signs with small letters behind them."""
    parts = text.split("%")
    return parts[0] + "".join(f"%{part[:2].lower()}{part[2:]}" for part in parts[1:])
