"""This package's own two forms: the file that the command writes (:mod:`.file`), and a dict or file that a
person writes (:mod:`.plain`)."""

from __future__ import annotations

from .file import (
    FILE_NAME,
    HOME,
    MARK,
    SYSTEM,
    VERSION,
    Own,
    OwnConfiguration,
    configuration_of,
    home,
    is_own,
    no_default,
    place,
    read,
    read_file,
)

__all__ = [
    "FILE_NAME",
    "HOME",
    "MARK",
    "SYSTEM",
    "VERSION",
    "Own",
    "OwnConfiguration",
    "configuration_of",
    "home",
    "is_own",
    "no_default",
    "place",
    "read",
    "read_file",
]
