"""Shifts by way of the API: recurrences, single changes, files, coverage, and that an end never touches a live call."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app.people.roles import Role
from telephony.clock import RealClock

pytestmark = pytest.mark.anyio

NIGHTS = {
    "first_on": "2026-11-21", "rule": "freq=weekly;byday=sa,su", "start": "22:00", "end": "06:00",
    "zone": "America/New_York",
}  # fmt: skip
WEEKLY = {"weekday": 0, "start": "22:00", "end": "06:00", "zone": "America/New_York"}
FIRST = "2026-11-21T22:00:00"


class Later(RealClock):
    """The machine's clock, and some seconds more."""

    ahead = 0.0

    def now(self) -> float:
        return super().now() + self.ahead


@pytest.fixture
def ctx(ctx):
    return dataclasses.replace(ctx, clock=Later())


def around_now(hours: float = 1, zone: str = "UTC") -> dict[str, Any]:
    """Every day from an hour ago to so many hours from now, on the minute."""
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    begin, end = now - timedelta(hours=1), now + timedelta(hours=hours)
    return {
        "first_on": str((begin - timedelta(days=2)).date()), "rule": "FREQ=DAILY", "start": f"{begin:%H:%M}",
        "end": f"{end:%H:%M}", "zone": zone,
    }  # fmt: skip


async def test_a_recurrence_is_added_listed_changed_and_restored(hotline) -> None:
    admin, person = await hotline.person(Role.admin), await hotline.person(always_on=False)
    made = (await admin.post("shifts", NIGHTS | {"specialist_id": person.spec})).json()
    assert (made["rule"], made["weekday"], made["first_on"]) == ("FREQ=WEEKLY;BYDAY=SA,SU", 5, "2026-11-21")
    window = f"shifts/occurrences?since=2026-11-20&days=4&specialist_id={person.spec}"

    async def begins() -> list[str]:
        return [one["begin"] for one in (await person.get(window)).json()]

    assert await begins() == ["2026-11-22T03:00:00Z", "2026-11-23T03:00:00Z"]
    named = {"shift_id": made["id"], "original": FIRST}
    assert (await admin.post("shifts/changes", named | {"cancelled": True})).status_code == 200
    assert await begins() == ["2026-11-23T03:00:00Z"]
    moved = {"start": "2026-11-21T20:00", "end": "21:00"}
    assert (await admin.post("shifts/changes", named | moved)).json()["cancelled"] is False
    assert await begins() == ["2026-11-22T01:00:00Z", "2026-11-23T03:00:00Z"]
    [listed] = (await admin.get("shifts")).json()
    assert [change["original"] for change in listed["changes"]] == [FIRST]
    gone = f"/api/shifts/changes?shift_id={made['id']}&original={FIRST}"
    assert [(await admin.http.delete(gone)).status_code for _ in range(2)] == [204, 404]
    assert await begins() == ["2026-11-22T03:00:00Z", "2026-11-23T03:00:00Z"]


WRONG = [
    {"rule": "FREQ=HOURLY"}, {"rule": "FREQ=WEEKLY;BYDAY=MO"}, {"rule": "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"},
    {"rule": "FREQ=DAILY;COUNT=99999"}, {"first_on": None}, {"weekday": 3}, {"first_on": "0001-01-01"},
    {"first_on": "9999-12-31"}, {"valid_from": "2026-01-01"}, {"start": "22:00:30"}, {"end": "06:00+01:00"},
    {"kind": "night"}, {"rule": "X" * 400},
]  # fmt: skip


async def test_a_recurrence_that_is_none_changes_nothing(hotline) -> None:
    admin, person = await hotline.person(Role.admin), await hotline.person()
    for wrong in WRONG:
        answer = await admin.post("shifts", NIGHTS | {"specialist_id": person.spec} | wrong)
        assert answer.status_code == 422, wrong
        assert answer.json()["error"]["message"]
    late = WEEKLY | {"specialist_id": person.spec, "valid_from": "9999-12-31"}
    assert (await admin.post("shifts", late)).status_code == 422
    assert (await admin.post("shifts", NIGHTS | {"specialist_id": "nobody"})).status_code == 404
    assert (await admin.get("shifts")).json() == []


async def test_a_change_of_what_is_no_shift_changes_nothing(hotline) -> None:
    admin, person = await hotline.person(Role.admin), await hotline.person()
    made = (await admin.post("shifts", NIGHTS | {"specialist_id": person.spec})).json()
    named = {"shift_id": made["id"], "original": FIRST}
    for wrong, status in (
        ({"original": "2026-11-23T22:00", "cancelled": True}, 404),
        ({"shift_id": 99_999, "cancelled": True}, 404),
        ({}, 422),
        ({"start": "2026-11-21T20:00"}, 422),
        ({"cancelled": True, "end": "21:00"}, 422),
        ({"start": "2026-11-21T20:00+01:00", "end": "21:00"}, 422),
        ({"original": "0001-01-01T00:00", "cancelled": True}, 422),
    ):
        assert (await admin.post("shifts/changes", named | wrong)).status_code == status, wrong
    assert (await admin.get("shifts")).json() == [made]


async def test_a_weekly_shift_of_the_release_before_is_read_as_a_recurrence(hotline) -> None:
    admin, person = await hotline.person(Role.admin), await hotline.person(always_on=False)
    row = "INSERT INTO shifts (specialist_id, weekday, starts, ends, zone, valid_until) VALUES "
    async with hotline.ctx.sessions.begin() as store:
        await store.execute(text(f"{row} ('{person.spec}', 4, '22:00', '06:00', 'Europe/Berlin', '2026-12-04')"))
    await hotline.desk.roster.load()
    [listed] = (await admin.get("shifts")).json()
    assert (listed["first_on"], listed["rule"]) == ("2000-01-07", "FREQ=WEEKLY;UNTIL=20261204")
    answer = await person.get("shifts/occurrences?since=2026-11-24&days=30")
    assert [one["begin"] for one in answer.json()] == ["2026-11-27T21:00:00Z", "2026-12-04T21:00:00Z"]


async def test_a_shift_without_a_rule_is_once_also_for_the_release_before(hotline) -> None:
    admin, person = await hotline.person(Role.admin), await hotline.person()
    made = (await admin.post("shifts", NIGHTS | {"specialist_id": person.spec, "rule": ""})).json()
    assert (made["valid_from"], made["valid_until"], made["weekday"]) == ("2026-11-21", "2026-11-21", 5)


async def test_a_shifts_end_never_touches_a_live_call_and_ends_being_offered_more(hotline) -> None:
    """The owner's shift is over in the middle of the call: the call goes on, and no other caller is offered."""
    admin, person = await hotline.person(Role.admin), await hotline.person(always_on=False)
    await admin.post("shifts", around_now(0.25) | {"specialist_id": person.spec})
    await person.beat()
    call = await hotline.caller()
    offer = (await person.beat())["offers"][0]["offer"]
    won = (await person.post(f"offers/{offer}/accept", {"tab": "t"})).json()
    sid = "CA" + "a" * 32
    seat = await hotline.ctx.board.seat(person.spec, offer=offer, token=won["token"], sid=sid)
    await hotline.ctx.board.leg_joined(call.id, sid, seat.label, "CF1", None)
    await person.post(f"calls/{call.id}/media")
    await hotline.ctx.board.leg_joined(call.id, call.sid, f"caller_{call.id}_1", "CF1", None)

    hotline.ctx.clock.ahead = 20 * 60
    assert not hotline.desk.roster.get(person.spec).on_shift(hotline.ctx.clock.now())
    for _ in range(3):
        me = await person.beat(call=call.id, rtp_age_ms=20)
        assert me["duty"] == "talking"
    known = await hotline.ctx.board.call(call.id)
    assert (known.state, known.owner) == ("talking", person.spec)

    await hotline.ctx.board.caller_gone(call.id, call.sid, status="completed", side="caller", at_ms=None)
    await person.post("wrap-up/done")
    assert (await person.beat())["duty"] == "idle"
    await hotline.caller("+12025550124")
    assert not (await person.beat())["offers"]
    hotline.ctx.clock.ahead = 0
    assert (await person.beat())["offers"]


async def test_a_lead_on_call_takes_what_is_open_to_anyone_and_nothing_else(hotline) -> None:
    admin = await hotline.person(Role.admin)
    lead = await hotline.person(Role.lead, always_on=False)
    other = await hotline.person(always_on=False)
    assert (await lead.get("shifts/on-call")).json() == []
    body = around_now() | {"kind": "on_call"}
    refused = await admin.post("shifts", body | {"specialist_id": other.spec})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "not_a_lead")
    assert (await admin.post("shifts", body | {"specialist_id": lead.spec})).status_code == 201
    [called] = (await other.get("shifts/on-call")).json()
    assert called["specialist_id"] == lead.spec
    now = hotline.ctx.clock.now()
    known = hotline.desk.roster.get(lead.spec)
    assert known.on_shift(now)
    assert {lane.split("|")[2] for lane in known.lanes_at(now)} == {"any", "lead"}
    await admin.post("shifts", around_now() | {"specialist_id": lead.spec})
    assert hotline.desk.roster.get(lead.spec).lanes_at(now) == known.lanes


async def test_overlapping_shifts_are_one_stretch_on_shift(hotline) -> None:
    admin, person = await hotline.person(Role.admin), await hotline.person(always_on=False)
    for hours in (0.1, 2):
        await admin.post("shifts", around_now(hours) | {"specialist_id": person.spec})
    now = hotline.ctx.clock.now()
    known = hotline.desk.roster.get(person.spec)
    assert known.on_shift(now + 3600)
    assert 3600 < known.on_until(now) - now <= 7200


async def test_coverage_says_gaps_and_thin_hours_ahead(hotline) -> None:
    admin, lead = await hotline.person(Role.admin), await hotline.person(Role.lead, lines=[])
    one = await hotline.person(always_on=False, languages=["en"])
    two = await hotline.person(always_on=False, languages=["en", "es"])
    daily = {"first_on": "2026-01-01", "rule": "FREQ=DAILY", "zone": "UTC"}
    await admin.post("shifts", daily | {"specialist_id": one.spec, "start": "00:00", "end": "00:00"})
    await admin.post("shifts", daily | {"specialist_id": two.spec, "start": "08:00", "end": "16:00"})
    answer = (await lead.get("shifts/coverage?days=7")).json()
    known = {line["language"]: line for line in answer["lines"]}
    assert known["en"]["gaps"] == []
    assert known["en"]["always_on"] == 0
    assert hours(known["en"]["thin"]) == 7 * 16
    assert hours(known["es"]["gaps"]) == 7 * 16
    assert hours(known["es"]["thin"]) == 7 * 8
    assert hours(answer["on_call_gaps"]) == 7 * 24
    assert not (await lead.get("shifts/coverage?wanted=1")).json()["lines"][0]["thin"]
    for wrong in ("days=0", "days=22", "days=x", "wanted=0"):
        assert (await lead.get(f"shifts/coverage?{wrong}")).status_code == 422
    await admin.http.patch(f"/api/specialists/{one.spec}", json={"active": False})
    answer = (await lead.get("shifts/coverage?days=7")).json()
    assert hours(answer["lines"][0]["gaps"]) == 7 * 16


def hours(stretches: list[dict[str, Any]]) -> float:
    """Added up as whole microseconds: the coverage begins now, at any of them."""
    read = datetime.fromisoformat
    return sum((read(one["end"]) - read(one["begin"]) for one in stretches), timedelta()) / timedelta(hours=1)


async def test_a_file_comes_in_goes_out_and_comes_in_again(hotline) -> None:
    admin, lead = await hotline.person(Role.admin), await hotline.person(Role.lead)
    person, other = await hotline.person(always_on=False), await hotline.person()
    await admin.post("shifts", NIGHTS | {"specialist_id": person.spec, "zone": "UTC"})
    file = (await person.http.get("/api/shifts/export")).text
    assert file.startswith("BEGIN:VCALENDAR")
    theirs = {"specialist_id": other.spec, "ics": file}
    assert (await admin.post("shifts/import", theirs)).json() == {"added": 1, "changed": 0}
    assert (await admin.post("shifts/import", theirs)).json() == {"added": 0, "changed": 1}
    again = {"specialist_id": person.spec, "ics": file.replace("T220000", "T210000")}
    assert (await admin.post("shifts/import", again)).json() == {"added": 0, "changed": 1}
    mine, copied = [
        [one["begin"] for one in (await lead.get(f"shifts/occurrences?specialist_id={who.spec}")).json()]
        for who in (person, other)
    ]
    assert mine[0][11:13] == "21"
    assert copied[0][11:13] == "22"
    answer = await lead.http.get(f"/api/shifts/export?specialist_id={other.spec}")
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, "text/calendar")
    assert (await person.http.get(f"/api/shifts/export?specialist_id={other.spec}")).status_code == 403
    assert (await lead.http.get("/api/shifts/export?specialist_id=nobody")).status_code == 404


async def test_a_bad_file_gets_words_and_changes_nothing(hotline) -> None:
    admin, person = await hotline.person(Role.admin), await hotline.person()
    await admin.post("shifts", NIGHTS | {"specialist_id": person.spec})
    before = (await admin.get("shifts")).json()
    file = (await admin.http.get(f"/api/shifts/export?specialist_id={person.spec}")).text
    event = file[file.index("BEGIN:VEVENT") : file.index("END:VCALENDAR")]
    half = file.replace(event, event + event.replace("shift-", "other-").replace("FREQ=WEEKLY", "FREQ=HOURLY"))
    on_call = file.replace("CATEGORIES:line", "CATEGORIES:on_call")
    for content, status in ((half, 422), ("SECRET", 422), ("", 422), ("x" * 60_001, 422), (on_call, 409)):
        answer = await admin.post("shifts/import", {"specialist_id": person.spec, "ics": content})
        assert answer.status_code == status
        assert "SECRET" not in answer.text
    long = await admin.post("shifts/import", {"specialist_id": person.spec, "ics": "x" * 70_000})
    assert (long.status_code, long.json()["error"]["code"]) == (413, "too_large")
    assert (await admin.post("shifts/import", {"specialist_id": "nobody", "ics": file})).status_code == 404
    assert (await admin.get("shifts")).json() == before


async def test_a_file_taken_in_again_keeps_what_was_swapped(hotline) -> None:
    admin, person, other = [await hotline.person(role) for role in (Role.admin, Role.specialist, Role.specialist)]
    daily = {"first_on": "2026-11-20", "rule": "FREQ=DAILY", "start": "22:00", "end": "06:00", "zone": "UTC"}
    made = (await admin.post("shifts", daily | {"specialist_id": person.spec})).json()
    file = (await person.http.get("/api/shifts/export")).text
    day = datetime.now(UTC).date() + timedelta(days=2)
    give = {"shift_id": made["id"], "original": f"{day}T22:00:00"}
    asked = (await person.post("swaps", {"to": other.spec, "give": give})).json()
    assert (await other.post(f"swaps/{asked['id']}/accept")).status_code == 200
    await admin.post("shifts/import", {"specialist_id": person.spec, "ics": file})
    window = f"shifts/occurrences?since={day}&days=1&specialist_id={other.spec}"
    assert [one["original"] for one in (await other.get(window)).json()] == [give["original"]]


async def test_with_postgres_away_the_rota_goes_on_from_what_is_known(hotline, monkeypatch) -> None:
    admin, person = await hotline.person(Role.admin), await hotline.person(always_on=False)
    await admin.post("shifts", around_now() | {"specialist_id": person.spec})
    roster = hotline.desk.roster

    def away() -> None:
        raise OSError

    monkeypatch.setattr(roster, "_sessions", away)
    hotline.ctx.clock.ahead = 86_400 * 9  # the days move on, also past what was computed at first
    await roster.load()
    assert roster.get(person.spec).on_shift(hotline.ctx.clock.now())
    assert not roster.get(person.spec).on_shift(hotline.ctx.clock.now() + 7200)
    hotline.ctx.clock.ahead = 86_400 * 60
    await roster.load()
    assert roster.get(person.spec).on_shift(hotline.ctx.clock.now())
    hotline.ctx.clock.ahead = 0
