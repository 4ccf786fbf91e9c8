from __future__ import annotations

from collections.abc import Iterator, Mapping

from agent_gate.domain.spec import Spec
from agent_gate.prompting.context import render_files, render_withheld, select_files


def spec_of(
    *, context: tuple[str, ...] = (), allow: tuple[str, ...] = ("shop/**",), tests: tuple[str, ...] = ()
) -> Spec:
    clauses = [
        {"id": f"ACC-{n}", "statement": "it works", "verified_by": [f"pytest:{test}"]}
        for n, test in enumerate(tests)
    ]
    return Spec.model_validate(
        {
            "schema": "agent-gate/spec/v1",
            "id": "s",
            "title": "T",
            "goal": "G",
            "risk": "trivial",
            "paths": {"allow": allow},
            "context": context,
            "acceptance": clauses,
        }
    )


FILES = {
    "README.md": b"# readme\n",
    "shop/b.py": b"b = 1\n",
    "shop/a.py": b"a = 1\r\n",
    "shop/data.csv": b"1,2\n",
    "tests/test_a.py": b"def test_a(): ...\n",
    "other/c.py": b"c = 1\n",
}


def test_order_is_context_then_tests_then_python_files_that_may_change() -> None:
    spec = spec_of(
        context=("README.md", "shop/b.py"), tests=("tests/test_a.py::test_a", "tests/test_new.py::test_b")
    )
    chosen = select_files(spec, FILES)
    assert [(f.path, f.permitted) for f in chosen.shown] == [
        ("README.md", False),
        ("shop/b.py", True),
        ("tests/test_a.py", False),
        ("shop/a.py", True),
    ]
    assert chosen.withheld == ()


def test_order_of_the_input_means_nothing() -> None:
    spec = spec_of(context=("shop/*.csv",))
    backwards = dict(reversed(FILES.items()))
    assert select_files(spec, FILES) == select_files(spec, backwards)
    assert select_files(spec, FILES).shown[0].path == "shop/data.csv"


def test_named_files_are_shown_beyond_the_cap_and_others_are_told() -> None:
    chosen = select_files(spec_of(context=("shop/b.py",)), FILES, byte_cap=3)
    assert [f.path for f in chosen.shown] == ["shop/b.py"]
    assert [w.path for w in chosen.withheld] == ["shop/a.py"]
    assert "- shop/a.py: it would be more than 3 bytes in all" in render_withheld(chosen)


def test_smaller_files_fill_the_room_that_a_large_one_leaves() -> None:
    chosen = select_files(spec_of(), {"shop/a.py": b"#" * 100, "shop/b.py": b"b\n"}, byte_cap=10)
    assert [f.path for f in chosen.shown] == ["shop/b.py"]
    assert [w.path for w in chosen.withheld] == ["shop/a.py"]


def test_cap_is_on_all_files_together() -> None:
    chosen = select_files(
        spec_of(), {"shop/a.py": b"a\n", "shop/b.py": b"b\n", "shop/c.py": b"c\n"}, byte_cap=5
    )
    assert [f.path for f in chosen.shown] == ["shop/a.py", "shop/b.py"]


def test_secrets_are_never_shown_even_when_the_spec_names_them() -> None:
    files = {
        ".env": b"KEY=1\n",
        "shop/credentials.py": b"x\n",
        "shop/a.py": ("K = 'ghp_" + "a1B2" * 9 + "'\n").encode(),
    }
    chosen = select_files(spec_of(context=(".env", "shop/a.py")), files)
    assert chosen.shown == ()
    assert {w.path for w in chosen.withheld} == set(files)


def test_what_is_not_text_or_not_there_is_told() -> None:
    files = {"shop/a.py": b"\xff\xfe", "shop/b.py": b"a\0b", "shop/\u202ec.py": b"c\n"}
    chosen = select_files(spec_of(context=("shop/missing.py",)), files)
    assert chosen.shown == ()
    text = render_withheld(chosen)
    assert "- shop/missing.py: the spec names it, but it is not in the base" in text
    assert "- shop/a.py: it is not UTF-8 text" in text
    assert "- shop/b.py: it is not text" in text
    assert "\u202e" not in text


def test_many_withheld_files_are_counted() -> None:
    chosen = select_files(spec_of(), {f"shop/{n:03}.py": b"x\n" for n in range(150)}, byte_cap=0)
    assert render_withheld(chosen).endswith("- and 50 more")


def test_content_is_read_only_of_files_that_are_wanted() -> None:
    read: list[str] = []

    class Lazy(Mapping[str, bytes]):
        def __getitem__(self, path: str) -> bytes:
            read.append(path)
            return FILES[path]

        def __iter__(self) -> Iterator[str]:
            return iter(FILES)

        def __len__(self) -> int:
            return len(FILES)

        def __contains__(self, path: object) -> bool:
            return path in FILES

    select_files(spec_of(), Lazy())
    assert read == ["shop/a.py", "shop/b.py"]


def test_files_are_shown_with_plain_newlines_and_their_right() -> None:
    text = render_files(select_files(spec_of(context=("README.md",)), FILES))
    assert "file README.md (for reading only)\n```\n# readme\n```" in text
    assert "file shop/a.py\n```python\na = 1\n```" in text
