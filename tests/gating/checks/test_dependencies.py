"""The whole gate: real files in a real repository, real pip and npm, an index on the loopback."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from importlib import metadata

import pytest
from benches import Bench, MakeBench
from package_index import PackageIndex, Release, npm_document, serve_index

from agent_gate.domain.gate import Finding, GateResult
from agent_gate.domain.policy import GateOptions, GatesPolicy, Policy
from agent_gate.gating.dependencies.pip_index import TELLS_DATES

OLD = [Release("1.0"), Release("1.1"), Release("1.2")]
needs_npm = pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not there")


def own_pip() -> tuple[int, ...]:
    return tuple(int(part) for part in metadata.version("pip").split(".")[:2] if part.isdecimal())


@pytest.fixture(autouse=True)
def index(monkeypatch: pytest.MonkeyPatch) -> Iterator[PackageIndex]:
    """An index with one package that there is nothing to say about; pip and npm are pointed at it."""
    with serve_index(PackageIndex({"soundthing": OLD})) as served:
        for name, value in served.environment().items():
            monkeypatch.setenv(name, value)
        yield served


@pytest.fixture
async def project(bench: MakeBench) -> Bench:
    return await bench({"requirements.txt": "", "a.py": "x = 1\n"}, "dependencies", confined=False)


async def added(project: Bench, *lines: str, policy: Policy | None = None) -> GateResult:
    more = {"policy": policy} if policy else {}
    return await project.result({"requirements.txt": "\n".join(lines) + "\n"}, **more)


def said(result: GateResult) -> list[tuple[str, str]]:
    """Rules and levels, without what every new package gets where index and tools are old."""
    always = {"age-unknown", "not-audited"}
    return sorted((f.rule, f.level) for f in result.findings if f.rule not in always)


def only(result: GateResult, rule: str) -> Finding:
    (found,) = [finding for finding in result.findings if finding.rule == rule]
    return found


async def test_nothing_to_say_about_an_old_package_with_a_licence(project: Bench) -> None:
    result = await added(project, "soundthing>=1.1")
    assert (result.status, said(result), result.canary) == ("passed", [], "in run")


async def test_a_hallucinated_name_fails(project: Bench) -> None:
    result = await added(project, "soundthing", "imaginary-thing==1.0")
    assert (result.status, said(result)) == ("failed", [("absent", "block")])
    found = only(result, "absent")
    assert (found.path, found.line) == ("requirements.txt", 2)
    assert "imaginary-thing" in found.message


async def test_an_index_that_says_yes_to_everything_is_not_believed(
    project: Bench, index: PackageIndex
) -> None:
    index.answers_everything = True
    result = await added(project, "soundthing")
    assert result.status == "errored"
    assert "drawn by lot" in result.reason


@pytest.mark.parametrize("status", [403, 500, 503])
async def test_an_index_that_cannot_answer_is_errored_and_never_absent(
    project: Bench, index: PackageIndex, status: int
) -> None:
    index.status = status
    result = await added(project, "soundthing")
    assert (result.status, said(result)) == ("errored", [])
    assert str(status) in result.reason


async def test_offline_is_errored_and_tells_what_the_files_told(
    project: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    result = await added(project, "soundthing", "--extra-index-url https://else.example/simple")
    assert (result.status, said(result)) == ("errored", [("index", "ask")])


async def test_young_rare_yanked_and_badly_licensed(project: Bench, index: PackageIndex) -> None:
    index.python["rarething"] = [Release("0.1", licence="Proprietary")]
    index.python["gonething"] = [Release("0.9"), Release("1.0"), Release("1.1"), Release("1.2", yanked=True)]
    index.python["namelessthing"] = [Release("1.0", licence=""), *OLD[1:]]
    result = await added(project, "rarething==0.1", "gonething==1.2", "namelessthing==1.0")
    assert result.status == "passed"
    assert said(result) == [
        ("few-releases", "ask"), ("licence", "ask"), ("licence", "ask"), ("withdrawn", "ask"),
    ]  # fmt: skip


@pytest.mark.skipif(own_pip() < TELLS_DATES, reason="this pip cannot ask for dates")
async def test_young_ones_where_the_index_tells_dates(project: Bench, index: PackageIndex) -> None:
    index.python["newthing"] = [Release(f"1.{n}", uploaded="2999-01-01T00:00:00Z") for n in range(3)]
    result = await added(project, "soundthing", "newthing")
    assert (said(result), "newthing" in only(result, "young").message) == ([("young", "ask")], True)
    assert not [finding for finding in result.findings if finding.rule == "age-unknown"]
    index.tells_dates = False
    index.python["otherthing"] = OLD
    assert "otherthing" in only(await added(project, "otherthing"), "age-unknown").message


async def test_all_releases_yanked(project: Bench, index: PackageIndex) -> None:
    index.python["gonething"] = [Release(f"1.{n}", yanked=True) for n in range(3)]
    assert said(await added(project, "gonething")) == [("withdrawn", "ask")]


async def test_a_version_that_was_never_released(project: Bench) -> None:
    assert said(await added(project, "soundthing>=99")) == [("no-version", "block")]


async def test_nothing_is_ever_built(project: Bench, index: PackageIndex) -> None:
    index.python["sourcething"] = [Release(f"1.{n}", source_only=True) for n in range(3)]
    index.python["elsewhere"] = [Release(f"1.{n}", tag="cp311-cp311-win_amd64") for n in range(3)]
    result = await added(project, "sourcething", "elsewhere; sys_platform == 'win32'")
    assert said(result) == [("no-wheel", "ask"), ("no-wheel", "note")]
    assert not [path for path in index.asked if path.endswith(".tar.gz")]


async def test_a_lock_file_names_the_host_that_the_index_has_its_files_on(
    project: Bench, index: PackageIndex
) -> None:
    index.files = index.url.replace("127.0.0.1", "localhost")
    assert said(await project.result({"uv.lock": _locked(index.files)})) == []
    assert said(await project.result({"uv.lock": _locked("http://else.example")})) == [("index", "ask")]


def _locked(host: str) -> str:
    wheel = f'{{ url = "{host}/files/soundthing/1.2/soundthing-1.2-py3-none-any.whl", hash = "sha256:{"0" * 64}" }}'
    return f'version = 1\n\n[[package]]\nname = "soundthing"\nversion = "1.2"\nsource = {{ registry = "{host}/simple" }}\nwheels = [{wheel}]\n'


async def test_a_changed_version_is_not_asked_how_old_it_is(bench: MakeBench, index: PackageIndex) -> None:
    index.python["rarething"] = [Release("0.1"), Release("0.2")]
    project = await bench({"requirements.txt": "rarething==0.1\n"}, "dependencies", confined=False)
    result = await added(project, "rarething==0.2")
    assert (result.status, said(result)) == ("passed", [])
    assert said(await added(project, "rarething==0.3")) == [("no-version", "block")]


async def test_removing_and_moving_is_nothing_to_look_at(bench: MakeBench) -> None:
    base = {
        "requirements.txt": "flask\nredis==5.0\n",
        "pyproject.toml": "[project]\nname = 'shop'\ndependencies = []\n",
    }
    project = await bench(base, "dependencies", confined=False)
    moved = {
        "requirements.txt": "redis==5.0\n",
        "pyproject.toml": "[project]\nname = 'shop'\ndependencies = ['Flask']\n",
    }
    for change in ({"requirements.txt": "flask\n"}, {"a.py": "import os\n"}, moved):
        assert (await project.result(change)).reason == "not applicable", change


async def test_the_policy_sets_licences_and_age(project: Bench) -> None:
    stated = GateOptions(licences=("GPL-3.0-only",), minimum_age_days=0)
    strict = Policy(gates=GatesPolicy(options={"dependencies": stated}))
    assert said(await added(project, "soundthing", policy=strict)) == [("licence", "ask")]


async def test_the_candidate_cannot_choose_the_index(project: Bench) -> None:
    """A configuration of the candidate's is a finding, and nobody obeys it."""
    files = {
        "requirements.txt": "imaginary-thing\n",
        "pip.conf": "[global]\nindex-url = http://127.0.0.1:9/simple\n",
        ".npmrc": "registry=http://127.0.0.1:9/\n",
    }
    assert said(await project.result(files)) == [("absent", "block"), ("index", "ask"), ("index", "ask")]


async def test_what_is_no_name_never_reaches_pip(project: Bench, index: PackageIndex) -> None:
    for line in ("--report=/tmp/x", "-vvv thing", "reqests; import os", "rеquests==1.0", "$(touch x)"):
        result = await added(project, line)
        assert (result.status, said(result)) == ("failed", [("unreadable", "block")]), line
    assert index.asked == []


async def test_the_second_look_of_a_day_asks_nobody(project: Bench, index: PackageIndex) -> None:
    first = await added(project, "soundthing")
    asked = len(index.asked)
    again = await added(project, "soundthing")
    assert (first.cached, again.cached, len(index.asked)) == (False, True, asked)


@needs_npm
async def test_packages_of_npm(bench: MakeBench, index: PackageIndex) -> None:
    old = {
        "1.0.0": "2019-01-01T00:00:00.000Z",
        "1.1.0": "2020-01-01T00:00:00.000Z",
        "2.0.0": "2021-01-01T00:00:00.000Z",
    }
    index.npm = {
        "soundthing": npm_document("soundthing", old),
        "@team/left": npm_document("@team/left", {"1.0.0": "2999-01-01T00:00:00.000Z"}, licence="UNLICENSED"),
        "tired": npm_document("tired", old, deprecated="use something else"),
    }
    project = await bench({"package.json": '{"name": "shop"}'}, "dependencies", confined=False)
    wanted = {
        "soundthing": "^1.0.0",
        "@team/left": "^1.0.0",
        "tired": "*",
        "imaginary-thing": "1",
        "soundthing2": "npm:soundthing@9",
    }
    result = await project.result({"package.json": json.dumps({"name": "shop", "dependencies": wanted})})
    assert result.status == "failed"
    assert said(result) == [
        ("absent", "block"), ("few-releases", "ask"), ("licence", "ask"), ("no-version", "block"),
        ("withdrawn", "ask"), ("young", "ask"),
    ]  # fmt: skip
    index.answers_everything = True
    result = await project.result({"package.json": json.dumps({"dependencies": {"soundthing": "1"}})})
    assert "drawn by lot" in result.reason
