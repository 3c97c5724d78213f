"""Where a ``bedrock.json`` lies."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..named import Origin
from ..reading.documents import is_file, is_folder, looking_at
from ..reading.problems import problem

FILE_NAME = "bedrock.json"
#: Names the file, wherever it lies.
FILE_VARIABLE = "ONELLM_BEDROCK_JSON"
#: What marks the top folder of a project, beyond which no file is looked for.
MARKERS = (
    ".git",
    ".hg",
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "requirements.txt",
    "Pipfile",
    "uv.lock",
    "package.json",
)
_INSTALLED = frozenset({"site-packages", "dist-packages"})


def find(folder: Path) -> Path | None:
    """The ``bedrock.json`` of the project that a folder belongs to.

    It is looked for in the folder, then in its parents up to the one with a mark of a project's top
    (:data:`MARKERS`). Without any mark above, the folder alone counts: what lies further up belongs to
    somebody else. Where packages are installed nothing is looked for.
    """
    folder = folder.absolute()
    if _INSTALLED.intersection(folder.parts):
        return None
    searched: list[Path] = []
    for each in (folder, *folder.parents):
        searched.append(each)
        with looking_at(each):
            stop = any((each / mark).exists() for mark in MARKERS)
        if stop:
            break
    else:
        searched = [folder]
    return next((each / FILE_NAME for each in searched if is_file(each / FILE_NAME)), None)


def path_of(source: Path | Mapping[str, Any] | None, env: Mapping[str, str]) -> Path | None:
    if isinstance(source, Path):
        if not is_folder(source):
            return source
        found = find(source)
        if found is None:
            raise problem(
                Origin(str(source)),
                f"there is no {FILE_NAME} in this folder, nor above it in its project",
                hint='write one, such as {"profile": "default", "region": "us-east-1"}',
            )
        return found
    if source is not None:
        return None
    if named := env.get(FILE_VARIABLE):
        return Path(named)
    return find(Path())
