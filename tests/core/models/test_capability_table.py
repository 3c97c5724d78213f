"""The README's table of capabilities is the data's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from bedrock_unified.models.profile import rules
from bedrock_unified.models.table import markdown

README = Path(__file__).parents[3] / "README.md"


def test_ol_33_the_readme_shows_the_table_as_the_data_has_it() -> None:
    text = README.read_text(encoding="utf-8")
    section = text[text.index("<!-- capabilities -->") : text.index("<!-- /capabilities -->")]
    assert section.rstrip().endswith(markdown()), "python -m bedrock_unified.models.table prints the new one"


def test_a_row_for_each_family() -> None:
    lines = [line for line in markdown().splitlines() if line.startswith("|")]
    titles = [line.split("|")[1].strip() for line in lines[2:]]
    assert titles == [rule.title for rule in rules() if rule.title]
    assert len({line.count("|") for line in lines}) == 1
    families = "Claude 2,Claude 4.5,Nova Micro,Titan,Llama 4,Pixtral,Magistral,Command R,Jamba,DeepSeek R1"
    for family in f"{families},gpt-oss,Qwen3,Kimi,MiniMax,GLM,Gemma,Nemotron,Palmyra,Pegasus".split(","):
        assert any(family in title for title in titles), family


def test_what_is_inferred_is_slanted_and_what_is_recorded_is_not() -> None:
    rows = {line.split("|")[1].strip(): line for line in markdown().splitlines() if line.startswith("|")}
    assert "| *no* | *–* |" in rows["Titan Text"]  # from AWS's table, which is not in the recordings
    assert "| no | – |" in rows["Llama 3.2 1B, 3B"]  # "This model doesn't support tool use.", recorded


def test_the_command_prints_it() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bedrock_unified.models.table"], capture_output=True, timeout=60, check=True
    )
    assert done.stdout.decode("utf-8").strip() == markdown()
