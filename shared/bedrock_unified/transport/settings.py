"""What a transport needs to know, and the process's TLS contexts."""

from __future__ import annotations

import ssl
from base64 import b64encode
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

from ..errors import ConfigurationError


class TransportSettings(NamedTuple):
    """Where to connect and how long to wait.

    Attributes:
        origin: scheme, host and port (``https://bedrock-runtime.us-east-1.amazonaws.com``), no path.
        proxy: URL of an HTTP proxy, or None.
        verify: path of a CA bundle, True for the default one, False for none.
        connect_timeout: seconds for TCP and TLS; asynchronously for name resolution, too.
        read_timeout: seconds without a byte before a read fails.
        max_concurrency: requests in flight at once, per event loop; also the size of the keep-alive pool.
    """

    origin: str
    proxy: str | None = None
    verify: bool | str = True
    connect_timeout: float = 5.0
    read_timeout: float = 300.0
    max_concurrency: int = 1000

    @property
    def parts(self) -> SplitResult:
        """The origin, split."""
        return urlsplit(self.origin)

    @property
    def proxy_parts(self) -> tuple[str | None, dict[str, str] | None]:
        """The proxy's URL without user and password, which no error may quote, and the header with them."""
        if self.proxy is None:
            return None, None
        parts = urlsplit(self.proxy)
        user, separator, place = parts.netloc.rpartition("@")
        if not separator:
            return self.proxy, None
        name, _, password = user.partition(":")
        secret = b64encode(f"{unquote(name)}:{unquote(password)}".encode()).decode()
        return parts._replace(netloc=place).geturl(), {"proxy-authorization": f"Basic {secret}"}

    @property
    def ssl_context(self) -> ssl.SSLContext | None:
        """The context for this origin, None for plain http without a TLS proxy."""
        if self.origin.startswith("https:") or (self.proxy or "").startswith("https:"):
            return _ssl_context(self.verify)
        return None


@lru_cache(maxsize=16)
def _ssl_context(verify: bool | str) -> ssl.SSLContext:
    """One context a process for each way of verifying: making one costs 14 ms."""
    if verify is False:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    bundle = verify if isinstance(verify, str) else _default_bundle()
    try:
        if bundle is not None and Path(bundle).is_dir():
            return ssl.create_default_context(capath=bundle)
        return ssl.create_default_context(cafile=bundle)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(
            f"the CA bundle {bundle!r} cannot be read: {error}",
            hint="verify= or AWS_CA_BUNDLE must name a PEM file or a folder of certificates",
        ) from error


def _default_bundle() -> str | None:
    """The bundle botocore would use: certifi's, else its own; found without importing either."""
    for package, name in (("certifi", "cacert.pem"), ("botocore", "cacert.pem")):
        spec = find_spec(package)
        for folder in (spec.submodule_search_locations if spec else None) or ():
            path = Path(folder) / name
            if path.exists():
                return str(path)
    return None


def default_concurrency() -> int:
    """The smaller of 1,000 and half of the process's file limit."""
    try:
        import resource

        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    except ImportError:  # not a POSIX system
        return 250
    return 1000 if soft == resource.RLIM_INFINITY else max(1, min(1000, soft // 2))
