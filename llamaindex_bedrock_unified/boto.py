"""The keywords about boto3 that LlamaIndex's other Bedrock packages take: a session, a configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr

from bedrock_unified.errors import ConfigurationError

#: The keywords, none of which is a field: :func:`without_boto` reads them.
BOTO = frozenset({"botocore_session", "botocore_config", "api_version", "use_ssl", "async_client"})
_REGION = "us-east-1"
_WITHOUT_MEANING = {
    "use_ssl": "give endpoint_url='http://…' for an endpoint without TLS",
    "api_version": "Bedrock has one; leave it out",
    "async_client": "asynchronous calls need no client of their own; leave it out",
}
_SESSION = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token", "profile_name")


def without_boto(given: Mapping[str, Any], where: str, *, agent: bool = False) -> dict[str, Any]:
    """The keywords with a boto3 client of ``botocore_session`` and ``botocore_config``, if there is one.

    The client is made of the other keywords of the connection, which are then its own; ``botocore_config``
    wins over them.

    Args:
        agent: the client is one of the agent runtime, which reranks, and stands under ``agent_client``.

    Raises:
        ConfigurationError: a keyword that has no meaning here. Those that such a client cannot heed are left
            in, and refused beside it by the models.
    """
    kept = {name: value for name, value in given.items() if name not in BOTO}
    for name, hint in _WITHOUT_MEANING.items():
        if given.get(name) not in (None, name == "use_ssl"):
            raise ConfigurationError(f"{where}: {name} has no meaning here", hint=hint)
    session, config = given.get("botocore_session"), given.get("botocore_config")
    if session is None and config is None:
        return kept
    for name in ("client", "agent_client", "api_key"):
        if kept.get(name) is not None:
            raise ConfigurationError(
                f"{where}: {name} next to botocore_session or botocore_config",
                hint="keep one of them; a client has a session and a configuration of its own",
            )
    return _with_client(kept, session, config, agent=agent)


def _with_client(given: dict[str, Any], session: Any, config: Any, *, agent: bool) -> dict[str, Any]:
    import boto3
    from botocore.config import Config

    def told(name: str, default: Any = None) -> Any:
        value = given.pop(name, None)
        value = value.get_secret_value() if isinstance(value, SecretStr) else value
        return default if value is None else value

    ours = Config(
        connect_timeout=told("connect_timeout", 5.0),
        read_timeout=told("timeout", 300.0),
        retries={"mode": "standard", "total_max_attempts": told("max_retries", 3) + 1},
        max_pool_connections=told("max_concurrency", 100),
        use_fips_endpoint=told("use_fips"),
        use_dualstack_endpoint=told("use_dualstack"),
    )
    named = {name: told(name) for name in _SESSION}
    region = told("region_name")
    made = boto3.Session(**named, region_name=region, botocore_session=session)
    endpoint = told("endpoint_url")
    if agent:
        endpoint = told("agent_endpoint_url", endpoint)
    client = made.client(
        "bedrock-agent-runtime" if agent else "bedrock-runtime",
        region_name=region or made.region_name or _REGION,
        endpoint_url=endpoint,
        verify=told("verify"),
        config=ours if config is None else ours.merge(config),
    )
    where = {"region_name": client.meta.region_name}
    if agent:
        return {**given, **where, "agent_client": client}
    if endpoint == client.meta.endpoint_url:
        where["endpoint_url"] = endpoint
    return {**given, **where, "client": client}
