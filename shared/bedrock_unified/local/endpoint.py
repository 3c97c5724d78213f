"""``LocalBedrock``: the embedded endpoint, with its socket, its thread and its switches."""

from __future__ import annotations

import asyncio
import ipaddress
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

from bedrock_unified.errors import ConfigurationError

from .catalogue import Catalogue
from .faults import Fault, FaultPlan
from .guardrails import Guardrail, Guardrails
from .protocol.authentication import Account
from .record import Record, ServedRequest
from .script import Script
from .state import PromptCache, State

_START_SECONDS = 30.0
_STOP_SECONDS = 10.0
_GRACE_SECONDS = 0.5
"""How long an answer under way may go on after ``stop()``."""


class LocalBedrock:
    """Amazon Bedrock's wire on loopback, with a stand-in in place of the models.

    ``with LocalBedrock() as endpoint:`` serves from a thread of its own; ``async with`` from the running
    loop. Point boto3 or this package at :attr:`url`, or export :meth:`environment`.

    It accepts one key pair (:attr:`ACCESS_KEY_ID`, :attr:`SECRET_ACCESS_KEY`), the same user's temporary
    credentials (:attr:`TEMPORARY_ACCESS_KEY_ID`, the same secret, :attr:`SESSION_TOKEN`) and one bearer key
    (:attr:`API_KEY`). They are the ones of AWS's documentation and open nothing else.

    Args:
        host: a loopback address or ``localhost``; any other raises ConfigurationError. port: 0 picks a free
        one. script: fixed replies (:mod:`bedrock_unified.local.script`): a path of a JSON file, its content,
        a list.
        faults: what goes wrong (:class:`Fault`), from the start; more by :meth:`inject`.
        guardrails: the account's guardrails; without them any id means :meth:`Guardrail.documented`.
        models: further model ids that are accepted beyond the known providers; as a mapping, what each can do
        by the attributes of :class:`~bedrock_unified.models.profile.Profile`
        (``{"acme.talker-v1:0": {"streaming_tools": False}}``): what it lacks is refused in Bedrock's words.
        application_profiles: id of an application inference profile (the end of its ARN) → model or profile
        id; a script may have some, too. They are listed, and can be called.
        require_inference_profiles: refuse on-demand calls of models that AWS serves through profiles only.
        event_delay: seconds between the events of a stream.
        remember: how many requests :attr:`requests` keeps.
    """

    ACCESS_KEY_ID: ClassVar[str] = "AKIAIOSFODNN7EXAMPLE"
    SECRET_ACCESS_KEY: ClassVar[str] = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    TEMPORARY_ACCESS_KEY_ID: ClassVar[str] = "ASIAIOSFODNN7EXAMPLE"
    SESSION_TOKEN: ClassVar[str] = "bedrock-local-session-token"
    API_KEY: ClassVar[str] = "bedrock-local-api-key"
    REGION: ClassVar[str] = "us-east-1"

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        script: Script | Mapping[str, Any] | Iterable[Mapping[str, Any]] | str | Path | None = None,
        faults: Iterable[Fault] = (),
        guardrails: Iterable[Guardrail] | None = None,
        models: Iterable[str] | Mapping[str, Mapping[str, Any]] = (),
        application_profiles: Mapping[str, str] | None = None,
        require_inference_profiles: bool = False,
        event_delay: float = 0.0,
        remember: int = 10_000,
    ) -> None:
        _check_loopback(host)
        self._host = host
        self._wanted_port = port
        self._port: int | None = None
        self._script = None if script is None else Script.of(script)
        self._faults = FaultPlan()
        for fault in [*(self._script.faults if self._script else []), *faults]:
            self._faults.add(fault)
        account = Account(
            self.ACCESS_KEY_ID,
            self.SECRET_ACCESS_KEY,
            self.TEMPORARY_ACCESS_KEY_ID,
            self.SESSION_TOKEN,
            self.API_KEY,
        )
        profiles = {
            **(self._script.application_profiles if self._script else {}),
            **(application_profiles or {}),
        }
        catalogue = Catalogue(models, profiles, require_inference_profiles)
        self._state = State(account, catalogue)
        if guardrails is not None:
            self._state.guardrails = Guardrails(guardrails)
        self._record = Record(remember)
        self._event_delay = event_delay
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._serving: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"LocalBedrock({self.url!r})" if self._port else "LocalBedrock(not started)"

    @property
    def port(self) -> int:
        """The port it listens on. Raises ConfigurationError before it is started."""
        if self._port is None:
            raise ConfigurationError(
                "The local endpoint is not running: use it in a with statement, or start() it."
            )
        return self._port

    @property
    def url(self) -> str:
        """The endpoint URL of the runtime, the control plane, the agent runtime and STS alike."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self.port}"

    @property
    def requests(self) -> list[ServedRequest]:
        """What was served so far, oldest first."""
        return self._record.all()

    def forget(self) -> None:
        """Empty :attr:`requests` and the prompt cache."""
        self._record.clear()
        self._state.cache = PromptCache()

    def inject(self, *faults: Fault) -> None:
        """Let ``faults`` happen to the next requests they fit."""
        for fault in faults:
            self._faults.add(fault)

    def heal(self) -> None:
        """Take back every fault that has not happened yet."""
        self._faults.clear()

    def environment(self) -> dict[str, str]:
        """Environment variables that point boto3, the AWS tools and this package at the endpoint."""
        return {
            "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": self.url,
            "AWS_ENDPOINT_URL_BEDROCK": self.url,
            "AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME": self.url,
            "AWS_ENDPOINT_URL_STS": self.url,
            "AWS_ACCESS_KEY_ID": self.ACCESS_KEY_ID,
            "AWS_SECRET_ACCESS_KEY": self.SECRET_ACCESS_KEY,
            "AWS_REGION": self.REGION,
            "AWS_DEFAULT_REGION": self.REGION,
        }

    # In a thread of its own

    def start(self) -> Self:
        """Serve from a daemon thread; returns when the port is open. Starting twice is an error."""
        self._check_idle()
        started: threading.Event = threading.Event()
        failure: list[BaseException] = []

        def run() -> None:
            try:
                asyncio.run(self._serve(started.set))
            except BaseException as error:
                failure.append(error)
            finally:
                started.set()

        self._thread = threading.Thread(target=run, name="bedrock-local", daemon=True)
        self._thread.start()
        if not started.wait(_START_SECONDS):
            raise ConfigurationError("The local endpoint did not start in time.")
        if failure:
            self._thread.join()
            self._thread = None
            raise _not_started(failure[0]) from failure[0]
        return self

    def stop(self) -> None:
        """Close the port and every connection, end the thread. Stopping what is not running does nothing."""
        thread, loop, stop = self._thread, self._loop, self._stop
        if thread is None:
            return
        if loop is not None and stop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(stop.set)
        thread.join(_STOP_SECONDS)
        self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()

    # In the running loop

    async def astart(self) -> Self:
        """Serve from the running event loop; returns when the port is open."""
        self._check_idle()
        ready = asyncio.Event()
        self._serving = asyncio.create_task(self._serve(ready.set))
        waiting = asyncio.create_task(ready.wait())
        await asyncio.wait({self._serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if not ready.is_set():
            waiting.cancel()
            task, self._serving = self._serving, None
            error = task.exception()
            raise _not_started(error) from error
        return self

    async def astop(self) -> None:
        """Close the port and every connection."""
        if self._serving is not None and self._stop is not None:
            self._stop.set()
            await self._serving
            self._serving = None

    async def __aenter__(self) -> Self:
        return await self.astart()

    async def __aexit__(self, *exc: object) -> None:
        await self.astop()

    def _check_idle(self) -> None:
        if self._thread is not None or self._serving is not None:
            raise ConfigurationError("The local endpoint is already running.")

    async def _serve(self, ready: Callable[[], None]) -> None:
        from aiohttp import web

        from .server import MOST_BYTES, BedrockServer

        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        bedrock = BedrockServer(self._state, self._record, self._faults, self._script, self._event_delay)

        def make_request(*parts: Any) -> web.BaseRequest:
            message, payload, protocol, writer, task = parts
            loop = asyncio.get_running_loop()
            return web.BaseRequest(
                message, payload, protocol, writer, task, loop, client_max_size=MOST_BYTES + 1
            )

        server = web.Server(
            bedrock.handle, request_factory=make_request, handler_cancellation=True, access_log=None
        )
        runner = web.ServerRunner(server, shutdown_timeout=_GRACE_SECONDS)
        await runner.setup()
        try:
            site = web.TCPSite(runner, self._host, self._wanted_port, backlog=4096)
            await site.start()
            self._port = int(runner.addresses[0][1])
            ready()
            await self._stop.wait()
        finally:
            bedrock.stopping.set()
            await runner.cleanup()
            self._port = None


def _check_loopback(host: str) -> None:
    if host == "localhost":
        return
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        address = None
    if address is None or not address.is_loopback:
        raise ConfigurationError(f"The local endpoint serves loopback addresses only, not {host!r}.")


def _not_started(error: BaseException | None) -> ConfigurationError:
    return ConfigurationError(
        f"The local endpoint could not start: {error}", hint="another port may be free; 0 takes any free one"
    )


def serve_forever(
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    on_ready: Callable[[LocalBedrock], None] | None = None,
    **options: Any,
) -> None:
    """Serve until interrupted; ``on_ready`` is called with the endpoint once its port is open.

    ``options`` are :class:`LocalBedrock`'s. Without ``on_ready`` the environment to export is printed.
    """

    async def run() -> None:
        async with LocalBedrock(host=host, port=port, **options) as endpoint:
            (on_ready or _print_environment)(endpoint)
            await asyncio.Event().wait()

    try:
        asyncio.run(run())
    except KeyboardInterrupt:
        return


def _print_environment(endpoint: LocalBedrock) -> None:
    print(f"Amazon Bedrock's wire, served by a stand-in, on {endpoint.url}. Ctrl-C ends it.")
    for name, value in endpoint.environment().items():
        print(f"export {name}={value}")
