"""What each kind of file says; what cannot be understood is told, never skipped."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_gate.gating.dependencies.manifest import Manifest, is_dependency_file, read_manifest

PYPROJECT = """
[build-system]
requires = ["hatchling>=1.27"]
[project]
name = "My.Shop"
dependencies = ["Flask>=3 ; python_version > '3.9'", "thing @ https://files.example/thing-1.0-py3-none-any.whl"]
[project.optional-dependencies]
fast = ["uvloop"]
[dependency-groups]
dev = ["pytest==9.0", {include-group = "lint"}]
lint = ["ruff"]
[tool.uv]
dev-dependencies = ["mypy"]
extra-index-url = ["https://else.example/simple"]
[tool.uv.sources]
flask = { git = "https://code.example/flask" }
other = { workspace = true }
[tool.poetry.dependencies]
python = "^3.11"
httpx = "^0.27"
own-tool = { path = "../tool" }
[tool.hatch.envs.test]
dependencies = ["coverage[toml]"]
"""

UV_LOCK = """
version = 1
[[package]]
name = "shop"
version = "0.1"
source = { editable = "." }
[[package]]
name = "flask"
version = "3.0.0"
source = { registry = "https://index.example/simple" }
wheels = [{ url = "https://files.example/flask.whl", hash = "sha256:00" }]
[[package]]
name = "fork"
version = "1.0"
source = { git = "https://code.example/fork?rev=1#abc" }
"""

POETRY_LOCK = """
[[package]]
name = "Flask"
version = "3.0.0"
files = [{file = "flask.whl", hash = "sha256:00"}]
[[package]]
name = "inner"
version = "1.0"
files = []
[package.source]
type = "legacy"
url = "https://else.example/simple"
"""

PYLOCK = """
lock-version = "1.0"
[[packages]]
name = "flask"
version = "3.0.0"
index = "https://index.example/simple"
wheels = [{name = "flask.whl", url = "https://files.example/flask.whl", hashes = {sha256 = "00"}}]
[[packages]]
name = "fork"
vcs = {type = "git", url = "https://code.example/fork", commit-id = "abc"}
"""

SETUP_CFG = """
[metadata]
name = shop
[options]
install_requires =
    flask>=3
    # a comment
    redis ; python_version > "3"
setup_requires = file: build.txt
[options.extras_require]
fast = uvloop; orjson
"""

SETUP_PY = """
from setuptools import setup
REQUIRES = ["flask>=3", "redis"]
def read(): return open("requirements.txt").read().split()
setup(name="shop", install_requires=REQUIRES, extras_require={"fast": ["uvloop"]}, tests_require=read())
"""

PACKAGE_JSON = {
    "name": "shop",
    "dependencies": {
        "react": "^18",
        "mine": "file:./mine",
        "fork": "team/fork",
        "alias": "npm:@team/real@1.2.3",
    },
    "devDependencies": {"jest": "29.0.0"},
    "overrides": {"a": {"b@1": "2.0.0"}},
}

PACKAGE_LOCK = {
    "lockfileVersion": 3,
    "packages": {
        "": {"name": "shop"},
        "node_modules/react": {
            "version": "18.0.0",
            "resolved": "https://index.example/react/-/react-18.tgz",
            "integrity": "x",
        },
        "node_modules/a/node_modules/@team/b": {"version": "1.0.0"},
        "packages/own": {"name": "own"},
    },
}

YARN_CLASSIC = """# yarn lockfile v1

"@team/a@^1.0.0", "@team/a@^1.1.0":
  version "1.1.0"
  resolved "https://index.example/@team/a/-/a-1.1.0.tgz#00"
  integrity sha512-x
  dependencies:
    react "^18"

react@^18:
  version "18.0.0"
"""

YARN_BERRY = """
__metadata:
  version: 8
"react@npm:^18":
  version: 18.0.0
  resolution: "react@npm:18.0.0"
  checksum: x
"shop@workspace:.":
  version: 0.0.0-use.local
  resolution: "shop@workspace:."
"fork@https://code.example/fork.git#commit=1":
  version: 1.0.0
  resolution: "fork@https://code.example/fork.git#commit=1"
"""

PNPM = """
lockfileVersion: '9.0'
packages:
  react@18.0.0:
    resolution: {integrity: sha512-x}
  '@team/b@1.0.0(react@18.0.0)':
    resolution: {tarball: https://files.example/b.tgz}
  /old/2.0.0: {resolution: {integrity: x}}
"""

REQUIREMENTS = """
# comment
-r more.txt
-c ../limits.txt
--extra-index-url https://me:secret@else.example/simple
Flask[async]==3.0.0 \\
    --hash=sha256:00
redis >= 5   # why
-e ./own
git+https://code.example/fork@main#egg=fork
thing @ https://files.example/thing.zip
./wheels/local-1.0-py3-none-any.whl
"""


def wanted(manifest: Manifest) -> dict[str, str]:
    """Name to specifier, or to the source in angle brackets."""
    assert not manifest.unread
    return {r.name: f"<{r.source}>" if r.source else r.specifier for r in manifest.requirements}


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        (
            "pyproject.toml",
            PYPROJECT,
            {
                "hatchling": ">=1.27", "flask": ">=3", "thing": "<https://files.example/thing-1.0-py3-none-any.whl>",
                "uvloop": "", "pytest": "==9.0", "ruff": "", "mypy": "", "httpx": "<0.28,>=0.27",
                "own-tool": "<../tool>", "coverage": "",
            },
        ),
        ("uv.lock", UV_LOCK, {"flask": "==3.0.0", "fork": "<git https://code.example/fork?rev=1#abc>"}),
        ("poetry.lock", POETRY_LOCK, {"flask": "==3.0.0", "inner": "==1.0"}),
        ("pylock.toml", PYLOCK, {"flask": "==3.0.0", "fork": "<vcs https://code.example/fork>"}),
        ("setup.cfg", SETUP_CFG, {"flask": ">=3", "redis": "", "uvloop": "", "orjson": ""}),
        ("setup.py", SETUP_PY, {"flask": ">=3", "redis": "", "uvloop": ""}),
        (
            "Pipfile",
            "[packages]\nflask = '*'\nredis = {version = '>=5'}\nfork = {git = 'https://code.example/fork'}\n",
            {"flask": "", "redis": ">=5", "fork": "<https://code.example/fork>"},
        ),
        (
            "Pipfile.lock",
            json.dumps({"_meta": {}, "default": {"flask": {"version": "==3.0", "hashes": ["sha256:0"]}}, "develop": {}}),
            {"flask": "==3.0"},
        ),
        (
            "package.json",
            json.dumps(PACKAGE_JSON),
            {"react": "^18", "mine": "<file:./mine>", "fork": "<team/fork>", "@team/real": "1.2.3", "jest": "29.0.0", "b": "2.0.0"},
        ),
        ("package-lock.json", json.dumps(PACKAGE_LOCK), {"react": "18.0.0", "@team/b": "1.0.0"}),
        ("yarn.lock", YARN_CLASSIC, {"@team/a": "1.1.0", "react": "18.0.0"}),
        ("yarn.lock", YARN_BERRY, {"react": "18.0.0", "fork": "<https://code.example/fork.git#commit=1>"}),
        ("pnpm-lock.yaml", PNPM, {"react": "18.0.0", "@team/b": "<https://files.example/b.tgz>", "old": "2.0.0"}),
        (
            "requirements.txt",
            REQUIREMENTS,
            {
                "flask": "==3.0.0", "redis": ">=5", "": "<./own>", "fork": "<git+https://code.example/fork@main#egg=fork>",
                "thing": "<https://files.example/thing.zip>", "local": "<./wheels/local-1.0-py3-none-any.whl>",
            },
        ),
    ],
)  # fmt: skip
def test_what_a_file_asks_for(path: str, text: str, expected: dict[str, str]) -> None:
    assert wanted(read_manifest(path, text.encode())) == expected


def test_what_else_a_file_says() -> None:
    project = read_manifest("pyproject.toml", PYPROJECT.encode())
    assert [setting.text for setting in project.settings] == [
        "flask: git = https://code.example/flask", "extra-index-url: https://else.example/simple",
    ]  # fmt: skip
    assert [own.name for own in project.own] == ["my-shop"]
    lines = read_manifest("a/requirements.txt", REQUIREMENTS.encode())
    assert [include.path for include in lines.includes] == ["a/more.txt", "limits.txt"]
    assert [setting.line for setting in lines.settings] == [5]
    assert [(r.name, r.line, r.hashed, r.pinned) for r in lines.requirements[:2]] == [
        ("flask", 6, True, True), ("redis", 8, False, False),
    ]  # fmt: skip
    assert {o.address for o in read_manifest("uv.lock", UV_LOCK.encode()).origins} == {
        "https://index.example", "https://files.example",
    }  # fmt: skip
    assert [c.text for c in read_manifest("setup.py", SETUP_PY.encode()).computed] == [
        "setup(tests_require=…)"
    ]
    assert [i.path for i in read_manifest("setup.cfg", SETUP_CFG.encode()).includes] == ["build.txt"]


@pytest.mark.parametrize(
    ("text", "computed"),
    [
        ("setup(install_requires=R)\nR = ['flask']\nR.append('evil')\n", True),
        ("R = ['flask']\nR = ['evil']\nsetup(install_requires=R)\n", True),
        ("R = ['flask']\nR[0] = 'evil'\nsetup(install_requires=R)\n", True),
        ("setup(**options)\n", True),
        ("setup(install_requires=[*open('x')])\n", True),
        ("R = ['flask']\nsetup(install_requires=R)\n", False),
    ],
)
def test_only_a_literal_of_setup_py_is_believed(text: str, *, computed: bool) -> None:
    assert bool(read_manifest("setup.py", text.encode()).computed) is computed


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("pyproject.toml", "[project\n"),
        ("pyproject.toml", "[project]\ndependencies = 'flask'\n"),
        ("pyproject.toml", "[project]\ndependencies = ['fla sk']\n"),
        ("pyproject.toml", "[project]\ndependencies = ['rеquests']\n"),
        ("pyproject.toml", "a = " + "[" * 5000 + "\n"),
        ("requirements.txt", "flask @\n"),
        ("requirements.txt", "--report x\n"),
        ("requirements.txt", f"a{'b' * 9000}\n"),
        ("setup.py", "def (:\n"),
        ("setup.cfg", "install_requires = x\n"),
        ("package.json", "[]"),
        ("package.json", '{"dependencies": {"../x": "1"}}'),
        ("package.json", '{"dependencies": {"x": 1}}'),
        ("package.json", '{"dependencies": {"x": "1 && rm"}}'),
        ("package-lock.json", '{"packages": {"node_modules/x": 1}}'),
        ("uv.lock", "package = 1\n"),
        ("uv.lock", "[[package]]\nname = '-x'\n"),
        ("yarn.lock", "react@^18\n"),
        ("pnpm-lock.yaml", "packages: {? [a]: }"),
    ],
)
def test_what_cannot_be_understood_is_told(path: str, text: str) -> None:
    assert read_manifest(path, text.encode()).unread


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("pnpm-lock.yaml", "[" * 100_000),
        ("pnpm-lock.yaml", "".join(f"{' ' * n}a:\n" for n in range(50))),
        ("package.json", '{"a":' * 100_000),
    ],
)
def test_nesting_is_bounded(path: str, text: str) -> None:
    """The usual way to read YAML follows it in C, and the process ends."""
    assert read_manifest(path, text.encode()).unread == "it is nested too deep"


def test_a_file_that_is_too_large_or_no_text_is_told() -> None:
    assert "larger" in read_manifest("pyproject.toml", b"#" * (3 * 1024 * 1024)).unread
    assert read_manifest("pyproject.toml", b"\xff\xfe").unread


@given(
    st.sampled_from(
        ["pyproject.toml", "setup.cfg", "setup.py", "Pipfile", "package.json", ".npmrc", "uv.lock", "Pipfile.lock",
         "package-lock.json", "yarn.lock", "pnpm-lock.yaml", "requirements.txt"]
    ),
    st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")),
)  # fmt: skip
def test_garbage_is_read_or_told_and_never_raised(path: str, content: bytes) -> None:
    assert read_manifest(path, content).path == path


def test_which_files_hold_requirements() -> None:
    for path in (
        "pyproject.toml",
        "a/requirements-dev.txt",
        "requirements/test.txt",
        "web/package.json",
        "dev-requirements.txt",
    ):
        assert is_dependency_file(path), path
    for path in ("README.md", "notes.txt", "package.py", "tsconfig.json", "Cargo.lock"):
        assert not is_dependency_file(path), path
