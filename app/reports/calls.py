"""One row a call: when it rang, what became of it so far, and how long that took. SQL, for the day's figures.

A call that has ended is what its outcome says. Of one that goes on nobody has said yet whether it was answered: that
is read from the raw stays in its rooms, by the same rule (a second together, or together now).
"""

from __future__ import annotations

#: Milliseconds together that make an answered call (T).
ANSWERED_MS = 1_000

#: Calls that rang in the span asked for.
RANG = """
    SELECT * FROM calls
    WHERE arrived_at >= :since AND arrived_at < :until AND (CAST(:line AS text) IS NULL OR line = :line)
"""
#: Who was when in which room of a call that goes on, ms. One label is one stay; a stamp of the carrier's own is better.
STAYS = """
    SELECT call_id, role, sid, label, max(room) AS room,
        coalesce(min(at) FILTER (WHERE came AND exact), min(at) FILTER (WHERE came)) AS came,
        coalesce(max(at) FILTER (WHERE NOT came AND exact), max(at) FILTER (WHERE NOT came)) AS went
    FROM (
        SELECT e.call_id, e.data ->> 'role' AS role, e.data ->> 'sid' AS sid, e.data ->> 'label' AS label,
            e.data ->> 'room' AS room, CAST(e.data ->> 'at_ms' AS numeric) AS at,
            e.kind = 'leg.joined' AS came, e.data ->> 'earliest_ms' IS NULL AS exact
        FROM call_events AS e JOIN rang ON rang.id = e.call_id
        WHERE rang.outcome IS NULL AND e.kind IN ('leg.joined', 'leg.left')
    ) AS said
    GROUP BY call_id, role, sid, label
"""
#: When a caller was first with an owner for long enough, or came to the one they are with.
MET = f"""
    SELECT caller.call_id, to_timestamp(min(greatest(caller.came, owner.came)) / 1000) AS at
    FROM stays AS caller JOIN stays AS owner ON owner.call_id = caller.call_id AND owner.room = caller.room
    WHERE caller.role = 'caller' AND owner.role IN ('owner', 'relief')
        AND coalesce(least(caller.went, owner.went) - greatest(caller.came, owner.came), {ANSWERED_MS}) >= {ANSWERED_MS}
    GROUP BY caller.call_id
"""
#: The console may say that they talk before the carrier has said that both have come.
TALKS = """
    SELECT call_id, min(talking_at) AS since FROM engagements
    WHERE state = 'talking' AND role IN ('owner', 'relief') AND call_id IN (SELECT id FROM rang WHERE outcome IS NULL)
    GROUP BY call_id
"""
NOW = """
    CASE
        WHEN met.at IS NOT NULL OR state = 'talking' OR outcome_before = 'answered' THEN 'answered'
        WHEN backup_answered_at IS NOT NULL THEN 'rolled_over'
        ELSE 'open'
    END
"""
#: Half-hour of the day, `became`, seconds it `took` to be answered, seconds of `age` since the first ring.
CALLS = f"""
    WITH rang AS ({RANG}), stays AS ({STAYS}), met AS ({MET}), talks AS ({TALKS})
    SELECT
        CAST(floor(extract(epoch FROM arrived_at - :since) / 1800) AS int) AS slot,
        coalesce(outcome, {NOW}) AS became,
        extract(epoch FROM coalesce(answered_at, met.at, talks.since, talking_at) - arrived_at) AS took,
        extract(epoch FROM CAST(:now AS timestamptz) - arrived_at) AS age
    FROM rang LEFT JOIN met ON met.call_id = rang.id LEFT JOIN talks ON talks.call_id = rang.id
"""
