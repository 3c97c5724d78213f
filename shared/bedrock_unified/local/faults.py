"""Faults to inject: what a server, a network or a clock does when it goes wrong."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, cast, get_args

Kind = Literal[
    "error",
    "latency",
    "cut",
    "stall",
    "exception",
    "corrupt_frame",
    "oversized_frame",
    "expired_token",
    "clock_skew",
]
_SLOW_DOWN = "Too many requests, please wait before trying again."
Place = Literal["before_first_byte", "mid_frame", "between_frames"]


@dataclass(frozen=True)
class Fault:
    """One way to fail. Use the constructors below; a JSON script writes the same members.

    Attributes:
        kind: what happens. times: how many requests it happens to; None for every one until it is cleared.
        operation, model: only requests of this operation, of this model id as sent. seconds: how long
        (latency, stall; None = for ever) or how far (clock skew; positive = the server is ahead).
        after_events: frames of a stream that go out whole first.
        place: where a connection is cut.
        reset: cut with a TCP reset instead of an orderly end.
        code, message, status, headers: the error answered.
    """

    kind: Kind
    times: int | None = 1
    operation: str | None = None
    model: str | None = None
    seconds: float | None = None
    after_events: int = 0
    place: Place = "between_frames"
    reset: bool = False
    code: str = ""
    message: str = ""
    status: int | None = None
    headers: Mapping[str, str] | None = None

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ValueError(f"unknown fault {self.kind!r}: one of {', '.join(get_args(Kind))}")
        if self.place not in get_args(Place):
            raise ValueError(f"unknown place {self.place!r}: one of {', '.join(get_args(Place))}")
        if self.kind in {"latency", "clock_skew"} and self.seconds is None:
            raise ValueError(f"a fault of kind {self.kind!r} needs seconds")

    @classmethod
    def throttle(cls, times: int | None = 1, *, retry_after: float | None = None, **only: Any) -> Fault:
        """HTTP 429 for the next ``times`` requests."""
        headers = {"Retry-After": f"{retry_after:g}"} if retry_after is not None else None
        return cls("error", times, code="ThrottlingException", message=_SLOW_DOWN, headers=headers, **only)

    @classmethod
    def error(
        cls, code: str, message: str, *, status: int | None = None, times: int | None = 1, **only: Any
    ) -> Fault:
        """Any error AWS may answer, before the body is looked at; ``status`` defaults to the code's own."""
        return cls("error", times, code=code, message=message, status=status, **only)

    @classmethod
    def latency(cls, seconds: float, *, times: int | None = None, **only: Any) -> Fault:
        """Wait ``seconds`` before the first byte of the answer."""
        return cls("latency", times, seconds=seconds, **only)

    @classmethod
    def cut(
        cls,
        place: Place = "between_frames",
        *,
        after_events: int = 0,
        times: int | None = 1,
        reset: bool = False,
        **only: Any,
    ) -> Fault:
        """Close the connection before the first byte, inside a frame, or after ``after_events`` whole frames.

        A unary answer is cut before its first byte or in the middle of its body.
        """
        return cls("cut", times, place=place, after_events=after_events, reset=reset, **only)

    @classmethod
    def stall(
        cls, *, after_events: int = 0, seconds: float | None = None, times: int | None = 1, **only: Any
    ) -> Fault:
        """Send ``after_events`` frames, then nothing for ``seconds`` (None: until the client leaves)."""
        return cls("stall", times, after_events=after_events, seconds=seconds, **only)

    @classmethod
    def exception(
        cls,
        code: str = "throttlingException",
        message: str = _SLOW_DOWN,
        *,
        after_events: int = 0,
        times: int | None = 1,
        **only: Any,
    ) -> Fault:
        """An exception frame after ``after_events`` frames, then the end of the stream."""
        return cls("exception", times, code=code, message=message, after_events=after_events, **only)

    @classmethod
    def corrupt_frame(cls, *, after_events: int = 0, times: int | None = 1, **only: Any) -> Fault:
        """One bit of the frame after ``after_events`` is flipped, so that its checksum fails."""
        return cls("corrupt_frame", times, after_events=after_events, **only)

    @classmethod
    def oversized_frame(cls, *, after_events: int = 0, times: int | None = 1, **only: Any) -> Fault:
        """A prelude, its checksum right, that promises a frame of 512 MiB."""
        return cls("oversized_frame", times, after_events=after_events, **only)

    @classmethod
    def expired_token(cls, times: int | None = 1, **only: Any) -> Fault:
        """403 ExpiredTokenException for credentials that are otherwise right."""
        return cls("expired_token", times, **only)

    @classmethod
    def clock_skew(cls, seconds: float, *, times: int | None = None, **only: Any) -> Fault:
        """The server's clock is ``seconds`` ahead: its ``Date`` says so and signatures are judged by it."""
        return cls("clock_skew", times, seconds=seconds, **only)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Fault:
        """From a script's object; unknown members are a ValueError. ``{"throttle": 2}`` is short for
        throttling.
        """
        if "throttle" in data:
            rest = {key: value for key, value in data.items() if key != "throttle"}
            return cls.throttle(cast("int", data["throttle"]), **rest)
        unknown = set(data) - {field.name for field in fields(cls)}
        if unknown:
            raise ValueError(f"unknown member of a fault: {', '.join(sorted(unknown))}")
        members: dict[str, Any] = {"times": _DEFAULT_TIMES.get(str(data.get("kind")), 1), **data}
        return cls(**members)


_DEFAULT_TIMES: dict[str, int | None] = {"latency": None, "clock_skew": None}


@dataclass(frozen=True)
class Taken:
    """The faults that one request meets: how long it waits, how skewed the clock is, and what fails, if
    anything.
    """

    latency: float = 0.0
    skew: float = 0.0
    main: Fault | None = None


class FaultPlan:
    """The faults still to come, shared by the threads that inject and the one that serves."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[list[Any]] = []

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._waiting.append([fault, fault.times])

    def clear(self) -> None:
        with self._lock:
            self._waiting.clear()

    def take(self, operation: str, model: str | None) -> Taken:
        """What the next request of ``operation`` meets: every latency and skew, and the first other fault."""
        latency = skew = 0.0
        main: Fault | None = None
        with self._lock:
            for entry in list(self._waiting):
                fault: Fault = entry[0]
                if fault.operation not in {None, operation} or fault.model not in {None, model}:
                    continue
                if fault.kind == "latency":
                    latency += fault.seconds or 0.0
                elif fault.kind == "clock_skew":
                    skew += fault.seconds or 0.0
                elif main is None:
                    main = fault
                else:
                    continue
                if entry[1] is not None:
                    entry[1] -= 1
                    if entry[1] <= 0:
                        self._waiting.remove(entry)
        return Taken(latency, skew, main)
