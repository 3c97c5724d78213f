"""One test's cassette, being replayed or being recorded, and what the test needs from it."""

from __future__ import annotations

import itertools
import json
import os
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal, TypeVar

import pytest
from vcr.cassette import Cassette
from vcr.record_mode import RecordMode

from bedrock_unified import BedrockClient
from bedrock_unified.local import LocalBedrock

from . import oracle
from .scrubbing import GUARDRAIL, REGION, Scrubber
from .tape import Label, Source, recorder, request_id

Mode = Literal["none", "rewrite"]
T = TypeVar("T")

GUARDRAIL_VARIABLE = "BEDROCK_CASSETTES_GUARDRAIL"
_KEYS = {
    "aws_access_key_id": LocalBedrock.ACCESS_KEY_ID,
    "aws_secret_access_key": LocalBedrock.SECRET_ACCESS_KEY,
}


@dataclass
class Recording:
    """What a test gets.

    Attributes:
        tape: vcrpy's cassette.
        place: the keywords that say where to connect; none but the region while a cassette is replayed.
        guardrail: the id of the guardrail to name in requests.
        complete: set when the test has passed; nothing is written before.
    """

    tape: Cassette
    source: Source
    place: dict[str, str]
    identity: dict[str, str]
    guardrail: str = GUARDRAIL
    complete: bool = False
    _made: list[Any] = field(default_factory=list[Any])

    @property
    def connection(self) -> dict[str, str]:
        """Keywords for a client or a model: fixed keys, so that the surroundings lend nothing."""
        return {"region_name": REGION, **self.place, **self.identity}

    def make(self, kind: type[T], **given: Any) -> T:
        """A client or model on :attr:`connection`; its connections are closed with the cassette."""
        made = kind(**{**self.connection, **given})
        self._made.append(made)
        return made

    def client(self, **given: Any) -> BedrockClient:
        """A client."""
        return self.make(BedrockClient, **given)

    @property
    def answers(self) -> list[oracle.Answer]:
        """What the cassette holds, as boto3 gives it, in the order of the cassette."""
        return [oracle.read(request, response) for request, response in self.tape.data]

    @property
    def answer(self) -> oracle.Answer:
        """The only answer."""
        (answer,) = self.answers
        return answer

    def check_script(self, replies: Sequence[dict[str, Any]]) -> None:
        """The cassette holds what the endpoint was told to answer, in this order."""
        if not replies:
            return
        assert len(replies) == len(self.tape), "one reply for each request"
        for reply, (request, response) in zip(replies, self.tape.data, strict=True):
            if "frames" in reply:
                assert len(oracle.frames(response)) == len(reply["frames"])
                continue
            answer = oracle.read(request, response)
            if "content" in reply:
                assert oracle.holds(reply["content"], answer.content)
                assert oracle.holds(reply["usage"], answer.usage)
            elif "error" in reply:
                assert answer.error is not None
                assert answer.error["Code"] == reply["error"]["code"]
            else:
                assert json.loads(oracle.body(response)) == reply["body"]

    def close(self) -> None:
        """Close what the test made."""
        for made in self._made:
            (made if isinstance(made, BedrockClient) else made.bedrock).close()


@contextmanager
def replayed(path: Path, label: Label, *, unordered: bool = False) -> Iterator[Recording]:
    """Answer from ``path`` alone."""
    machine = recorder(label, Scrubber(pinned=False), unordered=unordered)
    with machine.use_cassette(str(path), record_mode=RecordMode.NONE) as tape:
        recording = Recording(tape, label.source, {}, _KEYS)
        try:
            yield recording
        finally:
            recording.close()


@contextmanager
def recorded(
    path: Path, label: Label, *, replies: Sequence[dict[str, Any]] = (), unordered: bool = False
) -> Iterator[Recording]:
    """Record a new ``path``, from an endpoint that answers ``replies`` or from AWS with the ambient identity.

    An old cassette stays unless the body of the ``with`` statement ends with :attr:`Recording.complete` set.
    """
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    with ExitStack() as stack:
        guardrail = os.environ.get(GUARDRAIL_VARIABLE, GUARDRAIL) if label.source == "aws" else GUARDRAIL
        place, identity = {}, {}
        if label.source == "local":
            place, identity = stack.enter_context(_endpoint(replies)), _KEYS
        machine = recorder(label, Scrubber(label.source == "local", guardrail), unordered=unordered)
        stack.callback(fresh.unlink, missing_ok=True)
        with machine.use_cassette(str(fresh), record_mode=RecordMode.ALL) as tape:
            recording = Recording(tape, label.source, place, identity, guardrail)
            try:
                yield recording
            finally:
                recording.close()
        if recording.complete:
            fresh.replace(path)


@contextmanager
def _endpoint(replies: Sequence[dict[str, Any]]) -> Iterator[dict[str, str]]:
    """A local endpoint whose request ids count up: the padding of its frames follows from them."""
    from bedrock_unified.local import server

    numbers = itertools.count(1)
    counted = SimpleNamespace(uuid4=lambda: uuid.UUID(request_id(next(numbers))), UUID=uuid.UUID)
    with pytest.MonkeyPatch.context() as patch, LocalBedrock(script=list(replies)) as endpoint:
        patch.setattr(server, "uuid", counted)
        services = ("endpoint_url", "control_endpoint_url", "agent_endpoint_url")
        yield dict.fromkeys(services, endpoint.url)
