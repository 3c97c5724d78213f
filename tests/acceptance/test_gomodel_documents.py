"""What GoModel's guide recommends and refers to (GM-07, GM-28, GM-29)."""

from __future__ import annotations

import re

from ..traffic.recordings import REPOSITORY
from .documents import README


def test_gm_07_roles_are_recommended_for_production() -> None:
    assert "In production sign with a role rather than with keys" in README
    for named in ("instance's or task's role", "IRSA", "IAM Identity Center"):
        assert named in README


def test_gm_28_converse_model_access_and_the_credential_chain_are_linked() -> None:
    for page in (
        "https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html)",
        "https://docs.aws.amazon.com/bedrock/latest/userguide/model-access.html)",
        "https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html)",
    ):
        assert page in README


def test_gm_29_an_index_for_readers_that_are_programs_is_named_at_the_top() -> None:
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    assert "(llms.txt)" in readme[: readme.index("\n## ")]
    links = re.findall(r"\]\(([^)#]+)(?:#([^)]+))?\)", (REPOSITORY / "llms.txt").read_text(encoding="utf-8"))
    assert len(links) > 10
    headings = {
        re.sub(r"[^\w -]", "", line.lstrip("# ").lower()).replace(" ", "-")
        for line in readme.splitlines()
        if line.startswith("#")
    }
    for file, heading in links:
        assert (REPOSITORY / file).is_file(), file
        assert not heading or heading in headings, heading
