"""Real sound for the emulator: browser softphones and telephones, a mixer, words that are spoken.

It needs the package's extra `audio`. `open_audio(net)` before `net.start()` adds the addresses `/signal` (the far side
of the carrier's own browser SDK) and `/telephone` (a telephone in a page).
"""

from telephony.emulator.media.exchange import MOST_LEGS, Exchange, open_audio

__all__ = ["MOST_LEGS", "Exchange", "open_audio"]
