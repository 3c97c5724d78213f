"""Media as Converse's blocks, from every form in which they may be given."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from botocore.session import get_session
from botocore.validate import ParamValidator

from bedrock_unified import media
from bedrock_unified.converse.documents import DocumentNames
from bedrock_unified.errors import InvalidRequestError

from .samples import JPEG, MP3, PDF, PNG, boxes

PNG64 = b64encode(PNG).decode()
IMAGE = {"image": {"format": "png", "source": {"bytes": PNG}}}


@pytest.mark.parametrize(
    "source",
    [
        PNG,
        bytearray(PNG),
        memoryview(PNG),
        PNG64,
        PNG64[:9] + "\n" + PNG64[9:],
        f"data:image/png;base64,{PNG64}",
        f"DATA:;base64,{PNG64}",
        "data:image/png," + "".join(f"%{byte:02X}" for byte in PNG),
        media.Fetched(PNG, "image/png", "https://x/y"),
        {"bytes": PNG},
        {"bytes": PNG64},
    ],
)
def test_an_image_in_every_form(source: Any) -> None:
    assert media.image(source) == IMAGE


def test_a_path_is_read_and_names_a_document(tmp_path: Path) -> None:
    (tmp_path / "cat.jpg").write_bytes(PNG)
    assert media.image(tmp_path / "cat.jpg") == IMAGE
    (tmp_path / "Q3: the report_v1.pdf").write_bytes(PDF)
    assert media.document(tmp_path / "Q3: the report_v1.pdf") == {
        "document": {"format": "pdf", "name": "Q3- the report-v1", "source": {"bytes": PDF}}
    }


@pytest.mark.parametrize("name", ["absent.png", ".", "empty.png"])
def test_a_path_that_cannot_be_read_is_an_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty.png").write_bytes(b"")
    with pytest.raises(InvalidRequestError, match=r"could not be read|zero bytes"):
        media.image(tmp_path / name)


def test_text_never_makes_a_file_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(PNG)
    monkeypatch.chdir(tmp_path)

    def no_reading(*_: object) -> bytes:
        raise AssertionError("a file was read")

    monkeypatch.setattr(Path, "read_bytes", no_reading)
    for text in (
        str(secret),
        "secret.png",
        "./secret.png",
        "~/secret.png",
        f"file://{secret}",
        "FILE:secret.png",
    ):
        with pytest.raises(InvalidRequestError) as raised:
            media.image(text)
        assert "pathlib.Path" in str(raised.value.hint)


def test_an_object_in_s3_is_named_with_its_owner() -> None:
    assert media.video("s3://bucket/a%20b/clip.MOV", bucket_owner="123456789012") == {
        "video": {
            "format": "mov",
            "source": {"s3Location": {"uri": "s3://bucket/a%20b/clip.MOV", "bucketOwner": "123456789012"}},
        }
    }
    assert media.image("S3://bucket/key", "image/webp")["image"] == {
        "format": "webp",
        "source": {"s3Location": {"uri": "s3://bucket/key"}},
    }
    assert media.document({"s3Location": {"uri": "s3://bucket/Plan.docx"}})["document"]["name"] == "Plan"


@pytest.mark.parametrize(
    ("source", "owner", "said"),
    [
        ("s3://", None, "names no bucket"),
        ("s3:bucket/key.png", None, "names no bucket"),
        ("s3://bucket/key.png", "1234", "no AWS account"),
        ("s3://bucket/key", None, "format"),
        ("gs://bucket/key.png", None, "gs://bucket/key.png"),
        ("data:image/png;base64", None, "no data"),
        ("data:image/png;base64,!!!", None, "not base64"),
        ("not base64", None, "not base64"),
        ("", None, "zero bytes"),
        (b"", None, "zero bytes"),
        ({"bytes": PNG64 + "!"}, None, "not base64"),
        ({}, None, "empty dict"),
        ({"text": "x"}, None, "text"),
        (5, None, "5"),
        (None, None, "None"),
    ],
)
def test_what_bedrock_could_not_read_is_refused(source: Any, owner: str | None, said: str) -> None:
    with pytest.raises(InvalidRequestError, match=said) as raised:
        media.image(source, bucket_owner=owner)
    assert raised.value.hint


def test_a_web_address_is_refused_unless_it_is_allowed() -> None:
    url = "https://user:pass@x.example/a.png?X-Amz-Signature=s3cret#f"
    for make in (media.image, media.document, media.video, media.audio):
        with pytest.raises(InvalidRequestError, match=r"https://x\.example/a\.png") as raised:
            make(url)
        assert "downloads with fetch=True" in str(raised.value.hint)
        assert "s3cret" not in str(raised.value)
        assert "pass" not in str(raised.value)


def test_a_document_says_what_was_said_of_it() -> None:
    names = DocumentNames()
    told = {"name": "plan.txt", "context": "of 2026", "citations": True, "names": names}
    assert media.document({"text": "Six houses."}, **told) == {
        "document": {
            "format": "txt",
            "name": "plan",
            "source": {"text": "Six houses."},
            "context": "of 2026",
            "citations": {"enabled": True},
        }
    }
    again = media.document(b"a;b", "csv", name="plan.csv", citations=False, names=names)["document"]
    assert (again["name"], again["format"], again["citations"]) == ("plan-2", "csv", {"enabled": False})
    parts = {"content": [{"text": "a"}, {"text": "b"}]}
    assert media.document(parts, name="c")["document"]["source"] == parts


def test_a_document_without_a_name_is_called_by_its_content() -> None:
    one, same, other = (media.document(data)["document"]["name"] for data in (PDF, PDF, PDF + b"x"))
    assert one == same != other


@pytest.mark.parametrize(
    "block",
    [
        media.image(PNG),
        media.image(JPEG, "png"),
        media.document(PDF, name="日本"),
        media.document({"text": "x"}),
        media.video(boxes(b"isom")),
        media.video("s3://bucket/clip.mp4", bucket_owner="123456789012"),
        media.audio(MP3),
    ],
)
def test_botocore_accepts_the_blocks(block: dict[str, Any]) -> None:
    shape = get_session().get_service_model("bedrock-runtime").shape_for("ContentBlock")
    report = ParamValidator().validate(block, shape)
    assert not report.has_errors(), report.generate_report()


def test_the_callers_source_is_not_changed() -> None:
    source = {"bytes": PNG}
    made = media.image(source)
    made["image"]["source"]["bytes"] = b"other"
    assert source == {"bytes": PNG}
