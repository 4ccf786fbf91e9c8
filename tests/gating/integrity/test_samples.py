"""Every bad sample is seen by its rule, and no honest one by any."""

from __future__ import annotations

from pathlib import Path

import pytest
from integrity_samples import Sample, examined, read_samples
from repositories import new_repository

from agent_gate.vcs.repo import Repository

SAMPLES = [
    sample
    for path in sorted((Path(__file__).parent / "corpus").glob("*.toml"))
    for sample in read_samples(path)
]
BAD = [sample for sample in SAMPLES if sample.rule]
HONEST = [sample for sample in SAMPLES if not sample.rule]


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    return new_repository(tmp_path_factory.mktemp("samples") / "repository", {})


def name(sample: Sample) -> str:
    return sample.name


@pytest.mark.parametrize("sample", BAD, ids=name)
def test_the_rule_sees_it(repository: Repository, sample: Sample) -> None:
    found = examined(repository, sample.base, sample.after, sample.protected)
    assert (sample.rule, sample.level) in {(f.rule, f.level) for f in found}, found
    assert {f.level for f in found} <= {"ask", sample.level}, found


@pytest.mark.parametrize("sample", HONEST, ids=name)
def test_no_rule_minds_it(repository: Repository, sample: Sample) -> None:
    assert examined(repository, sample.base, sample.after, sample.protected) == ()
