"""Measures with their units, and the short forms that people write them in.

`p95 <= 50 ms` is the *response measure* of a quality scenario (Bass, Clements, Kazman, *Software
Architecture in Practice*, 4th ed., ch. 3): a number without its unit says nothing about a time or a size.
The operators are those of OpenSLO v1 (`spec.objectives[].op`: lt, lte, gt, gte), and `==` and `!=` for
what is counted. Numbers are exact decimals: what a person wrote is what is compared.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from decimal import Decimal, localcontext
from typing import NamedTuple

from agent_gate.domain.visible import quoted

OPENSLO_OPERATORS: Mapping[str, str] = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}
"""The short form of each operator, and its name in OpenSLO."""
PERCENTILES: Mapping[str, Decimal] = {
    "p50": Decimal(50), "p90": Decimal(90), "p95": Decimal(95), "p99": Decimal(99), "max": Decimal(100),
}  # fmt: skip
"""The metrics that speak of how long somebody waits, by the percentage of waits that they bound."""
ERROR_BUDGET = frozenset({"error_rate", "status", "succeeded", "failed", "lost", "distinct"})
"""The metrics that say how much may go wrong."""

_TIME = ("us", "ms", "s")
_UNITS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys((*PERCENTILES, "recovery"), _TIME),
    "error_rate": ("%",),
    "throughput": ("/s",),
    "memory": ("MB",),
    **dict.fromkeys(("succeeded", "failed", "lost"), ("", "%")),
    **dict.fromkeys(("attempts", "findings", "count", "status", "distinct"), ("",)),
}
"""What each metric is measured in; an empty unit is a plain number."""
METRICS = tuple(sorted({*_UNITS, "distinct(FIELD)"} - {"distinct"}))
_SCALE: Mapping[str, Decimal] = {"us": Decimal("0.001"), "ms": Decimal(1), "s": Decimal(1000)}
_COMPARE: Mapping[str, Callable[[Decimal, Decimal], bool]] = {
    "<": operator.lt, "<=": operator.le, "==": operator.eq,
    "!=": operator.ne, ">=": operator.ge, ">": operator.gt,
}  # fmt: skip

_DIGITS = 100
"""More than the product of two numbers can have: what is compared is never rounded."""
_NUMBER = r"\d{1,12}(?:\.\d{1,9})?"
EXPECTATION_PATTERN = (
    r"\s*(?P<metric>\w+)(?:\((?P<field>[\w.]+)\))?\s*(?P<operator><=|>=|==|!=|<|>)\s*"
    rf"(?:base(?:\s*(?P<sign>[+-])\s*(?P<percent>{_NUMBER})\s*%)?|(?P<number>{_NUMBER})(?:\s*(?P<unit>us|ms|s|%|/s|MB))?)\s*"
)
_EXPECTATION = re.compile(EXPECTATION_PATTERN, re.ASCII)
_RATE = re.compile(rf"\s*(?P<number>{_NUMBER})\s*/\s*s\s*", re.ASCII)
_DURATION = re.compile(rf"\s*(?P<number>{_NUMBER})\s*(?P<unit>us|ms|s)\s*", re.ASCII)


class Quantity(NamedTuple):
    """A number and its unit: `50 ms`, `0.1 %`, `3`."""

    number: Decimal
    unit: str = ""

    @property
    def scaled(self) -> Decimal:
        """The number in the unit in which such things are compared: times in milliseconds."""
        return self.number * _SCALE.get(self.unit, Decimal(1))

    def __str__(self) -> str:
        return f"{plain_number(self.number)} {self.unit}".rstrip()


class Rate(NamedTuple):
    """So many a second: `50/s`."""

    per_second: Decimal

    @classmethod
    def parse(cls, text: str) -> Rate:
        """Reads `50/s`; raises ValueError."""
        if not (found := _RATE.fullmatch(text)):
            raise ValueError(f"{quoted(text)} is no rate; write so many a second, e.g. '50/s'")
        return cls(Decimal(found["number"]))

    def __str__(self) -> str:
        return f"{plain_number(self.per_second)}/s"


class Duration(NamedTuple):
    """So long: `20s`, `500ms`."""

    number: Decimal
    unit: str

    @classmethod
    def parse(cls, text: str) -> Duration:
        """Reads `20s`, `500 ms`, `20us`; raises ValueError."""
        if not (found := _DURATION.fullmatch(text)):
            raise ValueError(f"{quoted(text)} is no duration; write a number and us, ms or s, e.g. '20s'")
        return cls(Decimal(found["number"]), found["unit"])

    @property
    def seconds(self) -> Decimal:
        """The same in seconds."""
        return self.number * _SCALE[self.unit] / 1000

    def __str__(self) -> str:
        return f"{plain_number(self.number)}{self.unit}"


class Expectation(NamedTuple):
    """What a measured value must be: `metric op value unit`, or `metric op base + N %`."""

    metric: str
    operator: str
    limit: Quantity | None
    """None where the base is the limit."""
    base_percent: Decimal = Decimal(0)
    """With `limit` None: so many per cent above (or below) what the base measured."""
    field: str = ""
    """The FIELD of `distinct(FIELD)`."""

    @classmethod
    def parse(cls, text: str) -> Expectation:
        """Reads `p95 <= 50 ms`, `distinct(order_id) == 1`, `memory <= base + 10 %`; raises ValueError."""
        found = _EXPECTATION.fullmatch(text)
        if not found:
            raise ValueError(f"{quoted(text)}: no measure; write 'metric op value', e.g. 'p95 <= 50 ms'")
        metric, unit = found["metric"], found["unit"] or ""
        if metric not in _UNITS or bool(found["field"]) != (metric == "distinct"):
            raise ValueError(f"{quoted(text)}: no known metric; they are {', '.join(METRICS)}")
        if found["number"] is None:
            percent = Decimal(f"{found['sign'] or '+'}{found['percent'] or 0}")
            return cls(metric, found["operator"], None, percent, found["field"] or "")
        limit = Decimal(found["number"])
        if unit not in _UNITS[metric] and (unit or limit):
            units = " or ".join(u or "a plain number" for u in _UNITS[metric])
            raise ValueError(f"{quoted(text)}: {metric} is measured in {units}")
        return cls(metric, found["operator"], Quantity(limit, unit), field=found["field"] or "")

    @property
    def name(self) -> str:
        """The metric with its field: `p95`, `distinct(order_id)`."""
        return f"{self.metric}({self.field})" if self.field else self.metric

    def holds(self, measured: Quantity, base: Quantity | None = None) -> bool:
        """Whether a measured value is as expected.

        Raises ValueError where units do not fit, or the base that it is compared with was not measured.
        """
        for quantity in (measured, base):
            if quantity is not None and quantity.unit not in _UNITS[self.metric]:
                raise ValueError(f"{self.metric} cannot be {quantity}")
        if self.limit is not None:
            if self.limit.unit != measured.unit and not (
                {self.limit.unit, measured.unit} <= set(_TIME) or not self.limit.number
            ):
                raise ValueError(f"{measured} cannot be compared with {self.limit}")
            return _COMPARE[self.operator](measured.scaled, self.limit.scaled)
        if base is None:
            raise ValueError(f"{self.name} was not measured on the base")
        with localcontext(prec=_DIGITS):
            limit = base.scaled * (100 + self.base_percent) / 100
        return _COMPARE[self.operator](measured.scaled, limit)

    def __str__(self) -> str:
        if self.limit is not None:
            return f"{self.name} {self.operator} {self.limit}"
        if not self.base_percent:
            return f"{self.name} {self.operator} base"
        sign = "+" if self.base_percent > 0 else "-"
        return f"{self.name} {self.operator} base {sign} {plain_number(abs(self.base_percent))} %"


def plain_number(number: Decimal) -> str:
    """`50`, `0.1`: without an exponent and without zeros at its end."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
