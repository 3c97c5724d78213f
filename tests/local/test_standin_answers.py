"""The stand-in answers from the texts it is given, whatever the words: each behaviour in several wordings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bedrock_unified.local.standin.families import family_of
from bedrock_unified.local.standin.reply import reply_to

from .talk import CLAUDE, STRING, calls, reply, text, tool, user

CONTEXT = """The lighthouse at Vane Point was built in 1871 from grey granite.
Its keeper, Mr. Aldous Finch, kept bees on the cliff and sold 40 jars of honey every autumn.

The ferry to the mainland leaves twice a day, at 7:15 and at 16:40, except on Sundays."""

PROMPTS: list[Callable[[str], str]] = [
    lambda q: (
        f"Context information is below.\n---------------------\n{CONTEXT}\n---------------------\nGiven "
        f"the context information and not prior knowledge, answer the query.\nQuery: {q}\nAnswer: "
    ),
    lambda q: f"Answer the question from this text.\n\nText:\n{CONTEXT}\n\nQuestion: {q}",
    lambda q: f"{q}\n\n{CONTEXT}",
    lambda q: f"{CONTEXT}\n\n{q}",
    lambda q: f"Use the notes to help the reader.\n<notes>\n{CONTEXT}\n</notes>\nHuman: {q}\nAssistant:",
]


def test_a_file_and_the_question_after_it_are_told_apart() -> None:
    page = "<html><body><p>The harbour &amp; market of Vell close at nine.</p></body></html>"
    blocks = [{"text": f'<file name="a.html">\n{page}\n</file>'}, {"text": "When does the market close?"}]
    assert text(reply({"role": "user", "content": blocks})) == page
    blocks = [{"text": '<file name="a.txt">\nTea is at four.\n</file>'}, {"text": "When is tea?"}]
    assert text(reply({"role": "user", "content": blocks})) == "Tea is at four."


@pytest.mark.parametrize("prompt", PROMPTS)
@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("When was the lighthouse built?", "1871"),
        ("What did the keeper sell?", "honey"),
        ("At what times does the ferry leave?", "16:40"),
        ("Of what stone is the lighthouse built?", "granite"),
        ("Who kept bees?", "Aldous Finch"),
    ],
)
def test_it_quotes_the_sentence_that_answers(
    prompt: Callable[[str], str], question: str, answer: str
) -> None:
    told = text(reply(user(prompt(question))))
    assert answer in told
    assert len(told) < 300  # a quotation, not the whole text


@pytest.mark.parametrize(
    "place",
    [
        lambda q: {"messages": [user(q)], "system": [{"text": CONTEXT}]},
        lambda q: {
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {"text": q},
                        {"document": {"name": "d", "format": "txt", "source": {"bytes": CONTEXT.encode()}}},
                    ],
                }
            ]
        },
        lambda q: {
            "messages": [user(CONTEXT), {"role": "assistant", "content": [{"text": "Read."}]}, user(q)]
        },
        lambda q: {
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {"text": q},
                        {"searchResult": {"source": "u", "title": "t", "content": [{"text": CONTEXT}]}},
                    ],
                }
            ]
        },
    ],
    ids=["system", "document", "earlier turn", "search result"],
)
def test_it_reads_wherever_the_text_is(place: Callable[[str], dict[str, Any]]) -> None:
    assert "1871" in text(reply_to(place("When was the lighthouse built?"), CLAUDE))


def test_it_says_so_where_nothing_answers() -> None:
    told = text(reply(user(PROMPTS[0]("Who won the chess match?"))))
    assert "chess match" in told and "Nothing in this request" in told


def test_the_same_request_gets_the_same_answer() -> None:
    request = {
        "messages": [user("Which way to the zoo?")],
        "modelId": "m",
        "toolConfig": {"tools": [tool("zoo_map", "Find the way to a zoo", {"start": STRING}, [])]},
    }
    assert reply_to(request, CLAUDE).content == reply_to(request, CLAUDE).content


def test_stop_sequences_and_token_limits_end_an_answer() -> None:
    whole = reply(user("Describe a kettle"))
    stopped = reply(user("Describe a kettle"), inferenceConfig={"stopSequences": ["stand-in"]})
    assert stopped.stop_reason == "stop_sequence" and stopped.stop_sequence == "stand-in"
    assert text(whole).startswith(text(stopped)) and "stand-in" not in text(stopped)
    short = reply(user("Describe a kettle"), inferenceConfig={"maxTokens": 12})
    assert short.stop_reason == "max_tokens" and short.output_tokens <= 12
    assert text(whole).startswith(text(short)) and 0 < len(text(short)) < len(text(whole))


def test_a_tool_call_that_does_not_fit_the_limit_is_not_made() -> None:
    weather = tool("get_weather", "Get the current weather of a place", {"city": STRING})
    answer = reply(user("What's the weather in Lisbon?"), tools=[weather], inferenceConfig={"maxTokens": 2})
    assert answer.stop_reason == "max_tokens" and not calls(answer)


@pytest.mark.parametrize(
    ("model", "fields", "signed"),
    [
        (
            "anthropic.claude-sonnet-4-5-20250929-v1:0",
            {"thinking": {"type": "enabled", "budget_tokens": 1024}},
            True,
        ),
        (
            "anthropic.claude-haiku-4-5-20251001-v1:0",
            {"reasoning_config": {"type": "enabled", "budget_tokens": 1024}},
            True,
        ),
        ("deepseek.r1-v1:0", {}, False),
        ("openai.gpt-oss-120b-1:0", {}, False),
        ("qwen.qwen3-32b-v1:0", {"reasoning_config": "high"}, False),
    ],
)
def test_reasoning_comes_when_asked_for_or_always(model: str, fields: dict[str, Any], signed: bool) -> None:
    answer = reply(user("Why is tea brown?"), family=family_of(model), additionalModelRequestFields=fields)
    [inner] = [b["reasoningContent"]["reasoningText"] for b in answer.content if "reasoningContent" in b]
    assert inner["text"] and ("signature" in inner) == signed
    if fields:
        plain = reply(user("Why is tea brown?"), family=family_of(model))
        assert not any("reasoningContent" in block for block in plain.content)


def test_citations_point_at_the_passage() -> None:
    document = {"name": "log", "format": "txt", "source": {"text": CONTEXT}, "citations": {"enabled": True}}
    asked = {"role": "user", "content": [{"text": "When was the lighthouse built?"}, {"document": document}]}
    [cited] = [b["citationsContent"] for b in reply(asked).content if "citationsContent" in b]
    [citation] = cited["citations"]
    span = citation["location"]["documentChar"]
    assert citation["sourceContent"][0]["text"] == CONTEXT[span["start"] : span["end"]]
    assert "1871" in citation["sourceContent"][0]["text"] and citation["title"] == "log"


def test_citations_of_chunks_and_search_results() -> None:
    chunks = {
        "name": "c",
        "format": "txt",
        "source": {"content": [{"text": "Salt is white."}, {"text": "Coal is black."}]},
        "citations": {"enabled": True},
    }
    asked = {"role": "user", "content": [{"text": "What colour is coal?"}, {"document": chunks}]}
    [cited] = [b["citationsContent"] for b in reply(asked).content if "citationsContent" in b]
    assert cited["citations"][0]["location"]["documentChunk"] == {"documentIndex": 0, "start": 1, "end": 2}
    found = {
        "source": "https://example.org",
        "title": "Coal",
        "content": [{"text": "Coal is black."}],
        "citations": {"enabled": True},
    }
    asked = {"role": "user", "content": [{"text": "What colour is coal?"}, {"searchResult": found}]}
    [cited] = [b["citationsContent"] for b in reply(asked).content if "citationsContent" in b]
    assert cited["citations"][0]["source"] == "https://example.org"


def test_ten_thousand_pages_are_read_in_reasonable_time() -> None:
    import time

    filler = " ".join(
        f"Item {i} of the inventory weighs {i % 97} grams and stands on shelf {i % 13}."
        for i in range(12_000)
    )
    hidden = "The spare key hangs behind the blue door."
    asked = f"{filler} {hidden} {filler}\n\nQuestion: Where does the spare key hang?"
    started = time.perf_counter()
    assert "behind the blue door" in text(reply(user(asked)))
    assert time.perf_counter() - started < 20  # about one second on an idle machine


@pytest.mark.parametrize(
    "asked", ["What does this describe?", "Summarize the text.", "What is this document about?"]
)
@pytest.mark.parametrize("in_system", [False, True])
def test_a_question_about_the_whole_gets_its_opening(asked: str, in_system: bool) -> None:
    long = CONTEXT + "\n\n" + "The island has no cars and one shop. " * 20
    request: dict[str, Any] = {
        "messages": [user(asked)],
        "system": [{"text": f"Answer from the text.\n\n{long}"}],
    }
    if not in_system:
        request = {"messages": [user(f"Context:\n{long}\n\nQuestion: {asked}")]}
    assert "built in 1871" in text(reply_to(request, CLAUDE))


@pytest.mark.parametrize(
    "errand", ["", "Search the files and answer: ", "Ask the handbook: ", "Look it up: "]
)
def test_an_errand_before_the_question_does_not_mislead(errand: str) -> None:
    distractor = "A handbook lists the files that one may search and look up.\n\n"
    told = text(reply(user(f"{distractor}{CONTEXT}\n\nQuestion: {errand}When was the lighthouse built?")))
    assert "1871" in told and "handbook lists" not in told


def test_prose_is_quoted_rather_than_a_table_or_a_rule() -> None:
    table = "| ferry | leaves | mainland |\n|---|---|---|\n| a | b | c |\n"
    given = f"{table}---\nnotes.md: The ferry leaves at nine.\n---\n"
    told = text(reply(user(f"{given}\n\nWhen does the ferry leave?")))
    assert "at nine" in told and "|" not in told and "---" not in told


def test_dates_and_telephone_numbers_are_no_arithmetic() -> None:
    sums = tool("calculate", "Calculate an expression", {"expression": STRING})
    for said in ("Is 2026-03-04 a holiday?", "Whose number is 555-123-4567?"):
        assert not calls(reply(user(said), tools=[sums]))
    assert calls(reply(user("What is 3 * (4 + 5)?"), tools=[sums])) == [
        ("calculate", {"expression": "3 * (4 + 5)"})
    ]
