"""`hotline provision`: the carrier's numbers and the softphones point here; the fallback lives elsewhere (H5)."""

from __future__ import annotations

from collections.abc import Sequence

from app import lines as lines_data
from app.fallback import static_document
from app.links import Links
from app.secrets import Secrets
from app.settings import Settings
from telephony.carrier import CarrierError
from telephony.numbers import NotDiallable
from telephony.twilio.account import TwilioAccount


class ProvisionError(Exception):
    """What could not be set, and why."""


def open_account(settings: Settings) -> TwilioAccount:
    return TwilioAccount(
        account_sid=settings.twilio_account_sid,
        auth_token=settings.twilio_auth_token.get_secret_value(),
        api_key=settings.twilio_api_key,
        api_secret=settings.twilio_api_secret.get_secret_value(),
        api_url=settings.twilio_api_url,
    )


def application_name(settings: Settings) -> str:
    return f"Crisis hotline {settings.name}: softphones"


async def provision(settings: Settings, numbers: Sequence[str], fallback_url: str) -> str:
    """Set everything and say what was set; `numbers` empty means those of the lines. Again changes nothing more."""
    lines, fallback_url = lines_data.load(settings, Secrets(settings)), fallback_url or settings.fallback_url
    account = open_account(settings)
    try:
        done = [await _application(account, settings)]
        for number in numbers or own_numbers(settings, lines):
            done.append(await _number(account, settings, number, fallback_url))
        document = static_document(settings, lines.by_id[lines.default])
    except CarrierError as error:
        raise ProvisionError(f"the carrier says: {error}") from None
    except NotDiallable:
        raise ProvisionError("HOTLINE_BACKUP_NUMBERS holds a number that cannot be dialled") from None
    finally:
        await account.aclose()
    return "\n".join([*done, "", *_advice(fallback_url), "", document])


def own_numbers(settings: Settings, lines: lines_data.Lines) -> Sequence[str]:
    """Every number on which we must be reached: the lines', and the one that agencies ring back (C2)."""
    return sorted({*(line.number for line in lines.by_id.values()), settings.emergency_caller_id} - {""})


async def _application(account: TwilioAccount, settings: Settings) -> str:
    links = Links(settings.public_url.rstrip("/"))
    pointed = await account.point_application(
        settings.twilio_app_sid or None,
        name=application_name(settings),
        voice_url=links.leg(),
        fallback_url=links.leg_out(),
        status_callback=links.status(app=1),
    )
    return f"HOTLINE_TWILIO_APP_SID={pointed.sid}"


async def _number(account: TwilioAccount, settings: Settings, number: str, fallback_url: str) -> str:
    links = Links(settings.public_url.rstrip("/"))
    found = await account.number(number)
    if found is None:
        raise ProvisionError(f"the account has no number {number}")
    pointed = await account.point_number(
        found.sid, voice_url=links.voice(), status_callback=links.status(), fallback_url=fallback_url
    )
    return (
        f"{number}: answered here; fallback {pointed.fallback_url or 'NOT SET: callers hear an error when we are down'}"
    )


def _advice(fallback_url: str) -> list[str]:
    again = [] if fallback_url else ["Then set HOTLINE_FALLBACK_URL to its address and run this command again."]
    return [
        "The document below must be served (text/xml) by infrastructure that shares nothing with this host.",
        f"HOTLINE_FALLBACK_URL={fallback_url}  (its address, for callers whom we move)",
        *again,
        "Ask the carrier to raise the longest call from 4 to 24 hours: no machine should end a rescue.",
    ]
