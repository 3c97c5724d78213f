"""A program of LlamaIndex's Bedrock documentation does the same after its import lines were changed.

Each runs with both imports, against the same scripted endpoint; what it prints and what it sends to Bedrock
is compared. ``differences.toml`` has what may differ, and nothing else may.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ...dropin.comparing import check, check_list, compared, differences, table
from ...dropin.running import Outcome
from .suite import LLAMAINDEX

PROGRAMS = LLAMAINDEX.programs
#: Programs that send several requests at the same time.
AT_ONCE = {"asynchronous", "embeddings", "rag"}
DIFFERENCES = differences(Path(__file__).with_name("differences.toml"))
README = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
#: What each program must have printed with our import, in any environment.
PRINTED = {
    "agent_workflow": ["The sea is blue. writer", "Three."],
    "application_profile": ["The sea is blue.\n['add']\nThe sea is blue.\nThe sea is blue."],
    "asynchronous": ["Tea is served at four. True", "Box 3 holds tea."],
    "caching": ["False\nTrue\nTrue\nFalse"],
    "chat": ["assistant: Tea is served at four.", "end_turn True", "'totalTokens'"],
    "documents": ["ASSISTANT\nMessageRole.ASSISTANT"],
    "embeddings": ["1024 [", "\n256\n", "\n1536\n"],
    "errors": ["caught AccessDeniedException You don't have access to the model."],
    "function_agent": ["High tide in Vell at six.", "At six.|\nAt six.\nAt six, too."],
    "guardrails": ["guardrail_intervened", "'inputAssessment'", "The sea is blue."],
    "history": ["MessageRole.ASSISTANT\n" * 3],
    "images": ["image"],
    "parameters": ["0.25 100 {'requestMetadata'"],
    "predict": ["At four.\nAt four.\n2000 100"],
    "rag": ["nine in the evening", "['The lighthouse keeper is called Ines.']", "in the garden"],
    "rerank": ["[('1', ", "The lighthouse keeper is Ines.\n[]"],
    "streaming": ["The ferry| leaves Vell| at nine.|", "end_turn"],
    "structured": ["Song(title='Blue water', year=1973)", "last Blue water 1973"],
    "thinking": ["{'signature': 'c2lnbmF0dXJl'}", "['ThinkingBlock', 'TextBlock']", "13.69."],
    "tools": ["tooluse_a2 multiply {'a': 2, 'b': 3}", "['tooluse_a5', 'tooluse_a6']", "['tooluse_a7']"],
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_runs_with_our_import(name: str, ours: dict[str, Outcome]) -> None:
    outcome = ours[name]
    assert outcome.error is None, outcome.error
    assert all(served.status == 200 for served in outcome.requests) or name == "errors"
    printed = "\n".join(outcome.printed)
    for text in PRINTED[name]:
        assert text in printed


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_does_the_same_with_both_imports(
    name: str, theirs: dict[str, Outcome], ours: dict[str, Outcome]
) -> None:
    check(name, compared(theirs[name], ours[name], at_once=name in AT_ONCE), DIFFERENCES)


def test_the_list_of_differences_is_in_order() -> None:
    check_list(DIFFERENCES, PROGRAMS)
    assert PRINTED.keys() == PROGRAMS.keys()


def test_the_import_lines_are_changed() -> None:
    for name in PROGRAMS:
        assert "llama_index.llms.bedrock" not in LLAMAINDEX.code(name, ours=True)
        assert "llamaindex_bedrock_unified" not in LLAMAINDEX.code(name, ours=False)
        assert "llamaindex_bedrock_unified" in LLAMAINDEX.code(name, ours=True)


def test_the_readme_has_every_difference() -> None:
    """Its table is ``differences.toml``, row by row."""
    start, end = "<!-- llamaindex-differences -->\n", "<!-- /llamaindex-differences -->"
    assert README[README.index(start) + len(start) : README.index(end)] == table(DIFFERENCES)
