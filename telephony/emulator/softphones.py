"""Softphone legs without media, for simulated people who answer in a browser."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import jwt

from telephony.emulator.asks import Ask
from telephony.emulator.legs import Callback, Leg
from telephony.emulator.phones import Handset
from telephony.emulator.registry import Application

if TYPE_CHECKING:
    from telephony.emulator.network import Network


class TokenRefused(Exception):
    """The access token does not allow this; `code` is the carrier's (20101 invalid, 20104 expired, 31201 no)."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(f"{code}: {why}")
        self.code = code


def identity_in(token: str) -> str:
    """Whose token this says it is; it is believed only once that softphone has checked it."""
    try:
        claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
        return str(claims["grants"]["identity"])
    except (jwt.InvalidTokenError, KeyError, TypeError):
        raise TokenRefused(20101, "no access token") from None


class Softphone(Handset):
    """A browser's softphone with an identity."""

    def __init__(self, net: Network, identity: str) -> None:
        super().__init__(net, f"client:{identity}")
        self.identity = identity
        self.registered = False

    def register(self, token: str) -> None:
        """Be there for calls to this identity, as far as the token allows it."""
        grant = self._grant(token)
        if not grant.get("incoming", {}).get("allow"):
            raise TokenRefused(31201, "no incoming calls")
        self.registered = True

    async def connect(self, token: str, params: Mapping[str, str] | None = None) -> Leg:
        """Dial the application that the token names, with these parameters in the form of its first request."""
        urls = self._application(self._grant(token))
        leg = Leg(self.net, direction="inbound", from_=self.address, to="", device=self)
        leg.extras = dict(self.net.extras)
        if urls.status_callback:
            leg.callback = Callback(urls.status_callback, urls.status_callback_method)
        if urls.voice_fallback_url:
            leg.fallback = (urls.voice_fallback_url, urls.voice_fallback_method)
        self._take(leg)
        leg.ring()
        leg.limit(self.net.call_limit_s)
        leg.begin(Ask(urls.voice_url, urls.voice_method, "voice", dict(params or {})))
        return leg

    def seconds_left(self, token: str) -> float:
        """How long this token is still good for; raises `TokenRefused` where it is not."""
        self._grant(token)
        claims = jwt.decode(token, options={"verify_signature": False})
        return float(claims["exp"]) - self.net.clock.now()

    def _application(self, grant: dict[str, Any]) -> Application:
        sid = grant.get("outgoing", {}).get("application_sid", "")
        application = self.net.applications.get(sid)
        if application is None:
            raise TokenRefused(31201, "the token names no application of this account")
        return application

    def _grant(self, token: str) -> dict[str, Any]:
        """The voice grant of a valid token for this identity."""
        try:
            claims = jwt.decode(
                token,
                self.net.api_secret,
                algorithms=["HS256"],
                options={"verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": False},
            )
        except jwt.InvalidTokenError as error:
            raise TokenRefused(20101, type(error).__name__) from None
        if claims.get("iss") != self.net.api_key or claims.get("sub") != self.net.account_sid:
            raise TokenRefused(20101, "another account's or key's")
        grants = cast("dict[str, Any]", claims.get("grants", {}))
        if grants.get("identity") != self.identity:
            raise TokenRefused(20101, "another identity's")
        if float(claims.get("exp", 0)) < self.net.clock.now():
            raise TokenRefused(20104, "expired")
        return cast("dict[str, Any]", grants.get("voice", {}))
