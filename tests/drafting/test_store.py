from __future__ import annotations

import os
from pathlib import Path

from agent_gate.drafting.draft import SpecDraft
from agent_gate.drafting.store import DraftStore, KeptDraft, fresh_key


def kept(title: str) -> KeptDraft:
    return KeptDraft(path="specs/a.yaml", draft=SpecDraft().with_text("title", title))


def test_a_draft_is_found_by_another_process_until_it_is_forgotten(tmp_path: Path) -> None:
    DraftStore(tmp_path).keep("specs/a.yaml", kept("half a tit"))
    found = DraftStore(tmp_path).find("specs/a.yaml")
    assert found is not None
    assert found.draft.text("title") == "half a tit"
    DraftStore(tmp_path).forget("specs/a.yaml")
    DraftStore(tmp_path).forget("specs/a.yaml")
    assert DraftStore(tmp_path).find("specs/a.yaml") is None


def test_new_specs_and_files_do_not_share_a_draft(tmp_path: Path) -> None:
    store = DraftStore(tmp_path)
    store.keep("", kept("new one"))
    assert store.find("specs/a.yaml") is None
    assert store.find("new") is None


def test_a_draft_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    store = DraftStore(tmp_path)
    store.keep("", kept("x"))
    (file,) = store.root.glob("*.json")
    file.write_text('{"draft"')
    assert store.find("") is None


def test_drafts_are_the_users_own(tmp_path: Path) -> None:
    store = DraftStore(tmp_path)
    store.keep("", kept("x"))
    assert store.root.stat().st_mode & 0o077 == 0


def test_new_specs_do_not_share_a_draft_and_the_last_one_is_offered_first(tmp_path: Path) -> None:
    store = DraftStore(tmp_path)
    one, other = fresh_key(), fresh_key()
    store.keep(one, kept("the first"))
    store.keep(other, kept("the other"))
    store.keep("specs/a.yaml", kept("a file's"))
    os.utime(store.root / f"{one[1:]}.json", ns=(1, 1))
    assert [key for key, _ in store.unfinished()] == [other, one]
    store.forget(other)
    assert [found.draft.text("title") for _, found in store.unfinished()] == ["the first"]


def test_a_draft_of_an_older_version_is_still_offered(tmp_path: Path) -> None:
    store = DraftStore(tmp_path)
    store.keep("", kept("x"))
    assert [key for key, _ in store.unfinished()] == [""]


def test_a_repository_without_drafts_offers_none(tmp_path: Path) -> None:
    assert DraftStore(tmp_path).unfinished() == ()
