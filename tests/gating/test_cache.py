from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent_gate.domain.digest import sha256
from agent_gate.gating.cache import Cache, cache_directory

KEY = sha256(b"key")


def entry(folder: Path) -> Path:
    (found,) = (folder / "gates").rglob("*.json")
    return found


def test_a_value_is_found_again(tmp_path: Path) -> None:
    Cache(tmp_path).put(KEY, {"a": [1, None]})
    assert Cache(tmp_path).get(KEY) == {"a": [1, None]}
    assert Cache(tmp_path).get(sha256(b"other")) is None


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"null", b'{"value": 1}', b"\xff", b"[" * 100_000])
def test_a_damaged_entry_is_absent_and_written_anew(tmp_path: Path, damage: bytes) -> None:
    cache = Cache(tmp_path)
    cache.put(KEY, 1)
    entry(tmp_path).write_bytes(damage)
    assert cache.get(KEY) is None
    cache.put(KEY, 2)
    assert cache.get(KEY) == 2


def test_an_altered_value_is_absent(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put(KEY, {"status": "failed"})
    path = entry(tmp_path)
    path.write_text(path.read_text().replace("failed", "passed"))
    assert cache.get(KEY) is None


def test_an_entry_under_another_key_is_absent(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put(KEY, 1)
    other = sha256(b"other")
    moved = tmp_path / "gates" / other[7:9] / f"{other[7:]}.json"
    moved.parent.mkdir(parents=True, exist_ok=True)
    entry(tmp_path).rename(moved)
    assert cache.get(other) is None


def test_nothing_is_kept_where_it_is_turned_off(tmp_path: Path) -> None:
    Cache(tmp_path).put(KEY, 1)
    off = Cache(tmp_path, enabled=False)
    assert off.get(KEY) is None
    off.put(KEY, 2)
    assert json.loads(entry(tmp_path).read_text())["value"] == 1


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "gates").write_text("a file in the way")
    cache = Cache(tmp_path)
    cache.put(KEY, 1)
    assert cache.get(KEY) is None


def test_the_folder_can_be_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENT_GATE_CACHE_DIR", str(tmp_path))
    assert cache_directory() == tmp_path
    monkeypatch.delenv("AGENT_GATE_CACHE_DIR")
    assert cache_directory().name == "agent-gate"
