"""What must be true of every board, said once more in Python: it reads the event log and knows only the rules.

It keeps what a reader of the events can know (states, offers, engagements, who waits where) and raises
`AssertionError` at the first event that the rules of section L, H and P do not allow.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from routing.board import Event
from routing.states import CALL, DUTY, ENGAGEMENT, OFFER, Call, Duty, Engagement, Offer
from tests.routing.model_callbacks import GRAVE, CallbackModel
from tests.routing.model_numbers import HEAD, NumberModel

QUEUED = {"waiting", "offered", "backup_ringing", "callback"}
#: By what who is beyond a day's limit is behind, ms.
OVER = 1_800_000
#: A declined pair stays apart at least this long, and at most the second, in ms (P2).
APART_MS = (15_000, 60_000)


@dataclass
class CallModel:
    state: str
    cls: str
    arrived: int
    counter: int
    language: str
    tiers: set[str] = field(default_factory=lambda: {"1"})
    interpreter: bool = False
    offers: set[str] = field(default_factory=set)
    asks: set[str] = field(default_factory=set)
    """Open offers of another kind: colleagues who are asked in."""
    owner: str = ""
    held_until: int = 0
    needs_key: bool = False
    helped: bool = False
    interpreted: bool = False
    n: int = 0
    ended: bool = False
    away: bool = False
    """Chose to be rung back, and nobody has a leg (C4)."""
    pressed: bool = False
    may: bool = False
    """The plan's second of the callback is over."""
    unsafe: bool = False
    rings: list[int] = field(default_factory=list)
    """When the person who has it now has rung, ms."""
    line: str = "main"
    number: str = ""
    """Its keyed hash; empty for a withheld one."""
    behind: bool = False
    past: bool = False
    """Its plan has come to the human line."""
    over: bool = False

    @property
    def head(self) -> int:
        return HEAD[self.cls] - (OVER if self.over else 0)

    @property
    def score(self) -> int:
        return self.arrived - self.head


@dataclass
class SpecModel:
    duty: str = "idle"
    offer: str = ""
    engagement: str = ""
    estate: str = ""
    beside: bool = False
    apart: dict[str, int] = field(default_factory=dict)


@dataclass
class OfferModel:
    call: str
    spec: str
    state: str = "offered"
    beside: bool = False
    """A transfer or consult."""


class Model(CallbackModel, NumberModel):
    """Checks events in order. `languages` and `tiers` say whom each specialist may take."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: dict[str, CallModel] = {}
        self.specs: dict[str, SpecModel] = {}
        self.offers: dict[str, OfferModel] = {}
        self.epoch = ""
        self.verify_until = 0
        self.beaten: dict[str, str] = {}
        self.beat_ms: dict[str, int] = {}
        self.may: dict[str, tuple[Sequence[str], str]] = {}
        self.on: dict[str, str] = {}
        """Of who serves another line than the main one, which."""
        self.tell_nothing()
        self.leads: set[str] = set()
        self.connected: set[str] = set()
        self.clinical: set[str] = set()
        self.last_id = 0

    def spec(self, spec: str) -> SpecModel:
        return self.specs.setdefault(spec, SpecModel())

    def feed(self, events: Iterable[Event]) -> None:
        for event in events:
            assert event.id == self.last_id + 1, "events are numbered without gaps"
            self.last_id = event.id
            if event.call in self.calls:
                assert event.n == self.calls[event.call].n + 1, "events of a call are numbered without gaps"
            if event.call in self.calls:
                self.calls[event.call].n = event.n
            handler = getattr(self, "on_" + event.kind.replace(".", "_"), None)
            if handler is not None:
                handler(event, event.data)
            if event.call in self.calls and event.state:
                assert event.state == self.calls[event.call].state, "the event names the state afterwards"

    # -- calls

    def on_epoch_opened(self, _event: Event, data: Mapping[str, Any]) -> None:
        self.epoch = data["epoch"]
        self.verify_until = _event.at_ms + 10_000

    def on_call_arrived(self, event: Event, data: Mapping[str, Any]) -> None:
        assert event.call not in self.calls, "a call arrives once"
        self.calls[event.call] = CallModel(
            event.state, data["cls"], data["arrived_ms"], data["counter"], data["language"], n=event.n
        )
        call = self.calls[event.call]
        call.line, call.number = data["line"], "" if data["withheld"] else data["number_hash"]
        call.away = event.state == "callback"

    def on_call_state(self, event: Event, data: Mapping[str, Any]) -> None:
        call = self.calls[event.call]
        assert call.state == data["from"], "a state changes from what it was"
        assert Call(data["to"]) in CALL[Call(data["from"])], f"{data['from']} -> {data['to']} is no edge"
        call.state = data["to"]
        self.callback_state(event, call, data)
        if data["to"] == "waiting" and data["cause"] == "left":
            call.held_until = event.at_ms + 20_000
            call.tiers, call.interpreter = {"1"} | (call.tiers & {"any"}), False
        if data["to"] == "waiting":
            call.needs_key = data["cause"] == "backup_ended" or (call.needs_key and data["from"] == "offered")
        if data["to"] == "offered":
            assert call.offers, "offered means an open offer"
        if data["from"] == "offered" and data["to"] == "waiting":
            assert not call.offers, "a call leaves `offered` with its last open offer (P3)"

    def on_call_class(self, event: Event, data: Mapping[str, Any]) -> None:
        call = self.calls[event.call]
        assert call.cls == data["from"]
        if HEAD[data["to"]] < HEAD[data["from"]]:
            assert data["who"], "lowering needs a person"
            assert data["why"], "lowering needs a reason"
        call.cls = data["to"]

    def on_call_language(self, event: Event, data: Mapping[str, Any]) -> None:
        self.calls[event.call].language = data["to"]

    def on_call_key(self, event: Event, data: Mapping[str, Any]) -> None:
        if data["meaning"] == "danger":
            self.calls[event.call].pressed = True
        if data["meaning"] == "callback_no":
            self.unsafe.add(self.calls[event.call].number)
        if data["meaning"] == "still_needed":
            self.calls[event.call].needs_key = False

    def on_call_plan(self, event: Event, data: Mapping[str, Any]) -> None:
        call = self.calls[event.call]
        if data["step"] == "callback":
            call.may = True
        call.past = call.past or data["step"] in ("backup", "danger_backup")
        if data["step"] == "tier":
            call.tiers.add("2")
        if data["step"] == "interpreter":
            call.interpreter = True

    def on_call_ended(self, event: Event, _data: Mapping[str, Any]) -> None:
        call = self.calls[event.call]
        assert call.state == "closed", "a call ends closed"
        assert not call.ended, "a call ends once"
        assert not call.offers | call.asks, "no offer outlives its call"
        call.ended = True

    def on_call_help(self, event: Event, data: Mapping[str, Any]) -> None:
        call = self.calls[event.call]
        assert call.helped != data["on"], "help is wanted once, until it has come"
        call.helped = data["on"]

    def on_call_interpreter(self, event: Event, data: Mapping[str, Any]) -> None:
        call = self.calls[event.call]
        if data["state"] in ("ringing", "there"):
            assert call.state == "talking", "an interpreter is beside one of ours (L10)"
        assert (data["state"] == "ringing") == (not call.interpreted), "one at a time"
        call.interpreted = data["state"] in ("ringing", "there")

    def on_call_hold(self, event: Event, data: Mapping[str, Any]) -> None:
        call = self.calls[event.call]
        if data["on"]:
            assert call.state == "talking", "only who talks is put on hold"
            assert data["spec"] == call.owner, "the owner holds (L10)"

    # -- offers

    def on_offer_made(self, event: Event, data: Mapping[str, Any]) -> None:
        call, spec = self.calls[event.call], self.spec(data["spec"])
        name = data["spec"]
        assert event.at_ms >= self.verify_until, "no offer in verify mode (S2)"
        assert spec.duty == "idle", "only idle people are offered"
        assert not spec.offer, "one offer a person"
        assert not spec.engagement, "nobody who is with a call is offered another"
        assert self.beaten.get(name) == self.epoch, "only people heard of in this epoch (S2)"
        assert event.at_ms - self.beat_ms.get(name, 0) <= 12_000, "only people heard of lately"
        assert event.at_ms - spec.apart.get(event.call, -APART_MS[0]) >= APART_MS[0], "a declined pair stays apart (P2)"
        limit = 3 if call.cls in GRAVE else 1
        beside = data["kind"] in ("transfer", "consult")
        assert beside or len(call.offers) < limit, "no caller in two offers that count"
        if data["kind"] == "call":
            assert call.state in QUEUED, "only waiting callers are offered"
            assert not call.needs_key
            assert (call.state == "callback") == call.away, "a callback is offered once its caller has hung up"
            assert not call.behind, "who waits behind another call of their number is not offered (C6)"
            assert call.line == self.on.get(name, "main"), "a peer takes no crisis call, nobody else a peer's"
            assert event.at_ms >= call.held_until, "after a leave, 20 s (L9)"
            self._first(event, data)
        elif beside:
            assert call.state == "talking", "the call stays as it is while a colleague is asked (L10)"
            assert data["by"] == call.owner, "the owner asks"
            assert not call.asks, "one is asked at a time"
        else:
            assert call.state in {"reconnecting", "agency_only"}, "relief is for a call that lost its specialist"
        self.offers[data["offer"]] = OfferModel(event.call, name, beside=beside)
        (call.asks if beside else call.offers).add(data["offer"])
        spec.offer = data["offer"]

    def _first(self, event: Event, data: Mapping[str, Any]) -> None:
        """P1: nobody whom this person may take and has not declined has a smaller score."""
        taken, name = self.calls[event.call], data["spec"]
        for id_, other in self.calls.items():
            if id_ == event.call or not self._in_w(name, id_, other, event.at_ms):
                continue
            mine, theirs = (taken.score, taken.counter), (other.score, other.counter)
            assert mine <= theirs, f"P1: {name} was given {event.call} while {id_} waited"
            gap = other.head - taken.head
            assert taken.arrived - other.arrived <= -gap, "P1: a(y) - a(x) <= h(y) - h(x)"

    def _in_w(self, name: str, id_: str, other: CallModel, now: int) -> bool:
        if (
            (other.state not in ("waiting", "backup_ringing") and not (other.state == "callback" and other.away))
            or other.needs_key
            or now < other.held_until
            or other.offers
            or other.behind
            or other.line != self.on.get(name, "main")
        ):
            return False
        if now - self.spec(name).apart.get(id_, -APART_MS[1]) < APART_MS[1]:
            return False
        if other.cls == "agency":  # anybody on shift, at once (C2)
            return True
        languages, tier = self.may[name]
        return tier in other.tiers and (other.language in languages or other.interpreter)

    def _offer(self, event: Event, to: str) -> OfferModel:
        offer = self.offers[event.data["offer"]]
        assert Offer(to) in OFFER[Offer(offer.state)], f"offer {offer.state} -> {to} is no edge"
        assert event.data["spec"] == offer.spec
        offer.state = to
        return offer

    def _over(self, event: Event, to: str) -> OfferModel:
        offer = self._offer(event, to)
        self.calls[offer.call].offers.discard(event.data["offer"])
        self.calls[offer.call].asks.discard(event.data["offer"])
        if self.spec(offer.spec).offer == event.data["offer"]:
            self.spec(offer.spec).offer = ""
        return offer

    def on_offer_acked(self, _event: Event, data: Mapping[str, Any]) -> None:
        assert self.offers[data["offer"]].state == "offered"
        assert self.offers[data["offer"]].spec == data["spec"]

    def on_offer_accepted(self, event: Event, _data: Mapping[str, Any]) -> None:
        assert event.at_ms >= self.verify_until, "no accept in verify mode (S2)"
        over = self._over(event, "accepted")
        assert not over.beside or self.calls[event.call].owner, "who comes to nobody is no colleague"
        same = [o for o in self.offers.values() if o.call == event.call and o.beside == over.beside]
        open_ = [o for o in same if o.state == "accepted"]
        assert len(open_) == 1, "one accept wins"

    def on_offer_connected(self, event: Event, data: Mapping[str, Any]) -> None:
        self._offer(event, "connected")
        assert data["offer"] not in self.connected, "an offer connects once"
        self.connected.add(data["offer"])

    def on_offer_declined(self, event: Event, _data: Mapping[str, Any]) -> None:
        offer = self._over(event, "declined")
        self.spec(offer.spec).apart[offer.call] = event.at_ms

    def on_offer_expired(self, event: Event, _data: Mapping[str, Any]) -> None:
        self._over(event, "expired")

    def on_offer_rescinded(self, event: Event, _data: Mapping[str, Any]) -> None:
        self._over(event, "rescinded")

    def on_offer_unreachable(self, event: Event, _data: Mapping[str, Any]) -> None:
        self._over(event, "unreachable")

    def on_offer_failed(self, event: Event, _data: Mapping[str, Any]) -> None:
        offer = self._over(event, "failed")
        self.spec(offer.spec).apart[offer.call] = event.at_ms - APART_MS[0]  # a failed connect may be tried sooner

    # -- people

    def on_engagement_started(self, _event: Event, data: Mapping[str, Any]) -> None:
        spec = self.spec(data["spec"])
        assert not spec.engagement, "no specialist in two calls"
        spec.engagement, spec.estate = data["engagement"], "connecting"
        spec.beside = data["role"] in ("lead", "coach")
        assert not spec.beside or data["spec"] in self.leads, "only leads listen (L10)"

    def on_engagement_state(self, _event: Event, data: Mapping[str, Any]) -> None:
        spec = self.spec(data["spec"])
        assert spec.engagement == data["engagement"]
        assert spec.estate == data["from"]
        assert Engagement(data["to"]) in ENGAGEMENT[Engagement(data["from"])], f"{data['from']} -> {data['to']}"
        spec.estate = data["to"]
        if data["to"] == "done":
            spec.engagement = spec.estate = ""

    def on_engagement_owner(self, event: Event, data: Mapping[str, Any]) -> None:
        call = self.calls[event.call]
        assert call.owner == data["from_spec"], "owners follow one another (L10)"
        assert data["from_spec"] != data["to_spec"]
        call.owner = data["to_spec"]

    def on_specialist_duty(self, _event: Event, data: Mapping[str, Any]) -> None:
        spec = self.spec(data["spec"])
        assert spec.duty == data["from"]
        assert Duty(data["to"]) in DUTY[Duty(data["from"])], f"duty {data['from']} -> {data['to']} is no edge"
        spec.duty = data["to"]

    def on_leg_ended(self, _event: Event, data: Mapping[str, Any]) -> None:
        key = f"ended {data['sid']} {'earliest_ms' in data}"  # the carrier's own stamp may follow a supplied one
        assert key not in self.clinical, "a leg ends once"
        self.clinical.add(key)

    def on_clinical(self, event: Event, data: Mapping[str, Any]) -> None:
        assert data["id"] not in self.clinical, "a fact is recorded once"
        if data["kind"] == "safe_to_call" and data["facts"]["safe_to_call"] == "no":
            self.unsafe.add(self.calls[event.call].number)
        self.clinical.add(data["id"])

    # -- between moves

    def settled(self) -> None:
        """What holds whenever no script runs."""
        for id_, call in self.calls.items():
            assert not (call.away and not call.ended and call.cls in GRAVE), f"{id_} is {call.cls} and nobody has a leg"
            if call.state in {"connecting", "calling_back", "talking"}:
                assert call.owner, f"{id_} is {call.state} and nobody's (L10)"
            if call.state in QUEUED | {"greeting", "doubtful", "backup_talking"}:
                assert not call.owner, f"{id_} waits and is somebody's"
                assert not call.interpreted, f"{id_} waits with an interpreter alone"
                assert not call.asks, f"{id_} waits and somebody is asked to join nobody"
            assert not (call.behind and call.past) or call.state == "closed", f"{id_} waits behind for too long"
        for spec in self.specs.values():
            if spec.offer:
                assert spec.duty == "offered"
                assert self.offers[spec.offer].state == "offered"
            if spec.duty in {"connecting", "talking", "reconnecting", "wrapping"}:
                assert spec.engagement, "busy with a call"
                assert spec.estate == spec.duty or spec.beside
