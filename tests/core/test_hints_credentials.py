"""What is said when no credentials could be had."""

import re

import botocore.exceptions as be
import pytest

from bedrock_unified import errors as e
from bedrock_unified.hints import explain_missing_credentials, tables

BADLY_FILLED = re.compile(r"[{}]|None| ,|,\.|\.\.(?!\.)|  ")  # gaps and seams of a template
CREDENTIAL_EXAMPLES: list[tuple[str | BaseException, type[e.BedrockError], str]] = [
    (be.ProfileNotFound(profile="other"), e.ConfigurationError, "the AWS profile 'other' is neither"),
    (
        be.PartialCredentialsError(provider="explicit", cred_var="aws_secret_access_key"),
        e.ConfigurationError,
        "is missing (aws_secret_access_key)",
    ),
    (
        be.PartialCredentialsError(provider="assume-role", cred_var="source_profile or credential_source"),
        e.ConfigurationError,
        "the AWS profile 'work' has a role_arn",
    ),
    (be.InvalidIMDSEndpointError(endpoint="x"), e.ConfigurationError, "AWS_EC2_METADATA_SERVICE_ENDPOINT"),
    (
        be.MissingDependencyException(msg="This operation requires an additional dependency: botocore[crt]"),
        e.ConfigurationError,
        'pip install "botocore[crt]"',
    ),
    (be.ConfigParseError(path="/x", error="y"), e.ConfigurationError, "correct the AWS configuration file"),
    (
        RuntimeError("Credentials were refreshed, but the refreshed credentials are still expired."),
        e.AuthenticationError,
        "has already expired",
    ),
    (AttributeError("'list' object has no attribute 'get'"), e.AuthenticationError, "something else than"),
    (be.LoginRefreshRequired(), e.AuthenticationError, "run `aws login --profile work`"),
    (
        "An error occurred (ForbiddenException) when calling the GetRoleCredentials operation: No access",
        e.AuthenticationError,
        "sso_role_name",
    ),
    (be.UnauthorizedSSOTokenError(), e.AuthenticationError, "`aws sso login --profile work`"),
    (
        be.SSOTokenLoadError(error_msg="Token for https://x does not exist"),
        e.AuthenticationError,
        "`aws sso login --profile work`",
    ),
    (
        be.TokenRetrievalError(provider="sso", error_msg="Token has expired and refresh failed"),
        e.AuthenticationError,
        "`aws sso login --profile work`",
    ),
    (
        "An error occurred (Throttling) when calling the AssumeRole operation: Rate exceeded",
        e.AuthenticationError,
        "share one client",
    ),
    (be.NoAuthTokenError(), e.AuthenticationError, "AWS_BEARER_TOKEN_BEDROCK"),
    (
        "An error occurred (AccessDenied) when calling the AssumeRole operation: not authorized",
        e.AuthenticationError,
        "trust policy",
    ),
    (be.RefreshWithMFAUnsupportedError(), e.AuthenticationError, "MFA"),
    (
        be.CredentialRetrievalError(provider="custom-process", error_msg="exit 1"),
        e.AuthenticationError,
        "credential_process",
    ),
    (
        "An error occurred (ValidationError) when calling the AssumeRole operation: The requested "
        "DurationSeconds exceeds the MaxSessionDuration set for this role.",
        e.AuthenticationError,
        "lower role_duration",
    ),
    (
        be.EndpointConnectionError(endpoint_url="https://sts.eu-mars-1.amazonaws.com"),
        e.AuthenticationError,
        "could not be reached: check the network",
    ),
    (
        "ClientError: An error occurred (AccessDenied) when calling the AssumeRole operation: User: "
        "arn:aws:iam::123456789012:user/ann is not authorized to perform: sts:AssumeRole",
        e.AuthenticationError,
        "allow sts:AssumeRole",
    ),
    (
        "An error occurred (InvalidIdentityToken) when calling the AssumeRoleWithWebIdentity operation: x",
        e.AuthenticationError,
        "check AWS_ROLE_ARN",
    ),
    (
        "NoCredentialsError: aws_iam_role_source='metadata' …",
        e.AuthenticationError,
        "where a role is attached",
    ),
    ("NoCredentialsError: aws_iam_role_source='env' …", e.AuthenticationError, "set AWS_ACCESS_KEY_ID"),
    (be.NoCredentialsError(), e.AuthenticationError, "AWS_ACCESS_KEY_ID"),
    ("NoCredentials", e.AuthenticationError, "web identity, ECS and EC2 metadata"),
    ("could not load credentials", e.AuthenticationError, "AWS_PROFILE"),
    ("no EC2 IMDS role found", e.AuthenticationError, "`aws sts get-caller-identity --profile work`"),
]


@pytest.mark.parametrize(("failure", "kind", "part"), CREDENTIAL_EXAMPLES)
def test_missing_credentials_are_explained(failure: str | BaseException, kind: type, part: str):
    found, hint = explain_missing_credentials(failure, profile_name="work")
    assert found is kind
    assert part in hint
    assert not re.search(BADLY_FILLED, hint)


def test_no_credential_rule_is_without_an_example_or_out_of_reach():
    rules = tables().credentials
    texts = [
        failure if isinstance(failure, str) else f"{type(failure).__name__}: {failure}"
        for failure, _, _ in CREDENTIAL_EXAMPLES
    ]
    assert {next(rule for rule in rules if rule.fits(text)) for text in texts} == set(rules)


def test_the_login_command_fits_the_profile():
    assert "run `aws sso login`." in explain_missing_credentials(be.UnauthorizedSSOTokenError())[1]
    _, hint = explain_missing_credentials(be.UnauthorizedSSOTokenError(), profile_name="my work; rm -rf x")
    assert "`aws sso login --profile 'my work; rm -rf x'`" in hint
