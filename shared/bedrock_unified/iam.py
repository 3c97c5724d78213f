"""IAM policies that allow what models need, and no more.

Sources, all pages of AWS: Service Authorization Reference, "Actions, resources, and condition keys for Amazon
Bedrock"; Amazon Bedrock user guide, "Geographic cross-Region inference", "Global cross-Region inference",
"Permissions for reranking in Amazon Bedrock". Converse is allowed by ``bedrock:InvokeModel`` and
ConverseStream by ``bedrock:InvokeModelWithResponseStream``. No policy from here was ever tried on AWS.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from .errors import ConfigurationError, InvalidRequestError
from .models.geographies import split_name
from .models.ids import ArnParts, ModelId, is_alias, parse_model_id
from .models.profile import profile_of
from .settings import check_region, shown
from .wire import operations as op
from .wire.endpoints import partition_of

__all__ = ["STYLES", "Policy", "policy", "together"]

STYLES = ("minimal", "onellm")

_VERSION = "2012-10-17"
_INVOKE, _STREAM = op.CONVERSE.action, op.CONVERSE_STREAM.action
_ONELLM = (_INVOKE, _STREAM, "bedrock:Converse", "bedrock:ConverseStream")
#: Where the profiles of a geography may route to, for the widest of their models: AWS's CDK,
#: ``CrossRegionInferenceProfileRegion``; ``in`` and ``ca`` as users of them report (inferred).
_DESTINATIONS: Mapping[str, tuple[str, ...]] = {
    "us": ("us-east-1", "us-east-2", "us-west-2"),
    "us-gov": ("us-gov-east-1", "us-gov-west-1"),
    "eu": (
        "eu-central-1", "eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-2",
        "eu-west-3",
    ),
    "apac": (
        "ap-east-2", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-south-2",
        "ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5",
        "ap-southeast-7", "me-central-1",
    ),
    "jp": ("ap-northeast-1", "ap-northeast-3"),
    "au": ("ap-southeast-2", "ap-southeast-4"),
    "in": ("ap-south-1", "ap-south-2"),
    "ca": ("ca-central-1", "ca-west-1"),
}  # fmt: skip
_CHARACTERS = re.compile(r"[A-Za-z0-9._:/*?-]+")
_ACCOUNT = re.compile(r"[0-9]{12}")
_GUARDRAIL = re.compile(r"[a-z0-9]+")
_ANY = "*"
#: Characters of a managed policy, blanks not counted: IAM user guide, "IAM and STS quotas".
_LONGEST = 6144
_NAME_ONE = "name a model, such as amazon.nova-lite-v1:0"
#: Models that answer in one piece: nobody streams them.
_WHOLE = ("embed", "rerank", "marengo")


class Policy(NamedTuple):
    """A policy document, and what its reader should know.

    Attributes:
        document: as IAM takes it, to be written as JSON.
        notes: a sentence each: what was assumed, what is wider than it need be.
    """

    document: dict[str, Any]
    notes: tuple[str, ...]


def policy(
    models: Iterable[str] = (),
    *,
    region: str,
    account: str | None = None,
    streaming: bool = True,
    guardrails: Iterable[str] = (),
    count_tokens: bool = False,
    list_models: bool = False,
    rerank: bool = False,
    routes: Mapping[str, Sequence[str]] | None = None,
    style: str = "minimal",
) -> Policy:
    """The IAM policy for calling these models from a region.

    A cross-region inference profile needs itself and its model in every region that it routes to; the models
    behind it are allowed through it alone (``bedrock:InferenceProfileArn``). Embedding and rerank models get
    no permission to stream.

    Args:
        models: ids, profile ids, ARNs and short names as everywhere; ``*`` and ``?`` stand for what IAM takes
            them for (``amazon.nova-*``).
        region: the region of the calls; it decides the partition, too.
        account: the twelve digits of the account that owns profiles and guardrails; without it ``*``.
        streaming: whether answers are streamed.
        guardrails: guardrail ids or ARNs.
        count_tokens: allow CountTokens for these models.
        list_models: allow listing models and inference profiles.
        rerank: allow the agent runtime's Rerank operation.
        routes: the ARNs of the models behind a profile (its id or ARN), where they are known
            (GetInferenceProfile tells them); else those of its geography.
        style: ``minimal``, or ``onellm``: the policy of OneLLM's document, which allows everything.

    Raises:
        ConfigurationError: nothing to allow, or a region, account, guardrail or style that cannot be one.
        InvalidRequestError: a model id that cannot be one.
    """
    if style not in STYLES:
        raise ConfigurationError(f"style {shown(style)}", hint=f"one of {', '.join(STYLES)}")
    check_region("region", region)
    if account is not None and not _ACCOUNT.fullmatch(account):
        raise ConfigurationError(f"account {shown(account)} is not twelve digits")
    if style == "onellm":
        return _onellm(streaming)
    maker = _Maker(region, account, streaming, dict(routes or {}))
    for model in models:
        maker.allow(model, count=count_tokens)
    for guardrail in guardrails:
        maker.add((op.APPLY_GUARDRAIL.action,), maker.guardrail_arn(guardrail))
    if rerank:
        maker.add((op.RERANK.action,), _ANY)
    if list_models:
        listing = (op.LIST_FOUNDATION_MODELS, op.LIST_INFERENCE_PROFILES)
        maker.add(tuple(operation.action for operation in listing), _ANY)
        maker.add((op.GET_INFERENCE_PROFILE.action,), *maker.profile_arns())
    return maker.policy()


def together(policies: Iterable[Policy]) -> Policy:
    """Policies as one, as for models in several regions; what is in two of them is in it once.

    Raises:
        ConfigurationError: there are none.
    """
    statements: list[Any] = []
    notes: list[str] = []
    for each in policies:
        statements += [one for one in each.document["Statement"] if one not in statements]
        notes += [note for note in each.notes if note not in notes]
    if not statements:
        raise ConfigurationError("there is nothing to allow", hint=_NAME_ONE)
    document = {"Version": _VERSION, "Statement": statements}
    length = len(json.dumps(document, separators=(",", ":")))
    if length > _LONGEST:
        notes.append(
            f"it has {length} characters, a managed policy {_LONGEST} at most: make several of it, one for "
            "each few models; or resolve the profiles, which names fewer regions"
        )
    return Policy(document, tuple(notes))


def _onellm(streaming: bool) -> Policy:
    document = {
        "Version": _VERSION,
        "Statement": [{"Effect": "Allow", "Action": list(_ONELLM), "Resource": _ANY}],
    }
    notes = [
        "IAM has no actions bedrock:Converse and bedrock:ConverseStream, which do nothing here: Converse is "
        "allowed by bedrock:InvokeModel, ConverseStream by bedrock:InvokeModelWithResponseStream",
        "this allows every model of the account, in every region; the style 'minimal' allows those you name",
    ]
    if not streaming:
        notes.append("this style allows streaming, too")
    return Policy(document, tuple(notes))


#: What makes a statement: its actions, and the profiles through which alone it allows them.
_Key = tuple[tuple[str, ...], bool]


class _Maker:
    """A policy in the making: resources by what may be done with them."""

    def __init__(
        self, region: str, account: str | None, streaming: bool, routes: Mapping[str, Sequence[str]]
    ) -> None:
        self._region = region
        self._account = account or _ANY
        self._partition = partition_of(region).name
        self._streaming = streaming
        self._owned = False  # whether an ARN names the account
        self._routes = routes
        self._resources: dict[_Key, list[str]] = {}
        self._through: dict[_Key, list[str]] = {}
        self._notes: list[str] = []

    def allow(self, spec: str, *, count: bool) -> None:
        """One model, in whichever way it is named."""
        if _ANY in spec or "?" in spec:
            name = spec.removeprefix("bedrock:").removeprefix("bedrock/")
            if not _CHARACTERS.fullmatch(name):
                raise InvalidRequestError(
                    f"the model pattern {shown(spec)} has a character that no id can have"
                )
            if name.startswith("arn:"):
                self.add(self._actions(name), name)
                return
            parts = split_name(name)
            model = ModelId(name, "inference-profile" if parts.geo else "foundation-model", *parts)
        else:
            model = self._sent(spec)
        actions = self._actions(model.base_id)
        arn = model.arn
        if model.kind in ("inference-profile", "application-inference-profile"):
            self._profile(model, actions)
        elif arn is None:
            self.add(actions, self._model_arn(model.wire_id, self._region))
        else:
            self._resource(model, arn, actions)
        named = arn is None or model.kind in ("foundation-model", "inference-profile")
        if count and named and not _answers_whole(model.base_id):
            self.add((op.COUNT_TOKENS.action,), self._model_arn(model.base_id, self._region_of(model)))

    def add(self, actions: tuple[str, ...], *resources: str, through: str | None = None) -> None:
        """Allow actions on resources; ``through``: only for calls of this inference profile."""
        key = (actions, through is not None)
        held = self._resources.setdefault(key, [])
        held.extend(arn for arn in resources if arn not in held)
        if through is not None:
            profiles = self._through.setdefault(key, [])
            if through not in profiles:
                profiles.append(through)

    def guardrail_arn(self, given: str) -> str:
        """The ARN of a guardrail."""
        if given.startswith("arn:") and ":guardrail/" in given and _CHARACTERS.fullmatch(given):
            return given
        if not _GUARDRAIL.fullmatch(given):
            raise ConfigurationError(
                f"guardrail {shown(given)} is not one",
                hint="lower-case letters and digits, or a guardrail's ARN",
            )
        return self._owned_arn(f"guardrail/{given}")

    def profile_arns(self) -> list[str]:
        """The profiles that are allowed; without any, all that there may be."""
        named = [
            arn for resources in self._resources.values() for arn in resources if "inference-profile/" in arn
        ]
        kinds = ("inference-profile", "application-inference-profile")
        return list(dict.fromkeys(named)) or [self._owned_arn(f"{kind}/*") for kind in kinds]

    def policy(self) -> Policy:
        """What was allowed."""
        statements: list[dict[str, Any]] = []
        for key, resources in self._resources.items():
            whole: Any = _ANY if resources == [_ANY] else resources
            statement = {"Effect": "Allow", "Action": list(key[0]), "Resource": whole}
            if key in self._through:
                statement["Condition"] = {"ArnLike": {"bedrock:InferenceProfileArn": self._through[key]}}
            statements.append(statement)
        if not statements:
            raise ConfigurationError("there is nothing to allow", hint=_NAME_ONE)
        if self._account == _ANY and self._owned:
            self._note("'*' stands for the account: give its twelve digits to name it")
        return Policy({"Version": _VERSION, "Statement": statements}, tuple(self._notes))

    def _sent(self, spec: str) -> ModelId:
        """The model as it is sent; for a short name of one that only profiles serve, its profile."""
        model = parse_model_id(spec)
        if model.kind != "foundation-model" or profile_of(model.base_id).on_demand:
            return model
        profile = model.suggested_for(self._region)
        if profile is None:
            return model
        if is_alias(spec):
            self._note(f"{spec} is served by inference profiles alone: this is the policy for {profile}")
            return parse_model_id(profile)
        self._note(f"{model.wire_id} is served by inference profiles alone: you will rather want {profile}")
        return model

    def _profile(self, model: ModelId, actions: tuple[str, ...]) -> None:
        """An inference profile: itself, and the models behind it, through it alone."""
        arn = model.wire_id if model.arn else self._owned_arn(f"inference-profile/{model.wire_id}")
        self.add(actions, arn)
        behind = list(self._routes.get(model.wire_id) or self._routes.get(arn) or ())
        if behind:
            source = self._model_arn(model.base_id, self._region_of(model))
            if model.geo and source not in behind:
                behind.insert(0, source)
        elif model.geo is None:
            behind = [self._model_arn(_ANY, _ANY)]
            self._note(f"{arn} does not tell its model: any is allowed through it, and only through it")
        else:
            behind = [self._model_arn(model.base_id, place) for place in self._places(model)]
        self.add(actions, *behind, through=arn)

    def _places(self, model: ModelId) -> list[str]:
        """The regions a cross-region profile may route to, its own first."""
        here = self._region_of(model)
        if model.geo == "global":
            self._note(
                f"{model.wire_id} routes to all regions: its model is allowed by an ARN without a region"
            )
            return [here, ""]
        known = _DESTINATIONS.get(model.geo or "")
        if known is None:
            self._note(f"where the geography '{model.geo}' routes to is not known: all regions are allowed")
            return [_ANY]
        self._note(
            f"'{model.geo}' profiles route to no other regions than these; each routes to some of them"
        )
        return list(dict.fromkeys([here, *known]))

    def _resource(self, model: ModelId, arn: ArnParts, actions: tuple[str, ...]) -> None:
        """A model that is named by its own ARN."""
        if model.kind == "prompt":
            self.add(("bedrock:RenderPrompt",), model.wire_id)
            self._note(f"{model.wire_id} does not tell its model: name that, too")
            return
        self.add(actions, model.wire_id)
        if arn.service == "sagemaker":
            self.add(("sagemaker:InvokeEndpoint",), model.wire_id)
        elif model.kind.endswith("prompt-router"):
            self._note(f"{model.wire_id} chooses between models: name those, too")

    def _actions(self, name: str) -> tuple[str, ...]:
        return (_INVOKE, _STREAM) if self._streaming and not _answers_whole(name) else (_INVOKE,)

    def _region_of(self, model: ModelId) -> str:
        return model.region or self._region

    def _model_arn(self, model: str, region: str) -> str:
        return f"arn:{self._partition}:bedrock:{region}::foundation-model/{model}"

    def _owned_arn(self, resource: str) -> str:
        self._owned = True
        return f"arn:{self._partition}:bedrock:{self._region}:{self._account}:{resource}"

    def _note(self, text: str) -> None:
        if text not in self._notes:
            self._notes.append(text)


def _answers_whole(name: str) -> bool:
    return any(word in name.lower() for word in _WHOLE)
