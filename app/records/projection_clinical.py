"""Clinical facts into their tables. A fact sent twice under one id is one fact; with other content it is an alarm."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.records.pages import Row
from app.records.reading import Reading, word

#: What the log says of an event whose fact id is already taken by another content.
DIFFERS = "fact differs"


def clinical(r: Reading) -> str | None:
    kind, facts = r.word("kind"), _facts(r)
    if kind == "risk":
        return _risk(r, facts)
    if kind == "safe_to_call":
        answer = next((facts[name] for name in ("safe_to_call", "safe", "value") if name in facts), None)
        said = ("yes" if answer else "no") if isinstance(answer, bool) else answer
        r.now("safe_to_call", said if said in ("yes", "no") else None, unknown=True)
    return None


def _risk(r: Reading, facts: dict[str, Any]) -> str | None:
    if not (key := r.word("id")):
        return "no id"
    if known := r.pages.get("risk_assessments", key):
        return None if known["facts"] == facts else DIFFERS
    row = r.pages.change("risk_assessments", key)
    imminent = facts.get("imminent")
    row.update(call_id=r.own["id"], spec=r.word("spec"), at=r.at, facts=facts, rationale_cipher=r.word("cipher"))
    row.update(screened=word(facts, "screened"), judged=word(facts, "judged"))
    row["imminent"] = imminent if isinstance(imminent, bool) else {"yes": True, "no": False}.get(str(imminent))
    return None


def handoff_opened(r: Reading) -> str | None:
    if (handoff := r.entity("emergency_handoffs", "handoff")) is None:
        return "no id"
    if handoff["opened_at"] is not None:
        return None
    handoff.update(opened_by=r.word("spec"), opened_at=r.at, to_cipher=r.word("to_cipher"))
    handoff["narrative_cipher"] = r.word("cipher")
    _learn(r, handoff, _facts(r))
    return None


def handoff_fact(r: Reading) -> str | None:
    key, handoff_id = r.word("id"), r.word("handoff")
    handoff = r.pages.get("emergency_handoffs", handoff_id)
    if handoff is None and r.call is not None:
        handoff = r.entity("emergency_handoffs", "handoff")
    if key is None or handoff is None:
        return "no id" if key is None else "no handoff"
    facts = _facts(r)
    if known := r.pages.get("handoff_facts", key):
        return None if known["facts"] == facts else DIFFERS
    row = r.pages.change("handoff_facts", key)
    row.update(handoff_id=handoff["id"], who=r.word("who"), at=r.at, facts=facts, cipher=r.word("cipher"))
    _learn(r, r.pages.change("emergency_handoffs", handoff["id"]), facts)
    return None


def _learn(r: Reading, handoff: Row, facts: Mapping[str, Any]) -> None:
    """Parallel facts, the latest of each; the state is derived from them (C1)."""
    handoff["facts"] = {**handoff["facts"], **facts}
    for name in ("why", "consent", "contact", "outcome"):
        handoff[name] = word(facts, name) or handoff[name]
    if handoff["contacted_at"] is None and word(facts, "contact") in ("reached", "by_hand"):
        handoff["contacted_at"] = r.at
    if word(facts, "outcome"):
        handoff["outcome_at"] = r.at
    if facts.get("closed"):
        handoff["closed_at"] = handoff["closed_at"] or r.at
    handoff["state"] = _derived(handoff)


#: Latest attempt to reach the agency to the handoff's state.
CONTACT = {
    "reached": "agency_contacted",
    "by_hand": "agency_contacted",
    "no_answer": "agency_unanswered",
    "declined": "agency_declined",
    "wrong_jurisdiction": "wrong_jurisdiction",
}


def _derived(handoff: Row) -> str:
    if handoff["closed_at"]:
        return "closed"
    return handoff["outcome"] or CONTACT.get(handoff["contact"] or "", "decided")


def _facts(r: Reading) -> dict[str, Any]:
    """Codes; an empty table of a script arrives as a list."""
    facts = r.event.data.get("facts")
    return dict(facts) if isinstance(facts, Mapping) else {}
