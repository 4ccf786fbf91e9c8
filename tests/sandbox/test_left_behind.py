from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from agent_gate.sandbox.left_behind import read_report, remove_tree


class TestReport:
    def test_a_file_is_read(self, tmp_path: Path) -> None:
        (tmp_path / "cov").mkdir()
        (tmp_path / "cov" / "report.xml").write_text("<x/>")
        assert read_report(tmp_path, "cov/report.xml") == b"<x/>"

    def test_a_link_to_a_secret_is_not_followed(self, tmp_path: Path) -> None:
        (tmp_path / "secret").write_text("token")
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "report").symlink_to(tmp_path / "secret")
        assert (tmp_path / "out" / "report").read_text() == "token"
        with pytest.raises(ValueError, match="cannot be read"):
            read_report(tmp_path / "out", "report")

    def test_a_folder_that_is_a_link_is_not_followed(self, tmp_path: Path) -> None:
        (tmp_path / "home").mkdir()
        (tmp_path / "home" / "report").write_text("token")
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "cov").symlink_to(tmp_path / "home")
        assert (tmp_path / "out" / "cov" / "report").read_text() == "token"
        with pytest.raises(ValueError, match="cannot be read"):
            read_report(tmp_path / "out", "cov/report")

    def test_a_pipe_is_not_waited_for(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "report")
        with pytest.raises(ValueError, match="not a file"):
            read_report(tmp_path, "report")

    def test_a_file_of_a_terabyte_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "report").touch()
        os.truncate(tmp_path / "report", 1 << 40)
        with pytest.raises(ValueError, match="has 1099511627776 bytes"):
            read_report(tmp_path, "report")

    @pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a//b", ".", ""])
    def test_a_name_that_climbs_is_refused(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(ValueError, match="not a name"):
            read_report(tmp_path, name)

    def test_what_is_missing_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="report cannot be read: No such file"):
            read_report(tmp_path, "report")

    def test_no_descriptor_stays_open(self, tmp_path: Path) -> None:
        (tmp_path / "cov").mkdir()
        before = len(list(Path("/proc/self/fd").iterdir()))
        for name in ("cov/none", "cov", "none/none"):
            with pytest.raises(ValueError, match=r"cov|none"):
                read_report(tmp_path, name)
        assert len(list(Path("/proc/self/fd").iterdir())) == before


def _deep(folder: Path, levels: int) -> None:
    """Folders in each other, deeper than any path may be long."""
    here = os.open(".", os.O_RDONLY)
    try:
        os.chdir(folder)
        for _ in range(levels):
            Path("deeper").mkdir()
            os.chdir("deeper")
        Path("bottom").touch()
    finally:
        os.chdir(here)
        os.close(here)


class TestRemoval:
    def test_folders_deeper_than_any_path(self, tmp_path: Path) -> None:
        top = tmp_path / "top"
        top.mkdir()
        _deep(top, 1200)
        with pytest.raises((RecursionError, OSError)):
            shutil.rmtree(top)
        remove_tree(top)
        assert not top.exists()

    def test_names_that_are_in_the_way_of_ours(self, tmp_path: Path) -> None:
        top = tmp_path / "top"
        for name in ("0/0/0", "0/1/2", "1/0/1", "a/0"):
            (top / name).mkdir(parents=True)
            (top / name / "0.txt").touch()
        (top / "2").symlink_to(tmp_path)
        remove_tree(top)
        assert list(tmp_path.iterdir()) == []

    def test_names_with_newlines_and_escapes(self, tmp_path: Path) -> None:
        top = tmp_path / "top"
        (top / "a\nb" / "\x1b[2J").mkdir(parents=True)
        (top / os.fsdecode(b"\xff\xfe")).touch()
        os.mkfifo(top / "pipe")
        remove_tree(top)
        assert not top.exists()

    def test_what_a_link_points_at_stays(self, tmp_path: Path) -> None:
        kept = tmp_path / "kept"
        kept.mkdir()
        (kept / "file").touch()
        (tmp_path / "top").mkdir()
        (tmp_path / "top" / "link").symlink_to(kept)
        remove_tree(tmp_path / "top")
        assert (kept / "file").exists()

    def test_folders_that_nobody_may_enter(self, tmp_path: Path) -> None:
        inner = tmp_path / "top" / "closed" / "inner"
        inner.mkdir(parents=True)
        inner.chmod(0)
        inner.parent.chmod(0)
        remove_tree(tmp_path / "top")
        assert not (tmp_path / "top").exists()
