from __future__ import annotations

import tomllib
from collections.abc import Iterator

import pytest
from benches import Change
from hypothesis import given
from hypothesis import strategies as st
from repositories import hermetic_git_environment, new_repository

from agent_gate.gating.diff import read_diff
from agent_gate.gating.scope.files import file_remarks
from agent_gate.gating.scope.names import is_git, name_remarks
from agent_gate.gating.scope.remark import Remark, few_questions
from agent_gate.gating.scope.shadows import shadow_remarks
from agent_gate.gating.scope.size import size_remarks
from agent_gate.resources import data_directory
from agent_gate.vcs.repo import Entry, Repository

OPTIONS = tomllib.loads((data_directory("gates") / "scope.toml").read_text())["options"]

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
ELF = b"\x7fELF\x02\x01\x01\0\0"
MANY = "".join(f"x{n} = {n}\n" for n in range(401))


BASE: dict[str, str | bytes] = {
    "shop/orders.py": "import json\n\nX = 1\n",
    "shop/data.bin": b"\0\1\2",
    "shop/run.py": "print()\n",
    "shop/large.json": "[" + "1," * 600_000 + "1]",
    "patches/a.orig": "x",
    "Shop-Docs/index.md": "x",
}
ASKED = [
    ({"shop/orders.py.orig": "x"}, "stray"),
    ({"shop/orders.py~": "x"}, "stray"),
    ({"shop/.DS_Store": b"\0\0\0\1Bud1"}, "stray"),
    ({"shop/__pycache__/gone.cpython-311.pyc": b"\0\1"}, "stray"),
    ({"node_modules/left-pad/index.js": "x"}, "stray"),
    ({".coverage": b"SQLite format 3\0"}, "stray"),
    ({"shop.egg-info/PKG-INFO": "x"}, "stray"),
    ({"core.4711": ELF}, "stray"),
    ({"build/lib/shop/orders.py": "x"}, "stray"),
    ({"shop/model.bin": b"\0\1\2\3"}, "binary"),
    ({"shop/data.bin": b"\0\1\2\3\4"}, "binary"),
    ({"shop/late.dat": b"a\n" * 9000 + b"\0"}, "binary"),
    ({"shop/tool.whl": b"PK\x03\x04abc"}, "binary"),
    ({"docs/logo.png": ELF}, "binary"),
    ({"docs/logo.png": PNG + b"\0" * 1_000_001}, "binary"),
    ({"shop/paper.pdf": b"%PDF-1.7 abc"}, "binary"),
    ({"shop/all.csv": "1,2;" * 300_000}, "large-file"),
    ({"shop/many.py": MANY}, "size"),
    ({"docs/many.md": "a line\n" * 2001}, "size"),
    ({f"shop/m{n}.py": f"X = {n}\n" for n in range(31)}, "size"),
    ({"shop/Orders.py": "x"}, "case-collision"),
    ({"SHOP/other.py": "x"}, "case-collision"),
    ({"shop/caf\u00e9.txt": "x", "shop/cafe\u0301.txt": "y"}, "case-collision"),
    ({"shop/aux.py": "x"}, "windows-name"),
    ({"shop/a:b.py": "x"}, "windows-name"),
    ({"shop/notes.": "x"}, "windows-name"),
    ({"shop/" + "long/" * 40 + "a.py": "x"}, "long-path"),
]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repository]:
    """One repository for all rules that need no gate to run: nothing is ever committed to it."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in hermetic_git_environment(tmp_path_factory.mktemp("home")).items():
            patch.setenv(name, value)
        yield new_repository(tmp_path_factory.mktemp("base") / "repo", BASE)


def changed_tree(repository: Repository, base_tree: str, change: Change) -> str:
    entries: dict[str, Entry | None] = {}
    for path, content in change.items():
        data = content.encode() if isinstance(content, str) else content
        entries[path] = Entry("100644", repository.write_blob(data)) if isinstance(data, bytes) else data
    return repository.write_tree(base_tree, entries)


def remarks(repository: Repository, change: Change) -> list[Remark]:
    base_tree = repository.tree_of("HEAD")
    tree = changed_tree(repository, base_tree, change)
    diff, options = read_diff(repository, base_tree, tree), OPTIONS
    found = [
        *name_remarks(diff, lambda: repository.entries(tree)),
        *file_remarks(diff, options, lambda: repository.entries(base_tree)),
        *shadow_remarks(diff, lambda: repository.entries(base_tree)),
        *size_remarks(diff, options),
    ]
    return list(few_questions(found))


@pytest.mark.parametrize(("change", "rule"), ASKED)
def test_what_the_approver_is_asked(base: Repository, change: Change, rule: str) -> None:
    assert {(remark.rule, remark.level) for remark in remarks(base, change)} == {(rule, "ask")}


LOOK_ALIKES: list[Change] = [
    {"patches/b.orig": "x"},
    {"tests/fixtures/conflict.rej": "x"},
    {"tests/data/module.pyc": "x"},
    {"shop/original.py": "x", "shop/core.py": "x", "core/engine.py": "x", "shop/temp.py": "x"},
    {"core": "a text file"},
    {".coveragerc": "[run]\n", "shop/coverage.py": "x"},
    {"shop/distribution/pack.py": "x", "build/notes.py": "x"},
    {"docs/logo.png": PNG, "shop/static/logo.ico": b"\0\0\1\0\1\0", "shop/static/font.woff2": b"wOF2\0\1"},
    {"docs/paper.pdf": b"%PDF-1.7 abc"},
    {"docs/logo.svg": "<svg>" + "<path/>\n" * 3000 + "</svg>"},
    {"shop/data.bin": None},
    {"shop/umlaut.py": "# \u00e4\u00f6\u00fc\n".encode("latin-1")},
    {"shop/large.json": "[" + "1," * 600_001 + "1]"},
    {"poetry.lock": "line\n" * 3000},
    {"shop/many.py": MANY[: MANY.index("x400")]},
    {"tests/test_many.py": MANY},
    {f"shop/m{n}.py": f"X = {n}\n" for n in range(30)},
    {"shop/order.py": "x", "shop/orders2.py": "x", "docs/index.md": "x"},
    {
        "shop/console.py": "x",
        "shop/auxiliary.py": "x",
        "shop/com10.py": "x",
        "shop/.hidden": "x",
        "shop/a b.txt": "x",
    },
    {"docs/b\u00fccher.md": "x", "docs/\u65e5\u672c.md": "x"},
    {"shop/orders/__init__.py": "import json\n\nX = 1\n", "shop/orders.py": None},
    {"shop/orders/data.txt": "x", "tests/orders/__init__.py": "", "src/shop/__init__.py": "x"},
    {"shop/orders/helper.py": "x", "orders.py": "x"},
]


@pytest.mark.parametrize("change", LOOK_ALIKES)
def test_what_only_looks_like_it_passes(base: Repository, change: Change) -> None:
    assert remarks(base, change) == []


@pytest.mark.parametrize(
    "path", ["shop/orders/__init__.py", "shop/orders/__init__.pyc", "shop/orders/__init__.abi3.so"]
)
def test_a_package_in_front_of_a_module_blocks(base: Repository, path: str) -> None:
    found = {(remark.rule, remark.path, remark.level) for remark in remarks(base, {path: "X = 2\n"})}
    assert ("shadow", path, "block") in found


@pytest.mark.parametrize("path", ["core/__init__.py", "core.py"])
def test_a_package_in_front_of_the_one_below_src_asks(base: Repository, path: str) -> None:
    change: Change = {"src/core/__init__.py": "x"}
    before = changed_tree(base, base.tree_of("HEAD"), change)
    diff = read_diff(base, before, changed_tree(base, before, {path: "y"}))
    found = list(shadow_remarks(diff, lambda: base.entries(before)))
    assert [(remark.rule, remark.path, remark.level) for remark in found] == [("shadow", path, "ask")]


def test_a_moved_folder_is_no_large_change(base: Repository) -> None:
    files = {f"shop/m{n}.py": f"{MANY}\nY = {n}\n" for n in range(40)}
    before = changed_tree(base, base.tree_of("HEAD"), files)
    moved: dict[str, str | None] = dict.fromkeys(files)
    after = changed_tree(
        base, before, moved | {path.replace("shop/", "store/"): text for path, text in files.items()}
    )
    assert not list(size_remarks(read_diff(base, before, after), OPTIONS))


@pytest.mark.parametrize(
    "name",
    [".git", ".GIT", ".Git ", ".git.", ".gi\u200ct", "git~1", "GIT~1", ".git::$INDEX_ALLOCATION", "．git"],
)
def test_a_git_directory_in_any_spelling(name: str) -> None:
    assert is_git(name)


@pytest.mark.parametrize("name", [".gitignore", ".github", "git", "digit", "x.git", "git~2"])
def test_what_only_looks_like_one(name: str) -> None:
    assert not is_git(name)


@given(st.lists(st.booleans(), min_size=4, max_size=4), st.text(alphabet=". ", max_size=3))
def test_case_and_trailing_dots_never_help(upper: list[bool], tail: str) -> None:
    name = "".join(c.upper() if up else c for c, up in zip(".git", upper, strict=True))
    assert is_git(name + tail)


@pytest.mark.parametrize(
    ("path", "blocked"),
    [
        ("shop/__pycache__/orders.cpython-311.pyc", True),
        ("shop/orders.cpython-311-x86_64-linux-gnu.so", True),
        ("shop/orders.pyc", True),
        ("shop/fast.cpython-311-x86_64-linux-gnu.so", False),
        ("shop/__pycache__/gone.cpython-311.pyc", False),
    ],
)
def test_a_compiled_file_that_runs_in_place_of_a_source_blocks(
    base: Repository, path: str, *, blocked: bool
) -> None:
    found = remarks(base, {path: b"\xa7\r\r\n\0"})
    assert [(r.rule, r.path) for r in found if r.level == "block"] == ([("shadow", path)] if blocked else [])
    assert [r for r in found if r.level == "ask"]


def test_of_very_many_questions_of_a_kind_the_rest_is_one(base: Repository) -> None:
    stray = [r for r in remarks(base, {f"shop/f{n:02}.orig": "x" for n in range(25)}) if r.rule == "stray"]
    assert len(stray) == 6
    assert stray[-1].message == "and 20 more files, from 'shop/f05.orig' to 'shop/f24.orig'"


def test_a_base_that_windows_cannot_check_out_already_is_not_asked_about_again(base: Repository) -> None:
    before = changed_tree(base, base.tree_of("HEAD"), {"shop/aux.py": "x"})
    after = changed_tree(base, before, {"shop/con.py": "y"})
    assert not list(name_remarks(read_diff(base, before, after), lambda: base.entries(after)))
