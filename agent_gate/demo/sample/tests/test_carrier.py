from __future__ import annotations

import pytest

from shop.carrier import CarrierClient, CarrierError, CarrierTimeoutError


def test_state_is_read_from_the_answer():
    asked = []

    def fetch(path: str, timeout_s: float) -> bytes:
        asked.append((path, timeout_s))
        return b'{"state": "delivered"}'

    assert CarrierClient(fetch, timeout_s=0.5).state(7) == "delivered"
    assert asked == [("/parcels/7", 0.5)]


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"status": "delivered"}'])
def test_other_answers_are_errors(body: bytes):
    with pytest.raises(CarrierError):
        CarrierClient(lambda _path, _timeout_s: body).state(7)


def test_no_answer_is_a_timeout():
    def fetch(_path: str, _timeout_s: float) -> bytes:
        raise TimeoutError

    with pytest.raises(CarrierTimeoutError, match="within 1.0 s"):
        CarrierClient(fetch).state(7)
