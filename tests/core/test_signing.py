"""Our signatures, compared with botocore's for whatever can be asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import botocore.auth
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bedrock_unified.wire.signing import Keys, amz_date, sign

ROOT = "AKIAIOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
HOST = "bedrock-runtime.us-east-1.amazonaws.com"
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC).timestamp()

methods = st.sampled_from(["POST", "GET", "PUT", "DELETE"])
raw_segments = st.sampled_from(
    ["", ".", "..", "model", "a%3A0", "a:0", "%2Fx%2F", "%252F", "~", "a+b", "a%20b", "...", "us.x-v1%3A0"]
)
quoted_segments = st.text(max_size=12).map(lambda text: quote(text, safe="-._~"))
paths = st.lists(raw_segments | quoted_segments, max_size=6).map(lambda parts: "/" + "/".join(parts))
words = st.text(st.characters(codec="utf-8"), max_size=6).map(lambda text: quote(text, safe="-._~"))
pairs = st.tuples(words.filter(bool), words).map("=".join)
queries = st.lists(pairs | words.filter(bool) | st.sampled_from(["a=1&a=0", "a", "a=", "b=%2F"]), max_size=5)
targets = st.tuples(paths, queries).map(
    lambda parts: parts[0] + ("?" + "&".join(parts[1]) if parts[1] else "")
)
header_names = st.sampled_from(
    [
        "accept",
        "content-type",
        "x-amzn-bedrock-guardrailidentifier",
        "x-amzn-bedrock-guardrailversion",
        "x-amzn-bedrock-trace",
        "x-amzn-bedrock-performanceconfig-latency",
        "user-agent",
        "connection",
        "expect",
        "te",
        "trailer",
        "transfer-encoding",
        "keep-alive",
        "upgrade",
        "proxy-authorization",
        "baggage",
        "traceparent",
        "tracestate",
        "x-amzn-trace-id",
        "x-custom-é",
    ]
)
white = st.sampled_from([" ", "  ", "\t", " \t ", "\x0b", "\xa0", "\u2003", "\x1c", "\x85"])
header_values = st.lists(st.text(max_size=8) | white, max_size=5).map("".join)
all_headers = st.dictionaries(header_names, header_values, max_size=6)
hosts = st.sampled_from(
    [HOST, "localhost:8080", "127.0.0.1:1", "[::1]:9000", "[::1]", "bedrock.us-gov-west-1.amazonaws.com:8443"]
)
secrets = st.text(st.characters(codec="ascii", categories=["L", "N", "P", "S"]), min_size=1, max_size=60)
tokens = st.none() | st.text(
    st.characters(codec="ascii", categories=["L", "N", "P"]), min_size=1, max_size=99
)
regions = st.sampled_from(["us-east-1", "eu-central-1", "us-gov-west-1", "cn-north-1"])
moments = st.datetimes(datetime(2001, 1, 1), datetime(2099, 12, 31)).map(
    lambda moment: moment.replace(tzinfo=UTC).timestamp()
)


def by_botocore(
    method: str, target: str, headers: dict[str, str], body: bytes, *, host: str, keys: Keys, **scope: Any
) -> dict[str, str]:
    """What botocore would send, under lower-case names."""
    moment = datetime.fromtimestamp(int(scope["now"]), UTC)
    request = AWSRequest(method, f"https://{host}{target}", headers=dict(headers), data=body)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.auth, "get_current_datetime", lambda: moment)
        SigV4Auth(Credentials(*keys), scope["service"], scope["region"]).add_auth(request)
    return {name.lower(): value for name, value in request.headers.items()}


@settings(max_examples=250)
@given(
    method=methods,
    target=targets,
    headers=all_headers,
    body=st.binary(max_size=200),
    host=hosts,
    keys=st.builds(Keys, secrets, secrets, tokens),
    region=regions,
    now=moments,
)
@example(
    method="POST", target="", headers={}, body=b"", host=HOST, keys=Keys(ROOT, SECRET), region="x", now=NOON
)
@example(
    method="POST",
    target="/prefix/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fx/converse",
    headers={"content-type": "application/json"},
    body=b"{}",
    host=HOST,
    keys=Keys(ROOT, SECRET, "token=="),
    region="us-east-1",
    now=NOON,
)
def test_every_signature_is_botocores(
    method: str,
    target: str,
    headers: dict[str, str],
    body: bytes,
    host: str,
    keys: Keys,
    region: str,
    now: float,
) -> None:
    scope = {"region": region, "service": "bedrock", "now": now}
    given_headers = dict(headers)
    ours = sign(method, target, headers, body, host=host, keys=keys, **scope)
    assert ours == by_botocore(method, target, headers, body, host=host, keys=keys, **scope)
    assert headers == given_headers


@pytest.mark.parametrize("service", ["bedrock", "sts", "bedrock-agent-runtime"])
def test_the_service_is_part_of_the_scope(service: str) -> None:
    scope = {"region": "us-east-1", "service": service, "now": NOON}
    ours = sign("POST", "/", {}, b"x", host=HOST, keys=Keys(ROOT, SECRET), **scope)
    assert ours == by_botocore("POST", "/", {}, b"x", host=HOST, keys=Keys(ROOT, SECRET), **scope)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["s1", "s2", "s2x"]),
            st.sampled_from(["us-east-1", "eu-west-1"]),
            st.sampled_from(["bedrock", "sts"]),
            st.sampled_from([NOON, NOON + timedelta(hours=13).total_seconds()]),
        ),
        min_size=2,
        max_size=30,
    )
)
def test_a_cached_key_serves_its_own_secret_day_region_and_service_only(
    uses: list[tuple[str, str, str, float]],
) -> None:
    for secret, region, service, now in uses:
        scope = {"region": region, "service": service, "now": now}
        ours = sign("POST", "/m", {}, b"", host=HOST, keys=Keys(ROOT, secret), **scope)
        assert ours == by_botocore("POST", "/m", {}, b"", host=HOST, keys=Keys(ROOT, secret), **scope)


def test_a_signature_changes_with_everything_that_is_signed() -> None:
    def signature(**changed: Any) -> str:
        what = {"method": "POST", "target": "/m", "headers": {"accept": "a"}, "body": b"b"}
        where = {"host": HOST, "region": "us-east-1", "service": "bedrock", "now": NOON}
        all_of_it: dict[str, Any] = {**what, **where, "keys": Keys(ROOT, SECRET), **changed}
        return sign(**all_of_it)["authorization"].rpartition("=")[2]

    changes: list[dict[str, Any]] = [
        {},
        {"method": "PUT"},
        {"target": "/m2"},
        {"target": "/m?x=1"},
        {"headers": {"accept": "b"}},
        {"body": b"c"},
        {"host": "other"},
        {"region": "eu-west-1"},
        {"service": "sts"},
        {"now": NOON + 1},
        {"keys": Keys(ROOT, SECRET + "x")},
        {"keys": Keys(ROOT, SECRET, "token")},
    ]
    assert len({signature(**change) for change in changes}) == len(changes)


def test_the_date_is_in_utc_and_in_whole_seconds() -> None:
    assert amz_date(0.999) == "19700101T000000Z"
    assert amz_date(NOON + 59.9) == "20260102T120059Z"


def test_a_secret_is_never_shown() -> None:
    keys = Keys(ROOT, SECRET, "the-session-token")
    for text in (repr(keys), str(keys), f"{keys}"):
        assert SECRET not in text
        assert "the-session-token" not in text
        assert ROOT not in text
