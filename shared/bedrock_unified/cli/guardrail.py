"""``bedrock-unified guardrail``: judge a text by a guardrail, without a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ..nearest import did_you_mean
from .connection import Backend, ConfigFile, EndpointUrl, Profile, Region, connect
from .console import AsJson, on_terminal, print_fields, print_json, print_rows
from .inputs import one_text, with_version
from .usage import UsageError

if TYPE_CHECKING:
    from ..converse.outcome import Finding, GuardrailOutcome

app = typer.Typer(help="Judge text by a guardrail, without calling a model.", no_args_is_help=True)

#: The categories of the two checks that score; every other kind is a type of personal data.
_CATEGORIES: Mapping[str, tuple[str, ...]] = {
    "contentFilter": ("VIOLENCE", "HATE", "SEXUAL", "MISCONDUCT", "INSULTS"),
    "promptAttack": ("JAILBREAK", "PROMPT_INJECTION", "PROMPT_LEAKAGE"),
}
_PERSONAL = "sensitiveInformation"
#: From which score on a check counts as found, unless it is said; as in the adapters.
_THRESHOLD = 0.5
#: The exit code of --fail-on-block.
BLOCKED = 1


@app.callback()
def _group() -> None:
    """Judge text by a guardrail, without calling a model."""


@app.command("check")
def check(
    text: Annotated[
        str | None, typer.Argument(metavar="TEXT", help="What to judge; '-' reads standard input.")
    ] = None,
    file: Annotated[Path | None, typer.Option("--file", "-f", help="Judge this text file.")] = None,
    guardrail: Annotated[
        str | None, typer.Option("--guardrail", "-g", help="The guardrail's id or ARN, or ID:VERSION.")
    ] = None,
    version: Annotated[str | None, typer.Option("--version", help="Its version: a number, or DRAFT.")] = None,
    output: Annotated[
        bool, typer.Option("--output", help="Judge it as a model's answer, not as a user's input.")
    ] = False,
    checks: Annotated[
        list[str] | None,
        typer.Option(
            "--checks",
            help="Instead of a guardrail of the account: kinds to look for, such as JAILBREAK, VIOLENCE, "
            "EMAIL; contentFilter and promptAttack stand for all of theirs. Repeatable, or with commas.",
        ),
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            "--threshold", help=f"With --checks: the score that counts, 0 to 1 (default {_THRESHOLD})."
        ),
    ] = None,
    fail_on_block: Annotated[
        bool, typer.Option("--fail-on-block", help=f"Exit with {BLOCKED} if the text is blocked.")
    ] = False,
    backend: Backend = None,
    region: Region = None,
    profile: Profile = None,
    endpoint_url: EndpointUrl = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> int:
    """Judge a text: by a guardrail (ApplyGuardrail), or by checks named here (InvokeGuardrailChecks).

    What matched is not printed, for it may be a secret; the guardrail's own text is.

    Exit code: 0 judged, whatever the verdict; with --fail-on-block 1 if it is blocked (for --checks: if
    anything is found); 1 also where the call failed, 2 wrong use.
    """
    kinds = _asked_kinds(checks or [])
    if guardrail and not version and (both := with_version(guardrail)):
        guardrail, version = both  # as 'chat' has it
    _refuse_mixtures(guardrail, version, kinds, checks is not None, threshold)
    said = one_text(text, file, what="text")
    with connect(
        backend=backend, region=region, profile=profile, endpoint_url=endpoint_url, config=config
    ) as client:
        if kinds:
            request = {
                "messages": [{"role": "assistant" if output else "user", "content": [{"text": said}]}],
                "checks": kinds,
            }
            outcome = _outcome(client.invoke_guardrail_checks(**request), None)
            limit = _THRESHOLD if threshold is None else threshold
            found = [finding for finding in outcome.findings if _score(finding) >= limit]
            blocked = bool(found)
        else:
            answer = client.apply_guardrail(
                guardrailIdentifier=guardrail,
                guardrailVersion=version,
                source="OUTPUT" if output else "INPUT",
                content=[{"text": {"text": said}}],
            )
            outcome = _outcome(answer, "output" if output else "input")
            found = list(outcome.detected)
            blocked = outcome.blocked
    if as_json:
        print_json(_as_json(outcome, blocked, found, by_checks=bool(kinds)))
    else:
        _show(outcome, blocked, found, by_checks=bool(kinds))
    return BLOCKED if blocked and fail_on_block else 0


def _refuse_mixtures(
    guardrail: str | None,
    version: str | None,
    kinds: Mapping[str, Any],
    checks_given: bool,
    threshold: float | None,
) -> None:
    if checks_given:
        if guardrail or version:
            raise UsageError("--guardrail and --checks judge in two ways; give one of them")
        if not kinds:
            raise UsageError("--checks names no kind\nHint: such as --checks JAILBREAK,EMAIL")
        if threshold is not None and not 0 < threshold <= 1:
            raise UsageError(f"--threshold is {threshold:g}; a score that counts is above 0 and at most 1")
        return
    if threshold is not None:
        raise UsageError("--threshold is for --checks; a guardrail has its own")
    if not guardrail:
        raise UsageError(
            "nothing says what to judge by\nHint: --guardrail ID --version 1, or --checks JAILBREAK,EMAIL"
        )
    if not version:
        raise UsageError(f"--guardrail {guardrail} needs its version\nHint: --version 1, or --version DRAFT")


def _asked_kinds(given: Sequence[str]) -> dict[str, Any]:
    """The ``checks`` member of a request."""
    asked: dict[str, list[str]] = {}
    for kind in [part.strip() for text in given for part in text.split(",") if part.strip()]:
        if kind in _CATEGORIES:
            asked.setdefault(kind, []).extend(_CATEGORIES[kind])
            continue
        name = kind.upper().replace("-", "_")
        home = next((check for check, names in _CATEGORIES.items() if name in names), _PERSONAL)
        _refuse_misspelt(kind, name, home)
        asked.setdefault(home, []).append(name)
    return {
        check: {"entities": [{"type": name} for name in dict.fromkeys(names)]}
        if check == _PERSONAL
        else {"categories": [{"category": name} for name in dict.fromkeys(names)]}
        for check, names in asked.items()
    }


def _refuse_misspelt(kind: str, name: str, home: str) -> None:
    """Bedrock knows the types of personal data; what is nearly a category of ours is told here."""
    known = [*_CATEGORIES, *(each for names in _CATEGORIES.values() for each in names)]
    near = did_you_mean(name, known, 0.85)
    if home == _PERSONAL and (near or not name.replace("_", "").isalnum()):
        hint = near or "kinds are words such as JAILBREAK, VIOLENCE, EMAIL"
        raise UsageError(f"--checks {kind!r} is no kind\nHint: {hint}")


def _outcome(answer: Mapping[str, Any], side: Literal["input", "output"] | None) -> GuardrailOutcome:
    from ..converse.assessment import guardrail_outcome
    from ..errors import BedrockError

    outcome = guardrail_outcome(answer, side=side)
    if outcome is None:
        raise BedrockError(
            "the answer tells of no guardrail", hint="check that the endpoint is one of bedrock-runtime"
        )
    return outcome


def _score(finding: Finding) -> float:
    """How sure a check is: its severity, or for personal data its confidence."""
    for value in (finding.score, finding.confidence):
        if isinstance(value, (int, float)):
            return float(value)
    return 1.0 if finding.detected else 0.0


def _as_json(
    outcome: GuardrailOutcome, blocked: bool, found: Sequence[Finding], *, by_checks: bool
) -> dict[str, Any]:
    if by_checks:
        return {
            "blocked": blocked,
            "found": [finding.summary() for finding in found],
            "findings": [finding.summary() for finding in outcome.findings],
            "usage": dict(outcome.usage),
        }
    return {
        **outcome.summary(),
        "blocked": blocked,
        "outputs": list(outcome.outputs),
        "usage": dict(outcome.usage),
    }


def _show(outcome: GuardrailOutcome, blocked: bool, found: Sequence[Finding], *, by_checks: bool) -> None:
    fields: dict[str, object] = {"verdict": _verdict(outcome, blocked, bool(found))}
    if not by_checks and outcome.outputs:
        fields["text"] = "\n".join(outcome.outputs)
    print_fields(fields)
    rows = [
        (
            finding.policy,
            finding.kind,
            finding.action.lower() if finding.action != "NONE" else "found" if finding in found else "",
            "" if (score := _told(finding)) is None else score,
        )
        for finding in (outcome.findings if by_checks else found)
    ]
    if rows:
        if on_terminal():
            typer.echo()
        print_rows(("policy", "kind", "what", "score"), rows)


def _verdict(outcome: GuardrailOutcome, blocked: bool, found: bool) -> str:
    if blocked:
        return "blocked"
    if outcome.anonymised:
        return "masked"
    return "found, nothing done" if found else "passed"


def _told(finding: Finding) -> str | None:
    for value in (finding.score, finding.confidence):
        if value is not None:
            return f"{value:g}" if isinstance(value, (int, float)) else str(value)
    return None
