"""What an account owns: numbers, TwiML applications, messages. Plain records that REST reads and writes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class VoiceUrls:
    """Where an incoming call asks for its document, and where its end is told."""

    voice_url: str = ""
    voice_method: str = "POST"
    voice_fallback_url: str = ""
    voice_fallback_method: str = "POST"
    status_callback: str = ""
    status_callback_method: str = "POST"


@dataclass
class Number(VoiceUrls):
    """An incoming number. `voice_application_sid` overrides every voice URL of its own."""

    sid: str = ""
    phone_number: str = ""
    friendly_name: str = ""
    voice_application_sid: str = ""
    sms_url: str = ""
    sms_method: str = "POST"
    sms_fallback_url: str = ""
    sms_fallback_method: str = "POST"
    emergency_address_sid: str = ""
    emergency_status: str = "Inactive"
    created_at: float = 0.0
    updated_at: float = 0.0


@dataclass
class Application(VoiceUrls):
    """A TwiML application: what a softphone's call runs."""

    sid: str = ""
    friendly_name: str = ""
    created_at: float = 0.0
    updated_at: float = 0.0


@dataclass
class Message:
    """A text message that was sent; it goes nowhere."""

    sid: str
    to: str
    from_: str
    body: str
    status: str = "queued"
    created_at: float = 0.0
    sent_at: float | None = None
    status_callback: str = ""
