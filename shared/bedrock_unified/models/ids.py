"""Reading model ids: every spelling in, the id that goes over the wire out.

Ids are read by structure, never by a list of models: an id that nobody has heard of is sent as it is, and a
full id is never rewritten.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from types import MappingProxyType
from typing import NamedTuple

from ..errors import InvalidRequestError
from .data import table
from .geographies import ModelName, split_name, suggested_profile

MAX_LENGTH = 2048  # of the modelId member, in every operation of the service model

_PREFIXES = ("bedrock:", "bedrock/", "amazon_bedrock:")
_SUFFIX = "@amazon_bedrock"

# Every character that some form of modelId may hold in the service model's pattern.
_FORBIDDEN = re.compile(r"[^A-Za-z0-9._:/-]")
_PARTITION = re.compile(r"aws(?:-[a-z0-9]+)*")
_REGION = re.compile(r"[a-z0-9-]{1,20}")
_ACCOUNT = re.compile(r"[0-9]{12}|")

# Resource types whose id spells out the model behind them.
_NAMED_RESOURCES = frozenset(
    {"foundation-model", "inference-profile", "custom-model", "default-prompt-router"}
)
# Bedrock resources that people paste by mistake, and where they belong.
_NOT_MODELS = {
    "guardrail": "pass it as the guardrail identifier",
    "knowledge-base": "query it with a retriever",
    "agent": "invoke it with the agent runtime",
    "agent-alias": "invoke it with the agent runtime",
    "flow": "invoke it with the agent runtime",
}
_WAY_OUT = "pass an id like 'amazon.nova-lite-v1:0', a profile id like 'us.amazon.nova-lite-v1:0' or an ARN"


class ArnParts(NamedTuple):
    """An ARN taken apart.

    Attributes:
        region: empty for services without regions.
        account: twelve digits, or empty for resources that AWS owns.
        resource_type: what stands before the first slash of the resource (``inference-profile``).
        resource_id: all that stands after it, with a prompt's ``:version``.
    """

    partition: str
    service: str
    region: str
    account: str
    resource_type: str
    resource_id: str

    @property
    def version(self) -> str | None:
        """The version of a prompt (``…:prompt/ABCDEFGHIJ:3`` → ``3``); None for its draft and other kinds."""
        if self.resource_type != "prompt":
            return None
        return self.resource_id.partition(":")[2] or None


class ModelId(NamedTuple):
    """A model as the user named it, read.

    Attributes:
        wire_id: what is sent as ``modelId``. A full id or ARN stands here unchanged.
        kind: ``foundation-model``, ``inference-profile``, ``bare`` (a name without vendor), or for an ARN its
            resource type: also ``application-inference-profile``, ``provisioned-model``, ``custom-model``,
            ``custom-model-deployment``, ``imported-model``, ``prompt-router``, ``default-prompt-router``,
            ``prompt``, ``sagemaker-endpoint``, or one that is new.
        geo: the geography of an inference profile (``us``), else None.
        vendor: who made the model (``amazon``); None where the id does not tell, as in most ARNs.
        base_id: the id without geography, and without the ARN around it where that names the model: by it one
            looks up what is known of the model. For opaque ARNs the ARN itself.
        arn: the ARN's parts, or None for an id.
    """

    wire_id: str
    kind: str
    geo: str | None
    vendor: str | None
    base_id: str
    arn: ArnParts | None = None

    @property
    def family(self) -> str | None:
        """The capability family: the vendor."""
        return self.vendor

    @property
    def region(self) -> str | None:
        """The region an ARN names; an id has none."""
        return self.arn.region if self.arn else None

    def suggested_for(self, region: str | None) -> str | None:
        """The inference profile of this model for a client in ``region``, None where none can be named."""
        if self.vendor is None or self.kind not in ("foundation-model", "inference-profile"):
            return None
        return suggested_profile(self.base_id, region)


@cache
def aliases() -> Mapping[str, str]:
    """Short names (``claude-3-haiku``) and the model ids they stand for."""
    return MappingProxyType(table("aliases")["aliases"])


def parse_model_id(spec: str) -> ModelId:
    """Read a model id in any of its spellings.

    Accepted: model ids, inference-profile ids of any geography, every kind of model ARN, the short names of
    :func:`aliases`, and each of these as ``bedrock:…``, ``bedrock/…``, ``amazon_bedrock:…`` or
    ``…@amazon_bedrock``.

    Raises:
        InvalidRequestError: no Bedrock id can look like this. The message names the value and the way out.
    """
    if not isinstance(spec, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidRequestError(f"the model id must be text, not {type(spec).__name__}; {_WAY_OUT}")
    return _parse(spec)


def is_alias(spec: str) -> bool:
    """Whether a spelling of a model is one of the short names of :func:`aliases`."""
    return _without_marks(spec) in aliases()


def parse_arn(text: str) -> ArnParts:
    """Take an ARN apart.

    Raises:
        InvalidRequestError: it lacks a part, or one is not what it must be.
    """
    parts = text.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn":
        raise _malformed(text, "an ARN is arn:<partition>:<service>:<region>:<account>:<type>/<id>")
    _, partition, service, region, account, resource = parts
    if not _PARTITION.fullmatch(partition):
        raise _malformed(text, f"its partition {_shown(partition)} is not one like 'aws' or 'aws-us-gov'")
    if not service:
        raise _malformed(text, "it names no service")
    if region and not _REGION.fullmatch(region):
        raise _malformed(text, f"its region {_shown(region)} is not one like 'us-east-1'")
    if not _ACCOUNT.fullmatch(account):
        raise _malformed(text, f"its account {_shown(account)} is not twelve digits")
    resource_type, slash, resource_id = resource.partition("/")
    if not (resource_type and slash and resource_id):
        raise _malformed(text, f"its resource {_shown(resource)} is not <type>/<id>")
    return ArnParts(partition, service, region, account, resource_type, resource_id)


@lru_cache(maxsize=2048)
def _parse(spec: str) -> ModelId:
    name = _without_marks(spec)
    if not name:
        which = f" in {_shown(spec)}" if spec else ""
        raise InvalidRequestError(f"the model id{which} is empty; {_WAY_OUT}")
    if len(name) > MAX_LENGTH:
        raise InvalidRequestError(
            f"the model id {_shown(name)} has {len(name)} characters; at most {MAX_LENGTH} are taken"
        )
    if forbidden := _FORBIDDEN.search(name):
        raise InvalidRequestError(_forbidden_character(name, forbidden.group()))
    if name.startswith("arn:"):
        return _from_arn(name)
    if "/" in name:
        last = name.rsplit("/", 1)[1]
        raise InvalidRequestError(
            f"the model id {_shown(name)} has a slash but is neither an ARN nor 'bedrock/<id>'"
            + (f"; did you mean {_shown(last)}?" if last else f"; {_WAY_OUT}")
        )
    name = aliases().get(name, name)
    if not any(map(str.isalnum, name)):  # '..' would also walk up the URL path
        raise InvalidRequestError(f"the model id {_shown(name)} holds no letter or digit; {_WAY_OUT}")
    parts = split_name(name)
    kind = "inference-profile" if parts.geo else "foundation-model" if parts.vendor else "bare"
    return ModelId(name, kind, *parts)


def _without_marks(spec: str) -> str:
    """The id without the marks that say "this is a Bedrock model"."""
    while True:
        for prefix in _PREFIXES:
            if spec.startswith(prefix):
                spec = spec.removeprefix(prefix)
                break
        else:
            if not spec.endswith(_SUFFIX):
                return spec
            spec = spec.removesuffix(_SUFFIX)


def _from_arn(text: str) -> ModelId:
    fields = text.split(":", 3)
    if len(fields) == 4 and fields[2] not in ("bedrock", "sagemaker", ""):
        raise InvalidRequestError(f"{_shown(text)} is not the ARN of a model but of {fields[2]}; {_WAY_OUT}")
    arn = parse_arn(text)
    if not arn.region:
        raise _malformed(text, "it names no region, which a model's ARN must")
    kind = arn.resource_type
    if arn.service == "sagemaker":
        kind = f"sagemaker-{kind}"
    elif kind in _NOT_MODELS:
        raise InvalidRequestError(
            f"{_shown(text)} is the ARN of a {kind}, not of a model; {_NOT_MODELS[kind]}"
        )
    name = ModelName(None, None, text)
    if kind in _NAMED_RESOURCES:
        # A custom model is <base model>/<its own id>.
        name = split_name(arn.resource_id.partition("/")[0])
    return ModelId(text, kind, *name, arn)


def _malformed(text: str, why: str) -> InvalidRequestError:
    return InvalidRequestError(f"the ARN {_shown(text)} is malformed: {why}")


def _forbidden_character(name: str, character: str) -> str:
    where = f"the model id {_shown(name)}"
    if character.isspace() or not character.isprintable():
        return f"{where} has a blank or control character {character!r}; remove it"
    if character == "%":
        return f"{where} is percent-encoded; pass it as it is, it is encoded on the way"
    return f"{where} has the character {character!r}, which no Bedrock id can have; {_WAY_OUT}"


def _shown(value: str) -> str:
    """A value for a message: quoted, control characters escaped, cut where it is long."""
    return repr(value if len(value) <= 120 else value[:117] + "...")
