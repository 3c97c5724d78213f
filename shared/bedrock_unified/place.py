"""Where calls go and who makes them: settings and environment, resolved once at the first call."""

# pyright: reportMissingTypeStubs=false
from __future__ import annotations

import logging
import os
import platform
from collections.abc import Mapping
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ._version import __version__
from .credentials import Bearer, IdentitySource, ambient_profile, choose_source, stored_for
from .errors import BedrockError, ConfigurationError, make_error
from .exchange import Clock, Route
from .settings import ROLE_SOURCES, ConnectionSettings, check_region
from .transport.settings import TransportSettings, default_concurrency
from .wire.endpoints import (
    configured_endpoint,
    custom_endpoint,
    endpoint_url,
    is_loopback,
    proxy_for,
    region_from_url,
)
from .wire.operations import AGENT, CONTROL, RUNTIME
from .wire.pace import Pace
from .wire.retry import RetryBudget

if TYPE_CHECKING:
    from .transport.aio import AsyncTransport
    from .transport.sync import SyncTransport

_log = logging.getLogger("bedrock_unified")
DEFAULT_REGION = "us-east-1"
_USER_AGENT = f"bedrock-unified/{__version__} python/{platform.python_version()}"


class Place:
    """One service's route and its transports, opened when first used."""

    def __init__(self, route: Route, transport: TransportSettings) -> None:
        self.route = route
        self._settings = transport
        self._sync: SyncTransport | None = None
        self._async: AsyncTransport | None = None
        self._lock = Lock()

    @property
    def transport(self) -> TransportSettings:
        """How its transports connect."""
        return self._settings

    @property
    def sync(self) -> SyncTransport:
        """The urllib3 transport."""
        transport = self._sync
        if transport is None:
            from .transport.sync import SyncTransport

            with self._lock:
                transport = self._sync = self._sync or SyncTransport(self._settings)
        return transport

    @property
    def aio(self) -> AsyncTransport:
        """The aiohttp transport."""
        if self._async is None:
            from .transport.aio import AsyncTransport

            with self._lock:
                self._async = self._async or AsyncTransport(self._settings)
        return self._async

    def close(self) -> None:
        """Close the synchronous connections and those of closed event loops; the next call opens new ones."""
        with self._lock:
            held, self._sync = self._sync, None
        if held is not None:
            held.close()
        if self._async is not None:
            self._async.drop()

    async def aclose(self) -> None:
        """Close all connections of this event loop, and the synchronous ones."""
        self.close()
        if self._async is not None:
            await self._async.aclose()


class Places:
    """All that a client resolves from its settings and the environment."""

    def __init__(self, settings: ConnectionSettings, env: Mapping[str, str] | None = None) -> None:
        self._settings = settings
        self._env = os.environ if env is None else env
        self._stored = stored_for(settings)  # once: its region and its keys belong together
        section, self._services = _found_section(settings.profile_name, self._env)
        self._profile: Section = section or {}
        #: A profile that was asked for and is not there: nobody signs.
        self._absent = settings.profile_name if section is None else None
        self._lock = Lock()
        self._places: dict[str, Place] = {}
        self.region = self._region()
        #: The AWS profile that signs, asked for or named by the environment.
        self.profile = self._profile_in_use()
        self._source: IdentitySource | None = None
        self._budget, self._clock = RetryBudget(), Clock()
        self._pace = Pace(settings.requests_per_minute) if settings.requests_per_minute else None

    def __getitem__(self, service: str) -> Place:
        place = self._places.get(service)
        if place is None:
            with self._lock:
                place = self._places.get(service) or self._place(service)
                self._places[service] = place
        return place

    def opened(self) -> list[Place]:
        """The places in use."""
        return list(self._places.values())

    @property
    def source(self) -> IdentitySource:
        """Who signs."""
        with self._lock:
            return self._chosen()

    def _profile_in_use(self) -> str | None:
        settings = self._settings
        alone = settings.api_key or settings.aws_access_key_id or self._stored is not None
        if alone or settings.aws_iam_role_source != ROLE_SOURCES[0]:
            return None
        return settings.profile_name or ambient_profile(self._env)

    def _chosen(self) -> IdentitySource:
        if self._source is None:
            if self._absent is not None:
                raise _nowhere(self._absent)
            self._source = choose_source(self._settings, self._env, self.region, self._stored)
        return self._source

    @property
    def control_is_runtimes(self) -> bool:
        """Whether control plane and runtime belong together: AWS's public ones, or both named."""
        runtime = self._settings.endpoint_url or self._configured(RUNTIME)
        if runtime is None or self._settings.control_endpoint_url or self._configured(CONTROL):
            return True
        region = region_from_url(runtime)
        return (
            region is not None and urlsplit(runtime).netloc == urlsplit(endpoint_url(RUNTIME, region)).netloc
        )

    def _place(self, service: str) -> Place:
        settings = self._settings
        source = self._chosen()
        url = self._url(service)
        identity = source.ready()
        # Inferred of Rerank: API keys are documented not to be for Agents, and the service model of the agent
        # runtime knows signatures alone (bedrock-runtime's and bedrock's have httpBearerAuth, too).
        if isinstance(identity, Bearer) and service == AGENT:
            raise ConfigurationError(
                f"a Bedrock API key (from {source.origin}) cannot call the agent runtime, which reranks here",
                hint="rerank by InvokeModel, via='invoke', or sign with an access key pair, a profile or a "
                "role; API keys are not for Agents, Data Automation and InvokeModelWithBidirectionalStream",
            )
        if isinstance(identity, Bearer) and url.startswith("http:") and not is_loopback(url):
            raise ConfigurationError(
                f"a bearer key would travel in clear text to {url}",
                hint="use an https endpoint_url, or one on this machine",
            )
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2].lower()
        default = {"http": ":80", "https": ":443"}[parts.scheme]
        host = host.removesuffix(default)
        origin = f"{parts.scheme}://{host}"
        route = Route(
            prefix=parts.path.rstrip("/"),
            host=host,
            region=self.region,
            source=source,
            budget=self._budget,
            clock=self._clock,
            user_agent=_USER_AGENT,
            max_retries=settings.max_retries,
            retry_read_timeouts=settings.retry_read_timeouts,
            total_timeout=settings.total_timeout,
            pace=None if service == CONTROL else self._pace,
        )
        transport = TransportSettings(
            origin=origin,
            proxy=None
            if is_loopback(url)
            else proxy_for(url, self._env),  # no proxy is on its own machine's way
            verify=self._verify(),
            connect_timeout=settings.connect_timeout,
            read_timeout=settings.timeout,
            max_concurrency=settings.max_concurrency or default_concurrency(),
        )
        return Place(route, transport)

    def _url(self, service: str) -> str:
        settings = self._settings
        explicit = {
            RUNTIME: settings.endpoint_url,
            CONTROL: settings.control_endpoint_url,
            AGENT: settings.agent_endpoint_url,
            "sts": settings.sts_endpoint_url,
        }.get(service)
        url = explicit or self._configured(service)
        fips = self._switch(settings.use_fips, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint")
        dualstack = self._switch(
            settings.use_dualstack, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint"
        )
        if url:
            return custom_endpoint(url, fips=fips, dualstack=dualstack)
        return endpoint_url(service, self.region, fips=fips, dualstack=dualstack)

    def _configured(self, service: str) -> str | None:
        return configured_endpoint(service, self._env, self._profile, self._services)

    def _region(self) -> str:
        settings, env = self._settings, self._env
        region = settings.region_name
        if not region and (url := settings.endpoint_url or self._configured(RUNTIME)):
            region = region_from_url(url)
        if not region and self._stored is not None:
            region = self._stored.region_name
        for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
            if not region and env.get(name):
                region = env[name]
                check_region(name, region)
        if not region and (region := self._profile.get("region")):
            check_region("the profile's region", region)
        if not region:
            _log.info("no region is configured; using %s", DEFAULT_REGION)
            region = DEFAULT_REGION
        return region

    def _verify(self) -> bool | str:
        settings, env = self._settings, self._env
        if settings.verify is not None:
            return settings.verify
        return (
            env.get("AWS_CA_BUNDLE")
            or self._profile.get("ca_bundle")
            or env.get("REQUESTS_CA_BUNDLE")
            or True
        )

    def _switch(self, explicit: bool | None, variable: str, key: str) -> bool:
        if explicit is not None:
            return explicit
        text = self._env.get(variable) or self._profile.get(key) or ""
        return str(text).lower() == "true"


Section = Mapping[str, Any]


def profile_section(profile: str | None, env: Mapping[str, str]) -> tuple[Section, Mapping[str, Section]]:
    """The profile's section of the shared AWS files, and the config file's ``services`` sections.

    As in botocore, the credentials file wins over the config file, and an empty name of a file stands for no
    file. botocore reads the files, and is loaded only if there is one.

    Raises:
        ConfigurationError: a file cannot be read.
    """
    section, services = _found_section(profile, env)
    return section or {}, services


def _found_section(
    profile: str | None, env: Mapping[str, str]
) -> tuple[Section | None, Mapping[str, Section]]:
    """The same, with None for a profile that is not there."""
    config = _file(env.get("AWS_CONFIG_FILE", "~/.aws/config"))
    shared = _file(env.get("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"))
    loaded: dict[str, Any] = {}
    keys: dict[str, Any] = {}
    if config is not None or shared is not None:
        from botocore import configloader

        botocore: Any = configloader
        loaded = botocore.build_profile_map(_parsed(config)) if config is not None else {}
        keys = _parsed(shared) if shared is not None else {}
    profiles: dict[str, Section] = loaded.get("profiles", {})
    name = profile or ambient_profile(env) or "default"
    there = name in profiles or name in keys
    section = {**profiles.get(name, {}), **keys.get(name, {})} if there else None
    return section, loaded.get("services", {})


def _nowhere(profile: str) -> BedrockError:
    """A profile that was asked for is not there.

    botocore says so, too, whoever signs. Unlike it we let one that only the environment names, and that is
    not there, be in nobody's way who does not sign by it.
    """
    from .hints import explain_missing_credentials

    message = f"the config profile ({profile}) could not be found"
    _, hint = explain_missing_credentials(f"ProfileNotFound: {message}", profile_name=profile)
    return make_error(ConfigurationError, message, {"hint": hint}, like="ProfileNotFound")


def _file(name: str) -> str | None:
    # Not pathlib: it raises without a home folder, and for one that may not be entered.
    path = os.path.expanduser(os.path.expandvars(name))  # noqa: PTH111
    return path if os.path.isfile(path) else None  # noqa: PTH113


def _parsed(path: str) -> dict[str, Any]:
    from botocore import configloader
    from botocore.exceptions import ConfigParseError

    botocore: Any = configloader
    try:
        return botocore.raw_config_parse(path)
    except ConfigParseError as error:
        raise ConfigurationError(f"the AWS file {path} cannot be read: {error}") from error
