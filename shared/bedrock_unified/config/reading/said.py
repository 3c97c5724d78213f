"""What a configuration says, piece by piece, each with the place where it stands.

Documents, Python mappings and environment variables are read alike through :class:`Said`: a reader asks for
the kind of value it needs, and a refusal names file, line and key. Where text was expected, what is there is
not shown: it may be a secret.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from pydantic import SecretStr

from ...errors import ConfigurationError
from ...settings import shown
from ..named import Origin
from .documents import Document, Path_, kind_of, python_document, read_document
from .problems import problem, unknown_key


@dataclass(frozen=True, slots=True)
class Said:
    """One value of a configuration.

    Attributes:
        origin: where it stands.
        data: a dict or list of :class:`Said`, or a plain scalar.
        raw: a scalar as it is written, so that ``007`` stays text where text is wanted.
    """

    origin: Origin
    data: Any = field(repr=False)
    raw: str | None = field(default=None, repr=False)

    @property
    def _entries(self) -> dict[str, Said]:
        return cast("dict[str, Said]", self.data)

    @property
    def _items(self) -> list[Said]:
        return cast("list[Said]", self.data)

    @property
    def is_mapping(self) -> bool:
        """Whether it has keys."""
        return isinstance(self.data, dict)

    @property
    def is_list(self) -> bool:
        """Whether it has items."""
        return isinstance(self.data, list)

    @property
    def missing(self) -> bool:
        """Whether nothing is said: null, or no text at all."""
        return self.data is None or self.raw == "" or self.data == ""

    def wrong(self, found: str, *, hint: str | None = None) -> ConfigurationError:
        """A refusal of this value."""
        return problem(self.origin, found, hint=hint)

    def entries(self, known: Collection[str] | None = None) -> dict[str, Said]:
        """The entries of a mapping; none where nothing is said.

        Args:
            known: the keys that are read here; others are refused with the nearest. None allows all.
        """
        if self.missing:
            return {}
        if not isinstance(self.data, dict):
            raise self._not("a mapping of keys to values")
        found = self._entries
        for name, value in found.items():
            if known is not None and name not in known:
                raise unknown_key(value.origin, name, known)
        return dict(found)

    def items(self) -> list[Said]:
        """The items of a list; none where nothing is said."""
        if self.missing:
            return []
        if not isinstance(self.data, list):
            raise self._not("a list")
        return list(self._items)

    def text(self) -> str:
        """Text without blanks around it; a number that is written without quotes counts as text."""
        written = self.raw if self.raw is not None else self.data
        if not isinstance(written, str) or isinstance(self.data, (dict, list)) or self.data is None:
            raise self._not("text")
        return written.strip()

    def secret(self) -> SecretStr:
        """Text that nothing shows."""
        return SecretStr(self.text())

    def whole(self, *, least: int = 0, most: int | None = None) -> int:
        """A whole number, also as text."""
        value = self._number(int)
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            value = None
        if value is None or (most is not None and value > most):
            limits = f"from {least} to {most}" if most is not None else f"of at least {least}"
            raise self.wrong(f"it must be a whole number {limits}, not {self._found()}")
        return value

    def number(self, *, above: float = 0) -> float:
        """A number, also as text."""
        value = self._number(float)
        if isinstance(value, bool) or not isinstance(value, int | float) or not value > above:
            raise self.wrong(f"it must be a number above {above:g}, not {self._found()}")
        return float(value)

    def switch(self) -> bool:
        """True or false, also as text."""
        words = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False}
        words |= {"no": False, "off": False}
        value = words.get(self.data.strip().lower()) if isinstance(self.data, str) else self.data
        if not isinstance(value, bool):
            raise self.wrong(f"it must be true or false, not {self._found()}")
        return value

    def plain(self) -> Any:
        """The value as Python has it."""
        if isinstance(self.data, dict):
            return {name: one.plain() for name, one in self._entries.items()}
        if isinstance(self.data, list):
            return [one.plain() for one in self._items]
        return self.data

    def expanded(self, expand: Callable[[str], str]) -> Said:
        """The same with every text in it expanded."""
        if isinstance(self.data, dict):
            return Said(self.origin, {name: one.expanded(expand) for name, one in self._entries.items()})
        if isinstance(self.data, list):
            return Said(self.origin, [one.expanded(expand) for one in self._items])
        if isinstance(self.data, str):
            text = expand(self.data)
            return Said(self.origin, text, text)
        return self

    def _number(self, kind: type[int] | type[float]) -> Any:
        if not isinstance(self.data, str):
            return self.data
        try:
            return kind(self.data.strip())
        except ValueError:
            return None

    def _not(self, wanted: str) -> ConfigurationError:
        # The kind alone: a secret may stand at the wrong place.
        kind = kind_of(self.data)
        return self.wrong(f"it must be {wanted}, not {kind if kind in ('text', 'nothing') else f'a {kind}'}")

    def _found(self) -> str:
        return shown(self.data) if isinstance(self.data, str | int | float) else kind_of(self.data)


def from_python(value: Any) -> Said:
    """A value that was given in Python. Secrets among it may be ``SecretStr``."""
    return _said(python_document(value))


def from_environment(name: str, value: str, source: str = "environment") -> Said:
    """The value of an environment variable."""
    return Said(Origin(source, name), value, value)


def from_file(path: Path) -> Said:
    """What a YAML or JSON file says."""
    return _said(read_document(path))


def _said(document: Document) -> Said:
    return _of(document, document.value, ())


def _of(document: Document, value: Any, path: Path_) -> Said:
    origin = document.origin(*path)
    if isinstance(value, Mapping):
        entries = cast("Mapping[str, Any]", value).items()
        return Said(origin, {name: _of(document, one, (*path, name)) for name, one in entries})
    if isinstance(value, list | tuple):
        items = cast("Sequence[Any]", value)
        return Said(origin, [_of(document, one, (*path, at)) for at, one in enumerate(items)])
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    return Said(origin, value, value if isinstance(value, str) else document.texts.get(path))
