"""Whatever a trial does to the folder, the next one finds it as the tree has it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from agent_gate.gating.mutation.inside.folder import Folder

FILES = {"a.py": "A = 1\n", "deep/er/b.py": "B = 2\n", "deep/c.sh": "echo\n"}


def made(top: Path) -> Path:
    for name, text in FILES.items():
        target = top / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    (top / "deep/c.sh").chmod(0o755)
    (top / "deep/er").chmod(0o750)
    (top / "link").symlink_to("deep")
    return top


def content(top: Path) -> dict[str, str]:
    return {
        str(path.relative_to(top)): f"-> {path.readlink()}" if path.is_symlink()
        else oct(path.stat().st_mode) + (path.read_text() if path.is_file() else "")
        for path in sorted(top.rglob("*"))
    }  # fmt: skip


def _rewrite(top: Path) -> None:
    """Same size, same times: only the change time tells."""
    target = top / "a.py"
    before = target.stat()
    target.write_text("A = 9\n")
    os.utime(target, ns=(before.st_atime_ns, before.st_mtime_ns))


Step = Callable[[Path], object]
HARM: dict[str, tuple[Step, ...]] = {
    "nothing": (),
    "changed": (_rewrite,),
    "removed": (lambda top: (top / "a.py").unlink(),),
    "a folder removed": (lambda top: (top / "deep/er/b.py").unlink(), lambda top: (top / "deep/er").rmdir()),
    "added": (lambda top: (top / "new/er").mkdir(parents=True), lambda top: (top / "new/er/x.py").write_text("X")),
    "a mode": (lambda top: (top / "deep/c.sh").chmod(0o644),),
    "a folder's mode": (lambda top: (top / "deep/er").chmod(0o700),),
    "a file becomes a folder": (lambda top: (top / "a.py").unlink(), lambda top: (top / "a.py").mkdir()),
    "a file becomes a link": (lambda top: (top / "a.py").unlink(), lambda top: (top / "a.py").symlink_to("deep/c.sh")),
    "a folder becomes a link": (lambda top: (top / "deep").rename(top / "other"), lambda top: (top / "deep").symlink_to("other")),
    "a link points elsewhere": (lambda top: (top / "link").unlink(), lambda top: (top / "link").symlink_to("a.py")),
    "our own file": (lambda top: (top / "own.py").unlink(),),
}  # fmt: skip


@pytest.mark.parametrize("harm", HARM)
def test_it_comes_back(tmp_path: Path, harm: str) -> None:
    pristine, copy = made(tmp_path / "pristine"), made(tmp_path / "copy")
    folder = Folder(str(copy), str(pristine), {"own.py": "OWN = 1\n"})
    before = content(copy)
    for _ in range(2):
        folder.write("deep/er/b.py", b"B = 3\n")
        assert (copy / "deep/er/b.py").read_text() == "B = 3\n"
        for step in HARM[harm]:
            step(copy)
        folder.restore()
        assert content(copy) == before
    assert content(pristine) == {name: text for name, text in before.items() if name != "own.py"}


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    pristine, copy, outside = made(tmp_path / "pristine"), made(tmp_path / "copy"), tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("kept")
    folder = Folder(str(copy), str(pristine), {})
    (copy / "way").symlink_to(outside)
    folder.restore()
    assert (outside / "kept").read_text() == "kept"
    assert not (copy / "way").is_symlink()
