"""The command's options, and what they come to: one answer, or a talk."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...config.own.settings import MOST_TOKENS, THINKING
from ..connection import Backend, ConfigFile, EndpointUrl, Model, Profile, Region
from ..console import AsJson, on_terminal, print_json, say, waiting
from ..inputs import with_version
from ..usage import UsageError

if TYPE_CHECKING:
    from .showing import Shown
    from .talk import Answer, ChatParameters, Talk

_HOW = "How it answers"
#: What a configuration says of a chat model that is no parameter here: used otherwise, or of no use.
_OTHERWISE_USED = frozenset({"system", "streaming", "output_config"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """The options that a model of any name is asked with."""

    backend: str | None = None
    region: str | None = None
    profile: str | None = None
    endpoint_url: str | None = None
    config: str | None = None
    parameters: dict[str, Any]
    system: str | None = None
    streaming: bool | None = None


def chat(
    prompt: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PROMPT",
            help="What to ask; '-' reads standard input. Without it: standard input, or a talk.",
        ),
    ] = None,
    model: Model = None,
    system: Annotated[str | None, typer.Option("--system", "-s", help="The system prompt.")] = None,
    file: Annotated[
        list[str] | None,
        typer.Option(
            "--file",
            "-f",
            metavar="PATH",
            help="A file to send along: an image, a document, text, audio, video; or s3://bucket/key. May be "
            "given several times.",
        ),
    ] = None,
    thinking: Annotated[
        str | None,
        typer.Option(
            metavar="LEVEL",
            help="How hard to think: auto, off, minimal, low, medium, high, xhigh, max; or so many tokens.",
            rich_help_panel=_HOW,
        ),
    ] = None,
    max_tokens: Annotated[
        int | None,
        typer.Option(
            min=1, max=MOST_TOKENS, metavar="N", help="The longest answer, in tokens.", rich_help_panel=_HOW
        ),
    ] = None,
    temperature: Annotated[
        float | None,
        typer.Option(
            min=0.0, max=1.0, metavar="0..1", help="From 0, steady, to 1, free.", rich_help_panel=_HOW
        ),
    ] = None,
    guardrail: Annotated[
        str | None,
        typer.Option(
            metavar="ID:VERSION",
            help="A guardrail's id or ARN, and its version: a number, or DRAFT.",
            rich_help_panel=_HOW,
        ),
    ] = None,
    no_stream: Annotated[
        bool, typer.Option("--no-stream", help="Print the answer when it is whole.", rich_help_panel=_HOW)
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Tell tokens and time on standard error.")
    ] = False,
    as_json: AsJson = False,
    backend: Backend = None,
    region: Region = None,
    profile: Profile = None,
    endpoint_url: EndpointUrl = None,
    config: ConfigFile = None,
) -> None:
    """Ask a model, or talk with it.

    The answer is printed as it comes. On a terminal and without a prompt it is a talk: /help there tells its
    commands. Standard input and files go with the prompt:

    git diff | bedrock-unified chat "Write a commit message for this."

    bedrock-unified chat -f photo.jpg "What is on this picture?"
    """
    from ...converse.documents import DocumentNames
    from .asked import content, piped_in

    given = " ".join(prompt) if prompt else None
    wishes = Wishes(
        backend=backend,
        region=region,
        profile=profile,
        endpoint_url=endpoint_url,
        config=config,
        parameters=_parameters(thinking, max_tokens, temperature, guardrail),
        system=system,
        streaming=False if no_stream else None,
    )
    files = file or []
    names = DocumentNames()
    on_keyboard = sys.stdin is not None and sys.stdin.isatty()  # pyright: ignore[reportUnnecessaryComparison]
    if given is None and on_keyboard:
        if as_json or not on_terminal():
            raise UsageError('there is no prompt\nHint: bedrock-unified chat "What is Bedrock?"')
        from .repl import talk_on_terminal

        talk_on_terminal(model, wishes, files, verbose=verbose)
        return
    asked_for = given == "-"
    if asked_for:
        given = None
    question = content(given, files, names, piped_in(prompt_given=given is not None, asked_for=asked_for))
    talk = make_talk(model, wishes)
    try:
        _answer(talk, question, as_json=as_json, verbose=verbose)
    finally:
        talk.parameters.bedrock.close()


def make_talk(model: str | None, wishes: Wishes) -> Talk:
    """A talk with a model, under the options.

    Raises:
        UsageError: no model is named or configured, or it is not for chatting.
        ConfigurationError: values that cannot work.
    """
    from .talk import Talk

    model_id, parameters, given = reached(model, wishes)
    system, streaming = given.get("system"), given.get("streaming")
    return Talk(
        model_id,
        parameters,
        system=wishes.system if wishes.system is not None else system or _default_system(wishes.config),
        streaming=wishes.streaming if wishes.streaming is not None else streaming is not False,
    )


def reached(model: str | None, wishes: Wishes) -> tuple[str, ChatParameters, dict[str, Any]]:
    """The model's id, its parameters, and all that is configured for it. Raises as :func:`make_talk`."""
    from ..connection import reach
    from .talk import ChatParameters

    found = reach(
        model,
        backend=wishes.backend,
        region=wishes.region,
        profile=wishes.profile,
        endpoint_url=wishes.endpoint_url,
        config=wishes.config,
    )
    if found.kind in ("embedding", "rerank"):
        command = "embed" if found.kind == "embedding" else "rerank"
        raise UsageError(f"{found.model_id} does not chat\nHint: bedrock-unified {command} --help")
    given = dict(found.keywords)
    fitting = {name: value for name, value in given.items() if name not in _OTHERWISE_USED}
    return found.model_id, ChatParameters(**{**fitting, **wishes.parameters}), given


def _answer(talk: Talk, question: list[Any], *, as_json: bool, verbose: bool) -> None:
    from .showing import Shown, Unshown, json_of, told_usage

    if as_json:
        with waiting("waiting for the answer"):
            answer = talk.ask(question, Unshown())
        print_json(json_of(answer))
        tell_remarks(talk, answer)
    else:
        answer = say_answer(talk, question, Shown())
    if verbose:
        say(told_usage(answer))


def say_answer(talk: Talk, question: list[Any], shown: Shown) -> Answer:
    """Ask, print the answer as the talk streams or not, and say what should not be missed about it."""
    from .showing import Gathered

    try:
        if talk.streaming:
            answer = talk.ask(question, shown)
        else:
            whole = Gathered()  # the spinner and the answer do not share a line
            with waiting("waiting for the answer"):
                answer = talk.ask(question, whole)
            whole.tell(shown)
    finally:
        shown.end()
    tell_remarks(talk, answer)
    return answer


def tell_remarks(talk: Talk, answer: Answer) -> None:
    """Say on standard error what should not be missed about an answer."""
    from .showing import remarks

    for remark in remarks(answer, talk.parameters.max_tokens):
        say(f"note: {remark}")


def _default_system(config: str | None) -> str | None:
    from ..state import read_state

    return None if config is not None else read_state().settings.get("default-system")


def _parameters(
    thinking: str | None, max_tokens: int | None, temperature: float | None, guardrail: str | None
) -> dict[str, Any]:
    """The options as keywords of the chat models; what was not given is not there."""
    given: dict[str, Any] = {"max_tokens": max_tokens, "temperature": temperature}
    if thinking is not None:
        given["reasoning"] = _thinking(thinking)
    if guardrail is not None:
        identifier, version = _guardrail(guardrail)
        # The trace says what it found, which the answer alone does not.
        given |= {
            "guardrail_identifier": identifier,
            "guardrail_version": version,
            "guardrail_trace": "enabled",
        }
    return {name: value for name, value in given.items() if value is not None}


def _thinking(level: str) -> str | int:
    if level.isascii() and level.isdigit() and int(level) > 0:
        return int(level)
    if level not in THINKING:
        raise UsageError(
            f"--thinking {level!r:.40} is not one of: {', '.join(THINKING)}, or a number of tokens"
        )
    return level


def _guardrail(given: str) -> tuple[str, str]:
    both = with_version(given)
    if both is None:
        raise UsageError(
            f"--guardrail {given!r:.200} names no version\n"
            f"Hint: write {given}:1, or {given}:DRAFT for its draft"
        )
    return both
