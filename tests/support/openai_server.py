"""An OpenAI-compatible chat server on loopback that answers from a script, faults included.

In a test: `with serve(Reply(text="hello")) as server: …`, then `server.base_url` and `server.requests`.
From a shell: `python openai_server.py --script FILE` prints its port and serves until it is stopped; FILE
is a JSON list of objects with the fields of `Reply`.
"""

from __future__ import annotations

import argparse
import json
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal, cast
from urllib.parse import urlsplit

Fault = Literal["", "reset", "cut", "end", "stall", "silent"]
"""What goes wrong in the middle of a stream.

`reset` breaks the connection, `cut` closes it inside the body, `end` closes the body properly but before
the model has finished, `stall` goes quiet half-way, `silent` never answers at all.
"""


@dataclass(frozen=True)
class Reply:
    """What one request gets. With a `body`, exactly that is sent; else a stream of chunks."""

    text: str = ""
    model: str = "test-model-2025-01-01"
    finish_reason: str = "stop"
    prompt_tokens: int = 20
    completion_tokens: int = 10
    usage: bool = True
    reasoning: str = ""
    chunk_chars: int = 16
    delay_s: float = 0.0
    fault: Fault = ""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = ""
    body: str | None = None

    def chunks(self) -> Iterator[dict[str, Any]]:
        """The events of the stream, the one with the usage last."""
        if self.reasoning:
            yield self._event({"role": "assistant", "reasoning_content": self.reasoning})
        for start in range(0, len(self.text), self.chunk_chars):
            yield self._event({"role": "assistant", "content": self.text[start : start + self.chunk_chars]})
        yield self._event({}, self.finish_reason)
        if self.usage:
            counts = {"prompt_tokens": self.prompt_tokens, "completion_tokens": self.completion_tokens}
            total = {"total_tokens": self.prompt_tokens + self.completion_tokens}
            yield {**self._event({}), "choices": [], "usage": {**counts, **total}}

    def _event(self, delta: Mapping[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": self.model,
            "choices": [{"index": 0, "delta": dict(delta), "finish_reason": finish_reason}],
        }


def refusal(status: int, message: str, *, code: str = "", **headers: str) -> Reply:
    """An error in the form that OpenAI gives it; `retry_after="1"` becomes the header Retry-After."""
    error = {"message": message, "type": code or "error", "param": None, "code": code or None}
    named = {name.replace("_", "-").title(): value for name, value in headers.items()}
    return Reply(
        status=status, headers=named, content_type="application/json", body=json.dumps({"error": error})
    )


@dataclass(frozen=True)
class Request:
    """A request as it came in; the headers' names in small letters."""

    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]
    at_s: float
    """Seconds on the monotonic clock."""


class OpenAIServer(ThreadingHTTPServer):
    """Answers each POST with the next reply of the script; with none left it refuses (400)."""

    daemon_threads = True

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.requests: list[Request] = []
        self.stopping = threading.Event()
        self._script: list[Reply] = []
        self._lock = threading.Lock()

    @property
    def origin(self) -> str:
        """The address alone, which is what belongs into HTTP_PROXY."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def base_url(self) -> str:
        """What belongs into OPENAI_API_BASE."""
        return f"{self.origin}/v1"

    def script(self, *replies: Reply) -> None:
        """Sets what comes next and forgets the requests so far."""
        with self._lock:
            self._script = list(replies)
            self.requests = []

    def take(self, request: Request) -> Reply:
        """Notes the request and gives the reply that is due."""
        with self._lock:
            self.requests.append(request)
            return self._script.pop(0) if self._script else refusal(400, "the script has no reply left")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        server = cast("OpenAIServer", self.server)
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", "0"))) or b"{}")
        reply = server.take(
            Request(self.path, {k.lower(): v for k, v in self.headers.items()}, body, time.monotonic())
        )
        self.close_connection = True
        try:
            if urlsplit(self.path).path != "/v1/chat/completions":  # asked as a proxy, it gets the whole URL
                self._send_body(refusal(404, f"no such path: {self.path}"))
            elif reply.fault == "silent":
                server.stopping.wait()
            elif reply.body is not None:
                self._send_body(reply)
            else:
                self._send_stream(reply)
        except ConnectionError:
            return  # the client has gone; some tests want just that

    def _send_body(self, reply: Reply) -> None:
        data = (reply.body or "").encode("utf-8", "surrogateescape")
        self._send_head(reply, reply.content_type or "application/json", {"Content-Length": str(len(data))})
        self.wfile.write(data)

    def _send_stream(self, reply: Reply) -> None:
        self._send_head(reply, reply.content_type or "text/event-stream", {"Transfer-Encoding": "chunked"})
        events = list(reply.chunks())
        good = events[: len(events) // 2] if reply.fault else events
        for event in good:
            self._send_chunk(f"data: {json.dumps(event)}\n\n")
            time.sleep(reply.delay_s)
        match reply.fault:
            case "stall":
                cast("OpenAIServer", self.server).stopping.wait()
            case "cut":
                return
            case "reset":
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
                return
            case "end":
                pass
            case _:
                self._send_chunk("data: [DONE]\n\n")
        self.wfile.write(b"0\r\n\r\n")

    def _send_head(self, reply: Reply, content_type: str, headers: Mapping[str, str]) -> None:
        self.send_response(reply.status)
        for name, value in {"Content-Type": content_type, **headers, **reply.headers}.items():
            self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()

    def _send_chunk(self, text: str) -> None:
        data = text.encode()
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is inherited
        """Says nothing: the requests are kept."""


@contextmanager
def serve(*replies: Reply, port: int = 0) -> Iterator[OpenAIServer]:
    """A running server; it is gone when the block ends."""
    server = OpenAIServer(port)
    server.script(*replies)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.stopping.set()
        server.shutdown()
        server.server_close()
        thread.join()


def main(argv: list[str]) -> None:
    """Serves a script until the process is stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--script", type=Path, required=True, help="JSON list of replies")
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args(argv)
    server = OpenAIServer(options.port)
    server.script(*(Reply(**entry) for entry in json.loads(options.script.read_text())))
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(sys.argv[1:])
