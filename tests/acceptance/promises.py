"""The README's table of what each source system promised, made from the tests that check it.

    python tests/acceptance/promises.py            # prints the table
    python tests/acceptance/promises.py --write    # puts it into the README

A promise is told in the words of its test's name: ``test_sp_14_a_model_is_found_by_its_name``.
"""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
README = HERE.parents[1] / "README.md"
BEGIN, END = "<!-- promises -->\n", "<!-- /promises -->\n"
#: The systems by the two letters of their numbers, and how many promises each makes.
SYSTEMS = {"SP": "Spice.ai", "RQ": "ReqLLM", "GM": "GoModel", "CX": "Contenox", "OL": "OneLLM"}
COUNTS = {"SP": 54, "RQ": 38, "GM": 29, "CX": 24, "OL": 35}
#: Words that a function's name cannot spell.
_ACRONYMS = frozenset(
    {
        "api",
        "arn",
        "aws",
        "cli",
        "ecs",
        "http",
        "iam",
        "id",
        "imds",
        "json",
        "sso",
        "sse",
        "sts",
        "ttl",
        "url",
    }
)
_NAMES = frozenset(
    {"amazon", "anthropic", "bedrock", "claude", "cohere", "deepseek", "jamba", "llama", "mistral", "nova"}
)
_SPELLED = {"awss": "AWS's", "arns": "ARNs", "claudes": "Claude's", "familys": "family's"}
_POSSESSIVES = re.compile(r"\b(calls|regions|guides) (?=own|group|programs|environment|values?)")
_NAME = re.compile(r"test_(sp|rq|gm|cx|ol)_(\d\d)_(\w+)")


class Check(NamedTuple):
    """A test that checks a promise: its number (``SP-14``), what it says, its file."""

    number: str
    says: str
    file: str


def checks() -> Iterator[Check]:
    """All tests of this folder that bear a number, in the order of files and lines."""
    for path in sorted(HERE.glob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (
                named := _NAME.fullmatch(node.name)
            ):
                number = f"{named[1].upper()}-{named[2]}"
                yield Check(number, _spelled(named[3]), path.name)


def _spelled(name: str) -> str:
    """The words of a function's name, as they are written."""
    words = _POSSESSIVES.sub(lambda found: f"{found[1][:-1]}'s ", name.replace("_", " "))
    return " ".join(_written(word) for word in words.split())


def _written(word: str) -> str:
    if word in _ACRONYMS:
        return word.upper()
    return word.title() if word in _NAMES else _SPELLED.get(word, word)


def numbers(letters: str) -> list[str]:
    """The numbers of a system, in order."""
    return [f"{letters}-{number:02}" for number in range(1, COUNTS[letters] + 1)]


def table() -> str:
    """Markdown: a folded table for each system, every number in it."""
    later, partly = _waiting()
    found: dict[str, list[Check]] = {}
    for check in checks():
        found.setdefault(check.number, []).append(check)
    parts: list[str] = []
    for letters, system in SYSTEMS.items():
        mine = numbers(letters)
        tested = sum(number in found for number in mine)
        parts.append(
            f"<details><summary>{system}: {tested} of {len(mine)} promises are tested</summary>\n\n"
            "| number | what is checked | in |\n|---|---|---|"
        )
        parts.extend(_row(number, found.get(number, []), later, partly) for number in mine)
        parts.append("\n</details>\n")
    return "\n".join(parts)


def _waiting() -> tuple[Mapping[str, str], Mapping[str, str]]:
    """What waits, also where this file is run as a program."""
    spec = importlib.util.spec_from_file_location("waiting", HERE / "waiting.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.LATER, module.PARTLY


def _row(number: str, found: list[Check], later: Mapping[str, str], partly: Mapping[str, str]) -> str:
    if not found:
        return f"| {number} | later: {later[number]} | |"
    says = found[0].says
    if number in partly:
        says += f" (later: {partly[number]})"
    files = dict.fromkeys(f"`{check.file.removeprefix('test_').removesuffix('.py')}`" for check in found)
    return f"| {number} | {says} | {', '.join(files)} |"


def written(readme: str) -> str:
    """The README with the table as it is now."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{table()}{END}{after}"


if __name__ == "__main__":
    if "--write" in sys.argv[1:]:
        README.write_text(written(README.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        print(table())
