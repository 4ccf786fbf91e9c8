from __future__ import annotations

import json
from typing import get_args

import pytest
from pydantic import ValidationError
from values import finding, sealed, started

from agent_gate.run import events as ev

KEPT = (
    *sealed(),
    ev.RunBlocked(message="no attempt is left"),
    ev.RunAborted(message="given up"),
)


def test_the_samples_hold_every_type_of_event() -> None:
    union = get_args(get_args(ev.JournalEvent)[0])
    assert {event.type for event in KEPT} == {kind.__name__ for kind in union}


@pytest.mark.parametrize("event", KEPT, ids=lambda event: event.type)
def test_an_event_comes_back_from_its_line_as_it_was(event: ev.JournalEvent) -> None:
    line = event.line()
    assert "\n" not in line
    assert ev.read_event(line) == event
    assert ev.read_event(line).line() == line


def test_a_line_begins_with_what_readers_look_for() -> None:
    data = json.loads(started().line())
    assert (data["schema"], data["seq"], data["type"]) == (1, 1, "RunStarted")
    assert data["time"].endswith("Z")
    assert data["spec"]["schema"] == "agent-gate/spec/v1"


def test_fields_of_a_later_release_are_ignored_at_any_depth() -> None:
    event = ev.ReplyRefused(attempt=1, problems=(finding(),))
    data = json.loads(event.line())
    data["later"] = 1
    data["problems"][0]["later"] = {"deep": True}
    assert ev.read_event(json.dumps(data)) == event


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{}",
        "[]",
        "not json",
        '{"type":"Invented"}',
        '{"type":"RunBlocked"}',
        '{"type":"RunBlocked","message":5}',
        '{"type":"RunBlocked","message":"x","schema":2}',
        '{"type":"RunBlocked","message":"x","time":"yesterday"}',
    ],
)
def test_what_is_no_event_is_refused(line: str) -> None:
    with pytest.raises(ValidationError):
        ev.read_event(line)


def test_times_are_in_utc_to_the_millisecond() -> None:
    now = ev.utc_now()
    assert now.utcoffset() is not None
    assert now.microsecond % 1000 == 0
