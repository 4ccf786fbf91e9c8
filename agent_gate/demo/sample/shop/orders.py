"""Orders, kept in SQLite."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

SCHEMA = """
CREATE TABLE IF NOT EXISTS orders (
    number INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    sku TEXT NOT NULL,
    quantity INTEGER NOT NULL CHECK (quantity > 0),
    note TEXT NOT NULL DEFAULT ''
)
"""


@dataclass(frozen=True)
class Order:
    """What a customer ordered. `key` is the client's own name for the order."""

    number: int
    key: str
    sku: str
    quantity: int
    note: str = ""


class OrderRepository:
    """Stores and finds orders."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._connection.execute(SCHEMA)

    def add(self, key: str, sku: str, quantity: int, note: str = "") -> Order:
        """Stores an order once: a key that is known gives the order that it named first."""
        with self._connection:
            self._connection.execute(
                "INSERT INTO orders (key, sku, quantity, note) VALUES (?, ?, ?, ?) ON CONFLICT (key) DO NOTHING",
                (key, sku, quantity, note),
            )
        row = self._connection.execute(
            "SELECT number, key, sku, quantity, note FROM orders WHERE key = ?", (key,)
        ).fetchone()
        return Order(*row)

    def get(self, number: int) -> Order | None:
        """The order with this number."""
        row = self._connection.execute(
            "SELECT number, key, sku, quantity, note FROM orders WHERE number = ?", (number,)
        ).fetchone()
        return Order(*row) if row else None
