"""TLS, CA bundles and proxies, over real sockets."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator

import pytest
import trustme
from wireserver import Cut, WireServer, converse, ending, stream, text_frames

from bedrock_unified import ConfigurationError, ConnectionFailed

GOOD = [converse("Hello.")]
FAR = "bedrock-runtime.us-east-1.example.test"  # resolves nowhere: only a proxy can lead there


class Proxy:
    """A small HTTP proxy that leads every host to one port of this machine."""

    def __init__(self, port: int, *, refuse: bool = False) -> None:
        self.asked: list[str] = []
        self.headers: list[str] = []
        self._port = port
        self._refuse = refuse
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self._sockets: list[socket.socket] = []

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._listener.getsockname()[1]}"

    @contextlib.contextmanager
    def running(self) -> Iterator[Proxy]:
        accepting = threading.Thread(target=self._accept, daemon=True)
        accepting.start()
        try:
            yield self
        finally:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            for held in list(self._sockets):
                with contextlib.suppress(OSError):
                    held.shutdown(socket.SHUT_RDWR)
            for thread in [accepting, *self._threads]:
                thread.join(5)

    def _start(self, target, *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._sockets.append(client)
            self._start(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        data = b""
        with client:
            while b"\r\n\r\n" not in data:
                piece = client.recv(65536)
                if not piece:
                    return
                data += piece
            head = data.partition(b"\r\n\r\n")[0].decode()
            self.asked.append(head.split("\r\n")[0])
            self.headers.append(head)
            if self._refuse:
                client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
                return
            with socket.create_connection(("127.0.0.1", self._port)) as server:
                self._sockets.append(server)
                if head.startswith("CONNECT"):
                    client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                else:
                    server.sendall(data)
                self._start(_pump, server, client)
                _pump(client, server)


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_RDWR)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """A certificate authority of this test's own."""
    return trustme.CA()


@pytest.fixture
def bundle(authority: trustme.CA, tmp_path) -> str:
    """Its certificate, as a CA bundle."""
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


@pytest.fixture
def tls(authority: trustme.CA) -> ssl.SSLContext:
    """A server's context for this machine and for the far host."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1", FAR).configure_cert(context)
    return context


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the machine itself is set to plays no part."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def test_a_ca_bundle_is_given_by_verify(face, tls, bundle):
    with WireServer(GOOD, tls=tls) as server:
        assert face.converse(face.client(server.url, verify=bundle))["stopReason"] == "end_turn"


def test_a_ca_bundle_is_given_by_the_environment(face, tls, bundle, monkeypatch):
    monkeypatch.setenv("AWS_CA_BUNDLE", bundle)
    with WireServer(GOOD, tls=tls) as server:
        assert face.converse(face.client(server.url))["stopReason"] == "end_turn"


def test_a_stream_runs_over_tls(face, tls, bundle):
    with WireServer(stream(*text_frames("Hello"), *ending()), tls=tls) as server:
        assert len(face.events(face.client(server.url, verify=bundle))) == 5


def test_a_slow_upload_over_tls_is_not_limited_by_the_connect_time_limit(face, tls, bundle):
    large = [{"role": "user", "content": [{"text": "x" * 20_000_000}]}]
    with WireServer(GOOD, tls=tls, pause=1) as server:
        client = face.client(server.url, verify=bundle, connect_timeout=0.4, timeout=10)
        face.converse(client, messages=large)
        assert server.connections == 1


def test_an_unknown_authority_is_refused_with_a_hint(face, tls):
    with WireServer(GOOD, tls=tls) as server, pytest.raises(ConnectionFailed) as caught:
        face.converse(face.client(server.url, max_retries=2))
    assert not server.requests
    assert server.connections == 1, "a certificate does not get better by trying again"
    assert "AWS_CA_BUNDLE" in caught.value.hint


@pytest.mark.parametrize("reset", [False, True])
def test_a_handshake_that_is_broken_off_is_a_connection_that_was_not_opened(face, reset):
    with WireServer([Cut()]) as server:  # which reads no TLS, and goes away
        server._read_request = lambda client: client.recv(10 if reset else 65536) and {}
        with pytest.raises(ConnectionFailed, match="could not be opened") as caught:
            face.converse(face.client(server.url.replace("http:", "https:"), max_retries=1))
        assert server.connections >= 2, "no model was paid: it is tried again"
    assert "HTTPS_PROXY" in caught.value.hint


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
def test_verify_false_asks_for_no_certificate(face, tls):
    with WireServer(GOOD, tls=tls) as server:
        assert face.converse(face.client(server.url, verify=False))["stopReason"] == "end_turn"


def test_a_bundle_that_cannot_be_read_is_named(face, tls, tmp_path):
    with WireServer(GOOD, tls=tls) as server, pytest.raises(ConfigurationError, match=r"nothing\.pem"):
        face.converse(face.client(server.url, verify=str(tmp_path / "nothing.pem")))


def test_https_goes_through_a_tunnel_of_the_proxy(face, tls, bundle, monkeypatch):
    with WireServer(GOOD, tls=tls) as server, Proxy(server.port).running() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:p%40ss@{proxy.address}")
        answer = face.converse(face.client(f"https://{FAR}", verify=bundle))
    assert answer["stopReason"] == "end_turn"
    assert proxy.asked == [f"CONNECT {FAR}:443 HTTP/1.1"] or proxy.asked == [f"CONNECT {FAR}:443 HTTP/1.0"]
    assert "proxy-authorization: basic dxnlcjpwqhnz" in proxy.headers[0].lower()
    assert "proxy-authorization" not in server.requests[0]


def test_http_is_asked_of_the_proxy_by_its_whole_url(face, monkeypatch):
    with WireServer(GOOD) as server, Proxy(server.port).running() as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://user:p%40ss@{proxy.address}")
        face.converse(face.client(f"http://{FAR}/some/prefix"))
    assert proxy.asked[0].startswith(
        f"POST http://{FAR}/some/prefix/model/us.amazon.nova-lite-v1%3A0/converse "
    )
    assert "proxy-authorization: basic dxnlcjpwqhnz" in proxy.headers[0].lower()
    assert server.requests[0]["host"] == FAR


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_whose_name_does_not_resolve_is_the_one_to_check(face, scheme, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", f"{scheme}://no-such-proxy.invalid:3128")
    with pytest.raises(ConnectionFailed, match="no-such-proxy") as caught:
        face.converse(face.client(f"https://{FAR}", max_retries=0))
    assert "HTTPS_PROXY" in caught.value.hint


def test_a_proxy_that_nobody_runs_is_the_one_to_check(face, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
    with pytest.raises(ConnectionFailed, match="proxy refused") as caught:
        face.converse(face.client(f"https://{FAR}", max_retries=0))
    assert "HTTPS_PROXY" in caught.value.hint


def test_no_proxy_leads_directly(face, monkeypatch):
    with WireServer(GOOD) as server, Proxy(server.port).running() as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://{proxy.address}")
        monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")
        face.converse(face.client(server.url))
    assert not proxy.asked


def test_a_proxy_that_refuses_is_named_in_the_error(face, bundle, monkeypatch):
    with WireServer(GOOD) as server, Proxy(server.port, refuse=True).running() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:secret-word@{proxy.address}")
        with pytest.raises(ConnectionFailed) as caught:
            face.converse(face.client(f"https://{FAR}", verify=bundle, max_retries=0))
    assert "407" in str(caught.value)
    assert "HTTPS_PROXY" in caught.value.hint
    assert "secret-word" not in str(caught.value)
