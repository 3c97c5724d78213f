"""The HTTP form of every operation, compared with what botocore would send and with its service models."""

from __future__ import annotations

import copy
import json
from typing import Any
from urllib.parse import quote

import botocore.session
import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.config import Config
from hypothesis import given, settings
from hypothesis import strategies as st

from bedrock_unified.errors import InvalidRequestError
from bedrock_unified.wire.operations import (
    APPLY_GUARDRAIL,
    CONTROL,
    CONVERSE,
    COUNT_TOKENS,
    GET_INFERENCE_PROFILE,
    INVOKE_MODEL,
    INVOKE_MODEL_STREAM,
    LIST_FOUNDATION_MODELS,
    LIST_INFERENCE_PROFILES,
    OPERATIONS,
    Operation,
    encode,
)

from .shapes import params

ENDPOINT = "https://bedrock.example"
each_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)


class Sent(Exception):
    """Carries what botocore was about to send."""

    def __init__(self, request: AWSPreparedRequest) -> None:
        super().__init__(request.url)
        self.request = request


@pytest.fixture(scope="module")
def clients() -> dict[str, Any]:
    """botocore's clients, stopped at the door."""
    session = botocore.session.Session()

    def stop(request: AWSPreparedRequest, **_: Any) -> None:
        raise Sent(request)

    made: dict[str, Any] = {}
    for service in ("bedrock-runtime", "bedrock", "bedrock-agent-runtime"):
        made[service] = client = session.create_client(
            service,
            "us-east-1",
            endpoint_url=ENDPOINT,
            aws_access_key_id="a",
            aws_secret_access_key="b",
            config=Config(retries={"total_max_attempts": 1}),
        )
        client.meta.events.register("before-send", stop)
    return made


def by_botocore(clients: dict[str, Any], operation: Operation, members: dict[str, Any]) -> AWSPreparedRequest:
    client = clients[operation.service]
    name = next(name for name, api in client.meta.method_to_api_mapping.items() if api == operation.name)
    with pytest.raises(Sent) as caught:
        getattr(client, name)(**members)
    return caught.value.request


def read_body(body: Any, *, raw: bool) -> Any:
    data = body.read() if hasattr(body, "read") else body or b""
    if raw:
        return data
    return json.loads(data) if data else None


@each_operation
@settings(max_examples=60)
@given(data=st.data())
def test_every_request_is_sent_as_botocore_sends_it(
    operation: Operation, data: st.DataObject, clients: dict[str, Any], models: dict[str, Any]
) -> None:
    shape = models[operation.service].operation_model(operation.name).input_shape
    members = data.draw(params(shape))
    for name in operation.in_path:  # the models leave some of them without a least length
        members[name] = members[name] or data.draw(st.text(st.characters(codec="utf-8"), min_size=1))
    for name in operation.in_headers:  # what a header can carry
        if name in members:
            members[name] = data.draw(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1))
    if operation.raw_body:
        members.setdefault("contentType", "application/json")
    before = copy.deepcopy(members)
    ours, theirs = encode(operation, members), by_botocore(clients, operation, members)

    assert members == before, "the caller's request was changed"
    assert ours.target == theirs.url.removeprefix(ENDPOINT)
    assert operation.method == theirs.method
    assert read_body(ours.body, raw=operation.raw_body) == read_body(theirs.body, raw=operation.raw_body)
    their_headers = {name.lower(): _text(value) for name, value in theirs.headers.items()}
    automatic = {"authorization", "user-agent", "content-length", "amz-sdk-invocation-id", "amz-sdk-request"}
    relevant = {
        name: value
        for name, value in their_headers.items()
        if name not in automatic and not name.startswith(("x-amz-", "x-amzn-trace"))
    }
    assert ours.headers == relevant


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


@each_operation
def test_the_table_is_the_service_models(operation: Operation, models: dict[str, Any]) -> None:
    model = models[operation.service].operation_model(operation.name)
    places: dict[str, dict[str, str]] = {"uri": {}, "header": {}, "querystring": {}, "": {}}
    for name, member in model.input_shape.members.items():
        places[member.serialization.get("location", "")][name] = member.serialization.get("name", name)
    path = model.http["requestUri"]
    for name, placed in places["uri"].items():
        path = path.replace(f"{{{placed}}}", f"{{{name}}}")
    assert (operation.method, operation.path) == (model.http["method"], path)
    assert set(operation.in_path) == set(places["uri"])
    assert dict(operation.in_headers) == {name: placed.lower() for name, placed in places["header"].items()}
    assert dict(operation.in_query) == places["querystring"]
    assert operation.raw_body == (model.input_shape.serialization.get("payload") == "body")
    assert (frozenset({"body"}) if operation.raw_body else operation.in_body) == set(places[""])
    assert operation.streams == bool(model.has_event_stream_output)
    assert operation.signing_name == models[operation.service].signing_name


@each_operation
def test_an_unknown_member_is_refused_by_its_name_with_the_nearest_known_one(operation: Operation) -> None:
    known = sorted({*operation.in_path, *operation.in_body, *operation.in_headers, *operation.in_query})
    with pytest.raises(InvalidRequestError, match=f"{operation.name} has no member '{known[0]}x'") as caught:
        encode(operation, {**dict.fromkeys(operation.in_path, "a"), f"{known[0]}x": "y"})
    assert known[0] in str(caught.value.hint)
    with pytest.raises(InvalidRequestError, match="'entirely_different'"):
        encode(operation, {**dict.fromkeys(operation.in_path, "a"), "entirely_different": 1})


@pytest.mark.parametrize("operation", [o for o in OPERATIONS if o.in_path], ids=lambda o: o.name)
@pytest.mark.parametrize("value", [None, "", 7, b"id", ["a"]], ids=repr)
def test_a_part_of_the_path_must_be_text(operation: Operation, value: Any) -> None:
    members = {**dict.fromkeys(operation.in_path, "a"), operation.in_path[-1]: value}
    with pytest.raises(InvalidRequestError, match=f"{operation.name} needs {operation.in_path[-1]}"):
        encode(operation, members)


@pytest.mark.parametrize("operation", [o for o in OPERATIONS if o.in_path], ids=lambda o: o.name)
def test_text_that_is_not_unicode_cannot_be_part_of_the_path(operation: Operation) -> None:
    with pytest.raises(InvalidRequestError, match="surrogates"):
        encode(operation, dict.fromkeys(operation.in_path, "\ud800"))


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=30))
def test_no_model_id_can_leave_its_place_in_the_path(model_id: str) -> None:
    target = encode(CONVERSE, {"modelId": model_id}).target
    assert target == f"/model/{quote(model_id, safe='-._~')}/converse"
    assert target.count("/") == 3
    assert "?" not in target


@pytest.mark.parametrize("value", ["a\r\nx-evil: 1", "a\nb", "é", "\x7f", 1, True, {"a": "b"}], ids=repr)
@pytest.mark.parametrize("operation", [INVOKE_MODEL, INVOKE_MODEL_STREAM], ids=lambda o: o.name)
def test_a_header_carries_printable_text_and_nothing_else(operation: Operation, value: Any) -> None:
    with pytest.raises(InvalidRequestError, match="guardrailIdentifier travels as a header"):
        encode(operation, {"modelId": "m", "body": b"{}", "guardrailIdentifier": value})


@pytest.mark.parametrize(
    ("body", "sent"),
    [
        (b'{"a": 1}', b'{"a": 1}'),
        (bytearray(b"raw"), b"raw"),
        ('{"a": "é"}', '{"a": "é"}'.encode()),
        ({"a": [1, None]}, b'{"a":[1,null]}'),
        ([], b"[]"),
        (None, b""),
    ],
    ids=repr,
)
def test_a_raw_body_is_sent_as_it_is_and_a_value_as_json(body: Any, sent: bytes) -> None:
    encoded = encode(INVOKE_MODEL, {"modelId": "m", "body": body})
    assert encoded.body == sent
    assert encoded.headers == {"content-type": "application/json"}


def test_a_member_that_is_none_was_not_given() -> None:
    asked = {"modelId": "m", "messages": [], "system": None}
    assert encode(CONVERSE, asked).body == b'{"messages":[]}'
    assert encode(INVOKE_MODEL, {"modelId": "m", "body": b"", "trace": None}).headers.keys() == {
        "content-type"
    }
    assert encode(LIST_FOUNDATION_MODELS, {"byProvider": None}).target == "/foundation-models"


@pytest.mark.parametrize("value", [float("nan"), object(), {1, 2}], ids=lambda value: type(value).__name__)
def test_what_has_no_json_form_is_an_invalid_request(value: Any) -> None:
    with pytest.raises(InvalidRequestError, match="the Converse request cannot be written"):
        encode(CONVERSE, {"modelId": "m", "additionalModelRequestFields": {"x": value}})


@pytest.mark.parametrize(
    ("operation", "members", "target"),
    [
        (COUNT_TOKENS, {"modelId": "a:0", "input": {}}, "/model/a%3A0/count-tokens"),
        (
            APPLY_GUARDRAIL,
            {"guardrailIdentifier": "arn:x/y", "guardrailVersion": "DRAFT"},
            "/guardrail/arn%3Ax%2Fy/version/DRAFT/apply",
        ),
        (
            LIST_INFERENCE_PROFILES,
            {"typeEquals": "APPLICATION", "maxResults": 5, "nextToken": "a b&c=d/é"},
            "/inference-profiles?type=APPLICATION&maxResults=5&nextToken=a%20b%26c%3Dd%2F%C3%A9",
        ),
        (
            GET_INFERENCE_PROFILE,
            {"inferenceProfileIdentifier": "arn:aws:bedrock:x/y"},
            "/inference-profiles/arn%3Aaws%3Abedrock%3Ax%2Fy",
        ),
    ],
)
def test_where_members_go(operation: Operation, members: dict[str, Any], target: str) -> None:
    assert encode(operation, members).target == target


def test_each_operation_names_the_iam_action_that_allows_it() -> None:
    actions = {operation.name: operation.action for operation in OPERATIONS}
    assert actions == {
        "Converse": "bedrock:InvokeModel",
        "ConverseStream": "bedrock:InvokeModelWithResponseStream",
        "InvokeModel": "bedrock:InvokeModel",
        "InvokeModelWithResponseStream": "bedrock:InvokeModelWithResponseStream",
        "CountTokens": "bedrock:CountTokens",
        "ApplyGuardrail": "bedrock:ApplyGuardrail",
        "InvokeGuardrailChecks": "bedrock:InvokeGuardrailChecks",
        "ListFoundationModels": "bedrock:ListFoundationModels",
        "ListInferenceProfiles": "bedrock:ListInferenceProfiles",
        "GetInferenceProfile": "bedrock:GetInferenceProfile",
        "Rerank": "bedrock:Rerank",
    }
    assert {operation.name for operation in OPERATIONS if operation.service == CONTROL} == {
        "ListFoundationModels",
        "ListInferenceProfiles",
        "GetInferenceProfile",
    }
