"""What the shop does with orders."""

from __future__ import annotations

import logging

from shop.carrier import CarrierClient, CarrierTimeoutError
from shop.orders import Order, OrderRepository

MAX_NOTE = 500

log = logging.getLogger(__name__)


class InvalidOrderError(ValueError):
    """An order that cannot be accepted; the message is for the customer."""


class OrderService:
    """Takes orders and tells where they are."""

    def __init__(self, orders: OrderRepository, carrier: CarrierClient) -> None:
        self._orders = orders
        self._carrier = carrier
        self.carrier_timeouts = 0

    def place(self, key: str, sku: str, quantity: int, note: str = "") -> Order:
        """Takes an order; raises InvalidOrderError."""
        if not key or not sku:
            raise InvalidOrderError("an order needs a key and a sku")
        if quantity < 1:
            raise InvalidOrderError("order at least one")
        if len(note) > MAX_NOTE:
            raise InvalidOrderError(f"a note has at most {MAX_NOTE} characters")
        return self._orders.add(key, sku, quantity, note)

    def find(self, number: int) -> Order | None:
        """The order with this number."""
        return self._orders.get(number)

    def parcel(self, number: int) -> str | None:
        """Where the order's parcel is, None when there is no such order; raises CarrierError."""
        if self._orders.get(number) is None:
            return None
        try:
            return self._carrier.state(number)
        except CarrierTimeoutError:
            self.carrier_timeouts += 1
            log.warning("the carrier did not answer for order %d", number)
            raise
