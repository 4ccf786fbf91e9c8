from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_gate.gating.mutation.examine import Examination
from agent_gate.gating.mutation.findings import cases, findings, measures
from agent_gate.gating.mutation.mutant import Mutant, mutants
from agent_gate.gating.mutation.outcome import Seen, unsteady_tests, works
from agent_gate.gating.mutation.plan import Coverage, Subject, Trial, for_all, for_verifiers
from agent_gate.gating.mutation.report import Answer, Ending, TestTrace, Trace, read_endings, read_trace

A, B, C = "test_a.py::test_a", "test_a.py::test_b", "test_c.py::test_c"
SOURCE = b"def f(a):\n    if a < 1:\n        return 2\n    return a + 3\n\n\nLIMIT = 4\n"
MUTANTS = mutants("m.py", SOURCE, range(1, 20))


def ending(
    trial: Trial, *failed: str, missed: tuple[str, ...] = (), where: str = "test", **more: Any
) -> Ending:
    passed = max(len(trial.tests) - len(failed) - len(missed), 0)
    answer = {
        "passed": passed,
        "missed": missed,
        "failed": dict.fromkeys(failed, where),
        "broken": False,
        "said": "",
    }
    return Ending.model_validate({"trial": trial.id, "end": "finished", "ms": 1, "answer": answer, **more})


def gone(trial: Trial, end: str = "died") -> Ending:
    return ending(trial, end=end, answer=None)


def endings(*each: Ending) -> dict[str, Ending]:
    return {one.trial: one for one in each}


def split(trials: list[Trial]) -> tuple[list[Trial], list[Trial]]:
    return [t for t in trials if t.kind == "mutant"], [t for t in trials if t.kind == "neutral"]


def test_each_set_of_tests_has_a_trial_that_changes_nothing_and_there_is_a_last_one() -> None:
    trials = for_all({MUTANTS[0]: (A, B), MUTANTS[1]: (A, B), MUTANTS[2]: (C,), MUTANTS[3]: ()})
    tried, neutral = split(trials)
    assert [trial.mutant for trial in tried] == list(MUTANTS[:3])
    assert {trial.tests for trial in neutral[:-1]} == {(A, B), (C,)}
    assert trials[-1].kind == "neutral"
    assert all(trial.edit == trial.mutant.neutral for trial in neutral if trial.mutant)
    assert len({trial.id for trial in trials}) == len(trials)
    assert for_all({}) == []


def test_each_verifier_is_tried_alone_and_all_of_them_once_more_at_the_end() -> None:
    trials = for_verifiers({"v": ((A,), MUTANTS[:2]), "w": ((B, C), MUTANTS[:1]), "none": ((), MUTANTS)})
    tried, neutral = split(trials)
    assert [(t.chain, t.tests) for t in tried] == [("v", (A,)), ("v", (A,)), ("w", (B, C))]
    assert [t.tests for t in neutral] == [(A,), (B, C), (A, B, C)]
    assert not any(t.stop for t in trials)
    assert trials[-1].kind == "neutral"


def test_it_is_not_always_at_the_same_place() -> None:
    firsts = {for_all({MUTANTS[0]: (A,)})[0].kind for _ in range(64)}
    assert firsts == {"mutant", "neutral"}


class TestSeen:
    def outcome(self, *failed: str, neutral: tuple[str, ...] = (), late: bool = False) -> str:
        """What one mutant of two tests ends as, when these tests fail over it and over what is no mutant."""
        (trial,), neutrals = split(for_all({MUTANTS[0]: (A, B)}))
        seen = Seen()
        over = gone(trial, "late") if late else ending(trial, *failed)
        seen.add([trial, *neutrals], endings(over, *(ending(each, *neutral) for each in neutrals)))
        return seen.outcomes[MUTANTS[0]]

    @pytest.mark.parametrize(
        ("failed", "neutral", "outcome"),
        [
            ((), (), "survived"), ((A,), (), "killed"), ((A,), (A,), "doubtful"), ((A,), (B,), "killed"),
            ((A, B), (B,), "killed"), ((), (A, B), "survived"),
        ],
    )  # fmt: skip
    def test_what_unsteady_tests_notice_does_not_count(
        self, failed: tuple[str, ...], neutral: tuple[str, ...], outcome: str
    ) -> None:
        assert self.outcome(*failed, neutral=neutral) == outcome

    def test_a_process_that_ends_or_hangs_is_noticed_by_all_its_tests(self) -> None:
        assert self.outcome(late=True) == "killed"
        assert self.outcome(late=True, neutral=(A,)) == "killed"
        assert self.outcome(late=True, neutral=(A, B)) == "doubtful"

    def test_one_that_is_found_out_later_did_not_count_before(self) -> None:
        first, second = for_all({MUTANTS[0]: (A,)}), for_all({MUTANTS[1]: (A, B)})
        seen = Seen()
        seen.add(first, endings(*(ending(t, *([A] if t.kind == "mutant" else [])) for t in first)))
        assert seen.outcomes == {MUTANTS[0]: "killed"}
        seen.add(second, endings(*(ending(t, A) for t in second)))
        assert seen.outcomes == {MUTANTS[0]: "doubtful", MUTANTS[1]: "doubtful"}

    def test_what_was_not_tried_or_not_controlled_is_not_killed(self) -> None:
        (trial,), neutrals = split(for_all({MUTANTS[0]: (A,)}))
        for known in (endings(), endings(ending(trial, A)), endings(ending(neutrals[0]))):
            seen = Seen()
            seen.add([trial, *neutrals], known)
            assert seen.outcomes == {MUTANTS[0]: "not run"}

    def test_only_failures_in_a_line_of_its_own_count_for_a_verifier(self) -> None:
        trials = for_verifiers({"v": ((A, B), MUTANTS[:3])})
        tried, neutrals = split(trials)
        seen = Seen()
        known = [ending(tried[0], A, where="source"), gone(tried[1]), ending(tried[2])]
        seen.add(trials, endings(*known, *(ending(each) for each in neutrals)))
        assert (seen.tried, seen.kills, seen.survivors) == ({"v": 3}, {}, {"v": [MUTANTS[2]]})
        seen.add(trials, endings(ending(tried[0], B), *(ending(each) for each in neutrals)))
        assert seen.kills == {("v", B): 1}
        assert seen.outcomes == {}

    def test_an_unsteady_verifier_has_noticed_nothing(self) -> None:
        trials = for_verifiers({"v": ((A,), MUTANTS[:1])})
        (trial,), neutrals = split(trials)
        seen = Seen()
        seen.add(trials, endings(ending(trial, A), *(ending(each, A) for each in neutrals)))
        assert (seen.kills, seen.unsteady) == ({}, {A})


@pytest.mark.parametrize(
    ("shape", "unsteady"),
    [({"failed": (A,)}, {A}), ({"missed": (B,)}, {B}), ({}, set()), ({"gone": True}, {A, B}), ({"broken": True}, {A, B}),
     ({"short": True}, {A, B}), ({"failed": (C,)}, {A, B})],
)  # fmt: skip
def test_tests_that_do_not_pass_where_nothing_is_changed(shape: dict[str, Any], unsteady: set[str]) -> None:
    trial = split(for_all({MUTANTS[0]: (A, B)}))[1][0]
    over = ending(trial, *shape.get("failed", ()), missed=shape.get("missed", ()))
    if shape.get("gone"):
        over = gone(trial)
    elif over.answer and (shape.get("broken") or shape.get("short")):
        change = {"broken": True} if shape.get("broken") else {"passed": 1}
        over = over.model_copy(update={"answer": over.answer.model_copy(update=change)})
    assert unsteady_tests([trial], endings(over)) == unsteady


def test_a_fault_of_our_own_must_be_noticed_by_our_own_test_in_its_own_line() -> None:
    trial = Subject.make().trial()
    (test,) = trial.tests
    assert works([trial], {})
    assert works([trial], endings(ending(trial, test)))
    other = split(for_all({MUTANTS[0]: (A,)}))[0][0]
    for known in (
        ending(trial),
        ending(trial, test, where="source"),
        gone(trial),
        ending(other),
        ending(trial, test, A),
    ):
        assert not works([trial], endings(known))


@given(
    st.lists(st.sampled_from(["killed", "survived", "died", "none"]), min_size=4, max_size=4), st.booleans()
)
def test_one_who_says_noticed_of_everything_is_not_believed(ends: list[str], neutral_noticed: bool) -> None:
    tests_of = dict.fromkeys(MUTANTS[:4], (A,))
    tried, neutrals = split(for_all(tests_of))
    made: dict[str, Callable[[Trial], list[Ending]]] = {
        "killed": lambda t: [ending(t, A)], "survived": lambda t: [ending(t)], "died": lambda t: [gone(t)], "none": lambda _: [],
    }  # fmt: skip
    known = [one for trial, end in zip(tried, ends, strict=True) for one in made[end](trial)]
    controls = [ending(n, A) if neutral_noticed else ending(n) for n in neutrals]
    seen = Seen()
    seen.add([*tried, *neutrals], endings(*known, *controls))
    expected = {"killed": "killed", "died": "killed", "survived": "survived", "none": "not run"}
    if neutral_noticed:
        expected |= {"killed": "doubtful", "died": "doubtful"}
    assert list(seen.outcomes.values()) == [expected[end] for end in ends]


def test_which_tests_may_notice_a_fault() -> None:
    places = sorted({("m.py", line) for mutant in MUTANTS for line in mutant.lines})
    run = {line: number for number, (_, line) in enumerate(places)}
    tests = [
        TestTrace(id=A, ms=30, passed=True, places=frozenset({run[2], run[4]})),
        TestTrace(id=B, ms=5, passed=False, places=frozenset({run[2]})),
        TestTrace(id=C, ms=7, passed=True, places=frozenset()),
    ]
    trace = Trace(exit_code=1, imported=frozenset({run[7]}), tests=tuple(tests), start_ms=100)
    coverage = Coverage(trace, places)
    by_line = {mutant.line: coverage.tests_of(mutant) for mutant in MUTANTS}
    assert by_line == {2: (A,), 3: (), 4: (A,), 7: (A, C)}
    near = {mutant.line: coverage.nearness(mutant, coverage.run_by((A,))) for mutant in MUTANTS}
    assert near == {2: 0, 3: 2, 4: 0, 7: 1}
    assert {mutant.line for mutant in MUTANTS if coverage.at_import(mutant)} == {7}
    wild = Coverage(Trace(exit_code=0, imported=frozenset({10**9, -5}), tests=()), places)
    assert not any(wild.at_import(mutant) or wild.tests_of(mutant) for mutant in MUTANTS)
    assert coverage.limit_s((A, C), 0.5, 10) == pytest.approx(1.37)
    assert coverage.limit_s((A,), 2, 10) == 2


def examined(outcomes: dict[Mutant, str], tests_of: dict[Mutant, tuple[str, ...]]) -> Examination:
    seen = Seen(outcomes=outcomes)  # type: ignore[arg-type]
    return Examination(tests_of=tests_of, verifiers={}, seen=seen)


def test_what_was_not_tried_is_told_and_counts_as_nothing() -> None:
    first, second, third = MUTANTS[:3]
    found = examined({first: "killed", second: "not run"}, {first: (A,), second: (A, B), third: ()})
    assert measures(found) == {
        "mutants": 3, "killed": 1, "killed_by_time_limit": 0, "survived": 0, "uncovered": 1, "not_run": 1,
    }  # fmt: skip
    told = {f.rule: (f.level, f.message) for f in findings("mutation", found)}
    assert told["not-run"] == ("note", "1 of 2 mutants were not tried: the time was up")
    assert told["uncovered"][0] == "note"


def test_where_most_were_not_tried_a_person_is_asked() -> None:
    found = examined(
        dict.fromkeys(MUTANTS[:3], "not run") | {MUTANTS[0]: "killed"}, dict.fromkeys(MUTANTS[:3], (A,))
    )
    assert [(f.rule, f.level) for f in findings("mutation", found)] == [("not-run", "ask")]


def test_a_survivor_keeps_its_fingerprint_when_it_moves() -> None:
    moved = mutants("m.py", b"\n\n" + SOURCE, range(1, 20))
    prints = [
        {f.fingerprint for f in findings("mutation", examined(dict.fromkeys(found, "survived"), dict.fromkeys(found, (A,))))}
        for found in (MUTANTS, moved)
    ]  # fmt: skip
    assert prints[0] == prints[1]
    assert len(prints[0]) == len(MUTANTS)


def test_a_weak_verifier_is_a_case_with_nothing_noticed() -> None:
    found = examined({}, {})
    found.verifiers = {"v": (A, B), "w": (B,)}
    found.seen.tried = {"v": 3, "w": 2}
    found.seen.kills = {("w", B): 1}
    found.seen.survivors = {"v": [MUTANTS[0]]}
    assert [(c.id, c.mutants_tried, c.mutants_killed) for c in cases(found)] == [(A, 3, 0), (B, 5, 1)]
    assert measures(found) == {"verifiers": 2, "noticing_verifiers": 1}
    (told,) = findings("mutation", found)
    assert (told.rule, told.level) == ("weak-test", "note")
    assert f"`{MUTANTS[0].old}` → `{MUTANTS[0].new}` (m.py:{MUTANTS[0].line})" in told.message


@pytest.mark.parametrize(
    "output",
    [b"", b"[]", b"{}", b"null", b'{"answer": 1}', b'{"end": "late", "answer": null}', b"\xff", b'{"answer": {"tests": []}}',
     b'{"answer": {"exit_code": 0, "imported": [], "tests": [], "more": 1}}', b"[" * 100_000],
)  # fmt: skip
def test_garbage_is_no_report(output: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_trace(output)
    if output:
        with pytest.raises(ValueError, match=r".+"):
            read_endings(output)


def test_reports_are_read() -> None:
    answer = {"exit_code": 0, "imported": [1], "tests": [{"id": A, "ms": 5, "passed": True, "places": [0]}]}
    trace = read_trace(json.dumps({"end": "finished", "ms": 12, "answer": answer}).encode())
    assert (trace.start_ms, trace.tests[0].id) == (7, A)
    line = Ending(trial="x", end="finished", ms=1, answer=Answer(passed=1, failed={}, broken=False, said=""))
    assert read_endings(line.model_dump_json().encode() + b"\n") == {"x": line}
