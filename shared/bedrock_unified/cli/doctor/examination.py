"""The order in which things are looked at, and what is not looked at once something else failed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from ...client import BedrockClient
from ...credentials import Identity
from ...errors import BedrockError
from ...place import Places
from ...settings import ConnectionSettings
from ...wire.endpoints import is_loopback
from ...wire.operations import RUNTIME
from ..console import waiting
from . import models as m
from . import where, who
from .configured import read_configuration
from .report import Finding, failed
from .setups import Setup, setups_of

T = TypeVar("T")

#: Limits that keep the whole in bounds where nobody answers. A probe may think for a while.
_LIMITS: Mapping[str, Any] = {
    "connect_timeout": 5.0,
    "timeout": 30.0,
    "total_timeout": 60.0,
    "max_retries": 1,
}
_CREDENTIALS = frozenset({"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_BEARER_TOKEN_BEDROCK"})


def examination(
    env: Mapping[str, str],
    given: Mapping[str, Any],
    *,
    models: list[str],
    backend: str | None,
    config: str | None,
    probe: bool,
) -> Iterator[Finding]:
    """All findings, as they are made. A broken set-up is a finding, never an exception.

    Args:
        given: connection keywords of the command line.
        models: names or ids to look at alone; else all that are configured.
        backend: the one to look at alone; else all that are configured.
        config: a configuration file; else the command's own.
    """
    found: list[Finding] = []
    setups = _tried(
        "configuration",
        found,
        lambda: setups_of(read_configuration(config, backend, env, found), models, given, found),
    )
    yield from found
    many = setups is not None and len(setups) > 1
    for setup in setups or ():
        for finding in _once(_examined(setup, env, probe)):
            yield replace(finding, setup=setup.name) if many else finding


def _once(findings: Iterator[Finding]) -> Iterator[Finding]:
    """The findings; what fails for a reason that was told already is not told as one thing more."""
    told: set[str] = set()
    for finding in findings:
        if finding.result == "fail" and finding.found in told:
            yield Finding(finding.check, "skipped", "fails for the same reason")
            continue
        told.add(finding.found)
        yield finding


def _examined(setup: Setup, env: Mapping[str, str], probe: bool) -> Iterator[Finding]:
    """One setup."""
    found: list[Finding] = []
    resolved = _tried("settings", found, lambda: _resolved(setup, env))
    yield from found
    if resolved is None:
        return
    settings, places = resolved
    yield from _looked("region", partial(where.region, settings, env, places.region))
    found = []
    look = partial(who.look, settings, env, places, found)
    identity = _tried("credentials", found, look, "looking for credentials")
    yield from found
    if identity is not None:
        yield from _looked("caller identity", partial(_whose, settings, env, identity), "asking STS")
    found = []
    reached = _tried(
        "endpoint",
        found,
        lambda: where.endpoint(_unsigned(settings, env)[RUNTIME], found),
        "asking the endpoint",
    )
    yield from found
    if identity is None:
        yield Finding("models", "skipped", "nobody can sign a call: mend the credentials first")
        return
    with BedrockClient.from_settings(settings) as client:
        yield from _models(setup, client, probe=probe, reached=bool(reached))


def _models(setup: Setup, client: BedrockClient, *, probe: bool, reached: bool) -> Iterator[Finding]:
    found: list[Finding] = []
    listing = _tried("listing", found, partial(m.listed, client, found), "listing models") or m.Listing()
    yield from found
    for model in setup.models:
        check = f"model {model.name}"
        yield from _looked(check, partial(m.examined, model, client, listing), f"looking at {model.name}")
        if probe and reached:
            check = f"call {model.name}"
            yield from _looked(check, partial(m.probed, model, client, listing), f"calling {model.name}")
    guardrails = list(dict.fromkeys(model.guardrail for model in setup.models if model.guardrail))
    if not setup.models:
        yield Finding("models", "note", "none is configured; --model names one to look at")
    elif not reached and (probe or guardrails):
        yield Finding("access", "skipped", "the endpoint cannot be reached: nothing was called")
    elif not probe:
        yield Finding(
            "access", "note", "a model is listed before the account may call it; --probe calls each"
        )
    for guardrail in guardrails if reached else ():
        yield from _looked("guardrail", partial(m.guarded, guardrail, client), "asking the guardrail")


def _resolved(setup: Setup, env: Mapping[str, str]) -> tuple[ConnectionSettings, Places]:
    """The settings, with limits of time, and what they come to."""
    settings = ConnectionSettings.from_keywords({**setup.connection, **_LIMITS}, "the connection")
    return settings, Places(settings, env)


def _whose(settings: ConnectionSettings, env: Mapping[str, str], identity: Identity) -> Finding:
    """Ask STS; an endpoint on this machine that serves everything is asked itself."""
    url = settings.endpoint_url
    if url and is_loopback(url) and not (settings.sts_endpoint_url or env.get("AWS_ENDPOINT_URL_STS")):
        env = {**env, "AWS_ENDPOINT_URL_STS": url}
    return who.whose(Places(settings, env), identity)


def _unsigned(settings: ConnectionSettings, env: Mapping[str, str]) -> Places:
    """Where calls go, without a look at who makes them, which may be what is broken."""
    bare = replace(settings.without_secrets(), secrets_lost=False)
    return Places(bare, {name: value for name, value in env.items() if name not in _CREDENTIALS})


def _looked(check: str, look: Callable[[], Finding], doing: str = "") -> list[Finding]:
    """What a look finds, or what it raised; ``doing`` is said meanwhile."""
    found: list[Finding] = []
    seen = _tried(check, found, look, doing)
    return found if seen is None else [seen]


def _tried(check: str, found: list[Finding], call: Callable[[], T], doing: str = "") -> T | None:
    """The call's result; whatever it raises is added to ``found``."""
    try:
        with waiting(doing) if doing else contextlib.nullcontext():
            return call()
    except BedrockError as error:
        found.append(failed(check, error))
    except Exception as error:  # a doctor that dies of the illness helps nobody
        text = f"this look itself failed, with {type(error).__name__}"
        found.append(Finding(check, "fail", text, "please report it, with what is configured"))
    return None
