"""ReqLLM's statements about signatures and slow answers (RQ-33, RQ-36 to RQ-38)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bedrock_unified.errors import AuthenticationError, ConfigurationError, RequestTimeoutError
from bedrock_unified.local import Fault

from ..core.server import Received, Server, as_bedrock, reply
from .conftest import Account, MakeApp
from .frameworks import WAYS

CLAUDE = "us.anthropic.claude-opus-4-1-20250805-v1:0"
#: As recorded (wire/FACTS.md, "Error responses").
EXPIRED = (
    "Signature expired: 20261121T100000Z is now earlier than 20261121T100100Z (20261121T100600Z - 5 min.)"
)
SIX_MINUTES = 360.0


@pytest.fixture
def server() -> Iterator[Server]:
    """A server that keeps signatures, which the local endpoint does not."""
    with Server() as running:
        yield running


@pytest.mark.parametrize("way", ["whole", "astream"])
async def test_rq_33_each_try_is_signed_anew(app: MakeApp, server: Server, way: str) -> None:
    asked: list[Received] = []

    def throttled_once(request: Received) -> bytes:
        asked.append(request)
        if len(asked) > 1:
            return as_bedrock(request)
        kind = "ThrottlingException:http://internal.amazon.com/coral/com.amazon.bedrock/"
        return reply({"message": "slow down"}, 429, x_amzn_ErrorType=kind, Retry_After="1")

    server.answer = throttled_once
    await app(CLAUDE, endpoint_url=server.url, max_retries=1).ask("Hello?", way)
    first, second = (request.headers for request in asked)
    assert first["x-amz-date"] < second["x-amz-date"], "the second try is at least a second later"
    signatures = {told["authorization"].rpartition("Signature=")[2] for told in (first, second)}
    assert len(signatures) == 2 and all(len(signature) == 64 for signature in signatures)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("use_converse", [True, False])
async def test_rq_36_an_expired_signature_is_explained_and_not_tried_again(
    app: MakeApp, account: Account, use_converse: bool, way: str
) -> None:
    account.has(faults=[Fault.error("InvalidSignatureException", EXPIRED, status=403, times=None)])
    with pytest.raises(AuthenticationError, match="Signature expired") as refused:
        await app(CLAUDE, max_retries=3, use_converse=use_converse).ask("Hello?", way)
    hint = str(refused.value.hint)
    assert refused.value.status == 403 and not refused.value.is_retryable
    for way_out in ("clock", "again", "lower max_tokens", "API key", "stream"):
        assert way_out in hint
    assert len(account.served) == 1


@pytest.mark.parametrize("way", WAYS)
async def test_rq_36_a_clock_that_is_wrong_is_put_right_once(
    app: MakeApp, account: Account, way: str
) -> None:
    account.has(faults=[Fault.clock_skew(3600)])
    await app(CLAUDE, max_retries=3).ask("Hello?", way)
    assert [one.status for one in account.served] == [403, 200]


def test_rq_37_the_time_limits_are_long_enough_for_a_model_that_thinks(app: MakeApp) -> None:
    thinking_default = 180  # seconds; ReqLLM's for reasoning
    assert app(CLAUDE).model.timeout >= thinking_default
    assert app(CLAUDE).model.total_timeout is None, "no answer is too long as a whole"
    for spelling in ("timeout", "read_timeout", "request_timeout"):
        assert app(CLAUDE, **{spelling: 2 * SIX_MINUTES}).model.timeout == 2 * SIX_MINUTES


@pytest.mark.parametrize("way", WAYS)
async def test_rq_37_the_limit_that_is_set_is_the_one_that_holds(
    app: MakeApp, account: Account, way: str
) -> None:
    account.has(faults=[Fault.latency(0.6)])
    with pytest.raises(RequestTimeoutError):
        await app(CLAUDE, read_timeout=0.2).ask("Hello?", way)
    await app(CLAUDE, read_timeout=SIX_MINUTES).ask("Hello?", way)


@pytest.mark.parametrize("timeout", [0, -1])
def test_rq_37_no_time_at_all_is_refused(app: MakeApp, timeout: float) -> None:
    with pytest.raises(ConfigurationError, match="timeout"):
        app(CLAUDE, timeout=timeout)


@pytest.mark.parametrize("way", WAYS)
async def test_rq_38_the_hint_names_faster_models_and_lower_limits(
    app: MakeApp, account: Account, way: str
) -> None:
    account.has(
        faults=[
            Fault.error("InvalidSignatureException", EXPIRED, status=403),
            Fault.error(
                "ModelTimeoutException", "Model has timed out in processing the request.", status=408
            ),
        ]
    )
    for kind in (AuthenticationError, RequestTimeoutError):
        with pytest.raises(kind) as refused:
            await app(CLAUDE, max_retries=0).ask("Hello?", way)
        assert "faster model" in str(refused.value.hint) and "lower max_tokens" in str(refused.value.hint)
