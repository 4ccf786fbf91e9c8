from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from agent_gate.domain.digest import canonical_json, sha256
from agent_gate.domain.value import PlainData, Value


class Table(Value):
    data: PlainData


def test_canonical_json_does_not_depend_on_the_order_of_keys() -> None:
    assert canonical_json({"b": 1, "a": "ü"}) == '{"a":"ü","b":1}'.encode()


def test_a_digest_says_which_kind_it_is() -> None:
    assert sha256(b"") == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_a_value_is_frozen_and_knows_its_fields() -> None:
    value = Table(data={})
    with pytest.raises(ValidationError, match="frozen"):
        value.data = {}  # type: ignore[misc]
    with pytest.raises(ValidationError, match="Extra inputs"):
        Table.model_validate({"data": {}, "more": 1})


@pytest.mark.parametrize(
    "alien", [float("nan"), float("inf"), "\ud800", object(), b"x", [float("nan")], {"\udfff": 1}]
)
def test_a_free_table_takes_only_what_json_gives_back(alien: object) -> None:
    with pytest.raises(ValidationError):
        Table(data={"a": alien})


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**15), 10**15)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), PLAIN, max_size=4))
def test_a_free_table_keeps_its_digest_through_json(data: dict[str, object]) -> None:
    value = Table(data=data)
    assert Table.model_validate_json(value.model_dump_json()).digest == value.digest
