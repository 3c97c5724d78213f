"""References to secrets: ``${store:key}``, and ``${secrets:key}``, which asks every store.

Syntax and rules are Spice.ai's: blanks inside the braces, references inside longer text, stores of the
configuration's ``secrets:`` section, the last defined asked first; without that section ``env`` alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

from ...errors import ConfigurationError
from ..named import Origin
from ..reading.problems import not_one_of, problem
from ..reading.said import Said
from .stores import EnvironmentStore, KeyringStore, MountedStore, SecretsManagerStore, Store

_REFERENCE = re.compile(r"\$\{\s*([A-Za-z0-9_.-]+)\s*::?\s*([^}:][^}]*?)\s*\}")
_ANY = "secrets"  # the name that asks every store
_KINDS = ("env", "keyring", "kubernetes", "aws_secrets_manager")
_PARAMS: Mapping[str, tuple[str, ...]] = {
    "env": ("file_path",),
    "keyring": (),
    "kubernetes": ("mount_path",),
    "aws_secrets_manager": (
        "aws_region",
        "aws_profile",
        "aws_access_key_id",
        "aws_secret_access_key",
        "aws_session_token",
        "endpoint_url",
    ),
}


def refers(text: str) -> bool:
    """Whether there is a reference in a text."""
    return _REFERENCE.search(text) is not None


def half_a_reference(text: str) -> bool:
    """Whether something begins like a reference and names no store: ``${AWS_ACCESS_KEY_ID}``."""
    return "${" in _REFERENCE.sub("", text)


class Secrets:
    """The stores of one configuration."""

    def __init__(self, stores: Mapping[str, Store]) -> None:
        self._stores = dict(stores)

    @classmethod
    def of_the_environment(cls, env: Mapping[str, str], folder: Path) -> Secrets:
        """The stores of a configuration that names none: ``env``, and the keyring where it is asked for."""
        return cls({"keyring": KeyringStore(), "env": EnvironmentStore(env, folder)})

    @classmethod
    def of_section(cls, section: Said | None, env: Mapping[str, str], folder: Path) -> Secrets:
        """The stores of a configuration's ``secrets:`` section; without one, ``env``.

        Args:
            folder: where ``.env`` files are, and what a ``file_path`` is relative to.

        Raises:
            ConfigurationError: a store that does not exist, a key that none has, a name that is taken.
        """
        entries = section.items() if section else []
        alone = cls({"env": EnvironmentStore(env, folder)})  # also for references in the parameters of stores
        if not entries:
            return alone
        stores: dict[str, Store] = {}
        for entry in entries:
            name, store = _store(entry, alone, env, folder)
            if name in stores:
                raise entry.wrong(f"two stores are called {name!r}", hint="give each a name of its own")
            stores[name] = store
        return cls(stores)

    def filled(self, text: str, origin: Origin) -> str | SecretStr:
        """The text with its references replaced; a secret if there was any.

        Raises:
            ConfigurationError: a store that is not there, or a key that nothing was found for.
        """
        if not refers(text):
            return text
        return SecretStr(_REFERENCE.sub(lambda found: self._looked_up(found[1], found[2], origin), text))

    def autoloaded(self, key: str) -> SecretStr | None:
        """A secret that nobody refers to, by the name of its parameter.

        What the process's own environment has is left to the AWS chain, which reads it with its token.
        """
        for store in reversed(self._stores.values()):
            try:
                asked = store.from_files if isinstance(store, EnvironmentStore) else store.get
                found = asked(key) or asked(key.upper())
            except ConfigurationError:
                continue  # nobody asked for it
            if found:
                return SecretStr(found)
        return None

    def _looked_up(self, name: str, key: str, origin: Origin) -> str:
        if name != _ANY:
            store = self._stores.get(name)
            if store is None:
                raise problem(
                    origin,
                    f"there is no secret store {name!r}, which ${{{name}:{key}}} asks",
                    hint=f"the stores are {', '.join([*self._stores, _ANY])}; 'secrets:' declares others",
                )
            try:
                found = store.get(key)
            except ConfigurationError as error:
                raise problem(origin, error.message, hint=error.hint) from None
            if not found:
                raise self._missing(origin, key, name)
            return found
        failures: list[str] = []
        for store in reversed(self._stores.values()):
            try:
                found = store.get(key)
            except ConfigurationError as error:
                failures.append(error.message)
                continue
            if found:
                return found
        raise self._missing(origin, key, ", ".join(reversed(self._stores)), failures)

    def _missing(
        self, origin: Origin, key: str, searched: str, failures: list[str] | None = None
    ) -> ConfigurationError:
        what = f"the secret {key!r} was not found (searched: {searched})"
        if failures:
            what += "; " + "; ".join(failures)
        return problem(origin, what, hint=f"set it, for example: export {key.upper()}=…, or a line of .env")


def _store(said: Said, references: Secrets, env: Mapping[str, str], folder: Path) -> tuple[str, Store]:
    entry = said.entries(("from", "name", "params", "description"))
    if "from" not in entry or entry["from"].missing:
        raise said.wrong("it says no 'from'", hint=f"from: {' or '.join(_KINDS)}")
    source = entry["from"]
    kind, _, selector = (part.strip() for part in source.text().partition(":"))
    if kind not in _KINDS:
        raise not_one_of(source.origin, kind, _KINDS)
    needs = kind in ("kubernetes", "aws_secrets_manager")
    if needs != bool(selector):
        raise source.wrong(
            f"the store {kind} {'needs the name of a secret' if needs else 'takes no selector'}",
            hint=f"write from: {kind}{':my_secret' if needs else ''}",
        )
    params: dict[str, str] = {}
    if "params" in entry:
        for key, value in entry["params"].entries(_PARAMS[kind] or ("no keys at all",)).items():
            text = references.filled(value.text(), value.origin)
            params[key] = text.get_secret_value() if isinstance(text, SecretStr) else text
    name = entry["name"].text() if "name" in entry else kind
    if name == _ANY:
        raise entry["name"].wrong(f"{_ANY!r} means all stores and can be no store's name")
    if kind == "env":
        return name, EnvironmentStore(env, folder, params.get("file_path"))
    if kind == "keyring":
        return name, KeyringStore()
    if kind == "kubernetes":
        return name, MountedStore(selector, params.get("mount_path"))
    return name, SecretsManagerStore(selector, params, env)
