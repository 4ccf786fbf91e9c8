from __future__ import annotations

import io
import json
import sqlite3
from collections.abc import Iterator

import pytest

from shop.app import App
from shop.carrier import CarrierClient
from shop.orders import OrderRepository
from shop.service import OrderService


class Carrier:
    """Stands in for the carrier's server: answers from a table, or lets the client wait."""

    def __init__(self) -> None:
        self.states: dict[str, str] = {}
        self.hangs = False
        self.asked: list[str] = []

    def fetch(self, path: str, timeout_s: float) -> bytes:
        self.asked.append(path)
        if self.hangs:
            raise TimeoutError(f"timed out after {timeout_s} s")
        return json.dumps({"state": self.states.get(path, "in the warehouse")}).encode()


@pytest.fixture
def carrier() -> Carrier:
    return Carrier()


@pytest.fixture
def orders() -> Iterator[OrderRepository]:
    connection = sqlite3.connect(":memory:")
    yield OrderRepository(connection)
    connection.close()


@pytest.fixture
def service(orders: OrderRepository, carrier: Carrier) -> OrderService:
    return OrderService(orders, CarrierClient(carrier.fetch))


@pytest.fixture
def ask(service: OrderService):
    """Sends a request to the application: `ask(method, path, body)` gives status, body and headers."""

    def send(method: str, path: str, body: object = None):
        data = json.dumps(body).encode() if body is not None else b""
        told = {}

        def start_response(status: str, headers: list[tuple[str, str]]):
            told.update(status=int(status.split()[0]), headers=dict(headers))

        path, _, query = path.partition("?")
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_LENGTH": str(len(data)),
            "wsgi.input": io.BytesIO(data),
        }
        answer = b"".join(App(service)(environ, start_response))
        return told["status"], json.loads(answer), told["headers"]

    return send
