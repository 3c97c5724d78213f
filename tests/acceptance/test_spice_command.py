"""Spice.ai's word on permissions, as the command and the documentation keep them (SP-50, SP-51, SP-54)."""

from __future__ import annotations

import json
import re

from bedrock_unified.iam import policy

from ..cli.running import Command
from ..cli.running import command as command
from ..cli.running import home as home
from .documents import README, help_of

#: As it stands in the document.
THEIRS = """{
"Version": "2012-10-17",
"Statement": [
{
"Effect": "Allow",
"Action": ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"],
"Resource": ["arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-*"]
}
]
}"""


def test_sp_50_whoever_signs_needs_the_permissions_of_all_services(command: Command) -> None:
    told = "needs the permissions of all of them"
    assert "Whoever signs needs `bedrock:InvokeModel`" in README and told in README
    assert told in help_of(command, "iam-policy")


def test_sp_51_the_command_prints_the_policy_of_the_document(command: Command) -> None:
    done = command("iam-policy", "--model", "amazon.nova-*", "--region", "us-east-1")
    assert (done.code, done.json(), done.err) == (0, json.loads(THEIRS), "")
    assert policy(["amazon.nova-*"], region="us-east-1").document == json.loads(THEIRS)
    assert json.dumps(json.loads(THEIRS)) in re.sub(r"([\[{]) | ([\]}])", r"\1\2", README), (
        "it is shown there, too"
    )


def test_sp_54_the_documentation_leads_to_awss_guide_and_to_the_model_ids() -> None:
    for page in ("what-is-bedrock.html", "models-supported.html", "inference-profiles-support.html"):
        assert f"https://docs.aws.amazon.com/bedrock/latest/userguide/{page})" in README
