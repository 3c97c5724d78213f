"""Downloads of media over real sockets: what is fetched, and within which bounds.

The server stands on the loopback, which a fetcher refuses; the tests allow it to fetchers of their own.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import trustme

from bedrock_unified import media
from bedrock_unified.errors import InvalidRequestError
from bedrock_unified.media import MediaFetcher
from bedrock_unified.media.addresses import Address, is_public

from .samples import PNG
from .webserver import WebServer, answer, drip, drip_head, drip_without_length, endless, moved

LOCAL = {"host.test": ["127.0.0.1"], "two.test": ["127.0.0.2", "127.0.0.1"], "nowhere.test": []}


def resolve(host: str, port: int) -> Sequence[str]:
    """A resolver for the tests' own names."""
    if host not in LOCAL:
        raise OSError(f"no such name: {host}")
    return LOCAL[host]


def loopback_too(address: Address) -> bool:
    return address.is_loopback or is_public(address)


def fetcher(**given: Any) -> MediaFetcher:
    """A fetcher that may reach the tests' server."""
    return MediaFetcher(
        **{"ports": None, "resolve": resolve, "allow_address": loopback_too, "total_timeout": 5.0, **given}
    )


class Both:
    """A fetcher, synchronously or asynchronously."""

    def __init__(self, way: str) -> None:
        self.way = way

    def fetch(self, made: MediaFetcher, url: str) -> media.Fetched:
        return made.fetch(url) if self.way == "sync" else asyncio.run(made.afetch(url))

    def fetch_all(self, made: MediaFetcher, urls: list[str]) -> dict[str, media.Fetched]:
        return made.fetch_all(urls) if self.way == "sync" else asyncio.run(made.afetch_all(urls))

    def refused(self, made: MediaFetcher, url: str) -> str:
        with pytest.raises(InvalidRequestError) as raised:
            self.fetch(made, url)
        assert raised.value.hint
        return raised.value.message


@pytest.fixture(params=["sync", "async"])
def both(request: pytest.FixtureRequest) -> Both:
    return Both(request.param)


@pytest.fixture
def server() -> Iterator[WebServer]:
    with WebServer({}).running() as running:
        yield running


def test_a_medium_comes_with_its_type(both: Both, server: WebServer) -> None:
    server.replies["/größe/a.png".replace("ö", "%C3%B6").replace("ß", "%C3%9F")] = answer(
        PNG, Content_Type="Image/PNG; charset=binary"
    )
    url = f"http://host.test:{server.port}/größe/a.png?sig=a%2Fb&x=1#part"
    found = both.fetch(fetcher(), url)
    assert found == media.Fetched(PNG, "image/png", url)
    assert media.image(found) == {"image": {"format": "png", "source": {"bytes": PNG}}}
    (asked,) = server.requests
    assert asked.startswith("GET /gr%C3%B6%C3%9Fe/a.png?sig=a%2Fb&x=1 HTTP/1.1\r\n")
    assert f"\r\nhost: host.test:{server.port}\r\n" in asked.lower()


def test_nothing_is_sent_that_tells_who_asks(
    both: Both, server: WebServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    (tmp_path / "netrc").write_text("machine host.test login me password s3cret")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    server.replies = {
        "/a": answer(b"", "302 Found", Location="/b", Set_Cookie="id=1; Path=/"),
        "/b": answer(b"x"),
    }
    both.fetch(fetcher(), f"http://host.test:{server.port}/a")
    headers = {
        line.partition(":")[0].lower() for asked in server.requests for line in asked.split("\r\n")[1:]
    }
    assert headers - {""} <= {"host", "user-agent", "accept", "accept-encoding", "connection"}
    assert len(server.requests) == 2


def test_proxies_of_the_environment_are_not_used(
    both: Both, server: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    server.replies["/a"] = answer(b"x")
    assert both.fetch(fetcher(), f"http://host.test:{server.port}/a").data == b"x"


def test_redirects_are_followed_three_times_and_no_more(both: Both, server: WebServer) -> None:
    server.replies = {
        "/1": moved("/2"),
        "/2": moved(f"http://host.test:{server.port}/3", "301 Moved"),
        "/3": moved("4", "307 Temporary Redirect"),
        "/4": answer(b"x"),
        "/0": moved("/1"),
    }
    url = f"http://host.test:{server.port}"
    assert both.fetch(fetcher(), f"{url}/1").data == b"x"
    assert "more than 3 times" in both.refused(fetcher(), f"{url}/0")
    assert "more than 0 times" in both.refused(fetcher(max_redirects=0), f"{url}/1")


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1:{port}/secret",
        "http://[::ffff:127.0.0.1]:{port}/secret",
        "http://2130706433:{port}/secret",
        "//inside.test:{port}/secret",
        "http://169.254.169.254/latest/meta-data/",
        "file:///etc/passwd",
        "ftp://host.test/x",
        "http://user:pass@host.test:{port}/secret",
        "",
    ],
)
def test_a_redirect_is_checked_like_the_first_url(both: Both, server: WebServer, location: str) -> None:
    def by_number(host: str, port: int) -> Sequence[str]:
        names = {"host.test": "127.0.0.3", "inside.test": "127.0.0.1", "2130706433": "127.0.0.1"}
        return [names[host]]

    def only_three(address: Address) -> bool:
        return str(address) == "127.0.0.3"

    server.replies["/secret"] = answer(b"secret")
    guarded = fetcher(resolve=by_number, allow_address=only_three)
    # The server listens on 127.0.0.1; what redirects to it, on the one address that is allowed.
    with socket.create_server(("127.0.0.3", 0)) as front:
        port = front.getsockname()[1]

        def serve() -> None:
            connection, _ = front.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(moved(location.format(port=server.port)))

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        both.refused(guarded, f"http://host.test:{port}/a")
        thread.join(5)
    assert server.accepted == 0


def test_the_checked_address_is_the_one_that_is_connected_to(both: Both, server: WebServer) -> None:
    server.replies["/a"] = answer(b"x")
    asked: list[str] = []

    def rebinding(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    assert both.fetch(fetcher(resolve=rebinding), f"http://host.test:{server.port}/a").data == b"x"
    assert asked == ["host.test"]


def test_one_closed_address_among_several_closes_the_host(both: Both, server: WebServer) -> None:
    mixed = fetcher(resolve=lambda *_: ["127.0.0.1", "10.0.0.1"])
    assert "not on the public internet" in both.refused(mixed, f"http://host.test:{server.port}/a")
    assert server.accepted == 0


def test_the_next_address_is_tried_where_one_does_not_answer(both: Both, server: WebServer) -> None:
    server.replies["/a"] = answer(b"x")
    assert both.fetch(fetcher(), f"http://two.test:{server.port}/a").data == b"x"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://localhost/", "public internet"),
        ("http://127.0.0.1/", "public internet"),
        ("http://127.1/", "public internet"),
        ("http://0x7f000001/", "public internet"),
        ("http://2130706433/", "public internet"),
        ("http://①②⑦.⓪.⓪.①/", "public internet"),
        ("http://[::1]/", "public internet"),
        ("http://[::ffff:169.254.169.254]/", "public internet"),
        ("http://[64:ff9b::a00:1]/", "public internet"),
        ("http://169.254.169.254/latest/meta-data/", "public internet"),
        ("http://10.0.0.1/", "public internet"),
        ("http://0.0.0.0/", "public internet"),
        ("http://[fe80::1%25eth0]/", "public internet"),
        ("http://x.example:8080/", "port 8080"),
        ("https://x.example:22/", "port 22"),
        ("http://x.example:99999/", "no URL"),
        ("http://[::1/", "no URL"),
        ("ftp://x.example/", "scheme"),
        ("//x.example/", "scheme"),
        ("http:///path", "no name"),
        ("http://a b/", "no name"),
        ("http://user@x.example/", "user or password"),
        ("http://:@x.example/", "user or password"),
    ],
)
def test_by_default_only_public_places_are_asked(
    both: Both, url: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_connection(*_: object, **__: object) -> None:
        raise AssertionError("a connection was opened")

    if both.way == "sync":
        monkeypatch.setattr(socket.socket, "connect", no_connection)
    assert said in both.refused(MediaFetcher(), url)


def test_the_size_is_bounded(both: Both, server: WebServer) -> None:
    server.replies = {"/told": answer(b"x" * 101), "/endless": endless, "/fits": answer(b"x" * 100)}
    small = fetcher(max_bytes=100)
    url = f"http://host.test:{server.port}"
    assert "larger than 100 bytes" in both.refused(small, f"{url}/told")
    assert "larger than 100 bytes" in both.refused(small, f"{url}/endless")
    assert len(both.fetch(small, f"{url}/fits").data) == 100
    assert "larger than 1000000 bytes" in both.refused(fetcher(max_bytes=1_000_000), f"{url}/endless")


def test_all_media_of_one_request_share_the_bound(both: Both, server: WebServer) -> None:
    server.replies = {"/a": answer(b"x" * 60), "/b": answer(b"y" * 60)}
    urls = [f"http://host.test:{server.port}/{name}" for name in "aba"]
    found = both.fetch_all(fetcher(max_bytes=120), urls)
    assert {url: one.data[:1] for url, one in found.items()} == {urls[0]: b"x", urls[1]: b"y"}
    with pytest.raises(InvalidRequestError, match="larger than 119 bytes"):
        both.fetch_all(fetcher(max_bytes=119), urls)
    assert both.fetch_all(fetcher(), []) == {}


@pytest.mark.parametrize("reply", [drip, drip_head, drip_without_length])
def test_the_time_is_bounded_however_it_is_spent(both: Both, server: WebServer, reply: Any) -> None:
    server.replies["/slow"] = reply
    start = time.monotonic()
    said = both.refused(fetcher(total_timeout=0.3), f"http://host.test:{server.port}/slow")
    assert time.monotonic() - start < 2
    assert "in time" in said


def test_the_time_of_a_name_server_counts_too(both: Both) -> None:
    released = threading.Event()

    def slow(host: str, port: int) -> Sequence[str]:
        released.wait(5)
        return ["127.0.0.1"]

    start = time.monotonic()
    # asyncio.run() ends with its loop, and must not wait for the name server, either
    said = both.refused(fetcher(resolve=slow, total_timeout=0.2), "http://host.test/")
    assert "not found in time" in said
    assert time.monotonic() - start < 2
    released.set()


@pytest.mark.parametrize("problem", [OSError("no"), UnicodeError("no"), ValueError("no")], ids=repr)
def test_a_resolver_that_fails_is_told_at_once(both: Both, problem: Exception) -> None:
    def broken(host: str, port: int) -> Sequence[str]:
        raise problem

    start = time.monotonic()
    assert "has no address" in both.refused(fetcher(resolve=broken, total_timeout=5), "http://host.test/")
    assert time.monotonic() - start < 2


def test_the_time_of_redirects_adds_up(both: Both, server: WebServer) -> None:
    def late(connection: Any) -> None:
        time.sleep(0.2)
        connection.sendall(moved("/late"))

    server.replies["/late"] = late
    made = fetcher(total_timeout=0.5, max_redirects=50)
    start = time.monotonic()
    assert "in time" in both.refused(made, f"http://host.test:{server.port}/late")
    assert time.monotonic() - start < 2


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (answer(b"", "404 Not Found"), "HTTP status 404"),
        (answer(b"x", "206 Partial Content"), "HTTP status 206"),
        (answer(b""), "zero bytes"),
        (answer(b"\x1f\x8b", Content_Encoding="gzip"), "compressed (gzip)"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", ""),
        (b"not http at all\r\n\r\n", ""),
        (b"", ""),
    ],
)
def test_what_is_no_medium_is_an_error_that_keeps_the_query_to_itself(
    both: Both, server: WebServer, reply: bytes, said: str
) -> None:
    server.replies["/a.png"] = reply
    message = both.refused(fetcher(), f"http://host.test:{server.port}/a.png?X-Amz-Signature=s3cret")
    assert said in message
    assert f"http://host.test:{server.port}/a.png" in message
    assert "s3cret" not in message


def test_names_that_lead_nowhere(both: Both) -> None:
    assert "has no address" in both.refused(fetcher(), "http://nowhere.test/")
    assert "has no address" in both.refused(fetcher(), "http://unknown.test/")
    assert "no address" in both.refused(fetcher(resolve=lambda *_: ["nonsense"]), "http://host.test/")
    assert "connected" in both.refused(fetcher(), "http://host.test:9/")


def test_tls_is_checked_against_the_name_and_not_the_address(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("host.test").configure_cert(context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    monkeypatch.setattr("bedrock_unified.transport.settings._ssl_context", lambda verify: trusting)
    with WebServer({"/a": answer(b"x"), "/down": moved("http://host.test/")}, context).running() as server:
        assert both.fetch(fetcher(), f"https://host.test:{server.port}/a").data == b"x"
        assert server.names == ["host.test"]
        assert "https to http" in both.refused(fetcher(), f"https://host.test:{server.port}/down")
        LOCAL["other.test"] = ["127.0.0.1"]
        both.refused(fetcher(), f"https://other.test:{server.port}/a")
        both.refused(fetcher(), f"https://127.0.0.1:{server.port}/a")
    assert len(server.requests) == 2


async def test_a_cancelled_download_closes_its_connection(server: WebServer) -> None:
    server.replies["/slow"] = drip
    task = asyncio.create_task(fetcher().afetch(f"http://host.test:{server.port}/slow"))
    while not server.requests:
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_one_failure_among_several_ends_the_others(server: WebServer) -> None:
    server.replies = {"/slow": drip}
    start = time.monotonic()
    url = f"http://host.test:{server.port}"
    with pytest.raises(InvalidRequestError, match="404"):
        await fetcher().afetch_all([f"{url}/slow", f"{url}/missing"])
    assert time.monotonic() - start < 2


def test_a_block_may_be_made_of_a_web_address_that_is_allowed(server: WebServer) -> None:
    server.replies["/my report.pdf".replace(" ", "%20")] = answer(b"%PDF-1.7", Content_Type="text/html")
    url = f"http://host.test:{server.port}/my report.pdf"
    block = media.document(url, fetch=fetcher())
    assert block == {"document": {"format": "pdf", "name": "my report", "source": {"bytes": b"%PDF-1.7"}}}
    with pytest.raises(InvalidRequestError, match="public internet"):
        media.image(f"http://127.0.0.1:{80}/", fetch=True)
