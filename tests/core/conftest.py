"""What every test of the core starts from: a fixed Hypothesis profile, and no AWS setup of this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.model import ServiceModel
from botocore.utils import ContainerMetadataFetcher
from hypothesis import HealthCheck, settings

from .identities import Container
from .server import Server

settings.register_profile(
    "core", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("core")


@pytest.fixture
def no_aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No AWS variable, no shared file, no instance metadata: the test says what there is."""
    for name in [name for name in os.environ if name.startswith("AWS_") or name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "absent-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "absent-credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    yield


@pytest.fixture
def server() -> Iterator[Server]:
    """A loopback server that counts connections and keeps requests; it answers as Bedrock does."""
    with Server() as running:
        yield running


@pytest.fixture(scope="session")
def runtime() -> ServiceModel:
    """botocore's model of bedrock-runtime."""
    return botocore.session.Session().get_service_model("bedrock-runtime")


@pytest.fixture(scope="session")
def control() -> ServiceModel:
    """botocore's model of the control plane."""
    return botocore.session.Session().get_service_model("bedrock")


@pytest.fixture(scope="session")
def models(runtime: ServiceModel, control: ServiceModel) -> dict[str, Any]:
    """The models by their service names."""
    agent = botocore.session.Session().get_service_model("bedrock-agent-runtime")
    return {"bedrock-runtime": runtime, "bedrock": control, "bedrock-agent-runtime": agent}


@pytest.fixture
def shared_files(no_aws: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two profiles with keys, one without."""
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    (tmp_path / "credentials").write_text(
        "[default]\naws_access_key_id = AKIADEFAULT000000000\naws_secret_access_key = d\n"
        "[dev]\naws_access_key_id = AKIADEV0000000000000\naws_secret_access_key = v\n"
        "aws_session_token = dev-token\n"
    )
    (tmp_path / "config").write_text("[profile empty]\nregion = us-east-1\n")
    return tmp_path


@pytest.fixture
def container(no_aws: None, server: Server, monkeypatch: pytest.MonkeyPatch) -> Container:
    """Credentials from a container's endpoint on this machine."""
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{server.url}/keys")
    monkeypatch.setattr(ContainerMetadataFetcher, "SLEEP_TIME", 0)  # between its three tries
    server.answer = made = Container(3600)
    return made
