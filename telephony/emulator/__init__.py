"""Twilio's far side in this process: for the demo, for training and for every test."""

from telephony.emulator.assumptions import Assumptions
from telephony.emulator.audibility import Span
from telephony.emulator.faults import Faults, Rates
from telephony.emulator.ledger import Entry, Ledger
from telephony.emulator.legs import Leg
from telephony.emulator.network import Network
from telephony.emulator.phones import Phone
from telephony.emulator.refusal import Refusal
from telephony.emulator.rooms import Participant, Room
from telephony.emulator.softphones import Softphone, TokenRefused

__all__ = [
    "Assumptions",
    "Entry",
    "Faults",
    "Ledger",
    "Leg",
    "Network",
    "Participant",
    "Phone",
    "Rates",
    "Refusal",
    "Room",
    "Softphone",
    "Span",
    "TokenRefused",
]
