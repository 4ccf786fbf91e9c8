"""The carrier's tracking service."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable

Fetch = Callable[[str, float], bytes]
"""From a path and a time limit in seconds to the body of the answer; may raise TimeoutError."""


class CarrierError(Exception):
    """The carrier answered, but not with what we asked for."""


class CarrierTimeoutError(CarrierError):
    """The carrier did not answer in time."""


class CarrierClient:
    """Asks the carrier where a parcel is."""

    def __init__(self, fetch: Fetch, timeout_s: float = 1.0) -> None:
        self._fetch = fetch
        self._timeout_s = timeout_s

    def state(self, number: int) -> str:
        """Where the parcel of this order is; raises CarrierError."""
        try:
            answer = json.loads(self._fetch(f"/parcels/{number}", self._timeout_s))
            return str(answer["state"])
        except TimeoutError as error:
            raise CarrierTimeoutError(f"no answer within {self._timeout_s} s") from error
        except (ValueError, KeyError, TypeError) as error:
            raise CarrierError("the answer is not a parcel") from error


def over_http(host: str) -> Fetch:
    """Fetches from a host over HTTPS."""

    def fetch(path: str, timeout_s: float) -> bytes:
        connection = http.client.HTTPSConnection(host, timeout=timeout_s)
        try:
            connection.request("GET", path)
            return connection.getresponse().read()
        finally:
            connection.close()

    return fetch
