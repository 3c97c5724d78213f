"""The README's section about configuration files runs as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bedrock_unified.config.load import READERS
from bedrock_unified.local import LocalBedrock

from .conftest import Write

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
SECTION = README[README.index("## Configuration files") : README.index("## Errors")]


def test_its_example_runs(
    write: Write, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (spicepod,) = re.findall(r"```yaml\n# spicepod.yaml\n(.*?)```", SECTION, re.DOTALL)
    (code,) = re.findall(r"```python\n(.*?)```", SECTION, re.DOTALL)
    write("spicepod.yaml", spicepod)
    with LocalBedrock() as endpoint:
        for name, value in endpoint.environment().items():
            monkeypatch.setenv(name, value)
        names: dict[str, object] = {}
        exec(code, names)
        (asked,) = [one.body for one in endpoint.requests if one.operation == "Converse"]
        for name in ("model", "llm"):
            names[name].bedrock.close()  # type: ignore[attr-defined]
    assert asked["system"] == [{"text": "Answer in one sentence."}]
    assert asked["inferenceConfig"] == {"temperature": 0.2}
    assert names["llm"].temperature == 0  # type: ignore[attr-defined]
    assert "at nine" in capsys.readouterr().out


def test_it_names_every_system() -> None:
    for system in READERS:
        assert f"`{system}`" in SECTION
