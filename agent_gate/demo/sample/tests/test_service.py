from __future__ import annotations

import logging

import pytest

from shop.carrier import CarrierTimeoutError
from shop.service import MAX_NOTE, InvalidOrderError, OrderService


def test_placed_order_is_found(service: OrderService):
    order = service.place("k1", "lamp", 1, "blue")
    assert service.find(order.number) == order


@pytest.mark.parametrize(
    ("key", "sku", "quantity", "note"),
    [("", "lamp", 1, ""), ("k1", "", 1, ""), ("k1", "lamp", 0, ""), ("k1", "lamp", 1, "x" * (MAX_NOTE + 1))],
)
def test_invalid_orders_are_refused(service: OrderService, key: str, sku: str, quantity: int, note: str):
    with pytest.raises(InvalidOrderError):
        service.place(key, sku, quantity, note)


def test_parcel_is_asked_of_the_carrier(service: OrderService, carrier):
    order = service.place("k1", "lamp", 1)
    carrier.states[f"/parcels/{order.number}"] = "on its way"
    assert service.parcel(order.number) == "on its way"


def test_parcel_of_no_order_is_not_asked_for(service: OrderService, carrier):
    assert service.parcel(404) is None
    assert carrier.asked == []


def test_carrier_timeout_is_counted_and_logged(service: OrderService, carrier, caplog):
    order = service.place("k1", "lamp", 1, "a private note")
    carrier.hangs = True
    with caplog.at_level(logging.WARNING), pytest.raises(CarrierTimeoutError):
        service.parcel(order.number)
    assert service.carrier_timeouts == 1
    assert f"order {order.number}" in caplog.text
    assert "private" not in caplog.text
