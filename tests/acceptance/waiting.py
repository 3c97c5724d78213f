"""The statements whose checks are not here yet, and what each waits for.

Keys are the numbers of ``ACCEPTANCE.md``, beside the repository. :data:`LATER` holds those without any test
here, :data:`PARTLY` what is left of those that have one. ``test_completeness.py`` keeps both true.
"""

from __future__ import annotations

from collections.abc import Mapping

_FILES = "the configuration files of other Bedrock clients (spicepod YAML, its secrets)"
_IDENTITY = "credentials: who signs, from which source, in which order"
_SPECS = "ReqLLM's specs, key store and options of a single call"
_COMMAND = "the command (iam-policy, its notes) and the documentation"


def _each(numbers: str, reason: str) -> dict[str, str]:
    return dict.fromkeys(numbers.split(), reason)


LATER: Mapping[str, str] = {
    **_each("SP-13 SP-14 SP-35 SP-36 SP-37", _FILES),
    **_each("SP-15 SP-16 SP-17 SP-18 SP-19 SP-20 SP-21 SP-22 SP-23", _IDENTITY),
    **_each("SP-40 SP-41 SP-42 SP-43 SP-44 SP-45 SP-46 SP-47 SP-48 SP-49", _IDENTITY),
    **_each("SP-50 SP-51 SP-54", _COMMAND),
    **_each("RQ-02 RQ-04 RQ-08 RQ-10 RQ-12 RQ-13 RQ-14 RQ-15 RQ-16 RQ-17 RQ-18", _IDENTITY),
    **_each("RQ-03 RQ-09", _COMMAND),
    **_each("RQ-07 RQ-11", _SPECS),
}

PARTLY: Mapping[str, str] = {
    "SP-34": "defaults that a configuration file sets",
    "SP-38": "both entries of one spicepod YAML",
    "SP-39": "the block as it stands in a spicepod YAML",
    "RQ-06": "a spec that is a dict of provider, id, base_url and capabilities",
    "RQ-19": "'auto' as the default of a model that is built from a ReqLLM spec",
}
