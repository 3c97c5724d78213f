"""``.env`` files: environment variables in a file, as python-dotenv reads them."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from pathlib import Path

from ...errors import ConfigurationError
from ..named import Origin
from .documents import MOST_BYTES, looking_at, read_text
from .problems import problem

_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


def read_dotenv(path: Path, env: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables of a ``.env`` file; none where there is no such file. The environment is not changed.

    Args:
        env: what ``${NAME}`` and ``${NAME:-default}`` in a value stand for, else they do for a line above;
            None leaves values as they are written.

    Raises:
        ConfigurationError: a line is none; the line is named, not shown. Or python-dotenv is not installed.
    """
    with looking_at(path):
        if not path.is_file() or (path.stat().st_size <= MOST_BYTES and not path.read_bytes().strip()):
            return {}
    try:
        from dotenv.parser import parse_stream
    except ImportError:
        raise ConfigurationError(
            f"{path}: reading it needs python-dotenv", hint="pip install 'bedrock-unified[cli]'"
        ) from None
    values: dict[str, str] = {}
    for binding in parse_stream(io.StringIO(read_text(path))):
        if binding.error:
            raise problem(
                Origin(str(path), line=binding.original.line),
                "this line is no variable",
                hint="write NAME=value; values with blanks or # in quotes",
            )
        if binding.key is not None and binding.value is not None:
            text = binding.value
            values[binding.key] = text if env is None else expand(text, {**values, **env})
    return values


def expand(text: str, env: Mapping[str, str]) -> str:
    """Text with ``${NAME}`` and ``${NAME:-default}`` replaced by the environment.

    A default also stands in for an empty variable. A name that is nowhere is left as it is written.
    """

    def value(found: re.Match[str]) -> str:
        name, default = found.groups()
        if default is not None:
            return env.get(name) or default
        return env.get(name, found.group())

    return _REFERENCE.sub(value, text)
