"""Signing in, staying signed in and being signed out, with stores and without them."""

from __future__ import annotations

import asyncio

import pytest

from app.people.roles import Role
from app.people.throttle import PER_ADDRESS, PER_LOGIN

pytestmark = pytest.mark.anyio


async def test_the_cookie_is_hidden_strict_and_signed(hotline) -> None:
    person = await hotline.person(signed_in=False)
    cookies = (await person.sign_in()).headers.get_list("set-cookie")
    session = next(cookie for cookie in cookies if cookie.startswith("hotline_session="))
    assert "HttpOnly" in session
    assert "SameSite=strict" in session
    assert "Secure" not in session  # plain HTTP on the loopback only
    assert (await person.get("session")).json()["spec"] == person.spec


async def test_wrong_passwords_and_unknown_logins_get_the_same_words(hotline) -> None:
    person = await hotline.person(signed_in=False)
    wrong = await person.sign_in("not the password at all")
    person.login = "nobody"
    unknown = await person.sign_in()
    assert (wrong.status_code, unknown.status_code) == (401, 401)
    assert wrong.json() == unknown.json() == {"error": {"code": "wrong", "message": "Login or password is wrong."}}


async def test_guessing_one_login_is_slowed_down_for_that_login_alone(hotline) -> None:
    person, other = await hotline.person(signed_in=False), await hotline.person(signed_in=False)
    for _ in range(PER_LOGIN):
        assert (await person.sign_in("wrong wrong wrong")).status_code == 401
    refused = await person.sign_in()
    assert refused.status_code == 429
    assert "Please wait" in refused.json()["error"]["message"]
    assert (await other.sign_in()).status_code == 200


async def test_the_count_of_another_process_holds_here_too(hotline) -> None:
    person = await hotline.person(signed_in=False)
    for _ in range(PER_LOGIN):
        await hotline.desk.throttle.failed(person.login, "127.0.0.1")
    hotline.desk.throttle._own.clear()
    assert (await person.sign_in()).status_code == 429


async def test_signing_out_ends_the_session_everywhere(hotline) -> None:
    person = await hotline.person()
    kept = dict(person.http.cookies)
    assert (await person.http.delete("/api/session")).status_code == 204
    person.http.cookies.update(kept)
    again = await person.get("session")
    assert again.status_code == 401
    assert again.json()["error"]["code"] == "signed_out"


async def test_S5_a_revocation_reaches_other_processes_through_either_store(hotline) -> None:
    person = await hotline.person()
    await hotline.desk.revocations.end_person(person.spec)
    for store in ("_from_redis", "_from_postgres"):
        assert f"person:{person.spec}" in dict(await getattr(hotline.desk.revocations, store)())


async def test_S5_an_emptied_redis_logs_nobody_off_and_nobody_back_in(hotline) -> None:
    person, out = await hotline.person(), await hotline.person()
    await hotline.desk.revocations.end_person(out.spec)
    await hotline.desk.redis.flushall()
    await hotline.desk.revocations.refresh()
    assert (await person.get("session")).status_code == 200
    assert (await out.get("session")).status_code == 401


async def test_a_change_needs_the_header_that_belongs_to_the_session(hotline) -> None:
    person, other = await hotline.person(), await hotline.person()
    del person.http.headers["X-CSRF"]
    for headers in ({}, {"X-CSRF": ""}, {"X-CSRF": "x"}, {"X-CSRF": other.http.headers["X-CSRF"]}):
        answer = await person.http.put("/api/presence", json={"presence": "available"}, headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "csrf")


async def test_another_site_cannot_sign_anybody_in(hotline) -> None:
    person = await hotline.person(signed_in=False)
    person.http.headers["sec-fetch-site"] = "cross-site"
    assert (await person.sign_in()).status_code == 403


async def test_who_has_left_is_signed_out(hotline) -> None:
    person, admin = await hotline.person(), await hotline.person(Role.admin)
    changed = await admin.http.patch(f"/api/specialists/{person.spec}", json={"active": False})
    assert changed.status_code == 200, changed.text
    assert (await person.get("session")).status_code == 401
    assert (await person.sign_in()).status_code == 401


async def test_a_whole_shift_at_once_can_sign_in(hotline) -> None:
    people = [await hotline.person(signed_in=False) for _ in range(12)]
    answers = await asyncio.gather(*(person.sign_in() for person in people))
    assert {answer.status_code for answer in answers} == {200}


async def test_guesses_from_elsewhere_through_the_same_proxy_lock_nobody_else_out(hotline) -> None:
    person = await hotline.person(signed_in=False)
    for number in range(PER_ADDRESS):
        await hotline.desk.throttle.failed(f"guess{number}", "203.0.113.7")
    ours = await person.http.post("/api/session", json={"login": person.login, "password": "wrong wrong wrong"})
    assert ours.status_code == 401, "the address of the proxy itself is not blamed"
    theirs = await person.http.post(
        "/api/session",
        json={"login": person.login, "password": "wrong wrong wrong"},
        headers={"X-Forwarded-For": "198.51.100.1, 203.0.113.7"},
    )
    assert theirs.status_code == 429, "the last entry is the one that the proxy wrote"
