"""One text for all boards that will go on in the same way; the text is also the board that the search puts back.

Left out is only what no script decides by, each with its reason. A field that the scripts learn to keep tomorrow is
kept here until somebody says why it need not be.

- Ids are named by first appearance: scripts only compare them. People alike are put in order by what they do, callers
  by their counter, of which only the order counts.
- Times are kept relative to now, older than `AGES` units as just that old: every limit of the search's configuration
  (`worlds.py`) is shorter, so that all older moments are compared alike. A timer further away than any of them does not
  ring in the search.
- Numbers of hold turns are kept as an order: scripts only compare them.
- Callers of one class are ahead of one another by their counter, and a class is ahead of another by more than any age
  here: so the first arrival itself is now.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

UNIT = 10_000
"""Milliseconds of the search's grid."""
NOW = 1_800_000_000_000
AGES = 4
"""Units after which older is the same."""
NEVER = 50
"""Units after which a timer is none of the search."""

META = {"seq", "x", "t", "counter", "epoch", "verify", "alive", "alive2", "alive_by", "back"}
"""There is one epoch in the search, and its verification is over. Numbers of events and the newest of them are for
readers of the stream; `t` is now; `counter` is the greatest there. Who reached us is kept apart, see `_alive`."""
CALL = {
    *("n", "since"),  # for readers: the number of events, and when the state began
    *("turned", "heard"),  # read by `verified`, which is no event of the search, and of rebuilt calls
    *("own_from", "own_to", "tog", "ans", "in_at"),  # who was together when: told to the record, nothing decided by it
    *("gone_ms", "status", "side", "resurrected"),  # of a call that an agency is left with, or a rebuilt one: none here
    *("score", "epoch", "a"),  # follows from the class; the one epoch; see above
    *("line", "lang", "wh", "sid"),  # the same for all, or follows from the id
    *("cause", "plan", "seen", "oldrooms", "room", "room_sid"),  # kept where they count, see `_call`
    *("press", "grave", "pressed_turn", "before", "held_until"),
    *("day", "kin", "behind", "past", "over"),  # limits of a number: all are withheld here
}
CLOSED = {"oldrooms", "id", "state", "backup_sid", "bi", "inroom", "ro", "agency", "turn"}
"""What is still asked of a call that is over."""
SPEC = {
    *("since", "beat", "excl", "shy"),  # kept where they count, see `_spec`
    *("lanes", "level", "role", "member", "shift", "presence", "bepoch"),  # the profile, the same for all
    *("idle_in",),  # all the person's lanes or none
    *("wrapto", "missed", "hard"),  # the timer of wrap-up says the same; counted towards limits that the search has not
}
ENGAGED = {
    *(
        "eng",
        "estate",
        "erole",
        "eoffer",
        "there",
        "media",
        "legsid",
        "newleg",
        "token",
        "tab",
        "used",
        "cbeat",
        "deaf",
    ),
    *("presumed", "asked_at", "join_at"),
}
"""Set anew or read only while there is an engagement."""
OFFER = {"made"}
OVER = {"made", "ackby", "deadline", "acked"}
"""Of an offer that is not open any more: only an open one has limits."""
STAMPS = {"at", "asked", "left_from"}
"""Of a leg: for the record. When it left counts for a callback that is still on its way."""
WORD = re.compile(r"(x\d{7}(?:y{8}\d{3})?)|(?<![a-z0-9])([cs]\d)(?![0-9])|(1[78]\d{11})|caller_(c\d)_(\d+)")
ID = re.compile(r"x\d{7}(?:y{8}\d{3})?")

KINDS = ("call", "spec", "offer", "legs", "excl", "lane", "idle", "meta", "timers", "fx")
Board = dict[str, Any]
"""Hashes and sorted sets by kind: `meta`, `call`, `spec`, `offer`, `legs`, `fx`, `excl`, `timers`, `lane`, `idle`."""
Env = dict[str, Any]


def pairs(flat: list[Any]) -> dict[str, Any]:
    return dict(zip(flat[::2], flat[1::2], strict=True))


def read(raw: Mapping[str, Any]) -> Board:
    """The keys as they came, by kind and name."""
    board: Board = {
        kind: {} for kind in ("call", "spec", "offer", "legs", "excl", "lane", "idle", "meta", "timers", "fx")
    }
    board["events"] = raw.get("events", [])
    for key, flat in raw.items():
        kind, _, name = key.partition(":")
        if name and kind in board:
            board[kind][name] = pairs(flat)
        elif key in ("meta", "timers", "fx"):
            board[key] = pairs(flat)
    return board


class Canon:
    """One board on its way to its text."""

    def __init__(self, board: Board, env: Env, now: int, legs: bool, *, plain: bool = False) -> None:
        """`plain`: nothing is renamed, so that the moves of the text are moves of this very board."""
        self.board, self.env, self.now, self.plain = board, env, now, plain
        self.effects = self._effects() if legs else []  # without legs none is asked for
        flight, consoles = env["flight"], env["specs"].values()
        self.late = {m["label"] for m in flight if m["do"] in ("joined", "left")}
        self.accepts = {m.get("o") for m in flight}
        self.offers = self._offers(flight, consoles)
        self.calls = self._calls(flight, consoles)
        self.sids = {m["sid"] for m in flight if "sid" in m} | {c["leg"]["sid"] for c in consoles if c["leg"]}
        engaged = [s for s in board["spec"].values() if s.get("ecall") and s.get("estate") != "wrapping"]
        self.sids |= {s.get(k) for s in engaged for k in ("legsid", "newleg")}
        self.sids |= {fx["data"].get("sid") for fx in self.effects} | {f"CA_{c}" for c in env["phones"]}
        self.given: dict[str, str] = {}

    def _offers(self, flight: list[Any], consoles: Iterable[Any]) -> dict[str, Any]:
        """Open ones, those of engagements, and those that somebody outside still means to answer."""
        named = {m["o"] for m in flight if "o" in m} | {c["won"][0] for c in consoles if c["won"]}
        for spec in self.board["spec"].values():
            named |= {spec.get("offer"), spec.get("ecall") and spec["estate"] != "wrapping" and spec.get("eoffer")}
        known = self.board["offer"].items()
        return {id_: offer for id_, offer in known if id_ in named or offer["state"] == "offered"}

    def _calls(self, flight: list[Any], consoles: Iterable[Any]) -> dict[str, Any]:
        """Live ones, and those of which somebody still speaks."""
        named = {m.get("c") for m in flight} | set(self.env["phones"]) | {o["call"] for o in self.offers.values()}
        named |= {s.get("ecall") for s in self.board["spec"].values()} | {fx["call"] for fx in self.effects}
        named |= {c["leg"]["call"] for c in consoles if c["leg"]}
        calls = {id_: c for id_, c in self.board["call"].items() if "state" in c}
        kept = [c for c in calls.values() if c["state"] != "closed" or c["id"] in named]
        return {c["id"]: c for c in sorted(kept, key=lambda c: int(c["counter"]))}

    def _effects(self) -> list[Any]:
        """Those that may still do something, each once: legs do not come again, nor do turns."""
        legs = [c["leg"] for c in self.env["specs"].values() if c["leg"]]
        sids, rooms = {leg["sid"] for leg in legs}, {f"CF{leg['room']}" for leg in legs}
        there = {f"CA_{c}" for c, phone in self.env["phones"].items() if phone["at"] != "gone"}
        found: dict[str, Any] = {}
        for fx in sorted(map(json.loads, self.board["fx"].values()), key=lambda fx: fx["turn"]):
            call, data, kind = self.board["call"].get(fx["call"], {}), fx["data"], fx["kind"]
            old = kind == "move_caller" and int(call.get("turn") or 0) > int(fx["turn"] or 0)
            over = kind == "move_caller" and (call["state"] == "closed" or data["sid"] not in there)
            over = over or (kind == "complete_leg" and data["sid"] not in sids | there)
            over = over or (kind == "end_room" and data["room_sid"] not in rooms) or kind == "announce"
            if not old and not over:
                data.pop("again", None)  # tells the executor to look first whether only the callback was lost
                found[json.dumps([kind, fx["call"], data], sort_keys=True)] = fx
        return list(found.values())

    # -- parts

    def text(self) -> str:
        legs = {c: self._legs(self.board["legs"].get(c, {})) for c in self.calls}
        self.rooms = {leg["room_sid"] for held in legs.values() for leg in held.values() if "room_sid" in leg}
        outside = [*self.env["flight"], *self.env["phones"].values()] + [
            c["leg"] for c in self.env["specs"].values() if c["leg"]
        ]
        self.rooms |= {f"CF{thing['room']}" for thing in outside if thing.get("room")}
        self.turns = self._turns(legs)
        idle = sorted({int(s["since"]) for s in self.board["spec"].values() if s["duty"] == "idle"})
        specs = {s: self._spec(spec, idle) for s, spec in self.board["spec"].items()}
        order = sorted(specs, key=lambda s: self._signature(s, specs[s])) if len(specs) > 1 else list(specs)
        phones = self.env["phones"]
        rest = sorted(set(phones) - set(self.calls))
        if self.plain:
            order = list(specs)
        self.names = {old: f"s{n}" for n, old in enumerate(order, start=1)}
        self.names |= {old: f"c{n}" for n, old in enumerate([*self.calls, *rest], start=1)}
        if self.plain:
            self.names = {name: name for name in self.names}
        main = [[self._call(n, c) for n, c in enumerate(self.calls.values(), start=1)]]
        main += [[specs[s] for s in order], self._alive()]
        main += [
            [[c, self._phone(c)] for c in [*self.calls, *rest] if c in phones],
            [[s, self.env["specs"][s]] for s in order],
        ]
        first = self._rename(json.dumps(main, sort_keys=True))
        offers = [self._offer(o) for o in self.offers.values()]
        each = [[c, sid, leg] for c, held in legs.items() for sid, leg in held.items()]
        parts = [offers, each, self._excl(), [self._effect(fx) for fx in self.effects], self._flight()]
        timers = sorted(filter(None, (self._timer(m, int(at), legs) for m, at in self.board["timers"].items())))
        return "[" + ",".join([first, json.dumps(timers), str(self.env["due"]), *map(self._sorted, parts)]) + "]"

    def _rename(self, text: str) -> str:
        return text if self.plain else WORD.sub(self._word, text)

    def _word(self, m: re.Match[str]) -> str:
        if m[1]:
            return self.given.setdefault(m[1], f"x{len(self.given) + 1:07d}")
        if m[2]:
            return self.names.get(m[2], m[2])
        if m[3]:
            return str(self._time(int(m[3])))
        return f"caller_{self.names.get(m[4], m[4])}_{self.turns[m[4]][int(m[5])]}"

    def _time(self, at: int) -> int:
        return NOW + max(-AGES * UNIT, min(at - self.now, NEVER * UNIT))

    def _sorted(self, items: list[Any]) -> str:
        """In an order that names not yet given have no part in."""
        texts = [json.dumps(item, sort_keys=True) for item in items]
        if len(texts) > 1:
            texts.sort(key=lambda t: WORD.sub(lambda m: self.given.get(m[1], "x") if m[1] else self._word(m), t))
        return "[" + ",".join(map(self._rename, texts)) + "]"

    def _call(self, place: int, call: dict[str, str]) -> dict[str, Any]:
        kept = _without(call, CALL) | {
            "counter": int(call["counter"]) if self.plain else place,
            "turn": self.turns[call["id"]][int(call.get("turn") or 0)],
        }
        timers, waits = self.board["timers"], call["state"] in ("greeting", "waiting", "offered", "backup_ringing")
        if call.get("cause") == "ended":  # the only one that is asked for
            kept["cause"] = "ended"
        if rooms := [room for room in call.get("oldrooms", "").split() if room in self.rooms]:
            kept["oldrooms"] = " ".join(sorted(rooms))
        if call["state"] == "closed":
            kept = {k: v for k, v in kept.items() if k in CLOSED} | {"counter": kept["counter"], "cls": "standard"}
        elif call.get("press"):  # when, and in which turn, counts with timers and classes that the search has not
            kept |= {"press": self.now, "grave": self.now}
        if call.get("before") and len(self.board["spec"]) > 1 and call["state"] != "closed":
            kept["before"] = call["before"]
        if f"CF{call.get('room')}" in self.rooms or call["state"] in ("connecting", "talking", "reconnecting"):
            kept |= {k: call[k] for k in ("room", "room_sid") if call.get(k)}  # of an empty room only the name is left
        if f"left|{call['id']}" in timers:
            kept["held_until"] = call["held_until"]
        if f"plan|{call['id']}" in timers:  # the plan's beginning counts while there is a next step
            kept["plan"] = call["plan"]
        if waits:  # set anew by whatever leads back there
            kept["seen"] = call["seen"]
        if call["state"] == "closed":
            return kept
        return kept

    def _spec(self, spec: dict[str, str], idle: list[int]) -> dict[str, Any]:
        """Pauses that are over count no more; of a beat whether it is fresh, of idle people who is so longer."""
        kept = _without(spec, SPEC if spec.get("ecall") else SPEC | ENGAGED)
        if spec.get("estate") == "wrapping":  # its leg is ended with it, and may not come again
            kept = _without(spec, SPEC | ENGAGED) | {k: spec[k] for k in ("eng", "estate", "erole")}
            sids = {k: spec[k] for k in ("legsid", "newleg") if spec.get(k) and spec[k] in self.sids}
            kept |= sids | {k: spec[k] for k in ("there", "media") if sids and spec.get(k)}
        if spec.get("there") == "1" and spec.get("media") == "1":  # a leg's way in is timed until it is heard
            kept.pop("join_at", None)
        if not spec.get("newleg"):
            kept.pop("asked_at", None)
        kept["beat"] = max(int(spec["beat"]), self.now - UNIT)
        if int(spec.get("shy") or 0) > self.now:
            kept["shy"] = spec["shy"]
        if spec["duty"] == "idle":
            new = int(spec["since"]) == self.now  # whoever is idle at this same moment later on is so just as long
            kept["order"] = "new" if new else idle.index(int(spec["since"]))
            kept["idle"] = int(bool(spec.get("idle_in")))
        return kept

    def _phone(self, c: str) -> dict[str, Any]:
        phone = self.env["phones"][c]
        return phone | {"turn": self.turns[c][phone["turn"]]} if c in self.turns else phone

    def _alive(self) -> dict[str, Any]:
        """Who reached us counts where somebody's beat is judged, and only whether it was just now (`others`)."""
        judged = any(m.startswith("beat|") and int(at) <= self.now for m, at in self.board["timers"].items())
        meta = self.board["meta"]
        kept = _without(meta, META)
        if judged:
            kept |= {k: max(int(meta.get(k) or 0), self.now - UNIT) for k in ("alive", "alive2")} | {
                "alive_by": meta.get("alive_by", "")
            }
        return kept

    def _offer(self, offer: dict[str, str]) -> dict[str, Any]:
        kept = _without(offer, OFFER if offer["state"] == "offered" else OVER)
        if offer["state"] == "connected" and offer["id"] not in self.accepts:
            kept = {k: v for k, v in kept.items() if k not in ("tab", "token")}  # nobody accepts it once more
        return kept

    def _legs(self, legs: dict[str, str]) -> dict[str, Any]:
        """Those that somebody still names, and that are in a room or may come: of others nothing is asked. Marks of
        callbacks are of those that have come; here the duplicate comes right behind."""
        named = {sid: json.loads(leg) for sid, leg in legs.items() if sid in self.sids}
        asked = {fx["data"]["sid"] for fx in self.effects if fx["kind"] == "complete_leg"}
        left = {sid: leg.get("left_label") for sid, leg in named.items()}
        kept = {sid: leg for sid, leg in named.items() if sid in asked or not left[sid] or left[sid] in self.late}
        return {
            sid: {k: v for k, v in leg.items() if k not in STAMPS and (k != "left_at" or left[sid] in self.late)}
            for sid, leg in kept.items()
        }

    def _excl(self) -> list[Any]:
        return [
            [s, c, int(at)]
            for s, held in self.board["excl"].items()
            for c, at in held.items()
            if int(at) > self.now and self._lives(c)
        ]

    def _lives(self, c: str) -> bool:
        return c in self.calls and self.calls[c]["state"] != "closed"

    def _effect(self, fx: dict[str, Any]) -> dict[str, Any]:
        """Number and time of its tries say when it is tried again; here it may be at any time, and for ever."""
        return {k: fx[k] for k in ("id", "kind", "call", "data")} | {"turn": self.turns[fx["call"]][int(fx["turn"])]}

    def _flight(self) -> list[Any]:
        return [
            m | {"turn": self.turns[m["c"]][m["turn"]]} if "turn" in m and m["c"] in self.turns else m
            for m in self.env["flight"]
        ]

    def _timer(self, member: str, at: int, legs: dict[str, Any]) -> tuple[int, str] | None:
        """None of a timer too far away, of what is forgotten, or where it would find nothing to do."""
        kind, *ids = member.split("|")
        if at >= self.now + NEVER * UNIT or (
            kind != "room" and any(id_[0] == "c" and not self._lives(id_) for id_ in ids)
        ):
            return None
        if kind == "stale" and not self.board["spec"][ids[0]].get("idle_in"):  # set anew when they are
            return None
        if kind == "room" and not any(leg.get("joined") for leg in legs.get(ids[0], {}).values()):
            return None
        return self._time(at), "|".join([kind, *(self.names.get(id_) or self._rename(id_) for id_ in ids)])

    def _turns(self, legs: dict[str, Any]) -> dict[str, dict[int, int]]:
        """Per call: the numbers of turns that are spoken of, as an order; 0 stays what it is."""
        found: dict[str, set[int]] = {c: {0, int(call.get("turn") or 0)} for c, call in self.calls.items()}
        for c, phone in self.env["phones"].items():
            found.setdefault(c, {0}).add(int(phone["turn"]))
        for fx in self.effects:
            found.setdefault(fx["call"], {0}).add(int(fx["turn"]))
        for m in self.env["flight"]:
            if "turn" in m:
                found.setdefault(m["c"], {0}).add(int(m["turn"]))
        labels = [m["label"] for m in self.env["flight"] if "label" in m]
        labels += [leg.get(k, "") for held in legs.values() for leg in held.values() for k in ("label", "left_label")]
        for text in labels:
            if text.startswith("caller_"):
                _, c, n = text.split("_")
                found.setdefault(c, {0}).add(int(n))
        return {c: {n: n if self.plain else rank for rank, n in enumerate(sorted(ns))} for c, ns in found.items()}

    def _signature(self, s: str, spec: dict[str, Any]) -> str:
        offer = self.offers.get(spec.get("offer") or spec.get("eoffer", ""))
        place = self.calls[offer["call"]].get("offers", "").find(offer["id"]) if offer else -1
        late = [m for m in self.env["flight"] if s in (m.get("s"), m.get("label", "__").split("_")[1])]
        own = [spec, self.env["specs"][s], [e for e in self._excl() if e[0] == s], late, place]
        own = json.dumps([*own, offer and self._offer(offer)], sort_keys=True).replace(s, "sX")
        return ID.sub("x", re.sub(r"1[78]\d{11}", lambda m: str(self._time(int(m[0]))), own))


def _without(fields: Mapping[str, str], names: set[str]) -> dict[str, Any]:
    """Empty, absent and (where there are numbers) 0 are the same to the scripts."""
    return {k: v for k, v in fields.items() if k not in names and v not in ("", "0")}


def canonical(board: Board, env: Env, now: int, legs: bool, *, plain: bool = False) -> str:
    """The text of this board and of what is outside it; `legs`: what the outbox is to do is part of it."""
    return Canon(board, env, now, legs, plain=plain).text()
