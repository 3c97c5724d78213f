"""``load()``: a configuration from wherever it is, whoever's it is."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from ..errors import BedrockError, ConfigurationError
from ..models.ids import parse_model_id
from .named import Configuration, Origin
from .open import OpenConfiguration
from .reading.documents import is_file, is_folder, read_document
from .reading.problems import not_one_of, problem
from .whose import ONELLMS, REQ_LLM_MARKS, SPICEPODS, system_of

Source = str | os.PathLike[str] | Mapping[str, Any] | None
Env = Mapping[str, str]

#: System to the module of its reader, and other names that people call it by.
READERS: Mapping[str, str] = {
    "spice": "spice",
    "gomodel": "gomodel",
    "onellm": "onellm",
    "req_llm": "req_llm",
    "contenox": "contenox",
    "bedrock-unified": "own.plain",
}
_ALSO = {
    "spiceai": "spice",
    "spice.ai": "spice",
    "spicepod": "spice",
    "reqllm": "req_llm",
    "own": "bedrock-unified",
}
_GOMODELS = ("config/config.yaml", "config.yaml")
_OWN = "bedrock-unified.json"
#: Before a model's name, as OneLLM writes it; a colon is ReqLLM's.
ONELLM_MARK = "bedrock/"
_REQ_LLM_END = "@amazon_bedrock"
_LONGEST_PATH = 4096
_FILE_SUFFIXES = (".yaml", ".yml", ".json", ".env")


def load(source: Source = None, *, system: str | None = None, env: Env | None = None) -> Configuration:
    """Read a configuration; see "Configuration files" in the README.

    Args:
        source: a file, or a folder to look in; a dict; a model (``bedrock:amazon.nova-lite-v1:0`` in ReqLLM's
            way, ``bedrock/nova-lite`` in OneLLM's, or an id alone, which is called by Converse); or None for
            the first of: the command's own file, one in the current folder, the environment.
        system: whose configuration it is, where that cannot be seen: ``spice``, ``gomodel``, ``onellm``,
            ``req_llm``, ``contenox``, ``bedrock-unified``.
        env: the environment; default the process's own.

    Returns:
        Named models and providers. ``notes`` says what was left out, and why.

    Raises:
        ConfigurationError: it cannot be read; the message names file, line or key, what was found, what is
            allowed. Never a secret.
    """
    env = os.environ if env is None else env
    whose = None if system is None else _system(system)
    if source is None:
        return _read(whose, None, env) if whose else _searched(env)
    if isinstance(source, str) and ("\n" in source or source.lstrip().startswith(("{", "["))):
        raise ConfigurationError(  # it may hold secrets: it is not shown
            "the source is the text of a configuration, not its path",
            hint="give the file's path, or a dict: load(json.loads(text)), load(yaml.safe_load(text))",
        )
    if isinstance(source, str) and not _is_path(source):
        return _spec(source, whose, env)
    if isinstance(source, (str, os.PathLike)):
        path = _expanded(source)
        if is_folder(path):
            return _read(whose, _inside(path, whose), env) if whose else _from_folder(path, env)
        return _from_file(path, whose, env)
    if isinstance(source, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance]
        return _from_mapping(source, whose, env)
    if isinstance(source, (tuple, list)) and whose in (None, "req_llm"):
        return _read("req_llm", source, env)
    raise ConfigurationError(
        f"a configuration cannot be a {type(source).__name__}",
        hint="give a path, a dict, a model spec, or nothing to look for one",
    )


def _system(name: str) -> str:
    found = _ALSO.get(
        name.lower(), name.lower().replace("-", "_") if name.lower() != "bedrock-unified" else name.lower()
    )
    if found not in READERS:
        raise not_one_of(Origin("arguments", "system"), name, tuple(READERS))
    return found


def _reader(system: str) -> Callable[[Any, Env], Configuration]:
    return import_module(f".{READERS[system]}", __package__).read


def _read(system: str, source: Any, env: Env) -> Configuration:
    if system == "bedrock-unified" and source is None:
        from . import own

        return own.read(None, env)
    if system == "spice" and source is None:
        return _reader(system)(_inside(Path(), system), env)
    return _reader(system)(source, env)


def _from_file(path: Path, whose: str | None, env: Env) -> Configuration:
    if path.name == ".env" or path.name.startswith(".env."):
        if whose in (None, "gomodel") and path.name == ".env" and is_file(path):
            return _read("gomodel", path.parent, env)
        raise problem(Origin(str(path)), "it is no configuration", hint="give the folder it lies in, or env=")
    if whose is None:
        document = read_document(path)
        whose = system_of(document.value, path)
        if whose is None:
            raise _unrecognised(document.origin())
    if whose == "bedrock-unified" and path.suffix.lower() == ".json":
        from . import own

        if own.is_own(read_document(path).value):
            return own.read(path, env)
    return _read(whose, path, env)


def _from_mapping(value: Mapping[str, Any], whose: str | None, env: Env) -> Configuration:
    from .own.file import MARK, is_own

    if is_own(value):
        raise problem(
            Origin("arguments", MARK),
            "this is the content of the command's own file",
            hint="give the file's path",
        )
    whose = whose or system_of(value)
    if whose is None:
        raise _unrecognised(Origin("arguments"))
    return _read(whose, value, env)


def _spec(text: str, whose: str | None, env: Env) -> Configuration:
    """A model spec: ReqLLM's, OneLLM's, or an id alone, which is nobody's; a name alone is none."""
    if not text.strip():
        raise problem(Origin("arguments", "source"), "it is empty text", hint="leave it out to look for one")
    if whose == "onellm" or (whose is None and text.startswith(ONELLM_MARK)):
        return _of_one(_read("onellm", None, env), text)
    if whose == "req_llm" or (
        whose is None and (text.startswith(REQ_LLM_MARKS) or text.endswith(_REQ_LLM_END))
    ):
        return _read("req_llm", text, env)
    if whose not in (None, "bedrock-unified"):
        return _from_file(_expanded(text), whose, env)
    try:
        known = parse_model_id(text)
    except BedrockError:
        known = None
    if known is None or (known.vendor is None and known.arn is None):
        raise ConfigurationError(
            f"{text!r:.200} is neither a file nor a model",
            hint="give a configuration file, a folder, or a spec like bedrock:amazon.nova-lite-v1:0",
        )
    return _of_one(OpenConfiguration(system="bedrock-unified"), text)


def _of_one(configuration: Configuration, name: str) -> Configuration:
    """The same with this model, and it is the one where none is named."""
    return replace(configuration, models={name: configuration[name]}, default_model=name)


def _expanded(path: str | os.PathLike[str]) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise problem(Origin(os.fspath(path)), "there is no such home folder") from None


def _is_path(text: str) -> bool:
    """Whether text means a file: there is one, or it looks like nothing else."""
    if text.startswith((*REQ_LLM_MARKS, "arn:")):
        return False
    if is_there(text):
        return True
    if len(text) > _LONGEST_PATH or "\0" in text:
        return False
    if text.startswith(ONELLM_MARK):
        return False
    return text.lower().endswith(_FILE_SUFFIXES) or text.startswith((".", "~", "/", "\\")) or os.sep in text


def is_there(text: str) -> bool:
    """Whether there is a file or folder of this name."""
    try:
        return bool(text.strip()) and Path(text).expanduser().exists()
    except (OSError, ValueError, RuntimeError):  # too long, a null character, no such home folder
        return False


def _searched(env: Env) -> Configuration:
    """The first of what there is: our own file, a configuration in the current folder, the environment."""
    from . import own

    try:
        path = own.place(env)
    except ConfigurationError:
        if env.get(own.HOME):
            raise
        path = None  # without the command's packages it has no file, either
    if path is not None and is_file(path):
        return own.read(None, env)
    found = _in_folder(Path(), env)
    if found is not None:
        return found
    if any(
        name.upper().startswith("ONELLM_PROVIDERS__BEDROCK__") or name == "ONELLM_BEDROCK_JSON"
        for name in env
    ):
        return _read("onellm", None, env)
    if _has_families(env):
        return _read("gomodel", None, env)
    return OpenConfiguration(system="bedrock-unified", origin=Origin("environment"))


def _from_folder(path: Path, env: Env) -> Configuration:
    found = _in_folder(path, env)
    if found is None:
        looked = ", ".join((*SPICEPODS, *_GOMODELS, ONELLMS, _OWN))
        raise problem(Origin(str(path)), "no configuration lies in this folder", hint=f"looked for {looked}")
    return found


def _in_folder(folder: Path, env: Env) -> Configuration | None:
    """A folder's configuration. Files whose names many programs use count only if they are one."""
    for name in (_OWN, *SPICEPODS):
        if is_file(folder / name):
            return _from_file(folder / name, None, env)
    for name in _GOMODELS:
        if is_file(folder / name) and _is_gomodels(folder / name):
            return _read("gomodel", folder / name, env)
    from .onellm import find

    if (path := find(folder)) is not None:
        return _read("onellm", path, env)
    if is_file(folder / ".env"):
        from .reading.dotenv import read_dotenv

        if _has_families(read_dotenv(folder / ".env", env)):
            return _read("gomodel", folder, env)
    return None


def _is_gomodels(path: Path) -> bool:
    """Whether a file of a common name says something about Bedrock in GoModel's way."""
    try:
        value = read_document(path).value
    except ConfigurationError:
        return False  # another program's; whoever means it gives its path
    providers = cast("Mapping[str, Any]", value).get("providers") if isinstance(value, Mapping) else None
    return isinstance(providers, Mapping) and any(
        isinstance(one, Mapping) and cast("Mapping[str, Any]", one).get("type") == "bedrock"
        for one in cast("Mapping[str, Any]", providers).values()
    )


def _has_families(env: Env) -> bool:
    return any(
        name.startswith("BEDROCK_") and name.endswith(("_BASE_URL", "_MODELS")) and value
        for name, value in env.items()
    )


def _inside(folder: Path, whose: str) -> Path:
    """The file of a system in a folder; the folder itself where its reader looks."""
    if whose == "spice":
        for name in SPICEPODS:
            if is_file(folder / name):
                return folder / name
        raise problem(
            Origin(str(folder)), "no spicepod lies in this folder", hint=f"looked for {', '.join(SPICEPODS)}"
        )
    return folder / _OWN if whose == "bedrock-unified" else folder


def _unrecognised(origin: Origin) -> ConfigurationError:
    return problem(
        origin,
        "nothing tells whose configuration it is",
        hint="known are spicepods ('models' with 'from'), GoModel's config.yaml ('providers' with 'type'), "
        "bedrock.json ('profile', 'region'), Contenox's 'backends', ReqLLM's specs ('provider' and 'id') and "
        "ours ('models', 'providers', 'defaults'); say which with system=",
    )
