from __future__ import annotations

import json
from typing import Any

from spec_files import CLAUSE, GOOD

from agent_gate.spec.codes import CODES
from agent_gate.spec.lint import Review, review_spec
from agent_gate.spec.report import as_json, as_sarif, rests_on
from agent_gate.spec.surroundings import Surroundings

BOTH = CLAUSE.replace("[load]", '[load, "manual: look"]')
PERSON = f"{BOTH}acceptance:\n  - {{id: ACC-1, statement: x, verified_by: ['manual: look']}}\n"


def review(text: str, path: str = "s.yaml") -> Review:
    return review_spec(text.encode(), path, Surroundings(None))


REVIEWS = (
    review(f"{CLAUSE}colour: red\n", "specs/a b.yaml"),
    review("a: 'b\n", "torn.yaml"),
    review(GOOD + "#" * 1_100_000, "large.yaml"),
    review(GOOD),
)


def test_what_rests_on_machines_and_what_on_people() -> None:
    assert rests_on(review(GOOD)) == (0, 0)
    assert rests_on(review(CLAUSE)) == (1, 0)
    assert rests_on(review(BOTH)) == (1, 1)
    assert rests_on(review(PERSON)) == (1, 2)


class TestJson:
    def test_it_has_one_entry_a_file(self) -> None:
        data = json.loads(as_json(REVIEWS))
        assert data["schema"] == 1
        assert [spec["path"] for spec in data["specs"]] == [r.path for r in REVIEWS]

    def test_a_spec_tells_what_it_is(self) -> None:
        (spec,) = json.loads(as_json([review(PERSON)]))["specs"]
        remarks = spec.pop("remarks")
        assert spec == {
            "path": "s.yaml",
            "id": "a-change",
            "risk": "trivial",
            "clauses": 2,
            "by_machine": 1,
            "by_person": 2,
            "silenced": 0,
        }
        assert {remark["level"] for remark in remarks} == {"question"}

    def test_a_remark_has_a_code_a_level_a_place_and_words(self) -> None:
        remarks = json.loads(as_json(REVIEWS))["specs"][0]["remarks"]
        error = next(remark for remark in remarks if remark["level"] == "error")
        assert error == {
            "code": "SP01",
            "level": "error",
            "line": 13,
            "column": 1,
            "field": "colour",
            "clause": "",
            "message": "there is no such field",
            "hint": error["hint"],
        }

    def test_a_file_that_is_no_document_has_one_remark(self) -> None:
        (remark,) = json.loads(as_json(REVIEWS))["specs"][1]["remarks"]
        assert (remark["code"], remark["line"], remark["column"]) == ("YA01", 1, 4)


class TestSarif:
    """SARIF 2.1.0 (OASIS Standard, 27 March 2020): what §3 requires, and what GitHub reads."""

    log: dict[str, Any] = json.loads(as_sarif(REVIEWS, "1.2.3"))

    def test_the_log_says_which_version_it_is(self) -> None:
        assert self.log["version"] == "2.1.0"  # §3.13.2
        assert self.log["$schema"].endswith("sarif-2.1.0.json")
        (run,) = self.log["runs"]
        assert run["tool"]["driver"]["name"] == "agent-gate spec check"  # §3.19.8
        assert run["tool"]["driver"]["version"] == "1.2.3"

    def test_each_rule_stands_once_with_its_title(self) -> None:
        rules = self.log["runs"][0]["tool"]["driver"]["rules"]
        names = [rule["id"] for rule in rules]
        assert names == sorted(set(names))
        assert [rule["shortDescription"]["text"] for rule in rules] == [CODES[name].title for name in names]

    def test_each_result_points_at_its_rule_and_place(self) -> None:
        (run,) = self.log["runs"]
        results = run["results"]
        assert len(results) == sum(len(r.remarks) for r in REVIEWS)
        for result in results:
            assert result["message"]["text"]  # §3.27.11
            assert result["level"] in {"error", "warning"}
            assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
            (location,) = result["locations"]
            region = location["physicalLocation"].get("region")
            assert region is None or (region["startLine"] >= 1 and region["startColumn"] >= 1)  # §3.30.5

    def test_a_path_is_a_uri(self) -> None:
        uris = {
            r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
            for r in self.log["runs"][0]["results"]
        }
        assert uris == {"specs/a%20b.yaml", "torn.yaml", "large.yaml"}  # §3.4.3, RFC 3986

    def test_without_a_line_it_points_at_the_file(self) -> None:
        (result,) = (r for r in self.log["runs"][0]["results"] if "large" in json.dumps(r["locations"]))
        assert "region" not in result["locations"][0]["physicalLocation"]

    def test_nothing_to_say_is_an_empty_list(self) -> None:
        (run,) = json.loads(as_sarif([review(GOOD)], "1"))["runs"]
        assert run["results"] == run["tool"]["driver"]["rules"] == []
