"""A client's live half: what it resolved and opened, rebuilt whenever it is missing."""

from __future__ import annotations

import os
from collections.abc import Awaitable
from threading import Lock
from typing import TYPE_CHECKING
from weakref import WeakSet

from .credentials import Signer, signer_of
from .cross_region import Reach
from .models.learned import Learned
from .observing import Observer
from .place import Place, Places
from .remembered import Remembered
from .settings import ConnectionSettings
from .wire.http import Flow, T
from .wire.operations import AGENT, CONTROL, RUNTIME, Operation

if TYPE_CHECKING:
    from .models.merging import Listing
    from .transport.injected import InjectedTransport


class Connection:
    """Settings, and the places and transports made from them at the first call."""

    def __init__(self, settings: ConnectionSettings) -> None:
        self.settings = settings
        self._lock = Lock()
        self._places: Places | None = None
        #: Another one in a forked child, where what was resolved is resolved anew.
        self.life = object()
        self._injected: dict[str, InjectedTransport] = {}
        self.observers: list[Observer] = []
        #: What models refused, for all views of the client.
        self.learned = Learned()
        #: How models are reached, and which there are.
        self.reach = Reach(settings.cross_region)
        self.listed: Remembered[Listing] = Remembered()
        given = (
            (RUNTIME, settings.client),
            (CONTROL, settings.control_client),
            (AGENT, settings.agent_client),
        )
        for service, client in given:
            if client is not None:
                from .transport.injected import InjectedTransport

                limit = None if service == CONTROL else settings.requests_per_minute
                self._injected[service] = InjectedTransport(client, limit)
        _alive.add(self)

    @property
    def region(self) -> str:
        """The region of an injected client, else the resolved one."""
        injected = self._injected.get(RUNTIME)
        return (injected.region if injected else None) or self._resolved().region

    @property
    def profile(self) -> str | None:
        """The AWS profile that signs, asked for or named by the environment."""
        return self.settings.profile_name if RUNTIME in self._injected else self._resolved().profile

    def who_signs(self) -> Signer:
        """Who signs calls to the runtime, found if need be."""
        if RUNTIME in self._injected:
            return Signer("client")
        places = self._resolved()
        return signer_of(places.source, places.profile)

    def place(self, operation: Operation) -> Place:
        """Where this operation's requests go."""
        return self._resolved()[operation.service]

    def injected(self, operation: Operation) -> InjectedTransport | None:
        """The caller's own client for this operation."""
        return self._injected.get(operation.service)

    @property
    def asks_for_profiles(self) -> bool:
        """Whether the control plane that is known is that of the runtime: of its account, on its network.

        Of a boto3 client it is that which was handed in, too, or named; nobody asks AWS about the models of a
        gateway.
        """
        if CONTROL in self._injected or self.settings.control_endpoint_url is not None:
            return True
        return RUNTIME not in self._injected and self._resolved().control_is_runtimes

    def run(self, operation: Operation, flow: Flow[T]) -> T:
        """Drive a flow synchronously."""
        injected = self._injected.get(operation.service)
        return injected.run(flow) if injected is not None else self.place(operation).sync.run(flow)

    def arun(self, operation: Operation, flow: Flow[T]) -> Awaitable[T]:
        """Drive a flow on the running event loop."""
        injected = self._injected.get(operation.service)
        if injected is not None:
            return injected.arun(flow)
        return self.place(operation).aio.run(flow)

    def close(self) -> None:
        """Close the synchronous connections."""
        for place in self._places.opened() if self._places else ():
            place.close()
        for injected in self._injected.values():
            injected.close()

    async def aclose(self) -> None:
        """Close this event loop's connections, too."""
        for place in self._places.opened() if self._places else ():
            await place.aclose()
        for injected in self._injected.values():
            injected.close()

    def forget(self) -> None:
        """Start anew in a forked child: its parent's sockets, event loops and threads are not its own."""
        if self._places is not None:
            _inherited.append(self._places)
        self._places = None
        self.life = object()
        self._lock = Lock()
        self.reach.forget_askers()
        self.listed.forget_askers()
        for injected in self._injected.values():
            injected.forget()

    def _resolved(self) -> Places:
        if self._places is None:
            with self._lock:
                self._places = self._places or Places(self.settings)
        return self._places


_alive: WeakSet[Connection] = WeakSet()
#: In a forked child, what belongs to the parent. It is kept because collecting it would close it, which tells
#: the event loop that the two processes share.
_inherited: list[Places] = []


def _after_fork() -> None:
    for connection in list(_alive):
        connection.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
