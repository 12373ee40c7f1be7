"""Sessions need no store (S5), last as long as they are used, and can neither be made nor stretched by others."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from app.people import passwords, sessions
from app.people.passwords import Passwords
from app.people.roles import Role
from app.people.sessions import LIFETIME_S, LONGEST_S, Session, csrf_token, renewed, seal, stale, unseal
from app.secrets import NAME, Secrets
from app.settings import Settings

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


def made(secret: str = "k" * 40, previous: str = "") -> Secrets:
    return Secrets(Settings(secret_key=SecretStr(secret), secret_key_previous=SecretStr(previous)))


NOW = 1_800_000_000.0
SESSION = Session("a1", "s0123456789ab", Role.specialist, "senior", ("en", "es"), ("main|en|1|",), False, 0, NOW, NOW)


def test_S5_a_cookie_carries_all_that_a_beat_needs_and_is_verified_without_a_store() -> None:
    assert unseal(made(), seal(made(), SESSION), NOW + 1) == SESSION


def test_a_session_ends_unless_it_is_used_and_at_last_in_any_case() -> None:
    cookie = seal(made(), SESSION)
    assert unseal(made(), cookie, NOW + LIFETIME_S - 1)
    assert unseal(made(), cookie, NOW + LIFETIME_S) is None
    assert stale(SESSION, NOW + sessions.RENEW_AFTER_S + 1)
    late = renewed(SESSION, NOW + LONGEST_S - 10)
    assert unseal(made(), seal(made(), late), NOW + LONGEST_S - 1)
    assert unseal(made(), seal(made(), late), NOW + LONGEST_S) is None


def test_a_rotated_key_logs_nobody_off_and_a_foreign_one_lets_nobody_in() -> None:
    cookie = seal(made("o" * 40), SESSION)
    assert unseal(made("n" * 40, previous="o" * 40), cookie, NOW)
    assert unseal(made("n" * 40), cookie, NOW) is None


def test_a_token_of_ours_for_another_purpose_is_no_session() -> None:
    assert unseal(made(), made().sign(b'{"spec":"x"}', NAME), NOW) is None
    assert unseal(made(), made().sign(b"[]", "session"), NOW) is None


@given(st.text(max_size=300))
def test_no_text_is_a_session_and_none_is_an_error(text: str) -> None:
    assert unseal(made(), text, NOW) is None


@given(st.integers(0, 400), st.characters())
def test_a_cookie_with_any_letter_changed_is_none(at: int, letter: str) -> None:
    cookie = seal(made(), SESSION)
    at %= len(cookie)
    changed = cookie[:at] + letter + cookie[at + 1 :]
    assert changed == cookie or unseal(made(), changed, NOW) in (None, SESSION)


def test_the_csrf_token_belongs_to_one_session() -> None:
    assert csrf_token(made(), "a1") == csrf_token(made(), "a1")
    assert csrf_token(made(), "a1") != csrf_token(made(), "a2")
    assert csrf_token(made("x" * 40), "a1") != csrf_token(made(), "a1")


def test_roles_of_an_older_release_sign_in_again() -> None:
    odd = seal(made(), replace(SESSION, role="superuser"))  # pyright: ignore[reportArgumentType]
    assert unseal(made(), odd, NOW) is None


async def test_passwords_are_argon2id_and_an_unknown_login_costs_the_same() -> None:
    checker = Passwords()
    stored = await checker.hash("correct horse battery")
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await checker.verify("correct horse battery", stored)
    assert not await checker.verify("correct horse batterie", stored)
    assert not await checker.verify("nobody has this password", None)
    known, unknown = [await _cost(checker, stored), await _cost(checker, None)]
    assert 0.4 < known / unknown < 2.5


async def _cost(checker: Passwords, stored: str | None) -> float:
    """CPU seconds of three wrong tries, whatever else the machine does."""
    before = time.process_time()
    for _ in range(3):
        await checker.verify("wrong password", stored)
    return time.process_time() - before


def test_short_and_endless_passwords_are_bounded() -> None:
    assert passwords.SHORTEST >= 12
    assert passwords.LONGEST <= 1024
