"""Reading model ids: what is sent, what is known of it, and what is refused."""

import gzip
import json
import os
import re
from pathlib import Path

import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_unified.errors import InvalidRequestError
from bedrock_unified.models.ids import aliases, parse_arn, parse_model_id

WIRE = Path(os.environ.get("BEDROCK_TRAFFIC") or Path(__file__).parents[4] / "shared" / "wire")
ACCOUNT = "123456789012"
REGION_ARN = f"arn:aws:bedrock:us-east-1:{ACCOUNT}"

words = st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True)
model_names = st.from_regex(r"[a-z0-9-]{1,20}([.:][a-z0-9-]{1,10}){0,2}", fullmatch=True)
geographies = st.from_regex(r"[a-z]{2,6}(-gov)?", fullmatch=True)
opaque_ids = st.from_regex(r"[a-z0-9]{12}", fullmatch=True)
regions = st.sampled_from(["us-east-1", "eu-central-1", "us-gov-west-1", "cn-north-1", "ap-south-2"])
partitions = st.sampled_from(["aws", "aws-cn", "aws-us-gov", "aws-iso-b", "aws-eusc"])
resources = st.one_of(
    st.tuples(
        st.sampled_from(
            [
                "application-inference-profile",
                "provisioned-model",
                "custom-model-deployment",
                "imported-model",
                "prompt-router",
                "some-later-kind",
            ]
        ),
        opaque_ids,
    ).map("/".join),
    st.tuples(words, model_names).map(lambda parts: "foundation-model/" + ".".join(parts)),
    st.tuples(geographies, words, model_names).map(lambda parts: "inference-profile/" + ".".join(parts)),
    st.tuples(words, model_names, opaque_ids).map(lambda p: f"custom-model/{p[0]}.{p[1]}/{p[2]}"),
    st.from_regex(r"prompt/[0-9A-Z]{10}(:[0-9]{1,5})?", fullmatch=True),
)
full_ids = st.one_of(
    st.tuples(words, model_names).map(".".join),
    st.tuples(geographies, words, model_names).map(".".join),
    st.builds("arn:{}:bedrock:{}:{}:{}".format, partitions, regions, st.just(ACCOUNT), resources),
    st.builds("arn:aws:sagemaker:{}:{}:endpoint/{}".format, regions, st.just(ACCOUNT), words),
).filter(lambda name: name not in aliases())
specs = st.one_of(
    full_ids,
    st.sampled_from(sorted(aliases())),
    st.tuples(st.sampled_from(["bedrock:", "bedrock/", "amazon_bedrock:"]), full_ids).map("".join),
    full_ids.map("{}@amazon_bedrock".format),
)


@pytest.fixture(scope="module")
def recorded_ids() -> list[str]:
    recording = WIRE / "exchanges.jsonl.gz"
    if not recording.exists():
        pytest.skip(f"no recorded traffic in {WIRE}")
    with gzip.open(recording, "rt", encoding="utf-8") as lines:
        found = {json.loads(line)["model_id"] for line in lines}
    return sorted(filter(None, found))


# --- what is sent


@given(full_ids)
def test_a_full_id_is_sent_unchanged(name: str):
    assert parse_model_id(name).wire_id == name


def test_every_id_of_the_recorded_traffic_is_sent_unchanged(recorded_ids: list[str]):
    assert len(recorded_ids) > 70
    assert [parse_model_id(name).wire_id for name in recorded_ids] == recorded_ids


def test_the_recorded_ids_are_read_as_what_they_are(recorded_ids: list[str]):
    read = {name: parse_model_id(name) for name in recorded_ids}
    profiles = {name for name, model in read.items() if model.geo}
    assert profiles == {name for name in recorded_ids if name.startswith(("us.", "global."))} | {
        name for name in recorded_ids if ":inference-profile/us." in name
    }
    vendors = {model.vendor for model in read.values() if model.vendor}
    assert vendors == {
        *("ai21", "amazon", "anthropic", "cohere", "deepseek", "google", "meta", "mistral", "moonshot"),
        *("openai", "qwen", "writer"),
    }


@given(specs)
def test_reading_what_is_sent_changes_nothing(spec: str):
    once = parse_model_id(spec)
    assert parse_model_id(once.wire_id) == once


@pytest.mark.parametrize("form", ["bedrock:{}", "bedrock/{}", "amazon_bedrock:{}", "{}@amazon_bedrock"])
@given(name=full_ids)
def test_the_marks_of_a_bedrock_spec_are_not_sent(form: str, name: str):
    assert parse_model_id(form.format(name)) == parse_model_id(name)


@pytest.mark.parametrize(
    "name",
    [
        # Spice.ai's examples, and what no table knows.
        "amazon.nova-micro-v1:0",
        "amazon.nova-premier-v1:0",
        "anthropic.claude-sonnet-4-20250514-v1:0",
        "us.anthropic.claude-opus-4-6-v1",
        "meta.llama3-2-90b-instruct-v1:0",
        "vendor.new-model-v9:0",
        "a-custom-model-name",
        "My_Custom_Model",
        "does-not-exist",
    ],
)
def test_ids_need_not_be_known(name: str):
    assert parse_model_id(f"bedrock:{name}").wire_id == name


def test_the_mark_ends_at_the_first_colon():
    assert parse_model_id("bedrock:us.amazon.nova-lite-v1:0").wire_id == "us.amazon.nova-lite-v1:0"


# --- short names


def test_short_names_stand_for_full_ids():
    assert len(aliases()) == 37
    assert parse_model_id("bedrock/claude-3-5-sonnet").wire_id == "anthropic.claude-3-5-sonnet-20241022-v2:0"
    assert parse_model_id("claude-2.1").wire_id == "anthropic.claude-v2:1"
    assert parse_model_id("mistral-large").wire_id == "mistral.mistral-large-2402-v1:0"
    for name, full in aliases().items():
        assert parse_model_id(f"bedrock/{name}") == parse_model_id(full)
        assert parse_model_id(full).kind == "foundation-model"


def test_short_names_that_were_recorded_led_to_models_that_answered(recorded_ids: list[str]):
    assert {"meta.llama3-70b-instruct-v1:0", "meta.llama3-8b-instruct-v1:0"} <= set(recorded_ids)
    assert parse_model_id("llama3-70b").wire_id in recorded_ids
    assert parse_model_id("llama3-8b").wire_id in recorded_ids


def test_part_of_a_short_name_is_no_short_name():
    assert parse_model_id("claude-3").wire_id == "claude-3"
    assert parse_model_id("Claude-3-Haiku").wire_id == "Claude-3-Haiku"


# --- what is known of it


@pytest.mark.parametrize(
    ("name", "geo", "vendor", "base_id"),
    [
        ("us.amazon.nova-lite-v1:0", "us", "amazon", "amazon.nova-lite-v1:0"),
        ("us-gov.anthropic.claude-x-v1:0", "us-gov", "anthropic", "anthropic.claude-x-v1:0"),
        ("in.anthropic.claude-sonnet-5", "in", "anthropic", "anthropic.claude-sonnet-5"),
        ("ca.amazon.nova-lite-v1:0", "ca", "amazon", "amazon.nova-lite-v1:0"),
        ("global.anthropic.claude-haiku-4-5", "global", "anthropic", "anthropic.claude-haiku-4-5"),
        ("mars.anthropic.claude-9", "mars", "anthropic", "anthropic.claude-9"),
        ("mars.newco.model-1", "mars", "newco", "newco.model-1"),
        ("us.deepseek.v3.2", "us", "deepseek", "deepseek.v3.2"),
        ("us.newco.3-model", "us", "newco", "newco.3-model"),
        ("us.does-not-exist-v1:0", "us", None, "does-not-exist-v1:0"),
        ("deepseek.v3.2", None, "deepseek", "deepseek.v3.2"),
        ("deepseek.r1-v1:0", None, "deepseek", "deepseek.r1-v1:0"),
        ("qwen.qwen3.5-coder", None, "qwen", "qwen.qwen3.5-coder"),
        ("zai.glm-4.7", None, "zai", "zai.glm-4.7"),
        ("meta.llama.next-1", None, "meta", "meta.llama.next-1"),
        ("newco.model3.5-chat", None, "newco", "newco.model3.5-chat"),
        ("newco.v3.turbo", None, "newco", "newco.v3.turbo"),
        ("ai21.jamba-1-5-mini-v1:0", None, "ai21", "ai21.jamba-1-5-mini-v1:0"),
        ("openai.gpt-oss-20b-1:0", None, "openai", "openai.gpt-oss-20b-1:0"),
        ("does-not-exist", None, None, "does-not-exist"),
    ],
)
def test_geography_and_vendor_are_read_by_structure(name, geo, vendor, base_id):
    model = parse_model_id(name)
    assert (model.geo, model.vendor, model.family, model.base_id) == (geo, vendor, vendor, base_id)


@pytest.mark.parametrize(
    ("arn", "kind", "vendor", "base_id"),
    [
        (
            "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0",
            "foundation-model",
            "amazon",
            "amazon.nova-lite-v1:0",
        ),
        (
            f"{REGION_ARN}:inference-profile/us.anthropic.claude-3-7-sonnet-20250219-v1:0",
            "inference-profile",
            "anthropic",
            "anthropic.claude-3-7-sonnet-20250219-v1:0",
        ),
        (
            f"{REGION_ARN}:custom-model/amazon.nova-lite-v1:0:300k/abcdefghijkl",
            "custom-model",
            "amazon",
            "amazon.nova-lite-v1:0:300k",
        ),
        (
            f"{REGION_ARN}:default-prompt-router/anthropic.claude:1",
            "default-prompt-router",
            "anthropic",
            "anthropic.claude:1",
        ),
        *(
            (f"{REGION_ARN}:{kind}/abcdefghijkl", kind, None, f"{REGION_ARN}:{kind}/abcdefghijkl")
            for kind in (
                "application-inference-profile",
                "provisioned-model",
                "custom-model-deployment",
                "imported-model",
                "prompt-router",
                "prompt",
                "a-kind-of-later",
            )
        ),
        (
            f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:endpoint/endpoint-quick-start-idr7y",
            "sagemaker-endpoint",
            None,
            f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:endpoint/endpoint-quick-start-idr7y",
        ),
    ],
)
def test_every_kind_of_arn_is_read(arn, kind, vendor, base_id):
    for spec in (arn, f"bedrock/{arn}", f"bedrock:{arn}"):
        model = parse_model_id(spec)
        assert (model.wire_id, model.kind, model.vendor, model.base_id) == (arn, kind, vendor, base_id)
        assert model.region == "us-east-1"


def test_kinds_of_ids():
    assert parse_model_id("us.amazon.nova-lite-v1:0").kind == "inference-profile"
    assert parse_model_id("amazon.nova-lite-v1:0").kind == "foundation-model"
    assert parse_model_id("my-model").kind == "bare"
    assert parse_model_id("my-model").region is None
    assert parse_model_id("amazon.nova-lite-v1:0").region is None


def test_a_prompts_version_is_part_of_its_arn():
    versioned = parse_model_id(f"{REGION_ARN}:prompt/ABCDEFGHIJ:3")
    assert versioned.arn is not None
    assert (versioned.arn.resource_id, versioned.arn.version) == ("ABCDEFGHIJ:3", "3")
    draft = parse_model_id(f"{REGION_ARN}:prompt/ABCDEFGHIJ")
    assert draft.arn is not None
    assert draft.arn.version is None
    router = parse_arn(f"{REGION_ARN}:default-prompt-router/anthropic.claude:1")
    assert router.version is None


def test_arns_of_other_things_can_be_taken_apart():
    guardrail = parse_arn(f"arn:aws-us-gov:bedrock:us-gov-west-1:{ACCOUNT}:guardrail/abc123")
    assert (guardrail.partition, guardrail.region, guardrail.account) == (
        "aws-us-gov",
        "us-gov-west-1",
        ACCOUNT,
    )
    assert (guardrail.resource_type, guardrail.resource_id) == ("guardrail", "abc123")
    role = parse_arn(f"arn:aws:iam::{ACCOUNT}:role/path/name")
    assert (role.service, role.region, role.resource_id) == ("iam", "", "path/name")


def test_a_read_id_cannot_be_changed():
    model = parse_model_id("amazon.nova-lite-v1:0")
    with pytest.raises(AttributeError):
        model.wire_id = "other"  # type: ignore[misc]
    assert not hasattr(model, "__dict__")


# --- what is refused


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("", "is empty"),
        ("bedrock:", "in 'bedrock:' is empty"),
        ("@amazon_bedrock", "is empty"),
        (" ", "blank"),
        ("amazon.nova lite", "blank or control character ' '"),
        ("amazon.nova-lite-v1:0 ", "remove it"),
        ("amazon.nova-lite-v1:0\n", r"'\n'"),
        ("a\x00b", r"'\x00'"),
        ("a\u200bb", r"'\u200b'"),
        ("us-east-1/amazon.nova-lite-v1:0", "did you mean 'amazon.nova-lite-v1:0'?"),
        ("bedrock/converse/amazon.nova-lite-v1:0", "neither an ARN nor 'bedrock/<id>'"),
        ("amazon.nova-lite-v1:0/", "has a slash"),
        ("amazon.nova-lite-v1%3A0", "percent-encoded"),
        ("amazon.nova-*", "'*'"),
        ("módel", "'ó'"),
        ("someone@example", "'@'"),
        ("..", "no letter or digit"),
        ("arn:", "malformed"),
        ("arn:aws:bedrock:us-east-1", "malformed"),
        ("arn:aws:bedrock:us-east-1:foundation-model/x", "malformed"),
        ("arn:azure:bedrock:us-east-1::foundation-model/x.y", "partition 'azure'"),
        ("arn:aws::us-east-1::foundation-model/x.y", "names no service"),
        ("arn:aws:bedrock:::foundation-model/x.y", "names no region"),
        ("arn:aws:bedrock:US_EAST:1:foundation-model/x.y", "region 'US_EAST'"),
        ("arn:aws:bedrock:us-east-1:12345:inference-profile/x", "account '12345'"),
        (f"{REGION_ARN}:inference-profile/", "is not <type>/<id>"),
        (f"{REGION_ARN}:inference-profile", "is not <type>/<id>"),
        (f"{REGION_ARN}:guardrail/abc123", "pass it as the guardrail identifier"),
        (f"{REGION_ARN}:knowledge-base/ABCDEFGHIJ", "knowledge-base, not of a model"),
        (f"arn:aws:iam::{ACCOUNT}:role/x", "not the ARN of a model but of iam"),
        ("x" * 2049, "2049 characters"),
        (None, "not NoneType"),
        (["amazon.nova-lite-v1:0"], "not list"),
    ],
)
def test_what_cannot_be_an_id_is_refused_with_the_way_out(spec, says):
    with pytest.raises(InvalidRequestError) as refused:
        parse_model_id(spec)
    assert says in str(refused.value)
    assert len(str(refused.value)) < 400


def test_the_longest_id_is_taken():
    assert parse_model_id("bedrock:" + "x" * 2048).wire_id == "x" * 2048


@given(st.one_of(st.text(), st.text("arn:ws/.@%bedrock_-0 \n", max_size=60)))
def test_no_text_breaks_the_parser(text: str):
    try:
        model = parse_model_id(text)
    except InvalidRequestError:
        return
    assert parse_model_id(model.wire_id) == model
    assert model.wire_id in text or model.wire_id in aliases().values()


@pytest.fixture(scope="module")
def service_pattern() -> re.Pattern[str]:
    model = botocore.session.Session().get_service_model("bedrock-runtime")
    return re.compile(model.shape_for("ConversationalModelId").metadata["pattern"])


@given(st.one_of(full_ids, st.text("abz019-_.:", min_size=1, max_size=40)))
def test_nothing_that_the_service_model_takes_is_refused(service_pattern: re.Pattern[str], name: str):
    if service_pattern.fullmatch(name) and any(map(str.isalnum, name)) and name not in aliases():
        assert parse_model_id(name).wire_id == name
