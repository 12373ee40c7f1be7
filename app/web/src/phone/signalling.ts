// Where the SDK finds its signalling. Against the carrier it knows by itself; against the emulator it is told.

/** Device options for an emulated carrier at `ws://host:port`; none for the real one. */
export function emulated(signalling: string): Record<string, unknown> {
  return signalling ? { chunderw: new URL(signalling).host, publishEvents: false } : {};
}

/**
 * The SDK only speaks TLS; an emulator on this very machine has none, and browsers allow a microphone there without it.
 * Must run before the SDK is loaded: it keeps the WebSocket it finds.
 */
export function plainOnLoopback(signalling: string): void {
  if (!signalling.startsWith("ws://")) return;
  const { host, hostname } = new URL(signalling);
  if (!["127.0.0.1", "localhost"].includes(hostname)) return;
  const Secure = globalThis.WebSocket;
  globalThis.WebSocket = class extends Secure {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(String(url).replace(`wss://${host}`, `ws://${host}`), protocols);
    }
  };
}
