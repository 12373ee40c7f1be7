// Two snapshots of the lead's board compared: only what differs goes to the page, however many are waiting.
import type { BoardChange, BoardMessage, CallOut, Me } from "./messages";

export interface Known {
  calls: Map<string, string>;
  people: Map<string, string>;
}

export function emptyBoard(): Known {
  return { calls: new Map(), people: new Map() };
}

export function compareBoards(before: Known, message: BoardMessage): [Known, BoardChange] {
  if (message.away) return [before, { away: true, now_ms: 0, calls: [], gone: [], specialists: [], left: [] }];
  const [calls, changed, gone] = differing(
    before.calls,
    message.calls ?? [],
    (call: CallOut) => call.id,
    (call) => ({ ...call, now_ms: 0 }),
  );
  const [people, specialists, left] = differing(
    before.people,
    message.specialists ?? [],
    (me: Me) => me.spec,
    (me) => me,
  );
  const now_ms = message.now_ms ?? 0;
  return [
    { calls, people },
    { away: false, now_ms, calls: changed, gone, specialists, left },
  ];
}

function differing<T>(
  before: Map<string, string>,
  items: T[],
  id: (item: T) => string,
  shown: (item: T) => T,
): [Map<string, string>, T[], string[]] {
  const now = new Map<string, string>();
  const changed: T[] = [];
  for (const item of items) {
    const text = JSON.stringify(shown(item));
    now.set(id(item), text);
    if (before.get(id(item)) !== text) changed.push(item);
  }
  return [now, changed, [...before.keys()].filter((key) => !now.has(key))];
}
