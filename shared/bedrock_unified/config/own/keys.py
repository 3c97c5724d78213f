"""The key of a backend: in a variable of the environment, in the system's keyring, or in the file itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...errors import ConfigurationError
from ...settings import check_secret

#: Under which the system's keyring keeps our keys.
SERVICE = "bedrock-unified"
_OTHERWISE = (
    "keep the key in an environment variable instead and name it: --api-key-env VARIABLE; "
    "or use a profile: --profile NAME"
)


def keywords_of_key(text: str, where: str) -> dict[str, Any]:
    """The parameters behind a key: those of a JSON object of access keys, else a Bedrock API key.

    Args:
        where: what holds it, for the errors; the key itself is never shown.

    Raises:
        ConfigurationError: it is empty, or a JSON object that holds no key pair.
    """
    from pydantic import SecretStr

    text = text.strip()
    if not text:
        raise ConfigurationError(
            f"{where} is empty", hint="it holds a Bedrock API key, or a JSON object of keys"
        )
    if not text.startswith("{"):
        check_secret(where, text)
        return {"api_key": SecretStr(text)}
    from ...credentials.blob import keys_of_json

    try:
        keys: Mapping[str, Any] = keys_of_json(text)
    except ConfigurationError as error:
        raise ConfigurationError(f"{where}: {error.message}", hint=error.hint) from None
    return {name: SecretStr(value) if isinstance(value, str) else value for name, value in keys.items()}


def key_in_environment(variable: str, env: Mapping[str, str], where: str) -> dict[str, Any]:
    """The parameters behind the key in a variable.

    Raises:
        ConfigurationError: it is not set, or holds no key.
    """
    if variable not in env:
        raise ConfigurationError(
            f"{where}: the environment variable {variable} is not set",
            hint=f"export {variable}='…' with a Bedrock API key, or a JSON object with AccessKeyID and "
            "SecretAccessKey",
        )
    return keywords_of_key(env[variable], f"{where}: the environment variable {variable}")


def key_in_keyring(entry: str, where: str) -> dict[str, Any]:
    """The parameters behind the key in the system's keyring.

    Raises:
        ConfigurationError: there is no keyring, it is locked, or the entry has gone.
    """
    ring = _keyring(where)
    try:
        text = ring.get_password(SERVICE, entry)
    except Exception as error:
        raise _unusable(where, error) from None
    if text is None:
        raise ConfigurationError(
            f"{where}: the system's keyring has no entry {entry!r} of {SERVICE}",
            hint="add the backend again with --replace and its key, or with --api-key-env VARIABLE",
        )
    return keywords_of_key(text, f"{where}: the keyring's entry {entry!r}")


def keep_in_keyring(entry: str, text: str, where: str) -> None:
    """Put a key into the system's keyring, and see that it stays there.

    Raises:
        ConfigurationError: there is no keyring, it is locked, or it keeps nothing.
    """
    ring = _keyring(where)
    try:
        ring.set_password(SERVICE, entry, text)
        kept = ring.get_password(SERVICE, entry)
    except Exception as error:
        raise _unusable(where, error) from None
    if kept != text:
        raise ConfigurationError(f"{where}: the system's keyring did not keep the key", hint=_OTHERWISE)


def forget_in_keyring(entry: str, where: str) -> None:
    """Take a key out of the system's keyring; one that is not there any more is no error.

    Raises:
        ConfigurationError: there is no keyring, or it is locked.
    """
    ring = _keyring(where)
    try:
        if ring.get_password(SERVICE, entry) is not None:
            ring.delete_password(SERVICE, entry)
    except Exception as error:
        raise _unusable(where, error) from None


def _keyring(where: str) -> Any:
    try:
        import keyring
        from keyring.backends import fail, null
    except ModuleNotFoundError:
        raise ConfigurationError(
            f"{where}: the package keyring is not installed",
            hint=f"pip install 'bedrock-unified[cli]', or {_OTHERWISE}",
        ) from None
    ring: Any = keyring.get_keyring()
    if isinstance(ring, (fail.Keyring, null.Keyring)):
        raise ConfigurationError(f"{where}: this system has no keyring", hint=_OTHERWISE)
    if "plaintext" in type(ring).__name__.lower():
        raise ConfigurationError(
            f"{where}: this system's keyring ({type(ring).__name__}) keeps keys in plain text",
            hint=_OTHERWISE,
        )
    return ring


def _unusable(where: str, error: Exception) -> ConfigurationError:
    """A keyring that failed. What it says is not shown: it may quote what it was given."""
    kind = type(error).__name__
    locked = "Locked" in kind or "Init" in kind
    what = "is locked" if locked else f"cannot be used ({kind})"
    hint = f"unlock it, or {_OTHERWISE}" if locked else _OTHERWISE
    return ConfigurationError(f"{where}: the system's keyring {what}", hint=hint)
