"""Where the secrets of a spicepod are kept: one class a kind of store, each asked for one key at a time.

Rules and names are those of Spice.ai's secret stores (its documentation, and ``crates/runtime-secrets`` of
its source). Spice asks Kubernetes' API for a secret; here its files are read where a pod has them mounted
(inferred: nothing was tested in a cluster).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

from ...errors import ConfigurationError
from ...wire import json_codec
from ..reading.documents import is_file, is_folder, read_text
from ..reading.dotenv import read_dotenv

#: Where pods usually have a secret's files: one file a key, in a folder of the secret's name.
KUBERNETES_FOLDERS = ("/var/run/secrets", "/etc/secrets")
_SPICED = "spiced"  # the user of Spice's entries in a keyring
_OURS = "bedrock-unified"
_SECONDS = 10


class Store(Protocol):
    """A store of secrets."""

    def get(self, key: str) -> str | None:
        """The secret of this key; None where the store has none.

        Raises:
            ConfigurationError: the store cannot be asked. No secret is in its message.
        """
        ...


class EnvironmentStore:
    """``env``: the process's environment, then ``.env.local``, then ``.env``; or a file of one's own.

    A key is looked up as ``SPICE_key``, ``key``, and both in upper case. Values of files are taken as they
    are written, without ``$NAME`` being replaced.
    """

    def __init__(self, env: Mapping[str, str], folder: Path, file_path: str | None = None) -> None:
        self._env = env
        self._folder = folder
        self._file_path = file_path
        self._files: list[Mapping[str, str]] | None = None

    def get(self, key: str) -> str | None:
        """The first that there is."""
        return self._find(key, [self._env, *self.files()])

    def from_files(self, key: str) -> str | None:
        """The same, without what the process's own environment has."""
        return self._find(key, self.files() if self._env is os.environ else [self._env, *self.files()])

    def files(self) -> list[Mapping[str, str]]:
        """What the files say, the strongest first."""
        if self._files is None:
            if self._file_path is not None:
                self._files = [_env_file(self._folder / Path(self._file_path).expanduser())]
            else:
                paths = (self._folder / ".env.local", self._folder / ".env")
                self._files = [read_dotenv(path) for path in paths]
        return self._files

    @staticmethod
    def _find(key: str, places: list[Mapping[str, str]]) -> str | None:
        names = dict.fromkeys((f"SPICE_{key}", key, f"SPICE_{key.upper()}", key.upper()))
        for place in places:
            for name in names:
                if place.get(name):
                    return place[name]
        return None


class KeyringStore:
    """``keyring``: the system's keyring, where Spice keeps its entries and this package its own."""

    def get(self, key: str) -> str | None:
        """The first that there is: Spice's ``spice_key`` and ``key``, then this package's ``key``."""
        try:
            import keyring
            from keyring.errors import KeyringError
        except ImportError:
            raise _not_installed("the keyring") from None
        try:
            for service, user in ((f"spice_{key}", _SPICED), (key, _SPICED), (_OURS, key)):
                if (found := keyring.get_password(service, user)) is not None:
                    return found
        except KeyringError as error:
            raise ConfigurationError(
                f"the system's keyring cannot be asked ({type(error).__name__})",
                hint="unlock it, or keep the secret in the environment: ${env:…}",
            ) from None
        return None


class SecretsManagerStore:
    """``aws_secrets_manager:NAME``: a secret whose value is a JSON object, asked for once."""

    def __init__(self, secret: str, params: Mapping[str, str], env: Mapping[str, str]) -> None:
        self._secret = secret
        self._params = params
        self._env = env
        self._held: Mapping[str, str] | ConfigurationError | None = None

    def get(self, key: str) -> str | None:
        """The member ``spice_key``, or ``key``."""
        if self._held is None:
            try:
                self._held = self._fetched()
            except ConfigurationError as error:
                self._held = error
        if isinstance(self._held, ConfigurationError):  # it is not asked again: each time may last long
            raise ConfigurationError(self._held.message, hint=self._held.hint)
        return self._held.get(f"spice_{key}", self._held.get(key))

    def _fetched(self) -> Mapping[str, str]:
        boto3: Any = import_module("boto3")  # without type stubs
        exceptions: Any = import_module("botocore.exceptions")
        config_of: Any = import_module("botocore.config").Config
        told = self._params
        region = told.get("aws_region") or self._env.get("AWS_REGION") or self._env.get("AWS_DEFAULT_REGION")
        config = config_of(connect_timeout=_SECONDS, read_timeout=_SECONDS, retries={"total_max_attempts": 3})
        try:
            client: Any = boto3.Session(
                aws_access_key_id=told.get("aws_access_key_id"),
                aws_secret_access_key=told.get("aws_secret_access_key"),
                aws_session_token=told.get("aws_session_token"),
                region_name=region,
                profile_name=told.get("aws_profile"),
            ).client("secretsmanager", config=config, endpoint_url=told.get("endpoint_url"))
            answer = client.get_secret_value(SecretId=self._secret)
        except exceptions.ClientError as error:
            code = str(error.response["Error"].get("Code", ""))
            if code == "ResourceNotFoundException":
                return {}
            raise ConfigurationError(
                f"AWS Secrets Manager refused the secret {self._secret!r} ({code})",
                hint="the caller needs secretsmanager:GetSecretValue, and kms:Decrypt for a key of its own",
            ) from None
        except (exceptions.BotoCoreError, ValueError) as error:
            raise ConfigurationError(
                f"AWS Secrets Manager could not be asked for {self._secret!r} ({type(error).__name__})",
                hint="check the store's aws_region and the AWS credentials",
            ) from None
        return self._members(answer)

    def _members(self, answer: Mapping[str, Any]) -> Mapping[str, str]:
        text = answer.get("SecretString")
        content = text.encode() if isinstance(text, str) else bytes(answer.get("SecretBinary") or b"")
        try:
            value = json_codec.loads(content)
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise ConfigurationError(
                f"the value of the secret {self._secret!r} in AWS Secrets Manager is no JSON object",
                hint='it must be keys and values, such as {"AWS_ACCESS_KEY_ID": "…"}',
            )
        members = cast("dict[str, Any]", value)
        return {key: each if isinstance(each, str) else str(each) for key, each in members.items()}


class MountedStore:
    """``kubernetes:NAME``: the secret's files, as they are mounted into a pod; one file a key."""

    def __init__(self, secret: str, mount_path: str | None) -> None:
        self._secret = secret
        folders = KUBERNETES_FOLDERS if mount_path is None else ()
        self._folders = (
            [Path(folder) / secret for folder in folders] if mount_path is None else [Path(mount_path)]
        )

    def get(self, key: str) -> str | None:
        """The file ``spice_key``, or ``key``, without the line break at its end."""
        if not any(is_folder(folder) for folder in self._folders):
            raise ConfigurationError(
                f"the Kubernetes secret {self._secret!r} is not mounted at "
                + " or ".join(str(folder) for folder in self._folders),
                hint="mount it into the pod and say where: params: mount_path: /path",
            )
        for folder in self._folders:
            for name in (f"spice_{key}", key):
                path = folder / name
                if path.parent == folder and is_file(path) and path.stat().st_size:
                    return read_text(path).rstrip("\n")
        return None


def _env_file(path: Path) -> Mapping[str, str]:
    """The variables of a file that was named.

    Raises:
        ConfigurationError: it is not there, cannot be read, or has a line that is no variable.
    """
    if not is_file(path):
        read_text(path)  # says what is there instead
    return read_dotenv(path)


def _not_installed(what: str) -> ConfigurationError:
    return ConfigurationError(
        f"reading {what} needs a package that is not installed", hint="pip install 'bedrock-unified[cli]'"
    )
