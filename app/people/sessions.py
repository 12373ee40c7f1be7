"""Sessions: claims in a signed cookie, verified without any store (S5).

The cookie says all that a beat needs, so that a person can work on while Postgres and Redis are away. It is short-lived
and renewed while it is used; what has changed about the person comes in at the next renewal, from the roster.
"""

from __future__ import annotations

import json
import secrets as random_bytes
from dataclasses import asdict, dataclass, replace

from app.people.roles import Role
from app.secrets import SESSION, BadToken, Secrets

#: Seconds without any request after which a session ends.
LIFETIME_S = 1_800
#: Seconds: a cookie older than this is renewed by the next request.
RENEW_AFTER_S = 300
#: Seconds from sign-in after which one must sign in again, however busy: the longest double shift.
LONGEST_S = 16 * 3_600
#: Characters of a cookie that is looked at; a browser would not keep a longer one.
LONGEST_COOKIE = 4_000

COOKIE = "hotline_session"
CSRF_COOKIE = "hotline_csrf"
CSRF_HEADER = "X-CSRF"
_CSRF = "csrf"


@dataclass(frozen=True)
class Session:
    """Who is asking, as our own signature says."""

    id: str
    spec: str
    role: Role
    level: str
    languages: tuple[str, ...]
    lanes: tuple[str, ...]
    always_on: bool
    on_until: int
    """Seconds since the epoch until when the person was known to be on shift, for a worker that has no roster."""
    began: float
    """Sign-in, seconds since the epoch."""
    issued: float

    @property
    def expires(self) -> float:
        return min(self.issued + LIFETIME_S, self.began + LONGEST_S)


def seal(secrets: Secrets, session: Session) -> str:
    """The cookie's value."""
    return secrets.sign(json.dumps(asdict(session), separators=(",", ":")).encode(), SESSION)


def unseal(secrets: Secrets, cookie: str | None, now: float) -> Session | None:
    """The session of a cookie of ours that has not expired, else None."""
    if not cookie or len(cookie) > LONGEST_COOKIE:
        return None
    try:
        claims = json.loads(secrets.verify(cookie, SESSION))
        role, languages, lanes = Role(claims["role"]), tuple(claims["languages"]), tuple(claims["lanes"])
        session = Session(**(claims | {"role": role, "languages": languages, "lanes": lanes}))
    except (BadToken, KeyError, TypeError, ValueError):  # not ours, or an older release's: sign in again
        return None
    return session if now < session.expires else None


def stale(session: Session, now: float) -> bool:
    return now - session.issued > RENEW_AFTER_S


def renewed(session: Session, now: float) -> Session:
    return replace(session, issued=round(now, 3))


def new_session_id() -> str:
    return random_bytes.token_hex(12)


def csrf_token(secrets: Secrets, session_id: str) -> str:
    """Bound to the session, so that a cookie planted from a neighbouring host does not fit."""
    return secrets.sign(session_id.encode(), _CSRF).rpartition(".")[2]
