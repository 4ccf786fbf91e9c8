"""The HTTP face of the shop: a WSGI application."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict
from http import HTTPStatus
from typing import Any
from wsgiref.simple_server import make_server

from shop.carrier import CarrierClient, CarrierError, over_http
from shop.orders import OrderRepository
from shop.service import InvalidOrderError, OrderService

MAX_BODY = 64 * 1024
Answer = tuple[HTTPStatus, dict[str, Any]]


class App:
    """Maps requests to the service, and what it says to answers."""

    def __init__(self, service: OrderService) -> None:
        self._service = service

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        status, body = self._answer(environ)
        headers = [("Content-Type", "application/json")]
        if status is HTTPStatus.SERVICE_UNAVAILABLE:
            headers.append(("Retry-After", "5"))
        start_response(f"{status.value} {status.phrase}", headers)
        return [json.dumps(body).encode()]

    def _answer(self, environ: dict[str, Any]) -> Answer:
        match environ["REQUEST_METHOD"], environ.get("PATH_INFO", "/").strip("/").split("/"):
            case "POST", ["orders"]:
                return self._place(environ)
            case "GET", ["orders", number] if number.isdecimal():
                return self._show(int(number))
            case "GET", ["orders", number, "parcel"] if number.isdecimal():
                return self._parcel(int(number))
            case _:
                return HTTPStatus.NOT_FOUND, {"error": "no such page"}

    def _place(self, environ: dict[str, Any]) -> Answer:
        try:
            length = int(environ.get("CONTENT_LENGTH") or 0)
            if length > MAX_BODY:
                return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, {"error": "too large"}
            wanted = json.loads(environ["wsgi.input"].read(length))
            order = self._service.place(
                str(wanted["key"]), str(wanted["sku"]), int(wanted["quantity"]), str(wanted.get("note", ""))
            )
        except InvalidOrderError as error:
            return HTTPStatus.UNPROCESSABLE_ENTITY, {"error": str(error)}
        except (ValueError, KeyError, TypeError, AttributeError):
            return HTTPStatus.BAD_REQUEST, {"error": "not an order"}
        return HTTPStatus.CREATED, asdict(order)

    def _show(self, number: int) -> Answer:
        order = self._service.find(number)
        if order is None:
            return HTTPStatus.NOT_FOUND, {"error": "no such order"}
        return HTTPStatus.OK, asdict(order)

    def _parcel(self, number: int) -> Answer:
        try:
            state = self._service.parcel(number)
        except CarrierError:
            return HTTPStatus.SERVICE_UNAVAILABLE, {"error": "the carrier does not answer"}
        if state is None:
            return HTTPStatus.NOT_FOUND, {"error": "no such order"}
        return HTTPStatus.OK, {"number": number, "state": state}


def main() -> None:
    """Serves the orders in the database file that the command line names."""
    orders = OrderRepository(sqlite3.connect(sys.argv[1]))
    service = OrderService(orders, CarrierClient(over_http("carrier.example")))
    with make_server("127.0.0.1", 8000, App(service)) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
