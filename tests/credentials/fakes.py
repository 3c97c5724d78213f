"""STS, SSO, its token service, ECS and EC2 metadata on this machine, and a Bedrock that notes who signed.

One server plays all of them; botocore's own settings lead there. ``world`` is the fixture for it.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import botocore.credentials
import botocore.tokens
import pytest
from botocore.utils import ContainerMetadataFetcher

from bedrock_unified import clear_keys

from ..core.server import Received, Server, as_bedrock, reply

ROLE = "arn:aws:iam::123456789012:role/reader"
#: Who signs, by the source that is set up.
KEYS_OF = {
    "env": "AKIAENVIRONMENT00000",
    "files": "AKIADEFAULT000000000",
    "web identity": "ASIAWEBIDENTITY00000",
    "ecs": "ASIACONTAINER0000000",
    "imds": "ASIAINSTANCE00000000",
    "sso": "ASIASSOUSER000000000",
}
#: What no message, log or file may show.
SECRET = "hush-hush-secret"
_AWS_TIME = "%Y-%m-%dT%H:%M:%SZ"


class StsCall(NamedTuple):
    """A call of STS: its form, and who signed it (empty for none)."""

    action: str
    form: dict[str, str]
    signer: str
    token: str | None


class FakeAws:
    """Answers as all these services do.

    Attributes:
        sts: STS's calls, oldest first.
        metadata: the requests that EC2 metadata got, as (method, path, session token).
        lifetime: seconds that new keys live.
        sts_refusals: STS's next answers: (status, code, message).
        denies: bearer tokens of SSO that are refused.
        imds_token: whether EC2 metadata gives out session tokens (version 2).
        delay: seconds that STS takes.
        skew: seconds that AWS's clock is ahead of this machine's.
    """

    def __init__(self) -> None:
        self.sts: list[StsCall] = []
        self.metadata: list[tuple[str, str, str | None]] = []
        self.container_headers: list[dict[str, str]] = []
        self.sso: list[str] = []
        self.lifetime = 3600.0
        self.sts_refusals: list[tuple[int, str, str]] = []
        self.denies: set[str] = set()
        self.imds_token = True
        self.imds_role = True
        self.delay = 0.0
        self.skew = 0.0
        self.issued = 0

    def __call__(self, request: Received) -> bytes:
        path = urlsplit(request.target).path
        if path.startswith("/latest/"):
            return self._instance(request, path)
        if path == "/ecs/keys":
            self.container_headers.append(request.headers)
            return reply(self._keys(KEYS_OF["ecs"]))
        if path == "/federation/credentials":
            return self._sso(request)
        if path == "/token":
            told = json.loads(request.body)
            assert told["grantType"] == "refresh_token"
            return reply({"accessToken": "refreshed", "expiresIn": 28800, "tokenType": "Bearer"})
        if path == "/" and request.method == "POST":
            return self._security_token_service(request)
        return as_bedrock(request)

    def _ends(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.lifetime + self.skew)

    def _keys(self, key_id: str) -> dict[str, Any]:
        return {
            "Code": "Success",
            "AccessKeyId": key_id,
            "SecretAccessKey": SECRET,
            "Token": f"token-of-{key_id}",
            "Expiration": self._ends().strftime(_AWS_TIME),
        }

    def _instance(self, request: Received, path: str) -> bytes:
        session = request.headers.get("x-aws-ec2-metadata-token")
        self.metadata.append((request.method, path, session))
        if path == "/latest/api/token":
            if not self.imds_token:
                return reply({}, 403)
            return reply(b"a-session", Content_Type="text/plain")
        if session not in ("a-session", None):
            return reply({}, 401)
        if not self.imds_role:
            return reply({}, 404)
        if path.endswith("/security-credentials/"):
            return reply(b"the-instances-role", Content_Type="text/plain")
        return reply(self._keys(KEYS_OF["imds"]))

    def _sso(self, request: Received) -> bytes:
        token = request.headers["x-amz-sso_bearer_token"]
        self.sso.append(token)
        if token in self.denies:
            refused = {"message": "Session token not found or invalid"}
            return reply(refused, 401, x_amzn_ErrorType="UnauthorizedException")
        keys = {
            "accessKeyId": KEYS_OF["sso"],
            "secretAccessKey": SECRET,
            "sessionToken": "token-of-sso",
            "expiration": int(self._ends().timestamp() * 1000),
        }
        return reply({"roleCredentials": keys})

    def _security_token_service(self, request: Received) -> bytes:
        time.sleep(self.delay)
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        action = form["Action"]
        self.sts.append(StsCall(action, form, signer(request), request.headers.get("x-amz-security-token")))
        if self.sts_refusals:
            status, code, message = self.sts_refusals.pop(0)
            refused = (
                f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message>"
                "</Error><RequestId>r</RequestId></ErrorResponse>"
            )
            return reply(refused.encode(), status, Content_Type="text/xml")
        self.issued += 1
        if action == "AssumeRoleWithWebIdentity":
            key_id = KEYS_OF["web identity"]
        else:
            name = re.sub("[^A-Z]", "", form["RoleArn"].rpartition("/")[2].upper())
            key_id = f"ASIA{name}{self.issued:04}"
        expires = self._ends().strftime(_AWS_TIME)
        body = (
            f"<{action}Response><{action}Result><AssumedRoleUser><AssumedRoleId>i</AssumedRoleId>"
            f"<Arn>arn:aws:sts::123456789012:assumed-role/x/y</Arn></AssumedRoleUser><Credentials>"
            f"<AccessKeyId>{key_id}</AccessKeyId><SecretAccessKey>{SECRET}</SecretAccessKey>"
            f"<SessionToken>token-of-{key_id}</SessionToken><Expiration>{expires}</Expiration></Credentials>"
            f"</{action}Result></{action}Response>"
        )
        date = (datetime.now(UTC) + timedelta(seconds=self.skew)).strftime("%a, %d %b %Y %H:%M:%S GMT")
        return reply(body.encode(), Content_Type="text/xml", Date=date)


def signer(request: Received) -> str:
    """Whose access key id a request was signed with; the whole header for another scheme."""
    told = request.headers.get("authorization", "")
    found = re.match(r"AWS4-HMAC-SHA256 Credential=([^/]+)/", told)
    return found[1] if found else told


def scope(request: Received) -> tuple[str, str]:
    """The access key id and the region of a signature."""
    parts = re.match(r"AWS4-HMAC-SHA256 Credential=([^/]+)/\d+/([^/]+)/", request.headers["authorization"])
    assert parts is not None, request.headers["authorization"]
    return parts[1], parts[2]


class World:
    """One machine of a user: its environment, its home folder, and AWS around it."""

    def __init__(self, server: Server, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.server = server
        self.aws = FakeAws()
        self.home = home
        self._monkeypatch = monkeypatch
        server.answer = self.aws

    @property
    def url(self) -> str:
        """Where Bedrock is."""
        return self.server.url

    @property
    def asked(self) -> list[Received]:
        """The requests that Bedrock got."""
        return [one for one in self.server.requests if one.target.startswith(("/model/", "/foundation"))]

    @property
    def signed_by(self) -> str:
        """Who made the last call of Bedrock."""
        return signer(self.asked[-1])

    def environment(self, **variables: str | None) -> None:
        """Set variables; None takes one away."""
        for name, value in variables.items():
            if value is None:
                self._monkeypatch.delenv(name, raising=False)
            else:
                self._monkeypatch.setenv(name, value)

    def has_environment_keys(self, there: bool = True) -> None:
        self.environment(
            AWS_ACCESS_KEY_ID=KEYS_OF["env"] if there else None,
            AWS_SECRET_ACCESS_KEY=SECRET if there else None,
        )

    def has_files(self, there: bool = True) -> None:
        text = f"[default]\naws_access_key_id = {KEYS_OF['files']}\naws_secret_access_key = {SECRET}\n"
        self.credentials(text if there else "")

    def has_web_identity(self, there: bool = True) -> None:
        (self.home / "token").write_text("the-identity-token")
        self.environment(
            AWS_WEB_IDENTITY_TOKEN_FILE=str(self.home / "token") if there else None,
            AWS_ROLE_ARN=ROLE if there else None,
        )

    def has_container(self, there: bool = True, *, relative: bool = False) -> None:
        if relative:
            self._monkeypatch.setattr(
                ContainerMetadataFetcher, "IP_ADDRESS", self.url.removeprefix("http://")
            )
        self.environment(
            AWS_CONTAINER_CREDENTIALS_FULL_URI=f"{self.url}/ecs/keys" if there and not relative else None,
            AWS_CONTAINER_CREDENTIALS_RELATIVE_URI="/ecs/keys" if there and relative else None,
        )

    def has_instance(self, there: bool = True) -> None:
        self.environment(
            AWS_EC2_METADATA_DISABLED=None if there else "true",
            AWS_EC2_METADATA_SERVICE_ENDPOINT=self.url if there else None,
        )

    def has(self, source: str, there: bool = True) -> None:
        """Set up a source, or take it away."""
        {
            "env": self.has_environment_keys,
            "files": self.has_files,
            "web identity": self.has_web_identity,
            "ecs": self.has_container,
            "imds": self.has_instance,
        }[source](there)

    def config(self, text: str) -> None:
        """The user's ``~/.aws/config``."""
        (self.home / ".aws" / "config").write_text(text)

    def credentials(self, text: str) -> None:
        """The user's ``~/.aws/credentials``."""
        (self.home / ".aws" / "credentials").write_text(text)

    def sso_token(self, name: str, token: str = "the-sso-token", *, lives: float = 3600, **more: str) -> None:
        """What ``aws sso login`` leaves behind; ``name`` is the start URL or the sso-session's name."""
        folder = self.home / ".aws" / "sso" / "cache"
        folder.mkdir(parents=True, exist_ok=True)
        ends = (datetime.now(UTC) + timedelta(seconds=lives)).strftime(_AWS_TIME)
        told = {"accessToken": token, "expiresAt": ends, **more}
        (folder / f"{hashlib.sha1(name.encode()).hexdigest()}.json").write_text(json.dumps(told))


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[World]:
    """A machine with nothing set up, in front of a made-up AWS."""
    for name in [name for name in os.environ if name.startswith("AWS_") or name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    (tmp_path / ".aws").mkdir()
    cache = str(tmp_path / ".aws" / "sso" / "cache")
    monkeypatch.setattr(botocore.credentials.SSOProvider, "_SSO_TOKEN_CACHE_DIR", cache)
    monkeypatch.setattr(botocore.tokens.SSOTokenProvider, "_SSO_TOKEN_CACHE_DIR", cache)
    monkeypatch.setattr(ContainerMetadataFetcher, "SLEEP_TIME", 0)  # between its three tries
    with Server() as server:
        made = World(server, tmp_path, monkeypatch)
        made.environment(
            HOME=str(tmp_path),
            USERPROFILE=str(tmp_path),
            AWS_EC2_METADATA_DISABLED="true",
            AWS_ENDPOINT_URL_STS=server.url,
            AWS_ENDPOINT_URL_SSO=server.url,
            AWS_ENDPOINT_URL_SSO_OIDC=server.url,
        )
        yield made
    clear_keys()
