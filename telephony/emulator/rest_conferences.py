"""The Conferences resource. Conferences are made by who enters them, never by a request to this resource."""

from __future__ import annotations

from starlette.responses import JSONResponse, Response

from telephony.emulator import rest_errors as errors
from telephony.emulator import rest_json
from telephony.emulator.rest_api import Api, Asked
from telephony.emulator.rest_errors import refuse
from telephony.emulator.rest_forms import day_filter, one_of
from telephony.emulator.rooms import Room

UPDATE_FIELDS = frozenset({"Status", "AnnounceUrl", "AnnounceMethod"})
STATUSES = ("init", "in-progress", "completed")


async def fetch(api: Api, asked: Asked) -> Response:
    """One conference."""
    return JSONResponse(rest_json.conference(find(api, asked, asked.sid), api.net.clock.now()))


async def listing(api: Api, asked: Asked) -> Response:
    """Conferences by FriendlyName, Status, DateCreated and DateUpdated, possibly as they were a moment ago."""
    query, at = asked.query, api.list_time()
    created, updated = day_filter(query, "DateCreated"), day_filter(query, "DateUpdated")
    status = one_of(query["Status"], STATUSES, "Status") if query.get("Status") else ""

    def passes(room: Room) -> bool:
        return (
            room.created_at <= at
            and query.get("FriendlyName") in (None, "", room.name)
            and status in ("", rest_json.conference_status_at(room, at))
            and created(room.created_at)
            and updated(room.updated_at)
        )

    rooms = list(api.net.rooms.values())
    return api.listed(
        asked,
        "conferences",
        rooms,
        key=lambda room: room.sid,
        passes=passes,
        render=lambda room: rest_json.conference(room, at),
    )


async def update(api: Api, asked: Asked) -> Response:
    """Complete a conference, or play something to everybody in it."""
    form = asked.form(UPDATE_FIELDS)
    room = find(api, asked, asked.sid)
    status = form.text("Status")
    if status:
        one_of(status, ("completed",), "Status")
    announce_url, method = form.url("AnnounceUrl"), form.method("AnnounceMethod")
    if room.status == "completed" and announce_url:
        raise refuse(errors.CONFERENCE_OVER)
    if room.status != "completed":  # completing twice is no error
        room = await api.net.update_room(room.sid, status=status, announce_url=announce_url, announce_method=method)
    return JSONResponse(rest_json.conference(room, api.net.clock.now()))


def find(api: Api, asked: Asked, room_sid: str) -> Room:
    """The conference of that SID."""
    room = api.net.rooms.get(room_sid)
    if room is None:
        raise asked.not_found()
    return room
