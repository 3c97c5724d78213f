"""Credentials as a JSON text in one variable, as Contenox keeps them."""

from __future__ import annotations

import json
from typing import Any

from ..errors import ConfigurationError
from .keywords import keywords_of

_HINT = 'a blob looks like {"AccessKeyID": "…", "SecretAccessKey": "…", "SessionToken": ""}'


class _Pairs(list[tuple[Any, Any]]):
    """A JSON object as it is written: a name may come twice."""


def keys_of_json(text: str, *, where: str = "the credentials JSON") -> dict[str, Any]:
    """The keywords of a JSON text of credentials.

    Its names are spelled ``AccessKeyID``, ``access_key_id`` or ``accessKeyId``, and so are the others. An
    empty session token is none. The output of ``aws sts assume-role`` and of a credential process is read,
    too.

    Args:
        where: what is read (``AWS_BEDROCK_CREDS``), for the message.

    Returns:
        ``aws_access_key_id``, ``aws_secret_access_key``, and what else it has of ``aws_session_token``,
        ``api_key``, ``region_name``. Its repr shows no key.

    Raises:
        ConfigurationError: it is no JSON object, or not one of credentials. Nothing of it is quoted.
    """
    value = _parsed(text)
    if isinstance(value, _Pairs) and len(value) >= 1 and str(value[0][0]).lower() == "credentials":
        value = value[0][1]
    if not isinstance(value, _Pairs):
        raise ConfigurationError(f"{where} is no JSON object", hint=_HINT)
    return keywords_of(value, where)


def _parsed(text: Any) -> Any:
    # The parser's exception holds the text: it is let go here, and never becomes a cause.
    if not isinstance(text, str):
        return None
    try:
        return json.loads(text.lstrip("\ufeff"), object_pairs_hook=_Pairs)
    except (ValueError, RecursionError):
        return None
