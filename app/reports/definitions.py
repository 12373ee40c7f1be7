"""What each figure of the lead's board means, in the words that the board shows beside it.

There is one definition of service level in this installation. Nothing is left out of it to look better: who hung up
early, or was answered by the partner line, was not answered by us in time.
"""

from __future__ import annotations

from collections.abc import Mapping

#: Seconds from first ring to answer that count as in time, where the lines' data say nothing else.
TARGET_S = 20

#: Figure to language to words. `{target}` is the number of seconds in force.
DEFINITIONS: Mapping[str, Mapping[str, str]] = {
    "offered": {
        "en": "Calls whose first ring was today, whatever became of them.",
        "es": "Llamadas cuyo primer timbre fue hoy, sin importar qué pasó con ellas.",
    },
    "answered": {
        "en": "Of these, calls in which caller and specialist were together in one room for at least a second, "
        "or are together now.",
        "es": "De estas, llamadas en que quien llama y especialista estuvieron juntos al menos un segundo, "
        "o lo están ahora.",
    },
    "abandoned": {
        "en": "Of these, calls that the caller ended before anybody had answered, however early.",
        "es": "De estas, llamadas que terminó quien llamaba antes de que alguien contestara, por temprano que fuera.",
    },
    "rolled_over": {
        "en": "Of these, calls that a person at the partner line answered, or talks on now, and nobody of ours.",
        "es": "De estas, llamadas que contestó una persona de la línea asociada, o atiende ahora, "
        "y nadie de la nuestra.",
    },
    "callback": {
        "en": "Of these, callers who chose to be called back and whom nobody had answered before.",
        "es": "De estas, personas que eligieron que se les llamara y a quienes nadie había contestado antes.",
    },
    "open": {
        "en": "Of these, calls that have not ended and that nobody has answered so far, here or at the partner line.",
        "es": "De estas, llamadas que no han terminado y que nadie ha contestado todavía, "
        "ni aquí ni en la línea asociada.",
    },
    "service_level": {
        "en": "Share of all offered calls that were answered within {target} seconds of the first ring. Calls still "
        "open count only once those {target} seconds are over; early hang-ups are not left out.",
        "es": "Proporción de todas las llamadas ofrecidas que se contestaron dentro de {target} segundos desde el "
        "primer timbre. Las que siguen abiertas cuentan cuando han pasado esos {target} segundos; "
        "no se omite ningún abandono.",
    },
    "median_answer_s": {
        "en": "Half of the answered calls were answered at most this many seconds after the first ring.",
        "es": "La mitad de las llamadas contestadas se contestó a lo sumo tantos segundos después del primer timbre.",
    },
    "worst_answer_s": {
        "en": "The longest time from first ring to answer among the answered calls, in seconds.",
        "es": "El mayor tiempo desde el primer timbre hasta contestar entre las llamadas contestadas, en segundos.",
    },
}


def words(figure: str, target_s: int) -> dict[str, str]:
    """The definition of a figure in every language of the console."""
    return {code: text.format(target=target_s) for code, text in DEFINITIONS[figure].items()}
