"""Spice.ai's ``spicepod.yaml``: the Bedrock models that it names, with their parameters and secrets.

Read are ``models``, ``embeddings``, ``rerankers`` and ``secrets``. The other sections are about data and
about Spice's own runtime; they are left out with a note, as are models of other providers. A key that Spice
does not have is an error.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast

from ...errors import InvalidRequestError
from ...models.ids import parse_model_id
from ..named import Configuration, NamedModel, Origin
from ..reading.problems import not_one_of, problem
from ..reading.said import Said, from_file, from_python
from ..secrets import Secrets
from .params import Entry, read_params

SYSTEM = "spice"
#: Section to the kind of its models.
SECTIONS: Mapping[str, str] = {"models": "chat", "embeddings": "embedding", "rerankers": "rerank"}
#: Sections of Spice's own, which are left out with a note.
_SPICES = (
    "catalogs",
    "chunking",
    "datasets",
    "dependencies",
    "evals",
    "extensions",
    "functions",
    "management",
    "memory",
    "metadata",
    "params",
    "runtime",
    "snapshots",
    "tools",
    "tables",
    "telemetry",
    "udfs",
    "views",
    "workers",
)
_TOP = ("version", "kind", "name", "secrets", *SECTIONS, *_SPICES)
_ENTRY = ("from", "name", "params")
#: Keys of an entry that mean something to Spice's runtime alone.
_ENTRY_OF_SPICES = (
    "access",
    "datasets",
    "dependsOn",
    "description",
    "enabled",
    "files",
    "metadata",
    "metrics",
)
_BEDROCK = "bedrock"


def is_spicepod(value: object) -> bool:
    """Whether a document is one: it says so, or has models that come ``from`` somewhere."""
    if not isinstance(value, Mapping):
        return False
    members = cast("Mapping[str, Any]", value)
    if str(members.get("kind", "")).lower() == "spicepod":
        return True
    for section in SECTIONS:
        entries = members.get(section)
        if isinstance(entries, (list, tuple)) and any(
            isinstance(one, Mapping) and "from" in one for one in cast("Sequence[Any]", entries)
        ):
            return True
    return False


def read(source: Path | Mapping[str, Any], env: Mapping[str, str] | None = None) -> Configuration:
    """A spicepod as a configuration.

    Args:
        source: the file, or its content. ``.env`` files are looked for in its folder, or the current.
        env: the environment that secrets are looked up in.

    Raises:
        ConfigurationError: it cannot be read; it has a key that nobody knows, a value that cannot be, a
            reference that no store resolves, or no entry to read.
    """
    env = os.environ if env is None else env
    said = from_file(source) if isinstance(source, Path) else from_python(source)
    folder = source.parent if isinstance(source, Path) else Path()
    top = said.entries(_TOP)
    if "kind" in top and top["kind"].text().lower() != "spicepod":
        raise not_one_of(top["kind"].origin, top["kind"].text(), ("Spicepod",))
    if not any(section in top for section in SECTIONS):
        raise problem(said.origin, "it names no models", hint="a spicepod has 'models:' or 'embeddings:'")
    notes = [f"{top[key].origin}: left out, it is for Spice's own runtime" for key in top if key in _SPICES]
    secrets = Secrets.of_section(top.get("secrets"), env, folder)
    models: dict[str, NamedModel] = {}
    for section, kind in SECTIONS.items():
        for one in top[section].items() if section in top else ():
            model = _model(one, kind, secrets, notes)
            if model is None:
                continue
            if model.name in models:
                raise one.wrong(
                    f"the name {model.name!r} is taken by {models[model.name].origin}",
                    hint="give each model a name of its own",
                )
            models[model.name] = model
    return Configuration(
        system=SYSTEM,
        origin=Origin(said.origin.source),
        models=models,
        default_model=next(iter(models)) if len(models) == 1 else None,
        notes=tuple(notes),
    )


def _model(said: Said, kind: str, secrets: Secrets, notes: list[str]) -> NamedModel | None:
    """A model of an entry; None for one of another provider."""
    plain = said.entries()
    if "ref" in plain:
        raise said.wrong("entries of other files ('ref') are not read", hint="write the model itself here")
    if "from" not in plain:
        raise said.wrong("it says no 'from'", hint="from: bedrock:amazon.nova-lite-v1:0")
    origin = plain["from"]
    model_id = _model_id(origin)
    if model_id is None:
        notes.append(
            f"{origin.origin}: left out, {origin.text().partition(':')[0]!r:.40} is another provider"
        )
        return None
    entry = said.entries((*_ENTRY, *_ENTRY_OF_SPICES))
    if "name" not in entry or entry["name"].missing:
        raise said.wrong("it has no name", hint="add 'name:'; it is what the model is asked for by")
    name = entry["name"].text()
    notes += [
        f"{entry[key].origin}: left out, it is for Spice's own runtime"
        for key in entry
        if key in _ENTRY_OF_SPICES
    ]
    about = Entry(name=name, model_id=model_id, kind=kind, secrets=secrets, notes=notes)
    parameters = read_params(entry["params"].entries() if "params" in entry else {}, about)
    return NamedModel(name=name, model_id=model_id, kind=kind, parameters=parameters, origin=said.origin)


def _model_id(said: Said) -> str | None:
    """The id after ``bedrock:``; None where the entry is another provider's."""
    text = said.text()
    prefix, colon, model_id = text.partition(":")
    if prefix.strip().lower() != _BEDROCK:
        if get_close_matches(prefix.lower(), (_BEDROCK,), n=1, cutoff=0.8):
            raise said.wrong(f"{prefix!r:.40} is no provider", hint=f"did you mean {_BEDROCK + ':'!r}?")
        if not colon or _looks_like_an_id(text):
            raise said.wrong(
                "it names no provider" if not colon else "it is a model's id without its provider",
                hint=f"write from: bedrock:{text if _looks_like_an_id(text) else 'amazon.nova-lite-v1:0'}",
            )
        return None
    model_id = model_id.strip()
    if not model_id:
        raise said.wrong("no model id stands behind 'bedrock:'", hint="bedrock:amazon.nova-lite-v1:0")
    try:
        parse_model_id(model_id)
    except InvalidRequestError as error:
        raise said.wrong(error.message, hint=error.hint) from None
    return model_id


def _looks_like_an_id(text: str) -> bool:
    try:
        return parse_model_id(text).vendor is not None or text.startswith("arn:")
    except InvalidRequestError:
        return False
