"""Numbers and narratives as text tokens, found again by keyed hash (S7)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.secrets import NARRATIVE, NUMBER, BadToken, Secrets
from app.settings import Settings

OLD, NEW = "o" * 40, "n" * 40


def secrets(key: str = NEW, previous: str = "") -> Secrets:
    return Secrets(Settings(secret_key=key, secret_key_previous=previous, _env_file=None))  # type: ignore[call-arg]


BOX = secrets()


@given(st.text())
def test_S7_a_token_reads_back_and_shows_nothing(text: str) -> None:
    token = BOX.encrypt(text, NARRATIVE)
    assert BOX.decrypt(token, NARRATIVE) == text
    assert token.isascii()
    assert len(text) < 4 or text not in token
    assert BOX.encrypt(text, NARRATIVE) != token


def test_S7_a_token_of_another_purpose_or_altered_does_not_decrypt() -> None:
    token = BOX.encrypt("+12025550123", NUMBER)
    with pytest.raises(BadToken):
        BOX.decrypt(token, NARRATIVE)
    altered = token[:-3] + ("AAA" if token[-3:] != "AAA" else "BBB")
    with pytest.raises(BadToken):
        BOX.decrypt(altered, NUMBER)


@pytest.mark.parametrize("token", ["", "a", "a.b", "a.b.c", "x.y.z.w", "a..", "é.é.é", "a." + "0" * 8 + ".AAAA"])
def test_S7_what_is_not_a_token_is_refused_without_quoting_it(token: str) -> None:
    for read in (BOX.decrypt, BOX.verify):
        with pytest.raises(BadToken) as refused:
            read(token, NUMBER)
        assert len(token) < 4 or token not in str(refused.value)


def test_S7_rotation_reads_the_old_and_writes_the_new() -> None:
    old, rotating = secrets(OLD), secrets(NEW, OLD)
    token = old.encrypt("+12025550123", NUMBER)
    assert rotating.decrypt(token, NUMBER) == "+12025550123"
    assert rotating.needs_renewal(token)
    assert not rotating.needs_renewal(rotating.encrypt("x", NUMBER))
    assert rotating.verify(old.sign(b"{}", "session"), "session") == b"{}"
    with pytest.raises(BadToken):
        secrets(NEW).decrypt(token, NUMBER)


def test_S7_a_number_is_found_again_also_under_the_previous_key() -> None:
    number = "+12025550123"
    rotating = secrets(NEW, OLD)
    assert rotating.number_hashes(number) == (secrets(NEW).number_hash(number), secrets(OLD).number_hash(number))
    assert rotating.number_hash(number) == rotating.number_hashes(number)[0] != rotating.number_hashes(number)[1]
    assert rotating.number_hash("") == ""
    assert rotating.number_hashes("") == ()


def test_S5_a_signature_is_bound_to_purpose_and_payload() -> None:
    token = BOX.sign(b"who", "session")
    assert BOX.verify(token, "session") == b"who"
    with pytest.raises(BadToken):
        BOX.verify(token, "snapshot")
    with pytest.raises(BadToken):
        BOX.verify(token + "A", "session")


def test_a_short_root_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 32"):
        secrets("short")
