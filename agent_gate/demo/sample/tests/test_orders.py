from __future__ import annotations

import sqlite3

import pytest

from shop.orders import OrderRepository


def test_order_is_stored(orders: OrderRepository):
    order = orders.add("k1", "lamp", 2, "ring twice")
    assert orders.get(order.number) == order


def test_numbers_rise(orders: OrderRepository):
    first, second = orders.add("k1", "lamp", 1), orders.add("k2", "lamp", 1)
    assert second.number > first.number


def test_same_key_gives_the_first_order(orders: OrderRepository):
    first = orders.add("k1", "lamp", 2)
    assert orders.add("k1", "chair", 9) == first


def test_unknown_number_gives_none(orders: OrderRepository):
    assert orders.get(404) is None


def test_quantity_is_checked_by_the_database(orders: OrderRepository):
    with pytest.raises(sqlite3.IntegrityError):
        orders.add("k1", "lamp", 0)


def test_note_is_data(orders: OrderRepository):
    note = "'); DROP TABLE orders; --"
    assert orders.add("k1", "lamp", 1, note).note == note
    assert orders.add("k2", "lamp", 1).number
