"""A package index on the loopback, as pip, uv and npm ask one: a folder's worth of packages in memory."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

JSON_TYPE = "application/vnd.pypi.simple.v1+json"
"""PEP 691."""


@dataclass
class Release:
    """One release of a Python package: a wheel with one module in it, or a source distribution."""

    version: str
    uploaded: str = "2020-01-01T00:00:00Z"
    licence: str = "MIT"
    yanked: bool = False
    tag: str = "py3-none-any"
    source_only: bool = False


@dataclass
class PackageIndex:
    """What the index has; tests change it as they like."""

    python: dict[str, list[Release]] = field(default_factory=dict)
    npm: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """npm's registry documents, by name."""
    tells_dates: bool = True
    """JSON with upload times; else HTML as many mirrors send it (PEP 503)."""
    answers_everything: bool = False
    status: int = 200
    asked: list[str] = field(default_factory=list)
    """Paths, in the order in which they were asked."""
    url: str = ""
    files: str = ""
    """Where the files lie, if that is another host."""

    def environment(self) -> dict[str, str]:
        """Variables that point pip, uv and npm here."""
        return {
            "PIP_INDEX_URL": f"{self.url}/simple",
            "PIP_CONFIG_FILE": "/dev/null",
            "UV_INDEX_URL": f"{self.url}/simple",
            "npm_config_registry": f"{self.url}/npm/",
        }

    def answer(self, path: str, accepts: str) -> tuple[int, str, bytes]:
        """Status, content type and body."""
        self.asked.append(path)
        if self.status != 200:
            return self.status, "text/plain", b"out of order"
        kind, _, rest = path.strip("/").partition("/")
        if kind == "simple":
            return self._simple(rest.strip("/"), accepts)
        if kind == "files":
            return self._file(rest)
        if kind == "npm":
            return self._npm(rest.replace("%2f", "/").replace("%2F", "/"))
        return 404, "text/plain", b""

    def _simple(self, name: str, accepts: str) -> tuple[int, str, bytes]:
        releases = self.python.get(name)
        if releases is None and self.answers_everything:
            releases = [Release("1.0")]
        if releases is None:
            return 404, "text/plain", b""
        files: list[dict[str, Any]] = [
            {
                "filename": filename(name, release),
                "url": f"{self.files or self.url}/files/{name}/{release.version}/{filename(name, release)}",
                "hashes": {"sha256": hashlib.sha256(archive(name, release)).hexdigest()},
                "upload-time": release.uploaded,
                "yanked": release.yanked,
            }
            for release in releases
        ]
        if self.tells_dates and JSON_TYPE in accepts:
            body = {"meta": {"api-version": "1.1"}, "name": name, "files": files, "versions": []}
            return 200, JSON_TYPE, json.dumps(body).encode()
        links = "".join(map(_link, files))
        return 200, "text/html", f"<!DOCTYPE html><html><body>\n{links}</body></html>".encode()

    def _file(self, rest: str) -> tuple[int, str, bytes]:
        name, version, _ = rest.split("/")
        known = self.python.get(name) or [Release("1.0")]
        release = next(release for release in known if release.version == version)
        return 200, "application/octet-stream", archive(name, release)

    def _npm(self, name: str) -> tuple[int, str, bytes]:
        document = self.npm.get(name)
        if document is None and self.answers_everything:
            document = npm_document(name, {"1.0.0": "2020-01-01T00:00:00.000Z"})
        if document is None:
            return 404, "application/json", b'{"error":"Not found"}'
        return 200, "application/json", json.dumps(document).encode()


def _link(one: Mapping[str, Any]) -> str:
    yanked = ' data-yanked=""' if one["yanked"] else ""
    return f'<a href="{one["url"]}#sha256={one["hashes"]["sha256"]}"{yanked}>{one["filename"]}</a>\n'


def filename(name: str, release: Release) -> str:
    """The name of the release's only file."""
    plain = name.replace("-", "_")
    return f"{plain}-{release.version}" + (".tar.gz" if release.source_only else f"-{release.tag}.whl")


def archive(name: str, release: Release) -> bytes:
    """A wheel (PEP 427), always the same bytes; of a source distribution nobody needs the content."""
    if release.source_only:
        return b"never opened"
    plain = name.replace("-", "_")
    info = f"{plain}-{release.version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {release.version}\n"
    if release.licence:
        metadata += f"License: {release.licence}\n"
    files = {
        f"{plain}.py": f"VERSION = {release.version!r}\n",
        f"{info}/METADATA": metadata,
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {release.tag}\n",
    }
    record = "".join(f"{path},sha256={_digest(text)},{len(text)}\n" for path, text in files.items())
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n"
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as wheel:
        for path, text in files.items():
            wheel.writestr(zipfile.ZipInfo(path), text)
    return stream.getvalue()


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def npm_document(
    name: str, times: Mapping[str, str], *, licence: str = "MIT", deprecated: str = ""
) -> dict[str, Any]:
    """What npm's registry tells about a package."""
    newest = list(times)[-1]
    one: dict[str, Any] = {
        "name": name,
        "license": licence,
        **({"deprecated": deprecated} if deprecated else {}),
    }
    return {
        "name": name,
        "dist-tags": {"latest": newest},
        "versions": {
            version: {**one, "version": version, "dist": {"tarball": f"/{name}.tgz", "shasum": "0" * 40}}
            for version in times
        },
        "time": {"created": next(iter(times.values())), **times},
        "license": licence,
    }


@contextmanager
def serve_index(index: PackageIndex) -> Iterator[PackageIndex]:
    """The index at a free port of the loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.respond(with_body=True)

        def do_HEAD(self) -> None:
            self.respond(with_body=False)

        def respond(self, *, with_body: bool) -> None:
            status, kind, body = index.answer(self.path, self.headers.get("Accept", ""))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if with_body:
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    index.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield index
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
