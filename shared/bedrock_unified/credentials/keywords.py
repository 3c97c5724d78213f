"""Keys in every spelling that people keep them in, as keywords of our classes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import ConfigurationError
from ..settings import SECRETS, ConnectionSettings, check_secret

#: Canonical names, by the spelling in lower case without underscores and hyphens.
_NAMES = {
    "accesskeyid": "aws_access_key_id",
    "secretaccesskey": "aws_secret_access_key",
    "sessiontoken": "aws_session_token",
    "apikey": "api_key",
    "region": "region_name",
    "regionname": "region_name",
}
#: What AWS's own tools write next to the keys, and no keyword stands for.
_PASSED_OVER = frozenset({"version", "expiration", "accountid"})
_SHOWN = "access_key_id, secret_access_key, session_token, api_key, region"


class Keywords(dict[str, Any]):
    """Keywords with secrets among them; its repr shows none."""

    def __repr__(self) -> str:
        shown = (f"{name!r}: {'…' if name in SECRETS else value!r}" for name, value in self.items())
        return f"{{{', '.join(shown)}}}"

    __str__ = __repr__


def keywords_of(pairs: Iterable[tuple[Any, Any]], where: str) -> Keywords:
    """The keywords that these names and values mean; empty values are left out.

    ``AccessKeyID``, ``access_key_id``, ``accessKeyId`` and ``aws_access_key_id`` are one name.

    Args:
        where: what is read, for the message.

    Raises:
        ConfigurationError: neither an API key nor a key pair, half a pair, an unknown name, one name twice, a
            value that no header can carry. Nothing of what was read is quoted.
    """
    found = Keywords()
    for name, value in pairs:
        spelled = name.lower().replace("_", "").replace("-", "") if isinstance(name, str) else ""
        if spelled in _PASSED_OVER:
            continue
        target = _NAMES.get(spelled.removeprefix("aws"))
        if target is None:
            raise ConfigurationError(f"{where} has an unknown name", hint=f"its names are {_SHOWN}")
        if value is None or value == "":
            continue
        if target in found:
            raise ConfigurationError(f"{where} names {target} twice", hint="keep one spelling")
        check_secret(f"{target} of {where}", value)
        found[target] = value
    pair = [name for name in SECRETS[1:3] if name in found]
    if not pair and "api_key" not in found:
        raise ConfigurationError(
            f"{where} has neither an access key pair nor an API key",
            hint='write {"AccessKeyID": "…", "SecretAccessKey": "…", "SessionToken": ""}, or the same in '
            "snake_case or camelCase",
        )
    ConnectionSettings.from_keywords(found, where)  # refuses half a pair
    return found


def keywords_of_mapping(given: Mapping[Any, Any], where: str) -> Keywords:
    """The same of a mapping; its secrets may be pydantic's ``SecretStr``."""
    return keywords_of(((name, _plain(value)) for name, value in given.items()), where)


def _plain(value: Any) -> Any:
    reveal = getattr(value, "get_secret_value", None)
    return reveal() if callable(reveal) else value
