from __future__ import annotations

import pytest

from shop.app import MAX_BODY

ORDER = {"key": "k1", "sku": "lamp", "quantity": 2, "note": "ring twice"}


def test_order_is_created_and_shown(ask):
    status, order, _ = ask("POST", "/orders", ORDER)
    assert status == 201
    assert ask("GET", f"/orders/{order['number']}")[1] == order


def test_same_key_creates_nothing_new(ask):
    assert ask("POST", "/orders", ORDER)[1] == ask("POST", "/orders", ORDER)[1]


def test_invalid_order_is_explained(ask):
    status, body, _ = ask("POST", "/orders", {**ORDER, "quantity": 0})
    assert (status, body) == (422, {"error": "order at least one"})


@pytest.mark.parametrize("body", [None, [], {"key": "k1"}, {**ORDER, "quantity": "many"}])
def test_what_is_no_order_is_refused(ask, body):
    assert ask("POST", "/orders", body)[0] == 400


def test_large_bodies_are_refused(ask):
    assert ask("POST", "/orders", {**ORDER, "note": "x" * MAX_BODY})[0] == 413


def test_parcel_is_told(ask):
    number = ask("POST", "/orders", ORDER)[1]["number"]
    assert ask("GET", f"/orders/{number}/parcel")[1] == {"number": number, "state": "in the warehouse"}


def test_silent_carrier_gives_503(ask, carrier):
    number = ask("POST", "/orders", ORDER)[1]["number"]
    carrier.hangs = True
    status, _, headers = ask("GET", f"/orders/{number}/parcel")
    assert (status, headers["Retry-After"]) == (503, "5")


@pytest.mark.parametrize("path", ["/", "/orders/404", "/orders/x", "/orders/404/parcel", "/parcels/1"])
def test_other_pages_do_not_exist(ask, path):
    assert ask("GET", path)[0] == 404
