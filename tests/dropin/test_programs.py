"""A program of langchain-aws's documentation does the same after its import line was changed.

Each runs with both imports, against the same scripted endpoint; what it prints and what it sends to Bedrock
is compared. ``differences.toml`` has what may differ, and nothing else may.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from .comparing import check, check_list, compared, differences, table
from .running import PROGRAMS, Outcome

#: Programs that send several requests at the same time.
AT_ONCE = {"asynchronous", "batch", "embeddings", "rag"}
DIFFERENCES = differences()
README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
#: What each program must have printed with our import, in any environment.
PRINTED = {
    "agent": ["ai At six. []", "['model'] ['At six, too.']"],
    "agent_caching": ["('ai', 'At six.')"],
    "agent_structured": ["Tide(harbour='Vell', hour=6)"],
    "application_profile": ["The sea is blue.", "['add']"],
    "asynchronous": ["Tea is ready at four.", "on_chat_model_stream"],
    "batch": ["The box 3 holds tea."],
    "caching": [
        "{'cachePoint': {'type': 'default'}}",
        "'ephemeral_5m_input_tokens': 1913",
        "'cache_read': 1913",
    ],
    "chat": ["'stopReason': 'end_turn'", "'HTTPStatusCode': 200", "'input_tokens': "],
    "chat_bedrock": ["The ferry leaves Vell at nine.", "Tea is ready at four."],
    "clients": ["The sea is blue.", "1024", "True"],
    "configurable": ["The sea is blue.\nThe sea is blue."],
    "content_blocks": ["['reasoning', 'text', 'tool_call']", "'args': {'place_name': 'Oslo'}", "\nstr"],
    "conversation": [
        "The ferry leaves Vell at nine.",
        "us.amazon.nova-lite-v1:0 us.amazon.nova-lite-v1:0 200",
    ],
    "embeddings": ["2 256 ", "1024 [", "\n4\n256\n1536\n"],
    "fallbacks": ["The sea is blue.\nBlue, at last.\nThrottlingError ThrottlingException"],
    "guardrails": ["guardrail_intervened", "'customWords': [", "The sea is blue.\nThe sea is blue."],
    "image": ["image"],
    "metadata": ["200 0\n", "'cache_read': 0", "True"],
    "odd_histories": ["answered\nrefused the messages say nothing"],
    "overrides": ["end_turn"],
    "pdf_citations": [
        "'citations': [",
        "I read the rules. The harbour closes at nine.",
        "Quite sure.",
        "A timetable.",
    ],
    "rag": ["nine in the evening", "['The lighthouse keeper is called Ines.']"],
    "reasoning_effort": ["us.amazon.nova-2-lite-v1:0 ", "'ephemeral_5m_input_tokens': "],
    "rerank": [
        "The harbour of Vell closes at nine. {'relevance_score': ",
        "[{'index': 1, 'relevance_score': ",
        "\n[]",
    ],
    "serialisation": ["constructor ChatBedrock 0.3 64\nFalse\nTrue "],
    "streaming": [
        "The ferry| leaves Vell| at nine.|",
        "AIMessageChunk last",
        "\nThe ferry leaves Vell at nine.",
    ],
    "structured_output": ["Joke(setup='Why?', punchline='Purr.', rating=7) None", "rating=6"],
    "thinking": ["'signature': 'c2lnbmF0dXJl'", "['reasoning', 'text']", "13.69."],
    "tools": [
        "'id': 'tooluse_a2'",
        "{'city': 'Oslo', 'unit': 'kelvin'}",
        "part None ",
        "get_weather [{'name': 'get_weather'",
    ],
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_runs_with_our_import(name: str, ours: dict[str, Outcome]) -> None:
    outcome = ours[name]
    assert outcome.error is None, outcome.error
    assert all(served.status == 200 for served in outcome.requests) or name == "fallbacks"
    printed = "\n".join(outcome.printed)
    for text in PRINTED[name]:
        assert text in printed


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_does_the_same_with_both_imports(
    name: str, theirs: dict[str, Outcome], ours: dict[str, Outcome]
) -> None:
    found = compared(theirs[name], ours[name], at_once=name in AT_ONCE)
    check(name, found, DIFFERENCES)


def test_the_list_of_differences_is_in_order() -> None:
    check_list(DIFFERENCES, PROGRAMS)
    assert PRINTED.keys() == PROGRAMS.keys()


def test_a_change_is_seen() -> None:
    """What the comparison would miss would prove nothing."""
    before = Outcome(["{'a': 1}", "text"], None, [])
    assert compared(before, before) == []
    assert compared(before, Outcome(["{'a': 2}", "text"], None, [])) == [
        "- printed 0: .a = 1",
        "+ printed 0: .a = 2",
    ]
    assert compared(
        before, Outcome(before.printed, "Traceback (most recent call last):\n  x\nValueError: no", [])
    ) == ["+ raised: ValueError: no"]


def test_the_readme_has_every_difference() -> None:
    """Its table is ``differences.toml``, row by row."""
    start, end = "<!-- differences -->\n", "<!-- /differences -->"
    assert README[README.index(start) + len(start) : README.index(end)] == table(DIFFERENCES)
