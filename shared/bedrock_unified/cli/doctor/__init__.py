"""``bedrock-unified doctor``: what is configured, what works, and how to mend what does not."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from ..connection import Backend, ConfigFile, EndpointUrl, Profile, Region
from ..console import AsJson

#: The exit code where something must be mended.
TO_MEND = 3


def doctor(
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model", "-m", help="Look at this model alone: a configured name, or an id. Repeatable."
        ),
    ] = None,
    probe: Annotated[
        bool, typer.Option("--probe", help="Call each model for one token (it is paid for).")
    ] = False,
    backend: Backend = None,
    config: ConfigFile = None,
    region: Region = None,
    profile: Profile = None,
    endpoint_url: EndpointUrl = None,
    as_json: AsJson = False,
) -> int:
    """Say what is configured, who you are, what works, and how to mend what does not.

    Looked at: the configuration, the region and whether Bedrock is there, the credentials and where they
    come from, the caller's identity (as `aws sts get-caller-identity`), the endpoint, the clock, the
    permission to list models, each configured model, and its guardrail, which judges one word. That a model
    is listed does not mean that the account has access to it: --probe calls it. No secret is shown.

    Exit code: 0 nothing to mend, 3 something to mend, 2 wrong use.
    """
    from .examination import examination
    from .report import Finding, show, show_end, show_setup

    given = {"region_name": region, "profile_name": profile, "endpoint_url": endpoint_url}
    findings: list[Finding] = []
    setup = ""
    for finding in examination(
        os.environ, given, models=model or [], backend=backend, config=config, probe=probe
    ):
        if not as_json:
            if finding.setup != setup:
                setup = finding.setup
                show_setup(setup)
            show(finding)
        findings.append(finding)
    mend = any(finding.result == "fail" for finding in findings)
    if as_json:
        from ..console import print_json

        print_json({"ok": not mend, "checks": [finding.as_json() for finding in findings]})
    else:
        show_end(findings)
    return TO_MEND if mend else 0


__all__ = ["TO_MEND", "doctor"]
