"""The hooks gate, with real hooks and the real sandbox."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from benches import Bench, MakeBench
from registry import environment_with
from repositories import commit_all, git

from agent_gate.domain.gate import NOT_APPLICABLE, GateResult
from agent_gate.domain.policy import GateOptions, GatesPolicy, Policy
from agent_gate.domain.verdict import judge
from agent_gate.gating.catalog import load_catalog, select_gates
from agent_gate.gating.checks.hooks import configured_gates
from agent_gate.vcs.hooks import PRE_COMMIT
from agent_gate.vcs.repo import Entry, Repository

FILES = {"a.py": "a = 1\n", "b.py": "b = 1\n", "doc.txt": "words\n"}
GREP = "#!/bin/sh\nif git diff --cached -U0 | grep '^+.*FIXME'; then echo 'mend it first' >&2; exit 1; fi\n"


def install(repository: Repository, script: str, folder: Path | None = None) -> Path:
    """Sets a pre-commit hook up."""
    path = (folder or repository.common_directory / "hooks") / PRE_COMMIT
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(script)
    path.chmod(0o755)
    return path


def told(result: GateResult) -> list[tuple[str, str, str]]:
    return [(f.level, f.rule, f.path) for f in result.findings]


@pytest.fixture
async def project(bench: MakeBench) -> Bench:
    return await bench(FILES, "hooks")


async def test_without_a_hook_there_is_nothing_to_look_at(project: Bench) -> None:
    result = await project.result({"a.py": "a = 2\n"})
    assert (result.status, result.reason) == ("skipped", NOT_APPLICABLE)
    without_sandbox = await project.result({"a.py": "a = 2\n"}, sandbox=None)
    assert without_sandbox.reason == NOT_APPLICABLE
    assert configured_gates(project.repository, "HEAD") == ()


async def test_a_hook_that_looks_at_what_is_staged(project: Bench) -> None:
    install(project.repository, GREP)
    assert configured_gates(project.repository, "HEAD") == ("hooks",)
    good = await project.result({"a.py": "a = 2\n", "b.py": None})
    assert (good.status, good.findings, good.sandbox) == ("passed", (), "bubblewrap"), good
    bad = await project.result({"a.py": "a = 2  # FIXME\n"})
    assert bad.status == "failed"
    assert told(bad) == [("block", "pre-commit", "")]
    assert bad.findings[0].excerpt == "+a = 2  # FIXME\nmend it first"
    verdict = judge(None, Policy(gates=GatesPolicy(required=(), advisory=())), "t", [bad])
    assert verdict.outcome == "blocked"
    advisory = judge(None, Policy(gates=GatesPolicy(required=(), advisory=("hooks",))), "t", [bad])
    assert (advisory.outcome, len(advisory.questions)) == ("passed", 1)


def test_it_runs_where_it_is_configured_and_in_no_list() -> None:
    policy = Policy(gates=GatesPolicy(required=("scope",), advisory=()))
    catalog = load_catalog()
    assert [gate.id for gate in select_gates(policy, None, catalog)] == ["scope"]
    chosen = select_gates(policy, None, catalog, configured=("hooks",))
    assert [(gate.id, gate.stage, gate.executes) for gate in chosen][1:] == [("hooks", "tests", True)]


async def test_a_second_look_is_cached_until_the_hook_changes(project: Bench) -> None:
    path = install(project.repository, GREP)
    change = {"a.py": "a = 2\n"}
    assert [(await project.result(change)).cached for _ in range(2)] == [False, True]
    path.write_text(GREP.replace("FIXME", "a = 2"))
    result = await project.result(change)
    assert (result.status, result.cached) == ("failed", False)
    other = await project.result(change, ref="refs/heads/other")
    assert not other.cached


async def test_a_hook_that_reformats_names_what_it_would_change(project: Bench) -> None:
    install(project.repository, "#!/bin/sh\nsed -i 's/ *= */ = /' *.py && chmod +x b.py\n")
    assert (await project.result({"doc.txt": "more\n"})).findings[0].path == "b.py"
    install(project.repository, "#!/bin/sh\nsed -i 's/ *= */ = /' *.py\n")
    result = await project.result({"a.py": "a=1\n", "b.py": "b = 2\n"})
    assert (result.status, result.reason) == ("failed", "the hook would change a.py")
    assert told(result) == [("block", "changed-file", "a.py")]
    assert result.findings[0].excerpt == "@@ -1 +1 @@\n-a=1\n+a = 1"


@pytest.mark.parametrize(
    ("script", "paths"),
    [
        ("rm a.py", ["a.py"]),
        ("git rm -q --cached b.py", ["b.py"]),
        ("echo x > new.py && git add new.py", ["new.py"]),
        ("git update-index --cacheinfo 100644,$(git rev-parse :doc.txt),a.py", ["a.py"]),
        ("rm a.py && mkfifo a.py", ["a.py"]),
        ("rm a.py && ln -s /etc/passwd a.py", ["a.py"]),
        ("echo x > untracked.txt", []),
        ("git stash -q && git stash pop -q --index", []),
    ],
)
async def test_what_a_hook_leaves_behind(project: Bench, script: str, paths: list[str]) -> None:
    install(project.repository, f"#!/bin/sh\n{script}\n")
    result = await project.result({"a.py": "a = 2\n"})
    assert [f.path for f in result.findings] == paths, result
    assert result.status == ("failed" if paths else "passed")
    assert all("root:" not in f.excerpt for f in result.findings)


@pytest.mark.parametrize(
    ("script", "reason", "hint"),
    [
        ("#!/bin/sh\nsleep 60\n", "did not finish in 1 s", "timeout_s under [gates.hooks]"),
        ("#!/no/such/interpreter\n", "could not start", "advisory"),
        ("#!/bin/sh\nno-such-tool --all\n", "no-such-tool", "advisory"),
        ("#!/bin/sh\nkill -KILL $$\n", "ended by signal 9", "advisory"),
        ("#!/bin/sh\nrm -rf .git\n", "index that git cannot read", "advisory"),
    ],
    ids=["slow", "interpreter", "tool", "signal", "no index"],
)
async def test_a_hook_that_gives_no_answer_is_errored(
    bench: MakeBench, script: str, reason: str, hint: str
) -> None:
    policy = Policy(gates=GatesPolicy(options={"hooks": GateOptions(timeout_s=1)}))
    made = await bench(FILES, "hooks", policy=policy)
    install(made.repository, script)
    result = await made.result({"a.py": "a = 2\n"})
    assert result.status == "errored", result
    assert reason in result.reason
    assert hint in result.hint
    assert "advisory" in result.hint


@pytest.mark.parametrize("confined", [False, True])
async def test_a_script_without_a_first_line_is_the_shells_as_in_git(
    bench: MakeBench, confined: bool
) -> None:
    project = await bench(FILES, "hooks", confined=confined)
    install(project.repository, "test -f a.py\n")
    assert (await project.result({"b.py": "b = 2\n"})).status == "passed"
    assert (await project.result({"a.py": None})).status == "failed"


async def test_what_it_says_does_not_depend_on_where_it_ran(project: Bench) -> None:
    install(project.repository, '#!/bin/sh\necho "$PWD/a.py: wrong"\nexit 1\n')
    results = [await project.result({"a.py": "a = 2\n"}, use_cache=False) for _ in range(2)]
    assert results[0].findings[0].excerpt == "a.py: wrong"
    assert results[0].findings == results[1].findings


async def test_the_environment_of_the_tests_comes_first_on_the_path(project: Bench) -> None:
    python = project.request.environment.python
    install(
        project.repository, f'#!/bin/sh\ntest "$(command -v {python.name})" = {python} && ruff --version\n'
    )
    assert (await project.result({"a.py": "a = 2\n"})).status == "passed"


async def test_a_hook_finds_what_git_tells_it(project: Bench) -> None:
    install(
        project.repository,
        "#!/bin/sh\nset -e\n"
        'test "$0" = .git/hooks/pre-commit; test $# = 0\n'
        'test "$GIT_INDEX_FILE" = .git/index; test "$GIT_EDITOR" = :\n'
        'test "$(git rev-parse --show-toplevel)" = "$PWD"\n'
        'test "$(git symbolic-ref HEAD)" = refs/heads/main; test "$(git rev-list --count HEAD)" = 1\n'
        'git diff-files --quiet; test "$(git diff --cached --name-only)" = a.py\n'
        '. "$(dirname "$0")/beside"; beside\n',
    )
    (project.repository.common_directory / "hooks" / "beside").write_text("beside() { true; }\n")
    result = await project.result({"a.py": "a = 2\n"})
    assert result.status == "passed", result


async def test_the_branch_is_the_one_it_shall_land_on(project: Bench) -> None:
    install(project.repository, '#!/bin/sh\ntest "$(git symbolic-ref HEAD)" != refs/heads/main\n')
    assert (await project.result({"a.py": "a = 2\n"})).status == "failed"
    assert (await project.result({"a.py": "a = 2\n"}, ref="refs/heads/topic")).status == "passed"


async def test_a_program_that_the_hook_names_is_shown_with_its_interpreter(
    project: Bench, tmp_path: Path
) -> None:
    own = tmp_path / "own tools"
    own.mkdir()
    (own / "python3").symlink_to(sys.executable)
    tool = own / "tool"
    tool.write_text(f"#!{tmp_path}/python3\nimport sys\nsys.exit(0)\n")
    (tmp_path / "python3").symlink_to(sys.executable)
    tool.chmod(0o755)
    install(project.repository, f"#!/bin/bash\nset -e\nTOOL='{tool}'\n\"$TOOL\"\n\"{own}/python3\" -c ''\n")
    assert (await project.result({"a.py": "a = 2\n"})).status == "passed"


async def test_a_program_of_the_change_is_never_started_outside(project: Bench, tmp_path: Path) -> None:
    witness = tmp_path / "ran"
    program = project.repository.root / "python-tool"
    program.write_text(f"#!/bin/sh\ntouch {witness}\necho {{}}\n")
    program.chmod(0o755)
    install(project.repository, f"#!/bin/sh\ntest -e {program} || exit 0\n{program}\n")
    entry = Entry("100755", project.repository.write_blob(program.read_bytes()))
    assert (await project.result({"python-tool": entry})).status == "passed"
    assert not witness.exists()


class _Answering(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def listening() -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), _Answering)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("confined", [False, True])
async def test_nothing_of_the_user_can_be_read_or_reached(
    bench: MakeBench, tmp_path: Path, listening: int, monkeypatch: pytest.MonkeyPatch, confined: bool
) -> None:
    made = await bench(FILES, "hooks", confined=confined)
    key = tmp_path / ".ssh" / "id_ed25519"
    key.parent.mkdir()
    key.write_text("PRIVATE")
    monkeypatch.setenv("API_TOKEN", "TOKEN")
    git(made.repository.root, "config", "http.extraheader", "HEADER")
    configuration = made.repository.common_directory / "config"
    install(
        made.repository,
        f"#!/bin/sh\ncat {key} {configuration}\nenv | grep TOKEN\n"
        f"{sys.executable} -c 'import urllib.request as r; r.urlopen(\"http://127.0.0.1:{listening}\")' && echo REACHED\n"
        "exit 1\n",
    )
    result = await made.result({"a.py": "a = 2\n"})
    excerpt = result.findings[0].excerpt
    assert result.sandbox == ("bubblewrap" if confined else "none")
    for secret in ("PRIVATE", "HEADER", "REACHED"):
        assert (secret in excerpt) == (not confined), secret
    assert "TOKEN" not in excerpt


async def test_a_tracked_hook_is_the_bases_whatever_the_change_makes_of_it(bench: MakeBench) -> None:
    made = await bench(FILES, "hooks")
    repository = made.repository
    install(repository, '#!/bin/sh\n. "$(dirname "$0")/words"\ncheck\n', repository.root / ".githooks")
    (repository.root / ".githooks" / "words").write_text("check() { ! grep -n FIXME a.py; }\n")
    base = commit_all(repository.root, "a hook")
    git(repository.root, "config", "core.hooksPath", ".githooks")
    tree = repository.tree_of(base)
    made = replace(made, request=replace(made.request, base_commit=base, base_tree=tree, tree=tree))
    disarmed: dict[str, str | Entry] = {
        ".githooks/pre-commit": Entry("100755", repository.write_blob(b"#!/bin/sh\nexit 0\n")),
        ".githooks/words": "check() { true; }\n",
        ".githooks/more": "x\n",
    }
    bad = await made.result({"a.py": "a = 2  # FIXME\n", **disarmed})
    assert bad.status == "failed"
    assert bad.findings[0].excerpt == "1:a = 2  # FIXME"
    edits = [(level, path) for level, rule, path in told(bad) if rule == "hook-definition"]
    assert edits == [("ask", path) for path in sorted(disarmed)]
    gone = await made.result({"a.py": "a = 2  # FIXME\n", **dict.fromkeys(disarmed), ".githooks/more": "y"})
    assert gone.status == "failed"
    good = await made.result({"a.py": "a = 2\n", **disarmed})
    assert good.status == "passed"


async def test_a_hook_that_the_base_does_not_hold_is_errored(project: Bench) -> None:
    install(project.repository, "#!/bin/sh\nexit 0\n", project.repository.root / "_")
    git(project.repository.root, "config", "core.hooksPath", "_")
    assert configured_gates(project.repository, "HEAD") == ("hooks",)
    result = await project.result({"a.py": "a = 2\n"})
    assert result.status == "errored"
    assert "commit it first" in result.hint


async def test_the_users_repository_is_left_alone(project: Bench) -> None:
    install(project.repository, "#!/bin/sh\ngit commit -q -m more && git branch other && rm -rf *\n")
    before = (
        git(project.repository.root, "for-each-ref"),
        (project.repository.git_directory / "index").read_bytes(),
    )
    result = await project.result({"a.py": "a = 2\n"})
    assert result.status == "failed"
    after = (
        git(project.repository.root, "for-each-ref"),
        (project.repository.git_directory / "index").read_bytes(),
    )
    assert before == after
    assert (project.repository.root / "a.py").exists()


CONFIGURATION = """\
repos:
  - repo: local
    hooks:
      - id: no-fixme
        name: no FIXME
        language: system
        entry: sh -c '! grep -n FIXME "$@"' --
        files: \\.py$
"""


@pytest.fixture(scope="module")
def pre_commit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pre-commit framework, installed from the index into an environment of its own."""
    return environment_with(tmp_path_factory.mktemp("framework") / "venv", "pre-commit") / "pre-commit"


def framework_does(pre_commit: Path, made: Bench, command: str) -> None:
    subprocess.run([pre_commit, command], cwd=made.repository.root, check=True, capture_output=True)


@pytest.fixture
async def framework(bench: MakeBench, pre_commit: Path) -> Bench:
    made = await bench({**FILES, ".pre-commit-config.yaml": CONFIGURATION}, "hooks")
    framework_does(pre_commit, made, "install")
    return made


@pytest.mark.registry
async def test_the_pre_commit_framework(
    framework: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = await framework.result({"a.py": "a = 2\n"})
    assert good.status == "passed", good
    bad = await framework.result({"a.py": "a = 2  # FIXME\n"})
    assert bad.status == "failed", bad
    assert "1:a = 2  # FIXME" in bad.findings[0].excerpt
    assert "no-fixme" in bad.findings[0].excerpt
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("PRE_COMMIT_HOME", str(tmp_path / "empty"))
    assert (await framework.result({"a.py": "a = 3\n"})).status == "passed"


@pytest.mark.registry
@pytest.mark.parametrize(
    "more",
    [
        {".pre-commit-config.yaml": "repos: []\n"},
        {".pre-commit-config.yaml": None},
        {"pre_commit/__init__.py": "", "pre_commit/__main__.py": "raise SystemExit(0)\n"},
        {"yaml.py": "raise SystemExit(0)\n"},
    ],
    ids=["other configuration", "none", "another pre_commit", "another yaml"],
)
async def test_a_change_does_not_disarm_the_framework(framework: Bench, more: dict[str, str | None]) -> None:
    result = await framework.result({"a.py": "a = 2  # FIXME\n", **more})
    assert result.status == "failed", result
    assert "no-fixme" in result.findings[0].excerpt


WITH_ENVIRONMENT = """\
repos:
  - repo: local
    hooks:
      - id: no-fixme
        name: no FIXME
        language: python
        entry: python -c 'import sys; sys.exit(any("FIXME" in open(p).read() for p in sys.argv[1:]))'
        files: \\.py$
"""
FROM_ELSEWHERE = """\
repos:
  - repo: https://hooks.invalid/hooks
    rev: v1
    hooks:
      - id: no-fixme
"""


@pytest.mark.registry
async def test_a_tool_that_the_framework_does_not_find_is_no_verdict(
    bench: MakeBench, pre_commit: Path
) -> None:
    configuration = CONFIGURATION.replace("entry: sh -c '! grep -n FIXME \"$@\"' --", "entry: no-such-tool")
    made = await bench({**FILES, ".pre-commit-config.yaml": configuration}, "hooks")
    framework_does(pre_commit, made, "install")
    result = await made.result({"a.py": "a = 2\n"})
    assert result.status == "errored", result
    assert "Executable `no-such-tool` not found" in result.reason


@pytest.mark.registry
@pytest.mark.slow
async def test_environments_that_the_framework_has_installed_are_used(
    bench: MakeBench, pre_commit: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRE_COMMIT_HOME", str(tmp_path / "store"))
    made = await bench({**FILES, ".pre-commit-config.yaml": WITH_ENVIRONMENT}, "hooks")
    for command in ("install", "install-hooks"):
        framework_does(pre_commit, made, command)
    for path in (tmp_path / "store", *(tmp_path / "store").glob("*")):  # where root runs the tests
        path.chmod(path.stat().st_mode | (0o055 if path.is_dir() else 0o044))
    good = await made.result({"a.py": "a = 2\n"})
    assert good.status == "passed", good
    assert (await made.result({"a.py": "a = 2  # FIXME\n"})).status == "failed"


@pytest.mark.registry
async def test_an_environment_that_is_not_installed_is_no_verdict(bench: MakeBench, pre_commit: Path) -> None:
    made = await bench({**FILES, ".pre-commit-config.yaml": FROM_ELSEWHERE}, "hooks")
    framework_does(pre_commit, made, "install")
    result = await made.result({"a.py": "a = 2\n"})
    assert result.status == "errored", result
    assert "pre-commit could not run: An unexpected error" in result.reason
    assert "install-hooks" in result.hint
