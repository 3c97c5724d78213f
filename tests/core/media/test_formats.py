"""The format of a medium: by its bytes, by what was said of it, by its name."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_unified.converse.checks import FORMATS
from bedrock_unified.errors import InvalidRequestError
from bedrock_unified.media import format_of, kind_of, mime_type_of
from bedrock_unified.media.formats import MIME_TYPES, known_format
from bedrock_unified.media.signatures import possible_formats

from .samples import ADTS, JPEG, MATROSKA, MP3, OPUS, PDF, PNG, SAMPLES, WEBM, boxes, office, ole

KINDS = ("image", "document", "video", "audio")


@pytest.mark.parametrize(("kind", "form", "data"), SAMPLES)
def test_bytes_alone_tell_each_format(kind: str, form: str, data: bytes) -> None:
    assert format_of(kind, data=data) == form


@pytest.mark.parametrize("kind", KINDS)
def test_every_format_of_converse_is_known_by_its_name_and_by_a_mime_type(kind: str) -> None:
    for form in FORMATS[kind]:
        assert format_of(kind, told=form) == form
        back = "mp3" if (kind, form) == ("audio", "mpeg") else form  # audio/mpeg is what MP3 is called
        assert known_format(kind, mime_type_of(kind, form)) == back
        assert format_of(kind, name=f"a.b/c.{form.upper()}?x=1") == form
    assert set(MIME_TYPES[kind].values()) <= FORMATS[kind]


@pytest.mark.parametrize(
    ("kind", "said", "form"),
    [
        ("image", "image/jpg", "jpeg"),
        ("image", ".JPG", "jpeg"),
        ("image", "IMAGE/PNG; charset=binary", "png"),
        ("document", "text/x-python", "txt"),
        ("document", "application/json", "txt"),
        ("document", "htm", "html"),
        ("video", "3gp", "three_gp"),
        ("video", "video/three_gp", "three_gp"),
        ("audio", "audio/mpeg", "mp3"),
        ("audio", "audio/x-m4a", "m4a"),
        ("image", "image/tiff", None),
        ("image", "application/pdf", None),
        ("document", "application/zip", None),
    ],
)
def test_what_is_said_may_be_a_format_an_extension_or_a_mime_type(
    kind: str, said: str, form: str | None
) -> None:
    assert known_format(kind, said) == form


@pytest.mark.parametrize(
    ("kind", "told", "data", "form"),
    [
        ("image", "image/jpeg", PNG, "png"),
        ("image", "png", JPEG, "jpeg"),
        ("document", "docx", PDF, "pdf"),
        ("document", "docx", office("xl"), "xlsx"),
        ("document", "xls", ole("WordDocument"), "doc"),
        ("video", "mp4", WEBM, "webm"),
        ("audio", "audio/wav", b"fLaC....", "flac"),
    ],
)
def test_bytes_win_over_a_declaration_that_they_contradict_and_the_log_says_so(
    kind: str, told: str, data: bytes, form: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert format_of(kind, told=told, data=data) == form
    (warning,) = caplog.messages
    assert form in warning
    assert known_format(kind, told) in warning


@pytest.mark.parametrize(
    ("kind", "told", "data", "form"),
    [
        ("document", "csv", b"a;b", "csv"),
        ("document", "text/markdown", b"<html>", "md"),
        ("document", "doc", b"plain text that Word also opens", "doc"),
        ("document", "pdf", b"garbage before %PDF-1.4", "pdf"),
        ("document", "docx", b"PK\x03\x04 cut", "docx"),
        ("document", "docx", ole("EncryptedPackage"), "docx"),
        ("video", "mov", boxes(b"isom"), "mov"),
        ("video", "mpg", b"\0\0\x01\xba", "mpg"),
        ("video", "video/x-matroska", WEBM, "mkv"),
        ("audio", "audio/ogg", OPUS, "ogg"),
        ("audio", "mpga", MP3, "mpga"),
        ("audio", "x-aac", ADTS, "x-aac"),
        ("audio", "pcm", MP3, "pcm"),
        ("audio", "mkv", MATROSKA, "mkv"),
        ("image", "webp", b"unknown bytes", "webp"),
    ],
)
def test_a_declaration_that_the_bytes_allow_stands_without_a_word(
    kind: str, told: str, data: bytes, form: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert format_of(kind, told=told, data=data) == form
    assert not caplog.messages


def test_the_name_counts_where_nothing_else_was_said() -> None:
    assert format_of("document", told="application/octet-stream", name="https://x/a.csv?y=b.md") == "csv"
    assert format_of("document", name="notes.md", data=b"# hi") == "md"
    assert format_of("document", name="script.py", data=b"print()") == "txt"
    assert format_of("image", name="photo.jpg", data=PNG) == "png"


@pytest.mark.parametrize(
    ("kind", "told", "name", "data", "shown"),
    [
        ("image", "image/tiff", None, b"II*\0", "image/tiff"),
        ("document", "application/zip", None, office("ppt"), "application/zip"),
        ("document", None, None, b"\0\1\2", "nothing"),
        ("video", None, "https://x/clip?token=s3cret", None, "https://x/clip"),
        ("audio", None, None, b"\xff\xff\xff\xff", "nothing"),
        ("audio", None, None, "text".encode("utf-16"), "nothing"),
    ],
)
def test_what_bedrock_does_not_read_is_refused_with_its_formats(
    kind: str, told: str | None, name: str | None, data: bytes | None, shown: str
) -> None:
    with pytest.raises(InvalidRequestError) as raised:
        format_of(kind, told=told, name=name, data=data)
    assert shown in raised.value.message
    assert "s3cret" not in str(raised.value)
    assert all(form in str(raised.value.hint) for form in FORMATS[kind])


@pytest.mark.parametrize(
    ("mime_type", "name", "data", "kind"),
    [
        ("image/png", None, None, "image"),
        ("video/mp4", None, None, "video"),
        ("text/plain", None, PNG, "document"),
        (None, None, PNG, "image"),
        (None, None, MP3, "audio"),
        (None, "clip.mov", None, "video"),
        ("application/octet-stream", "a.wav", b"", "audio"),
        (None, "report.pdf", PDF, "document"),
        (None, None, None, "document"),
    ],
)
def test_the_kind_of_a_file(mime_type: str | None, name: str | None, data: bytes | None, kind: str) -> None:
    assert kind_of(mime_type, name=name, data=data) == kind


@given(st.sampled_from(KINDS), st.binary(max_size=40))
def test_any_bytes_are_one_of_the_formats_or_of_none(kind: str, data: bytes) -> None:
    assert set(possible_formats(kind, data)) <= FORMATS[kind]


@given(st.sampled_from(SAMPLES), st.binary(max_size=40), st.integers(0, 30))
def test_cut_and_garbled_samples_never_break_anything(
    sample: tuple[str, str, bytes], tail: bytes, length: int
) -> None:
    kind, _, data = sample
    assert set(possible_formats(kind, data[:length] + tail)) <= FORMATS[kind]
