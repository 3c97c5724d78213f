"""The command's own file: backends and settings, written by ``bedrock-unified backend`` and ``config``.

One JSON document, in the platform's folder for settings or where ``BEDROCK_UNIFIED_HOME`` says::

    {
      "bedrock-unified": 1,
      "settings": {"default-model": "us.amazon.nova-lite-v1:0"},
      "backends": {"eu": {"type": "bedrock", "region": "eu-west-1", "api_key_env": "AWS_BEDROCK_CREDS"}}
    }

Keys are there by reference: the name of an environment variable, an entry of the system's keyring. They are
looked up when a backend is used, not when the file is read.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from ...errors import ConfigurationError
from ...settings import shown
from ..named import NamedModel, Origin, Provider, UnknownModelError
from ..open import OpenConfiguration, kind_of
from ..reading.documents import Document, read_text
from ..reading.json_text import parse_json
from ..reading.problems import problem, unknown_key
from .backend import Backend, backend_of
from .settings import MODEL_SETTINGS, SETTINGS, Unfit, not_fit

SYSTEM = "bedrock-unified"
FILE_NAME = "bedrock-unified.json"
HOME = "BEDROCK_UNIFIED_HOME"
#: The file's first key; its value is the version of the file's form.
MARK, VERSION = "bedrock-unified", 1
_KEYS = (MARK, "settings", "backends")


@dataclass(slots=True)
class Own:
    """What the file says.

    Attributes:
        settings: by the names of :data:`~bedrock_unified.config.own.settings.SETTINGS`.
        backends: by their names, in the order they were added.
    """

    settings: dict[str, Any] = field(default_factory=dict[str, Any])
    backends: dict[str, Backend] = field(default_factory=dict[str, Backend])

    def written(self) -> str:
        """The file's text."""
        held = {name: backend.written() for name, backend in self.backends.items()}
        document = {MARK: VERSION, "settings": self.settings, "backends": held}
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OwnConfiguration(OpenConfiguration):
    """Our own file: a backend's name is a model, ``backend/id`` is one, and an id alone is one, too.

    An id alone goes to the default backend; without one, to where AWS's own settings lead.
    """

    def __getitem__(self, name: str) -> NamedModel:
        if name in self.providers and name not in self.models:
            raise UnknownModelError(
                f"{self.origin.source}: backend {name!r} names no model, and there is no default-model",
                hint=f"say {name}/<model id>, or: bedrock-unified config set default-model <model id>",
            )
        return OpenConfiguration.__getitem__(self, name)

    def _split(self, name: str) -> tuple[str | None, str]:
        before, slash, after = name.partition("/")
        if slash and after and before in self.providers:
            return before, after
        if self.default_provider is not None and self.default_provider not in self.providers:
            raise no_default(self.default_provider)
        return self.default_provider, name


def no_default(name: str) -> ConfigurationError:
    """What to say where the default backend has gone."""
    return ConfigurationError(
        f"the default backend {shown(name)} is not there",
        hint="bedrock-unified config set default-backend NAME ('backend list' shows them), or: "
        "bedrock-unified config unset default-backend",
    )


def home(env: Mapping[str, str] | None = None) -> Path:
    """The folder of the file.

    Raises:
        ConfigurationError: nothing tells where it is.
    """
    env = os.environ if env is None else env
    if told := env.get(HOME):
        try:
            return Path(told).expanduser()
        except RuntimeError:
            raise ConfigurationError(f"{HOME}={told!r:.200}: there is no such home folder") from None
    try:
        from platformdirs import user_config_path
    except ModuleNotFoundError:
        raise ConfigurationError(
            "the package platformdirs is not installed, which knows where settings are kept",
            hint=f"pip install 'bedrock-unified[cli]', or name a folder in {HOME}",
        ) from None
    return user_config_path(SYSTEM, appauthor=False, roaming=True)


def place(env: Mapping[str, str] | None = None) -> Path:
    """The file itself, whether it is there or not."""
    return home(env) / FILE_NAME


def is_own(document: object) -> bool:
    """Whether a JSON document is a file of ours."""
    return isinstance(document, Mapping) and MARK in document


def read(path: Path | None = None, env: Mapping[str, str] | None = None) -> OwnConfiguration:
    """The file as a configuration: each backend a provider, and with a model also a model of its name.

    Args:
        path: the file; default the one that the command writes. A missing one is an empty configuration
            there, an error where it was named.

    Raises:
        ConfigurationError: the file cannot be read; it says where and how to mend it.
    """
    env = os.environ if env is None else env
    found = place(env) if path is None else path
    own = read_file(found, must_exist=path is not None)
    return configuration_of(own, found, env)


def configuration_of(own: Own, path: Path, env: Mapping[str, str]) -> OwnConfiguration:
    """What the file says as a configuration."""
    source = str(path)
    region = own.settings.get("default-region")
    chat = {
        setting.keyword: own.settings[name]
        for name, setting in SETTINGS.items()
        if setting.keyword is not None and name in own.settings
    }
    default_model = own.settings.get(MODEL_SETTINGS["chat"])
    providers: dict[str, Provider] = {}
    models: dict[str, NamedModel] = {}
    for name, backend in own.backends.items():
        origin = Origin(source, f"backends.{name}")
        keywords = BackendKeywords(backend, region, env, f"backend {name!r}")
        listed = (backend.model,) if backend.model else ()
        providers[name] = OwnProvider(name=name, parameters=keywords, models=listed, origin=origin)
        if model_id := backend.model or default_model:
            kind = kind_of(model_id)
            models[name] = NamedModel(
                name=name,
                model_id=model_id,
                parameters=chat if kind != "embedding" and kind != "rerank" else {},
                kind=kind,
                provider=name,
                origin=origin,
            )
    default_backend = own.settings.get("default-backend")
    return OwnConfiguration(
        system=SYSTEM,
        origin=Origin(source),
        models=models,
        providers=providers,
        defaults=region_of_last_resort({}, region, env),
        default_model=default_backend if default_backend in models else default_model,
        default_provider=default_backend,
        chat_defaults=chat,
        notes=tuple(
            f"backend {name!r} names no model, and no default-model is set: it is a provider only"
            for name in own.backends
            if name not in models
        ),
    )


def read_file(path: Path, *, must_exist: bool = False) -> Own:
    """What the file says; nothing where there is none.

    Raises:
        ConfigurationError: it cannot be read or is not a file of ours. Nothing of it is lost: whoever writes
            the file reads it first.
    """
    if not must_exist and not _is_there(path):
        return Own()
    try:
        document = parse_json(read_text(path), str(path))
        return _own_of(document)
    except ConfigurationError as error:
        hint = f"{error.hint}; or " if error.hint else ""
        raise ConfigurationError(error.message, hint=f"{hint}{_mend(path)}") from None


def _is_there(path: Path) -> bool:
    """Whether there is anything of this name; a link that leads nowhere is something, too."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True  # its reader says what is wrong
    return True


def _own_of(document: Document) -> Own:
    members = document.mapping()
    if MARK not in members:
        raise problem(document.origin(), f"it is not a file of bedrock-unified: it has no key {MARK!r}")
    if members[MARK] != VERSION or isinstance(members[MARK], bool):
        raise problem(
            document.origin(MARK),
            f"the file's form is {shown(members[MARK])}, and this version of bedrock-unified reads {VERSION}",
            hint="update bedrock-unified" if isinstance(members[MARK], int) else f"write {VERSION}",
        )
    for key in members:
        if key not in _KEYS:
            raise unknown_key(document.origin(key), key, _KEYS)
    own = Own()
    for name, value in document.mapping("settings").items():
        where = document.origin("settings", name)
        if name not in SETTINGS:
            raise unknown_key(where, name, SETTINGS)
        try:
            own.settings[name] = SETTINGS[name].read(value)
        except Unfit as error:
            raise problem(where, not_fit(value, error)) from None
    for name in document.mapping("backends"):
        own.backends[name] = backend_of(name, document)
    return own


def _mend(path: Path) -> str:
    return f"mend the file, or move it away and set things up again: mv {path} {path}.old"


def region_of_last_resort(
    keywords: Mapping[str, Any], region: str | None, env: Mapping[str, str]
) -> dict[str, str]:
    """``default-region``, where neither these keywords nor AWS's own settings name a region."""
    if (
        region is None
        or keywords.get("region_name")
        or env.get("AWS_REGION")
        or env.get("AWS_DEFAULT_REGION")
    ):
        return {}
    from ...place import profile_section

    section, _ = profile_section(keywords.get("profile_name"), env)
    return {} if section.get("region") else {"region_name": region}


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnProvider(Provider):
    """A backend as a provider. Writing it down does not look its key up."""

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(
            OwnProvider,
            name=self.name,
            parameters=self.parameters,
            models=self.models,
            models_mode=self.models_mode,
            origin=self.origin,
        ), ()


class BackendKeywords(Mapping[str, Any]):
    """The parameters of a backend; its key is looked up at the first look into them.

    Raises (at that look):
        ConfigurationError: the key is not where the backend says.
    """

    __slots__ = ("_backend", "_env", "_found", "_lost", "_region", "_where")

    def __init__(
        self,
        backend: Backend,
        region: str | None,
        env: Mapping[str, str] | None,
        where: str,
        lost: bool = False,
    ) -> None:
        self._backend = backend
        self._region = region
        self._env = env
        self._where = where
        self._lost = lost
        self._found: dict[str, Any] | None = None

    def _keywords(self) -> dict[str, Any]:
        if self._found is None:
            if self._lost:
                raise ConfigurationError(
                    f"{self._where}: its key was not written down with this copy", hint="read the file again"
                )
            env = os.environ if self._env is None else self._env
            plain = self._backend.keywords()
            plain |= region_of_last_resort(plain, self._region, env)
            self._found = plain | self._backend.key(env, self._where)
        return self._found

    def __getitem__(self, name: str) -> Any:
        if self._found is None and name in (plain := self._backend.keywords()):
            return plain[name]  # it takes no key to tell the region
        return self._keywords()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._keywords())

    def __len__(self) -> int:
        return len(self._keywords())

    def __repr__(self) -> str:
        return f"BackendKeywords({self._where}: {self._backend.shown()})"

    def __reduce__(self) -> tuple[Any, ...]:
        # Neither what was found nor the environment is written down: a copy looks for itself.
        lost = self._lost or self._backend.api_key is not None
        return BackendKeywords, (self._backend.without_key(), self._region, None, self._where, lost)
