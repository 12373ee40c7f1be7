"""Telephone numbers: read, withheld, redacted, and which of them may be dialled (C7)."""

from __future__ import annotations

import re
import unicodedata

import phonenumbers
from phonenumbers import PhoneNumberFormat, connects_to_emergency_number

WITHHELD = frozenset(
    {
        "",
        "anonymous",
        "anonymous@anonymous.invalid",
        "blocked",
        "private",
        "restricted",
        "unavailable",
        "unknown",
        "withheld",
        # The same words typed on a keypad, as some carriers send them.
        "266696687",  # anonymous
        "2562533",  # blocked
        "7378742833",  # restricted
        "86282452253",  # unavailable
        "8656696",  # unknown
    }
)
"""What stands for "no number". Two such callers are two different people, always."""

_EMERGENCY = """
    000 060 061 066 08 100 101 102 103 104 105 106 107 108 110 111 112 113 114 115 116 117 118 119 120 122 123
    126 127 128 129 130 131 132 133 140 141 144 15 150 154 155 157 158 160 161 166 17 18 180 185 190 191 192
    193 194 195 196 197 198 199 911 912 913 917 919 933 991 992 993 994 995 996 997 998 999 10111 10177
"""
EMERGENCY = frozenset(_EMERGENCY.split())
"""Emergency and alarm numbers of the world, beside what `phonenumbers` knows. 933 tests an emergency address."""

SHORTEST = 7
"""Digits of the shortest international number with its country code; everything shorter is a local or short code."""


class NotDiallable(ValueError):
    """The number may not be dialled by any field or API; `reason` is `emergency` or `malformed`."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"number refused: {reason}")
        self.reason = reason


def is_withheld(raw: str | None) -> bool:
    """The carrier sent a word, or a word on a keypad, instead of a number."""
    return raw is None or raw.strip().lstrip("+").lower() in WITHHELD


def parse(raw: str | None, region: str = "US") -> str | None:
    """E.164, or None when withheld or not a number. Fictional ranges pass: only the length is judged."""
    if raw is None or is_withheld(raw):
        return None
    number = _parsed(raw, region)
    return phonenumbers.format_number(number, PhoneNumberFormat.E164) if number else None


def _parsed(raw: str, region: str) -> phonenumbers.PhoneNumber | None:
    if len(raw) > 40 or any(c.isalpha() for c in raw):
        return None
    try:
        number = phonenumbers.parse(raw, region)
    except phonenumbers.NumberParseException:
        return None
    if number.extension or not phonenumbers.is_possible_number(number):
        return None
    return number


def check_diallable(raw: str, region: str = "US") -> str:
    """The number as E.164, or `NotDiallable`: emergency numbers in any spelling, short codes, anything unreadable."""
    if is_emergency(raw, region):
        raise NotDiallable("emergency")
    number = parse(raw, region)
    if number is None or len(number) - 1 < SHORTEST:
        raise NotDiallable("malformed")
    return number


def is_emergency(raw: str, region: str = "US") -> bool:
    """An emergency number: alone, behind a prefix or country code, or as what a network would route as one."""
    digits = _digits(raw)
    if any(bare in EMERGENCY for bare in _bare_forms(digits)):
        return True
    number = _parsed(raw, region)
    if number is None:
        return connects_to_emergency_number(digits, region)
    if phonenumbers.is_valid_number(number):
        return False  # a subscriber whose number happens to begin like one (+91 11 2345 6789)
    national = str(number.national_number)
    regions = phonenumbers.region_codes_for_country_code(number.country_code or 0)
    return any(connects_to_emergency_number(national, r) for r in regions if r != "001")


def _digits(raw: str) -> str:
    """Only the digits, of any script, before an extension or a host part."""
    head = re.split(r"[;,@xX]", raw, maxsplit=1)[0]
    return "".join(str(unicodedata.digit(c)) for c in head if unicodedata.digit(c, None) is not None)


def _bare_forms(digits: str) -> set[str]:
    """The digits, and what is left of them without an international prefix and a country code."""
    forms = {digits}
    for prefix in ("00", "011", "0011"):
        forms |= {form[len(prefix) :] for form in tuple(forms) if form.startswith(prefix)}
    for form in tuple(forms):
        forms |= {
            form[length:].lstrip("0") if form[length:].lstrip("0") else form[length:]
            for length in (1, 2, 3)
            if form[:length].isdigit() and int(form[:length]) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE
        }
    return forms | {digits}


_NUMBER = re.compile(
    r"\+\d[\d ().\-]{5,20}\d"  # international
    r"|(?<![\w.])\(?\d{3}\)?[ .\-]\d{3}[ .\-]\d{4}(?!\w)"  # grouped
    r"|(?<![\w.])\d{10,12}(?![\w.])"  # bare; 13 digits are milliseconds
)


def redact(text: str) -> str:
    """`text` with everything that looks like a telephone number taken out."""
    return _NUMBER.sub("[number]", text)
