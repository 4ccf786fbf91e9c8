"""One spec that is being written: its draft, the file that it is meant for, and what is kept meanwhile."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from agent_gate.drafting.draft import SpecDraft
from agent_gate.drafting.preset import id_from
from agent_gate.drafting.store import DraftStore, KeptDraft, fresh_key
from agent_gate.drafting.yaml_text import from_yaml, to_yaml
from agent_gate.errors import SpecError
from agent_gate.spec.outline import SLOT


class Manuscript:
    """A new spec, or one from a file. Nothing of it touches the file before `write`."""

    def __init__(self, root: Path, drafts: DraftStore, *, key: str, path: str = "", before: str = "") -> None:
        """`path` is relative to `root`, `before` what the file held, `key` the name of the kept draft."""
        self.root = root
        self.path = path
        self.before = before
        self.restored = False
        self._first = from_yaml(before, path) if before.strip() else SpecDraft()
        self._draft = self._first
        self._drafts = drafts
        self._key = key
        self._unkept = False

    @classmethod
    def new(
        cls, root: Path, drafts: DraftStore, draft: SpecDraft, path: str = "", *, unkept: bool = False
    ) -> Self:
        """A spec that has no file yet; it begins as `draft`, which is `unkept` where a person brought it."""
        made = cls(root, drafts, key=fresh_key(), path=path)
        made._draft = draft
        made._unkept = unkept
        made.begin()
        return made

    @classmethod
    def opened(cls, root: Path, drafts: DraftStore, path: str) -> Self:
        """A file, with what was typed and not saved; raises SpecError where it cannot be read."""
        made = cls(root, drafts, key=path, path=path, before=read_text(root, path))
        kept = drafts.find(path)
        return made if kept is None else made._restore(kept)

    @classmethod
    def carried_on(cls, root: Path, drafts: DraftStore, key: str, kept: KeptDraft) -> Self:
        """A new spec that was left."""
        made = cls(root, drafts, key=key, path=kept.path)
        return made._restore(kept)

    @property
    def draft(self) -> SpecDraft:
        """As it stands now."""
        return self._draft

    @draft.setter
    def draft(self, draft: SpecDraft) -> None:
        self._unkept = self._unkept or draft != self._draft
        self._draft = draft

    def put(self, name: str, text: str) -> None:
        """Writes a field of the spec itself. The id of a new spec follows its title until it is typed."""
        before = self._draft
        draft = before.with_text(name, text)
        if name == "title" and self.is_new and before.text("id") in {"", _id_for(before)}:
            draft = draft.with_text("id", _id_for(draft))
        self.draft = draft

    @property
    def is_new(self) -> bool:
        """Nothing of it lies in a file yet."""
        return not self.before

    def keep(self) -> None:
        """Lays what was typed on the disk, where no crash takes it."""
        if self._unkept:
            self._drafts.keep(self._key, KeptDraft(path=self.path, draft=self._draft))
            self._unkept = False

    def begin(self) -> None:
        """As it stands now, the form begins."""
        if self.is_new and not self._draft.text("id"):
            self.draft = self._draft.with_text("id", _id_for(self._draft))
        self._first = self._draft

    def start_over(self) -> None:
        """Drops what was typed since it was opened or saved."""
        self._forget()
        self._draft = self._first

    def would_replace(self, path: str) -> bool:
        """Whether the file holds something that is neither what was opened nor what would be written."""
        target = self.root / path
        known = {"", self.before if path == self.path else "", to_yaml(self._draft, self.before)}
        return target.exists() and target.read_text(encoding="utf-8") not in known

    def write(self, path: str) -> None:
        """Writes the file; the kept draft has done its work. Raises OSError."""
        text = to_yaml(self._draft, self.before)
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        self._forget()
        self._first = self._draft
        self.path = self._key = path
        self.before = text

    def _forget(self) -> None:
        self._drafts.forget(self._key)
        self._unkept = False
        self.restored = False

    def _restore(self, kept: KeptDraft) -> Self:
        self._draft = kept.draft
        self.restored = True
        return self


def _id_for(draft: SpecDraft) -> str:
    """The id that follows from the title; none while the title has slots."""
    title = draft.text("title")
    return "" if SLOT.search(title) else id_from(title)


def read_text(root: Path, path: str) -> str:
    """A file's text; raises SpecError where it cannot be read."""
    try:
        return (root / Path(path)).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        told = getattr(error, "strerror", None) or str(error)
        raise SpecError(told, path=path, hint="name an existing spec file") from None


__all__ = ["Manuscript", "read_text"]
