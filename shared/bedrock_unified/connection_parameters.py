"""The parameters of a connection, for all models of all adapters: chat, embeddings, reranking, guardrails."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, SecretStr, ValidationError

from .client import BedrockClient
from .decided import decided_by
from .errors import BedrockError, ConfigurationError
from .failures import ErrorClasses
from .private import private
from .settings import BASE_IDENTITY, ROLE, SECRETS, ConnectionSettings, path_text, shown
from .spelling import SPELLINGS, by_name, canonical

_HANDED_IN = ("client", "control_client", "agent_client")


class _Slot:
    """Where the client of a model, and of its copies with the same connection, is put at the first use."""

    __slots__ = ("client",)

    def __init__(self) -> None:
        self.client: BedrockClient | None = None

    def __eq__(self, other: object) -> bool:
        """Whether a client was made already makes no difference between two models."""
        return isinstance(other, _Slot)

    __hash__ = object.__hash__


class _Elsewhere(dict[tuple[Any, ...], BedrockClient]):
    """Clients of calls that went elsewhere; which there are makes no difference between two models."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, dict)

    __hash__ = None  # type: ignore[assignment]


class ConnectionParameters(BaseModel):
    """How a model reaches Bedrock; the fields are those of :class:`bedrock_unified.BedrockClient`.

    Raises (at construction):
        ConfigurationError: an unknown keyword, two spellings of one, a value that cannot work. Secrets are
            never shown.
    """

    model_config = ConfigDict(
        arbitrary_types_allowed=True,
        hide_input_in_errors=True,
        extra="forbid",
        defer_build=True,  # nobody makes the mixin itself; a model that is made says False again
    )

    #: Further spellings of this class's own fields.
    spellings: ClassVar[Mapping[str, str]] = {}
    #: What is given by its place alone, where the package that an adapter replaces takes it so.
    positions: ClassVar[tuple[str, ...]] = ()
    #: The adapter's subclasses of the public error classes.
    error_classes: ClassVar[ErrorClasses] = {}

    region_name: str | None = Field(default=None, description="AWS region, such as us-east-1")
    endpoint_url: str | None = Field(
        default=None, description="endpoint of the runtime, with any path prefix"
    )
    control_endpoint_url: str | None = Field(default=None, description="endpoint of the control plane")
    agent_endpoint_url: str | None = Field(default=None, description="endpoint of the agent runtime (Rerank)")
    api_key: SecretStr | None = Field(default=None, exclude=True, repr=False, description="Bedrock API key")
    aws_access_key_id: SecretStr | None = Field(default=None, exclude=True, repr=False)
    aws_secret_access_key: SecretStr | None = Field(default=None, exclude=True, repr=False)
    aws_session_token: SecretStr | None = Field(default=None, exclude=True, repr=False)
    profile_name: str | None = Field(default=None, description="profile of the shared AWS files")
    aws_iam_role_source: str = Field(default="auto", description="auto, metadata or env: who may sign")
    role_arn: str | None = Field(default=None, description="a role to assume with what the others give")
    role_session_name: str | None = Field(default=None, description="the session's name in CloudTrail")
    role_external_id: str | None = Field(default=None, description="what the role's trust policy asks for")
    role_duration: int | None = Field(
        default=None, description="seconds that the role's keys live, 900 to 43200"
    )
    sts_endpoint_url: str | None = Field(default=None, description="endpoint of STS, which gives out roles")
    max_retries: int = Field(default=3, ge=0, description="tries after the first")
    retry_read_timeouts: bool = Field(default=False, description="retry after `timeout`; may be paid twice")
    connect_timeout: float = Field(default=5.0, gt=0, description="seconds for name, TCP and TLS")
    timeout: float = Field(default=300.0, gt=0, description="seconds without a byte from AWS")
    total_timeout: float | None = Field(default=None, gt=0, description="seconds for a whole call")
    max_concurrency: int | None = Field(default=None, ge=1, description="requests in flight per event loop")
    requests_per_minute: int | None = Field(default=None, ge=1, description="requests to the models a minute")
    verify: Annotated[bool | str | None, BeforeValidator(path_text)] = Field(
        default=None, description="path of a CA bundle, or False"
    )
    use_fips: bool | None = None
    use_dualstack: bool | None = None
    cross_region: str | bool | None = Field(
        default=None, description="send inference profiles: None for short names, 'auto' for all, False never"
    )
    client: Any = Field(
        default=None, exclude=True, repr=False, description="a BedrockClient or a boto3 client"
    )
    control_client: Any = Field(default=None, exclude=True, repr=False)
    agent_client: Any = Field(default=None, exclude=True, repr=False)

    _slot: _Slot = PrivateAttr(default_factory=_Slot)
    #: Clients of calls that went elsewhere; see :mod:`bedrock_unified.per_call`.
    _elsewhere: dict[tuple[Any, ...], BedrockClient] = PrivateAttr(default_factory=_Elsewhere)
    _secrets_lost: bool = PrivateAttr(default=False)

    def __init__(self, *values: Any, **given: Any) -> None:
        # Not a validator: what a validator raises is wrapped with the input, secrets included.
        named = canonical(
            self._by_name(values, given),
            self._accepted(),
            where=type(self).__name__,
            also=type(self).spellings,
            allow_unknown=False,
        )
        for name in SECRETS:
            named[name] = _secret(name, named.get(name))
        defaults = [name for name, value in named.items() if value is None and not self._takes_none(name)]
        for name in defaults:
            del named[name]
        try:
            super().__init__(**named)
        except ValidationError as error:
            raise _configuration_error(type(self).__name__, error) from None
        self._check()

    @classmethod
    def from_config(cls, source: Any = None, name: str | None = None, **overrides: Any) -> Self:
        """One as a configuration says; see :func:`bedrock_unified.load`.

        Args:
            source: a file, a folder, a dict, a model spec, a Configuration; None to look for one.
            name: a model of it; default its default model, or the only one of this kind.
            overrides: keywords of this class; they win.
        """
        from .config.building import from_config

        return from_config(cls, source, name, overrides)

    @classmethod
    def _by_name(cls, values: tuple[Any, ...], given: dict[str, Any]) -> dict[str, Any]:
        return by_name(values, given, cls.positions, where=cls.__name__)

    @classmethod
    def _field_named(cls, name: str) -> str:
        """The field that a spelling means; any other name as it is."""
        if name in cls.model_fields:
            return name
        held = inspect.getattr_static(cls, name, None)
        if isinstance(held, property) and held.fset is not None:
            return name
        meant = cls.spellings.get(name) or SPELLINGS.get(name, name)
        return meant if meant in cls.model_fields else name

    @classmethod
    def _accepted(cls) -> frozenset[str]:
        """Names this class takes: its fields, and what its framework passes beyond them."""
        return _field_names(cls)

    @classmethod
    def _takes_none(cls, name: str) -> bool:
        field = cls.model_fields.get(name)
        return field is None or field.default is None or field.is_required()

    def _check(self) -> None:
        """Refuse at construction what could not work at the first call."""
        self._settings()
        self._check_client({})

    def _check_client(self, changes: Mapping[str, Any]) -> None:
        """Refuse a ``client`` that is none, and connection parameters that it would make meaningless.

        Args:
            changes: values that are about to be set.
        """
        client: Any = changes.get("client", self.client)
        if client is None:
            return
        decided = decided_by(client)
        if decided is None:
            where, kind = type(self).__name__, type(client).__name__
            raise ConfigurationError(
                f"{where}: client is a {kind}, not a client of bedrock-runtime",
                hint="give a BedrockClient, or boto3.client('bedrock-runtime')",
            )
        self._refuse_ignored("client", decided, changes)

    def _refuse_ignored(self, client: str, decided: Mapping[str, Any], changes: Mapping[str, Any]) -> None:
        """Refuse connection parameters that say something else than the client of this name decided."""
        ignored: list[str] = []
        for name, field in type(self).model_fields.items():
            given = changes[name] if name in changes else getattr(self, name)
            if name in decided and given != field.default and _plain(given) != decided[name]:
                ignored.append(name)
        if ignored:
            raise ConfigurationError(
                f"{type(self).__name__}: {client}= decides about the connection, "
                f"so {', '.join(ignored)} would be ignored",
                hint=f"give them to the client that you make, or leave {client}= out",
            )

    def _settings(self) -> ConnectionSettings:
        values = {name: getattr(self, name) for name in ConnectionSettings.names()}
        for name in SECRETS:
            values[name] = values[name].get_secret_value() if values[name] is not None else None
        if isinstance(self.client, BedrockClient):
            values["client"] = None
        return ConnectionSettings(**values, secrets_lost=self._secrets_lost)

    @property
    def bedrock(self) -> BedrockClient:
        """The client behind this model: the one it was given, or its own, made at the first use."""
        slot: _Slot = private(self)["_slot"]
        client = slot.client
        if client is None:
            if isinstance(self.client, BedrockClient):
                client = self.client.raising(type(self).error_classes)
            else:
                client = BedrockClient.from_settings(self._settings(), errors=type(self).error_classes)
            slot.client = client
        return client

    def bedrock_with(self, changes: Mapping[str, Any], *, own_identity: bool = False) -> BedrockClient:
        """A client like this model's own, but for these connection parameters.

        Args:
            own_identity: they say who signs, so that credentials that were lost are not missed.

        Raises:
            ConfigurationError: values that cannot work, or a ``client`` that would make them meaningless.
        """
        copied = self.model_copy(update=changes)
        if own_identity:
            copied._secrets_lost = False
        return copied.bedrock

    def __setattr__(self, name: str, value: Any) -> None:
        name = self._field_named(name)
        if name in SECRETS:
            value = _secret(name, value)
        if name in ConnectionSettings.names():
            self._check_client({name: value})
        super().__setattr__(name, value)
        if name in BASE_IDENTITY and value != _UNSAID[name]:
            self._secrets_lost = False  # who signs is said anew
        if name in ConnectionSettings.names():
            self._slot = _Slot()  # the next call goes where the parameters now say
            self._elsewhere = _Elsewhere()

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy with other values; they share a client, unless the copy goes elsewhere.

        An identity among them takes the place of all that this model says of one, as in a single call. The
        values are not checked, but for connection parameters that a ``client`` would make meaningless.

        Raises:
            ConfigurationError: a name that is no parameter, or two spellings of one.
        """
        where = f"{type(self).__name__}.model_copy"
        free = self.model_config.get("extra") == "allow"
        known = type(self).model_fields
        named = canonical(update or {}, known, where=where, also=self.spellings, allow_unknown=free)
        changed = {name: _secret(name, value) if name in SECRETS else value for name, value in named.items()}
        said = {name: value for name, value in changed.items() if value != _UNSAID.get(name, value)}
        laid, own_identity = laid_over(said)
        changed = {**laid, **changed}
        if ConnectionSettings.names().intersection(changed):
            self._check_client(changed)
        copied = super().model_copy(update=changed, deep=deep)
        if ConnectionSettings.names().intersection(changed):
            copied._slot = _Slot()
            copied._elsewhere = _Elsewhere()
        if own_identity:
            copied._secrets_lost = False
        return copied

    def __getstate__(self) -> dict[Any, Any]:
        state = dict(super().__getstate__())
        fields = state["__dict__"] = dict(state["__dict__"])
        private = state["__pydantic_private__"] = dict(state["__pydantic_private__"] or {})
        lost = self._secrets_lost
        for name in (*SECRETS, *_HANDED_IN):
            held = fields.get(name)
            if name == "client" and isinstance(held, BedrockClient):
                continue  # it knows how to be written down
            lost = lost or held is not None
            fields[name] = None
        private["_secrets_lost"] = lost
        private["_slot"] = _Slot()
        private["_elsewhere"] = _Elsewhere()
        return state

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        memo = {} if memo is None else memo
        for name in _HANDED_IN:  # a boto3 client cannot be copied, and is the caller's
            if (held := getattr(self, name)) is not None:
                memo[id(held)] = held
        memo[id(self._slot)] = _Slot()
        memo[id(self._elsewhere)] = _Elsewhere()
        return super().__deepcopy__(memo)  # type: ignore[return-value]


#: What a model says of who signs if nobody says anything.
_UNSAID = {name: ConnectionParameters.model_fields[name].default for name in (*BASE_IDENTITY, *ROLE)}


def laid_over(named: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """What connection parameters change of a model's own, and whether they say who signs.

    An identity among them takes the place of all that the model says of one.
    """
    if not named.keys().isdisjoint(BASE_IDENTITY):
        return {**_UNSAID, **named}, True
    if "role_arn" in named:
        return {**{name: _UNSAID[name] for name in ROLE}, **named}, False
    return dict(named), False


def _field_names(cls: type[BaseModel]) -> frozenset[str]:
    names = set(cls.model_fields)
    names.update(field.alias for field in cls.model_fields.values() if field.alias)
    return frozenset(names)


def _plain(value: Any) -> Any:
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def _secret(name: str, value: Any) -> SecretStr | None:
    if value is None or isinstance(value, SecretStr):
        return value
    if not isinstance(value, str):
        raise ConfigurationError(f"{name} must be text, not {type(value).__name__}")
    return SecretStr(value)


def _configuration_error(where: str, error: ValidationError) -> BedrockError:
    """pydantic's findings as one sentence, without the value of any secret."""
    findings: list[str] = []
    for found in error.errors(include_url=False, include_context=False, include_input=True):
        name = ".".join(str(part) for part in found["loc"]) or where
        secret = found["loc"] and found["loc"][0] in (*SECRETS, *_HANDED_IN)
        unshown = secret or not found["loc"] or found["type"] == "missing"  # then the input is everything
        given = "" if unshown else f" (given: {shown(found['input'], 120)})"
        findings.append(f"{name}: {found['msg']}{given}")
    return ConfigurationError(f"{where}: {'; '.join(findings)}")
