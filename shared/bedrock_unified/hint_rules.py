"""What Bedrock's errors mean and what to do about them, as tables; :mod:`bedrock_unified.hints` reads them.

A rule applies when its codes hold the error's code and its pattern is found in the message; the first that
applies wins. The texts come from recorded answers, AWS's documentation, and issues of projects on Bedrock. Hints
are format strings over the facts that ``hints`` knows of the call: ``{model}``, ``{region}``, ``{action}``, …
"""

from __future__ import annotations

import re
from typing import NamedTuple

from . import errors as e


class Rule(NamedTuple):
    """One row: which errors, what they are, what to do."""

    codes: frozenset[str]
    message: re.Pattern[str] | None  # None: any
    error: type[e.BedrockError]
    hint: str | None


def _rule(codes: frozenset[str], message: str | None, error: type[e.BedrockError], hint: str | None) -> Rule:
    return Rule(codes, re.compile(message, re.IGNORECASE) if message else None, error, hint)


# Codes that this package gives to failures that never became an answer of AWS.
NO_MODELS_LISTED = "NoModelsListed"
HOST_NOT_FOUND = "HostNotFound"

_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"})
_CREDENTIALS = frozenset({"UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId"})
_UNSIGNED = frozenset({"MissingAuthenticationToken", "MissingAuthenticationTokenException"})
_SIGNATURE = frozenset(
    {
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "IncompleteSignature",
        "IncompleteSignatureException",
        "RequestExpired",
    }
)
_ACCESS = frozenset(
    {
        "AccessDeniedException",
        "AccessDenied",
        "NotAuthorized",
        "UnauthorizedException",
        "UnauthorizedOperation",
    }
)
_SIGN_UP = frozenset({"OptInRequired", "SubscriptionRequiredException"})
_INVALID = frozenset({"ValidationException", "ValidationError"})
_MISSING = frozenset({"ResourceNotFoundException"})
_THROTTLED = frozenset(
    {
        "ThrottlingException",
        "Throttling",
        "ThrottledException",
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "ProvisionedThroughputExceededException",
        "BandwidthLimitExceeded",
        "SlowDown",
    }
)
_INTERNAL = frozenset({"InternalServerException", "InternalServerError", "InternalFailure"})
_UNAVAILABLE = frozenset({"ServiceUnavailableException", "ServiceUnavailable"})
_TIMEOUT = frozenset({"ModelTimeoutException", "RequestTimeout", "RequestTimeoutException"})

_OVERFLOW = (
    r"input is too long|prompt is too long|too many total text bytes|too many input tokens"
    r"|exceeds? (?:the )?context limit|context (?:window|length)|input tokens exceeded|expected maxlength"
)

RULES: tuple[Rule, ...] = (
    # Who signs.
    _rule(
        _ACCESS | _CREDENTIALS | _EXPIRED | _UNSIGNED,
        r"api key|bearer token",
        e.AuthenticationError,
        "the Bedrock API key was refused in {region}: it has expired (short-term keys last at most 12 hours), was "
        "made for another region, or is mistyped. Generate a new key in the Bedrock console under API keys and "
        "set it as api_key or AWS_BEARER_TOKEN_BEDROCK.",
    ),
    _rule(
        _EXPIRED,
        None,
        e.AuthenticationError,
        "the temporary credentials have expired: renew them ({login} for an SSO profile, or assume the role "
        "again) and pass key, secret and session token together; for a Bedrock API key, generate a new key.",
    ),
    _rule(
        _SIGNATURE,
        r"signature (?:expired|not yet current)|request (?:has )?expired|expired",
        e.AuthenticationError,
        "AWS takes a signature for five minutes: set this machine's clock, then call again. If the answer itself "
        "took longer than that, stream it, use a faster model or lower max_tokens; a Bedrock API key does "
        "not sign at all.",
    ),
    _rule(
        _SIGNATURE,
        None,
        e.AuthenticationError,
        "the signature did not fit: check that the secret key belongs to the access key id, that {region} is the "
        "endpoint's region, this machine's clock, and that no proxy changes the request.",
    ),
    _rule(
        _UNSIGNED,
        None,
        e.AuthenticationError,
        "the request arrived without a signature: check that no proxy removes the Authorization header, and that "
        "the endpoint URL is Bedrock's.",
    ),
    _rule(
        _CREDENTIALS,
        None,
        e.AuthenticationError,
        "the access key is not valid in {region}: it is mistyped, inactive or of another AWS partition, the region "
        "is the wrong one (check region_name and the region in endpoint_url), or temporary keys lack their session "
        "token. Confirm with {identity}.",
    ),
    # What the caller may do.
    _rule(
        _ACCESS,
        r"aws-marketplace",
        e.ModelAccessError,
        "the account has no AWS Marketplace subscription to {model} yet: once, let someone with "
        "aws-marketplace:Subscribe, aws-marketplace:Unsubscribe and aws-marketplace:ViewSubscriptions call it or "
        "open it in the console ({console}); then wait two minutes.",
    ),
    _rule(
        _ACCESS,
        r"payment_instrument",
        e.ModelAccessError,
        "the account needs a valid payment method before AWS Marketplace models can be used: see Billing in the "
        "AWS console; then wait two minutes.",
    ),
    _rule(
        _ACCESS | _MISSING | _INVALID,
        r"use[- ]case (?:details|form)",
        e.ModelAccessError,
        "submit the use-case form of the model's vendor once for the account in the Bedrock console ({console}, "
        "Model access or Model catalog); access follows within minutes.",
    ),
    _rule(
        _ACCESS | _MISSING,
        r"marked by provider as legacy",
        e.ModelAccessError,
        "{model} is a legacy model that this account no longer uses: choose an active one (ListFoundationModels).",
    ),
    _rule(
        _ACCESS,
        r"service control policy",
        e.PermissionDeniedError,
        "a service control policy of the AWS organization denies {action}: ask its administrators.{routing}",
    ),
    _rule(
        _ACCESS,
        r"explicit deny",
        e.PermissionDeniedError,
        "a policy denies {action} explicitly; no Allow overrides it: change that policy.{routing}",
    ),
    _rule(
        _ACCESS,
        r"don.t have access to the model|not supported for inference in your account|model access is denied",
        e.ModelAccessError,
        "Model access denied: request access to {model} in {region}, in the Bedrock console under Model access "
        "({console}); usually it is granted at once. The caller also needs {action}{guardrail}.",
    ),
    _rule(
        _ACCESS,
        None,
        e.PermissionDeniedError,
        "allow {action}{guardrail} in the caller's IAM policy.{routing}{enabling}",
    ),
    _rule(
        _SIGN_UP,
        None,
        e.PermissionDeniedError,
        "the account cannot use Amazon Bedrock in {region} yet: finish its sign-up, or enable the region under "
        "Account in the AWS console.",
    ),
    # What is wrong with the request.
    _rule(_INVALID, r"on-demand throughput", e.InvalidRequestError, "{profile}"),
    _rule(
        _INVALID,
        _OVERFLOW,
        e.ContextOverflowError,
        "the input is longer than {model} takes: shorten the history or the documents, lower max_tokens where "
        "they share the window, or choose a model with a longer one.",
    ),
    _rule(
        _INVALID,
        r"maximum tokens you requested|max_?tokens.*exceed|exceed.*max_?tokens",
        e.InvalidRequestError,
        "lower max_tokens to what the message names.",
    ),
    _rule(
        _INVALID,
        r"model identifier is invalid|invalid model (?:id|identifier)",
        e.InvalidRequestError,
        "no model {model} in {region}: check the spelling, and that the region offers it (ListFoundationModels, "
        "ListInferenceProfiles); an ARN must be of that region.{elsewhere}",
    ),
    _rule(
        _INVALID,
        r"support tool use in streaming",
        e.InvalidRequestError,
        "{model} calls tools only in whole answers: do not stream this call.",
    ),
    _rule(
        _INVALID,
        r"toolchoice",
        e.InvalidRequestError,
        "leave tool_choice out, or choose a model that takes it.",
    ),
    _rule(
        _INVALID,
        r"toolconfig field must be defined",
        e.InvalidRequestError,
        "the history has tool calls: pass the tools again with it, as bind_tools does.",
    ),
    _rule(
        _INVALID, r"support tool use", e.InvalidRequestError, "choose a model that calls tools, or bind none."
    ),
    _rule(
        _INVALID,
        r"prompt caching|cachepoint",
        e.InvalidRequestError,
        "leave the cache points out for {model}, or choose a model that caches prompts.",
    ),
    _rule(
        _INVALID,
        r"temperature.*top_?p.*(?:cannot|both)",
        e.InvalidRequestError,
        "pass temperature or top_p, not both.",
    ),
    _rule(
        _INVALID,
        r"pre-?fill",
        e.InvalidRequestError,
        "end the messages with a user message: {model} does not continue an assistant message.",
    ),
    _rule(
        _INVALID,
        r"extraneous key",
        e.InvalidRequestError,
        "{model} does not know that key: check additional_model_request_fields and the content blocks.",
    ),
    _rule(
        _INVALID,
        r"mime type.*match",
        e.InvalidRequestError,
        "give the image or document the format that its bytes really have.",
    ),
    _rule(
        _INVALID,
        r"guardrail",
        e.InvalidRequestError,
        "check the guardrail's identifier and version; it must be in {region}.",
    ),
    _rule(
        _INVALID,
        r"unsupported countries",
        e.InvalidRequestError,
        "the vendor does not serve {model} to the place this call comes from; choose another vendor's model.",
    ),
    _rule(
        _INVALID,
        r"operation not allowed|account is not authorized",
        e.InvalidRequestError,
        "AWS has not opened {model} for this account in {region}: request access in the Bedrock console "
        "({console}), and where that does not help open a case with AWS Support.",
    ),
    _rule(
        _INVALID,
        r"doesn.t support",
        e.InvalidRequestError,
        "leave out what the message names, or choose a model that has it.",
    ),
    _rule(_INVALID | {"ConflictException"}, None, e.InvalidRequestError, None),
    _rule(
        frozenset({"RequestEntityTooLargeException", "RequestTooLarge"}),
        None,
        e.InvalidRequestError,
        "the request is larger than Bedrock takes: send fewer or smaller images and documents, or put them in S3.",
    ),
    # What does not exist.
    _rule(
        _MISSING,
        r"guardrail",
        e.NotFoundError,
        "check the guardrail's identifier and version; it must be in {region}.",
    ),
    _rule(
        _MISSING,
        r"end of its life",
        e.NotFoundError,
        "{model} is retired: choose a later version (ListFoundationModels names the active ones).",
    ),
    _rule(
        _MISSING,
        None,
        e.NotFoundError,
        "{model} is not in {region}: not every region has every model; check the id and region_name.{elsewhere}",
    ),
    _rule(
        frozenset({"UnknownOperationException", "UnknownOperation", "NotFoundException"}),
        None,
        e.NotFoundError,
        "the endpoint does not know this operation: check that endpoint_url is one of bedrock-runtime, and its path.",
    ),
    _rule(
        frozenset({NO_MODELS_LISTED}),
        None,
        e.NotFoundError,
        "Bedrock lists no model in {region}: check the region, the endpoint of the control plane, and that the "
        "caller may bedrock:ListFoundationModels and bedrock:ListInferenceProfiles; or name the models yourself "
        "(BEDROCK_MODELS).",
    ),
    _rule(
        frozenset({HOST_NOT_FOUND}),
        None,
        e.ConnectionFailed,
        "no such host: check that {region} is the right region and has Bedrock, the endpoint URL, and this "
        "machine's DNS and proxy.",
    ),
    # Too much, too slow, not now.
    _rule(
        _THROTTLED,
        r"per day|daily",
        e.QuotaExceededError,
        "the account's daily quota for {model} is used up: retrying does not help today. Request an increase in "
        "the Service Quotas console (Amazon Bedrock), or use another model or region.{spread}",
    ),
    _rule(
        frozenset({"ServiceQuotaExceededException", "LimitExceededException"}),
        None,
        e.QuotaExceededError,
        "a service quota of the account is used up: request an increase in the Service Quotas console (Amazon "
        "Bedrock), or use another region.",
    ),
    _rule(
        _THROTTLED,
        None,
        e.ThrottlingError,
        "more requests or tokens per minute than the account's quota for {model}: call later or with fewer at a "
        "time (max_concurrency), or request an increase in the Service Quotas console (Amazon Bedrock).{spread}",
    ),
    _rule(
        _UNAVAILABLE,
        None,
        e.ServiceUnavailableError,
        "{model} is overloaded in {region} at the moment: try again in a while, or use another region.{spread}",
    ),
    _rule(
        _INTERNAL,
        None,
        e.ServiceUnavailableError,
        "an error inside Bedrock: try again; if it stays, give AWS Support the request id.",
    ),
    _rule(
        _TIMEOUT,
        None,
        e.RequestTimeoutError,
        "the model took too long: stream the answer, lower max_tokens, shorten the input or use a faster model.",
    ),
    _rule(
        frozenset({"ModelNotReadyException"}),
        None,
        e.ModelNotReadyError,
        "{model} is being loaded: try again in a minute.",
    ),
    _rule(
        frozenset({"ModelErrorException", "ModelStreamErrorException"}),
        r"tooluse|tool use",
        e.ModelFailureError,
        "the model wrote a tool call that Bedrock cannot read, and will again: simplify the tools' names and "
        "schemas, lower the temperature, or use another model.",
    ),
    _rule(
        frozenset({"ModelErrorException", "ModelStreamErrorException"}),
        None,
        e.ModelFailureError,
        "the model failed on this input: try again; if it stays, change the input or use another model.",
    ),
)

# The codes that stand for an HTTP status when the answer names no code, or one that no rule knows.
CODE_OF_STATUS = {
    400: "ValidationException",
    401: "UnrecognizedClientException",
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    408: "ModelTimeoutException",
    413: "RequestEntityTooLargeException",
    424: "ModelErrorException",
    429: "ThrottlingException",
    500: "InternalServerException",
    502: "ServiceUnavailableException",
    503: "ServiceUnavailableException",
    504: "ModelTimeoutException",
}

# The statuses of the exceptions in bedrock-runtime's service model.
MODELLED_STATUS = {
    "AccessDeniedException": 403,
    "ConflictException": 400,
    "InternalServerException": 500,
    "ModelErrorException": 424,
    "ModelNotReadyException": 429,
    "ModelStreamErrorException": 424,
    "ModelTimeoutException": 408,
    "ResourceNotFoundException": 404,
    "ServiceQuotaExceededException": 400,
    "ServiceUnavailableException": 503,
    "ThrottlingException": 429,
    "ValidationException": 400,
}

_ANY: frozenset[str] = frozenset()

# Credentials that could not be had: patterns over "<exception class>: <its text>", botocore's and other SDKs'.
CREDENTIAL_RULES: tuple[Rule, ...] = (
    _rule(
        _ANY,
        r"ProfileNotFound|config profile \(.*\) could not be found",
        e.ConfigurationError,
        "the AWS profile {profile_name} is neither in ~/.aws/config nor in ~/.aws/credentials: "
        "`aws configure list-profiles` lists those that are, `aws configure sso` or `aws configure` adds one.",
    ),
    _rule(
        _ANY,
        r"PartialCredentials|partial credentials",
        e.ConfigurationError,
        "half of a pair is missing{missing}: an access key id needs its secret access key, and temporary keys their "
        "session token; set them together or remove them all.",
    ),
    _rule(
        _ANY,
        r"awscrt|botocore\[crt\]",
        e.ConfigurationError,
        'these credentials need the AWS common runtime: pip install "botocore[crt]".',
    ),
    _rule(
        _ANY,
        r"ConfigParseError|unable to parse config|InfiniteLoopConfig|infinite loop in credential|InvalidConfigError",
        e.ConfigurationError,
        "correct the AWS configuration file (~/.aws/config, or what AWS_CONFIG_FILE names).",
    ),
    _rule(
        _ANY,
        r"Login(?:Refresh|Token|Insufficient|Authorization)|aws login",
        e.AuthenticationError,
        "the session of `aws login` has ended: run `aws login{for_profile}`.",
    ),
    _rule(
        _ANY,
        r"ForbiddenException|GetRoleCredentials.*(?:no access|forbidden)",
        e.AuthenticationError,
        "the SSO user may not take this role: check sso_account_id and sso_role_name of the AWS profile.",
    ),
    _rule(
        _ANY,
        r"SSOToken|SSO token|SSO session|SSOError|TokenRetrieval|token has expired|UnauthorizedException",
        e.AuthenticationError,
        "the SSO session has expired or was never opened: run {login}.",
    ),
    _rule(
        _ANY,
        r"NoAuthToken|authorization token",
        e.AuthenticationError,
        "no Bedrock API key was found: set api_key or AWS_BEARER_TOKEN_BEDROCK.",
    ),
    _rule(
        _ANY,
        r"AssumeRole|web identity|MFA token",
        e.AuthenticationError,
        "the role could not be assumed: check role_arn, its trust policy, the source credentials and, for MFA, "
        "that a code can be typed in.",
    ),
    _rule(
        _ANY,
        r"custom-process|credential_process",
        e.AuthenticationError,
        "the credential_process of the AWS profile failed: run its command by hand to see why.",
    ),
    _rule(
        _ANY,
        None,
        e.AuthenticationError,
        "no AWS credentials were found. Pass api_key, or aws_access_key_id with aws_secret_access_key, or "
        "profile_name; or set AWS_BEARER_TOKEN_BEDROCK, AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY, or "
        "AWS_PROFILE ({login} for an SSO profile). Also tried, in this order after the environment: the shared "
        "files under ~/.aws, web identity, ECS and EC2 metadata. {identity} shows what the AWS CLI finds.",
    ),
)
