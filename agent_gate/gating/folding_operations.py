"""What may be done with constants to work out what they spell: each operation bounded in what it makes."""

from __future__ import annotations

import ast
import base64
import binascii
import codecs
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

LONGEST = 4096
"""Of a text or a list; what gets longer is no name that anybody hides."""
_LARGEST = 1 << 64
_FIELDS = re.compile(r"\{\d{0,2}\}")
_CONVERSIONS = re.compile(r"%[sdcr%]")


class UnknownError(Exception):
    """Not a constant, or too much of it."""


def small(value: Any) -> Any:
    """The value itself. Raises UnknownError where it is too large, or no text, list or whole number."""
    if isinstance(value, str | bytes | list | tuple):
        nested = isinstance(value, list | tuple) and any(isinstance(item, list | tuple) for item in value)
        if len(value) > LONGEST or nested:
            raise UnknownError
    elif not isinstance(value, int) or abs(value) > _LARGEST:
        raise UnknownError
    return value


_ARITHMETIC: Mapping[type[ast.operator], Callable[[int, int], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod, ast.BitXor: operator.xor, ast.BitAnd: operator.and_, ast.BitOr: operator.or_,
}  # fmt: skip


def combined(how: ast.operator, left: Any, right: Any) -> Any:
    """What an operator makes of two values. Raises UnknownError, or what the operation itself raises."""
    if isinstance(left, int) and isinstance(right, int):
        return _ARITHMETIC[type(how)](left, right)
    if isinstance(how, ast.Add) and type(left) is type(right):
        return left + right
    if isinstance(how, ast.Mult) and isinstance(right, int) and isinstance(left, str | bytes | list | tuple):
        if len(left) * max(right, 0) > LONGEST:
            raise UnknownError
        return left * right
    if isinstance(how, ast.Mod) and isinstance(left, str):
        if isinstance(right, list | bytes) or (isinstance(right, tuple) and not all(map(_is_plain, right))):
            raise UnknownError
        if len(_CONVERSIONS.findall(left)) != left.count("%") - left.count("%%"):
            raise UnknownError
        return left % right
    raise UnknownError


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int)


def _joined_with(separator: Any, parts: Any) -> Any:
    if sum(len(part) + len(separator) for part in parts) > LONGEST:
        raise UnknownError
    return separator.join(list(parts) if isinstance(parts, str) else parts)


def _formatted(text: str, *given: Any) -> str:
    if _FIELDS.sub("", text).count("{") or _FIELDS.sub("", text).count("}"):
        raise UnknownError
    if not all(map(_is_plain, given)):
        raise UnknownError
    return text.format(*given)


def _replaced(text: Any, old: Any, new: Any) -> Any:
    if len(text) + text.count(old) * len(new) > LONGEST:
        raise UnknownError
    return text.replace(old, new)


def _decoded(value: bytes, encoding: str = "utf-8") -> str:
    if encoding not in _ENCODINGS:
        raise UnknownError
    return str(value, encoding)


def _encoded(value: str, encoding: str = "utf-8") -> bytes:
    if encoding not in _ENCODINGS:
        raise UnknownError
    return value.encode(encoding)


_ENCODINGS = frozenset({"utf-8", "utf8", "ascii", "latin-1", "latin1", "UTF-8"})
_METHODS = frozenset({
    "lower", "upper", "strip", "lstrip", "rstrip", "swapcase", "title", "capitalize", "removeprefix", "removesuffix",
    "casefold", "split", "partition", "rpartition", "hex",
})  # fmt: skip
_OWN_METHODS: Mapping[str, Callable[..., Any]] = {
    "join": _joined_with, "format": _formatted, "replace": _replaced, "decode": _decoded, "encode": _encoded,
}  # fmt: skip


def method(owner: Any, name: str, given: Sequence[Any]) -> Any:
    """What a method of a text makes of its arguments. Raises UnknownError for all but a few."""
    if not isinstance(owner, str | bytes):
        raise UnknownError
    if name in _OWN_METHODS:
        return _OWN_METHODS[name](owner, *given)
    if name not in _METHODS:
        raise UnknownError
    return getattr(owner, name)(*given)


def _codec(value: Any, encoding: str) -> Any:
    if encoding in {"rot13", "rot_13"} and isinstance(value, str):
        return codecs.decode(value, "rot13")
    if encoding in {"hex", "base64"}:
        return codecs.decode(value, encoding)
    raise UnknownError


def _bytes(value: Any, *encoding: Any) -> bytes:
    if isinstance(value, int):
        raise UnknownError  # so many zero bytes
    return _encoded(value, *encoding) if isinstance(value, str) and encoding else bytes(value)


def text(value: Any, *encoding: Any) -> str:
    """The text of a text or a number; of bytes only with an encoding. Raises UnknownError."""
    if isinstance(value, bytes) and encoding:
        return _decoded(value, *encoding)
    if not isinstance(value, str | int):
        raise UnknownError
    return str(value)


def _backwards(value: Any) -> list[Any]:
    return list(reversed(value))


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "chr": chr, "ord": ord, "str": text, "bytes": _bytes, "bytearray": _bytes, "list": list, "tuple": tuple,
    "reversed": _backwards, "sorted": sorted, "bytes.fromhex": bytes.fromhex, "bytearray.fromhex": bytes.fromhex,
    "codecs.decode": _codec, "int": int, "str.join": _joined_with,
}  # fmt: skip
DECODERS: Mapping[str, Callable[..., Any]] = {
    "b64decode": base64.b64decode, "urlsafe_b64decode": base64.urlsafe_b64decode, "b32decode": base64.b32decode,
    "b16decode": base64.b16decode, "b85decode": base64.b85decode, "a85decode": base64.a85decode,
    "unhexlify": binascii.unhexlify, "a2b_hex": binascii.a2b_hex, "a2b_base64": binascii.a2b_base64,
}  # fmt: skip
