"""An environment for the code under test that holds pytest and nothing else."""

from __future__ import annotations

import shutil
import venv
from importlib.metadata import distribution
from pathlib import Path

_DISTRIBUTIONS = ("pytest", "pluggy", "iniconfig", "packaging", "pygments")


def lean_environment(folder: Path) -> Path:
    """Makes it at `folder`, from what is installed here.

    The plugins that these tests themselves are run with would be loaded in each run of a gate: more time
    than all else in it.
    """
    venv.EnvBuilder(symlinks=True).create(folder)
    (site,) = folder.glob("lib/python*/site-packages")
    for name in _DISTRIBUTIONS:
        installed = distribution(name)
        for top in {file.parts[0] for file in installed.files or () if file.parts[0] != ".."}:
            source = Path(str(installed.locate_file(top)))
            (shutil.copytree if source.is_dir() else shutil.copy2)(source, site / top)
    return folder
