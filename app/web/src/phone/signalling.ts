// Where the SDK finds its signalling. The real carrier's it knows by itself; an emulator's it is told.

/** Device options of the SDK's own that its types do not name; quality events go nowhere. */
export function carrier(emulator: string): Record<string, unknown> {
  return { ...(emulator ? { chunderw: emulator } : {}), publishEvents: false };
}

let wrapped = false;

/**
 * Let the SDK reach the emulator, which has no certificate: this one address is opened without TLS. Must run before the
 * SDK is loaded, which keeps the WebSocket it finds.
 */
export function withoutTls(host: string): void {
  if (wrapped) return;
  wrapped = true;
  const Native = globalThis.WebSocket;
  const address = `wss://${host}/signal`;
  globalThis.WebSocket = class extends Native {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(String(url) === address ? `ws://${host}/signal` : url, protocols);
    }
  };
}
