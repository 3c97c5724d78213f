"""The two loops that run a flow: one blocks, one awaits."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from ..wire.http import Command, Flow, T


def drive(flow: Flow[T], execute: Callable[[Command], Any]) -> T:
    """Run a flow to its result; ``execute`` carries out its commands."""
    try:
        command = next(flow)
        while True:
            try:
                result = execute(command)
            except Exception as error:  # thrown into the flow, which knows what it means
                command = flow.throw(error)
            else:
                command = flow.send(result)
    except StopIteration as stop:
        return stop.value
    finally:
        flow.close()


async def adrive(flow: Flow[T], execute: Callable[[Command], Awaitable[Any]]) -> T:
    """Run a flow on the event loop. When the task is cancelled the flow is closed, and its stream with it."""
    try:
        command = next(flow)
        while True:
            try:
                result = await execute(command)
            except Exception as error:  # thrown into the flow, which knows what it means
                command = flow.throw(error)
            else:
                command = flow.send(result)
    except StopIteration as stop:
        return stop.value
    finally:
        flow.close()
