"""What a user installs: the wheel in a clean environment, and an editable checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from program import agent_gate

ROOT = Path(__file__).resolve().parents[2]
GATES = sorted(path.stem for path in (ROOT / "gates").glob("*.toml"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)],
        check=True,
        capture_output=True,
    )
    return next(folder.glob("*.whl"))


def test_the_wheel_carries_gates_prompts_and_the_demo(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder, inside in (("gates", "agent_gate/_data/gates"), ("prompts", "agent_gate/_data/prompts")):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file():
                assert f"{inside}/{path.relative_to(ROOT / folder).as_posix()}" in names
    for path in (ROOT / "agent_gate").rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            assert path.relative_to(ROOT).as_posix() in names
    assert not [name for name in names if name.startswith(("tests/", "benchmarks/"))]


def test_the_installed_wheel_lists_the_gates_and_runs_the_demo(wheel: Path, tmp_path: Path) -> None:
    """The wheel alone in a new environment; its dependencies are lent from this one by a path file."""
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    installer = [
        sys.executable,
        "-m",
        "uv",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--offline",
    ]
    subprocess.run([*installer, "--python", str(venv / "bin" / "python"), str(wheel)], check=True)
    (site,) = venv.glob("lib/python*/site-packages")
    lent = [path for path in sys.path if path.endswith("site-packages")]
    (site / "lent.pth").write_text("\n".join(lent))
    where = tmp_path / "elsewhere"
    where.mkdir()
    found = subprocess.run(
        [str(venv / "bin" / "python"), "-c", "import agent_gate; print(agent_gate.__file__)"],
        cwd=where, check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert str(venv) in found.stdout
    done = subprocess.run(
        [str(venv / "bin" / "agent-gate"), "gates"], cwd=where, capture_output=True, text=True, check=True,
        env={**os.environ, "PATH": f"{venv / 'bin'}:{os.environ['PATH']}"},
    )  # fmt: skip
    assert [line.split()[1] for line in done.stdout.splitlines()] == GATES


@pytest.mark.usefixtures("known_canaries")
def test_the_checkout_finds_the_same_data(tmp_path: Path) -> None:
    done = agent_gate(tmp_path, "gates")
    assert done.returncode == 0, done.stderr
    assert [line.split()[1] for line in done.stdout.splitlines()] == GATES


def test_the_lock_names_no_index_and_pins_every_dependency() -> None:
    import tomllib

    lock = (ROOT / "requirements.lock").read_text()
    assert "://" not in lock
    assert "--index-url" not in lock
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    for requirement in wanted:
        name = requirement.split(">")[0].split("[")[0].replace(".", "-").lower()
        assert f"\n{name}==" in f"\n{lock}", name
    entries = [block for block in lock.split("\n\n") if block.strip()]
    assert all("--hash=sha256:" in line for line in entries)
