"""STS GetCallerIdentity, in STS's own protocol: a form in, XML out."""

from __future__ import annotations

from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from ..problems import Problem
from ..protocol.answers import TextAnswer
from ..protocol.authentication import Account

_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
_CODES = {
    "UnrecognizedClientException": "InvalidClientTokenId",
    "InvalidSignatureException": "SignatureDoesNotMatch",
    "ExpiredTokenException": "ExpiredToken",
    "MissingAuthenticationTokenException": "MissingAuthenticationToken",
    "IncompleteSignatureException": "IncompleteSignature",
}


def is_sts(content_type: str) -> bool:
    """Whether a POST to ``/`` speaks the query protocol."""
    return content_type.startswith("application/x-www-form-urlencoded")


def action_of(body: bytes) -> str:
    return parse_qs(body.decode("utf-8", "replace")).get("Action", [""])[0]


def get_caller_identity(account: Account, request_id: str) -> TextAnswer:
    text = (
        f'<GetCallerIdentityResponse xmlns="{_NAMESPACE}"><GetCallerIdentityResult>'
        f"<Arn>arn:aws:iam::{account.account_id}:user/local</Arn><UserId>AIDAIOSFODNN7EXAMPLE</UserId>"
        f"<Account>{account.account_id}</Account></GetCallerIdentityResult><ResponseMetadata>"
        f"<RequestId>{request_id}</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
    )
    return TextAnswer(text.encode(), "text/xml")


def problem_xml(problem: Problem, request_id: str) -> TextAnswer:
    """An error in STS's form, under the code STS uses for it."""
    code = _CODES.get(problem.code, problem.code)
    text = (
        f'<ErrorResponse xmlns="{_NAMESPACE}"><Error><Type>Sender</Type><Code>{escape(code)}</Code>'
        f"<Message>{escape(problem.message)}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    )
    return TextAnswer(text.encode(), "text/xml")
