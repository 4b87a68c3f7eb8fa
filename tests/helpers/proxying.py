"""A reverse proxy like those of notebook hubs, editors and web servers."""

import http.client
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

NAME = "hub.example"
OPENSSL = shutil.which("openssl")


class Proxy(ThreadingHTTPServer):
    """A proxy that forwards requests below a prefix.

    Attributes:
        prefix: prefix of the viewer's paths, without a trailing slash.
        strip: whether the prefix is removed.
        keep_host: whether the browser's `Host` is forwarded; else it is that of the viewer.
        forward: whether `X-Forwarded-*` headers are sent.
        seen: `Host`, `Origin` and path of each request as forwarded.
    """

    daemon_threads = True

    def __init__(
        self, port: int, prefix: str, *, strip: bool, keep_host: bool, forward: bool
    ) -> None:
        self.upstream, self.prefix, self.strip = port, prefix, strip
        self.keep_host, self.forward = keep_host, forward
        self.seen: list[tuple[str, str, str]] = []
        self.scheme = "http"
        super().__init__(("127.0.0.1", 0), _Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore the errors of streams that a browser closed."""

    @property
    def origin(self) -> str:
        return f"{self.scheme}://{NAME}:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Proxy

    def _pass_on(self) -> None:
        proxy = self.server
        if not self.path.startswith(f"{proxy.prefix}/"):
            self.send_error(404)
            return
        path = self.path[len(proxy.prefix) :] if proxy.strip else self.path
        headers = {name: value for name, value in self.headers.items() if name != "Connection"}
        if not proxy.keep_host:
            headers["Host"] = f"127.0.0.1:{proxy.upstream}"
        if proxy.forward:
            headers["X-Forwarded-For"] = self.client_address[0]
            headers["X-Forwarded-Host"] = self.headers["Host"]
            headers["X-Forwarded-Proto"] = proxy.scheme
            headers["X-Forwarded-Prefix"] = proxy.prefix
        proxy.seen.append((headers["Host"], headers.get("Origin", ""), path))
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        upstream = http.client.HTTPConnection("127.0.0.1", proxy.upstream, timeout=120)
        try:
            upstream.request(self.command, path, body, headers)
            answer = upstream.getresponse()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in {"connection", "transfer-encoding"}:
                    self.send_header(name, value)
            self.end_headers()
            while chunk := answer.read1(65536):
                self.wfile.write(chunk)
        finally:
            upstream.close()

    do_GET = do_POST = do_HEAD = _pass_on  # noqa: N815  # as http.server calls them

    def log_message(self, *arguments: object) -> None:
        """Log nothing."""


@contextmanager
def proxying(
    port: int,
    prefix: str,
    *,
    strip: bool,
    keep_host: bool,
    forward: bool = True,
    certificate: Path | None = None,
) -> Iterator[Proxy]:
    """Run a proxy for the viewer on a port; with a certificate it ends TLS."""
    proxy = Proxy(port, prefix, strip=strip, keep_host=keep_host, forward=forward)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        proxy.socket = context.wrap_socket(
            proxy.socket, server_side=True, do_handshake_on_connect=False
        )
        proxy.scheme = "https"
    thread = threading.Thread(target=proxy.serve_forever)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.shutdown()
        proxy.server_close()
        thread.join(20)


def make_certificate(folder: Path) -> Path:
    """Create a self-signed certificate and its key in one file."""
    assert OPENSSL is not None
    file = folder / "certificate.pem"
    subprocess.run(
        [OPENSSL, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "2", "-subj", f"/CN={NAME}", "-keyout", file, "-out",
         folder / "public.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    file.write_text(file.read_text() + (folder / "public.pem").read_text())
    return file
