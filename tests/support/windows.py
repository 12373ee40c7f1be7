"""Chromium windows on the emulator: the telephone page, and a page with the carrier's own SDK, each with its pitch."""

from __future__ import annotations

import asyncio
import io
import os
import shutil
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web
from playwright.async_api import Browser, BrowserContext, Page, Request

from telephony.emulator import Leg
from tests.support.carrier_world import CALLER, World

CHROMIUM = os.environ.get("HOTLINE_TEST_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
MODULES = Path(__file__).parents[2] / "app/web/node_modules"
SDK = MODULES / "@twilio/voice-sdk/dist/twilio.min.js"
AXE = MODULES / "axe-core/axe.min.js"
NEEDED = {
    "Chromium (HOTLINE_TEST_CHROMIUM may name one)": CHROMIUM is not None,
    "the SDK and axe (they come with the console's build)": SDK.exists() and AXE.exists(),
}
#: What the browser tests need and this machine has not.
MISSING = [name for name, there in NEEDED.items() if not there]
FLAGS = [
    "--no-sandbox",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
#: Pitches of the two microphones, and amplitudes that are a voice and that are none.
TELEPHONE_HZ, SOFTPHONE_HZ = 700, 1100
SPOKEN, LOUD, FAINT = 0.3, 0.1, 0.02
PATIENCE_S = 15.0

# A microphone that sends one pitch, and a measure of one pitch in what is heard (Goertzel's).
MICROPHONE = """
navigator.mediaDevices.getUserMedia = async () => {
  const context = (window.voice ??= new AudioContext());
  const source = new OscillatorNode(context, { frequency: %d });
  const volume = new GainNode(context, { gain: %f });
  const out = context.createMediaStreamDestination();
  source.connect(volume).connect(out);
  source.start();
  return out.stream;
};
window.measure = async (hertz) => {
  const stream = window.ear();
  if (!stream) return 0;
  const context = (window.hearing ??= new AudioContext());
  const analyser = new AnalyserNode(context, { fftSize: 16384 });
  const source = context.createMediaStreamSource(stream);
  source.connect(analyser);
  await new Promise((go) => setTimeout(go, (1000 * analyser.fftSize) / context.sampleRate + 100));
  const wave = new Float32Array(analyser.fftSize);
  analyser.getFloatTimeDomainData(wave);
  source.disconnect();
  let [real, imaginary] = [0, 0];
  wave.forEach((value, at) => {
    const turn = (2 * Math.PI * hertz * at) / context.sampleRate;
    real += value * Math.cos(turn);
    imaginary += value * Math.sin(turn);
  });
  return (2 * Math.hypot(real, imaginary)) / wave.length;
};
"""
#: What any page hears last: the sound of its newest connection.
REMOTE_EAR = """
const Peer = globalThis.RTCPeerConnection;
globalThis.RTCPeerConnection = class extends Peer {
  constructor(...about) {
    super(...about);
    this.addEventListener("track", ({ track }) => (window.remote = new MediaStream([track])));
  }
};
window.ear = () => window.remote;
"""
TELEPHONE_EAR = "window.ear = () => document.getElementById('sound').srcObject;"

SILENT_FILE = io.BytesIO()
with wave.open(SILENT_FILE, "wb") as file:
    file.setparams((1, 2, 8000, 0, "NONE", ""))
    file.writeframes(bytes(1600))
SOFTPHONE_PAGE = """<!doctype html><title>Softphone</title><script src="/withouttls.js"></script>
<script src="/sdk.js"></script><script src="/softphone.js"></script>"""
WITHOUT_TLS = """
const Native = globalThis.WebSocket;
globalThis.WebSocket = class extends Native {
  constructor(url, protocols) {
    super(String(url) === "wss://HOST/signal" ? "ws://HOST/signal" : url, protocols);
  }
};
"""
SOFTPHONE = """
window.said = [];
window.ear = () => window.call?.getRemoteStream();
const NAMES = "incoming outgoing disconnect dtmf0 dtmf1 dtmf2 dtmf3 dtmf4 dtmf5 dtmf6 dtmf7 dtmf8 dtmf9 dtmfs dtmfh";
window.dial = async (token, params) => {
  window.device = new Twilio.Device(token, {
    chunderw: "HOST",
    publishEvents: false,
    codecPreferences: ["opus", "pcmu"],
    maxCallSignalingTimeoutMs: 30000,
    sounds: Object.fromEntries(NAMES.split(" ").map((name) => [name, "/silence.wav"])),
  });
  device.on("error", (error) => said.push(`error ${error.code}`));
  device.on("tokenWillExpire", () => said.push("tokenWillExpire"));
  window.call = await device.connect({ params });
  for (const event of ["ringing", "accept", "disconnect", "reconnecting", "reconnected"]) {
    call.on(event, () => said.push(event));
  }
  call.on("error", (error) => said.push(`call error ${error.code} ${error.message}`));
};
"""

#: The user name of the SDK's own end in ICE, once offer and answer agree.
ICE = """(({signalingState, localDescription}) => signalingState === "stable"
  ? localDescription.sdp.match(/ice-ufrag:(\\S+)/)[1] : null)(call._mediaHandler.version.pc)"""


class Ear:
    """Pitches that are heard at a page with `MICROPHONE` and an ear."""

    page: Page

    async def hears(self, *pitches: float) -> None:
        """Wait until each of them is heard."""
        for hertz in pitches:
            await self._until(f"measure({hertz})", lambda loud: loud > LOUD)

    async def hears_not(self, *pitches: float) -> None:
        """Wait until none of them is heard any more."""
        for hertz in pitches:
            await self._until(f"measure({hertz})", lambda loud: loud < FAINT)

    async def _until(self, script: str, good: Any) -> None:
        seen = None
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not good(seen := await self.page.evaluate(script)):  # noqa: ASYNC110  a page can only be asked
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"{script} is {seen}") from None


class Window(Ear):
    """One person's window: everything it asked for and complained about is kept."""

    def __init__(self, page: Page, context: BrowserContext) -> None:
        self.page = page
        self.context = context
        self.asked: list[str] = []
        self.complaints: list[str] = []
        page.on("request", self._keep)
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _keep(self, request: Request) -> None:
        self.asked.append(request.url)

    async def said(self, what: str) -> None:
        """Wait until the SDK has told this event."""
        await self._until("said", lambda said: any(what in s for s in said))

    async def ice(self) -> str | None:
        """Under which name the SDK's media finds its way now; none while that is being agreed."""
        return await self.page.evaluate(ICE)

    async def ice_is_not(self, before: str | None) -> None:
        """Wait until another way has been agreed."""
        await self._until(ICE, lambda now: now not in (None, before))

    async def shows(self, text: str) -> None:
        await self.page.get_by_text(text).first.wait_for(timeout=PATIENCE_S * 1000)

    async def violations(self) -> list[str]:
        """What axe finds."""
        await self.page.evaluate(AXE.read_text() + "; undefined")  # the page's policy forbids script elements
        rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
        found = await self.page.evaluate("rules => axe.run({ runOnly: rules })", rules)
        return [f"{rule['id']}: {node['target']}" for rule in found["violations"] for node in rule["nodes"]]

    async def presses(self, name: str) -> None:
        await self.page.get_by_role("button", name=name, exact=True).click(timeout=PATIENCE_S * 1000)


class House:
    """The emulator with a customer's documents, and windows on it."""

    def __init__(self, world: World, browser: Browser, pages: str) -> None:
        self.world = world
        self.windows: list[Window] = []
        self._browser = browser
        self._pages = pages

    async def _window(self, url: str, *scripts: str, **options: Any) -> Window:
        context = await self._browser.new_context(**options)
        for script in scripts:
            await context.add_init_script(script)
        window = Window(await context.new_page(), context)
        self.windows.append(window)
        await window.page.goto(url)
        return window

    async def telephone(
        self, number: str = CALLER, hertz: int = TELEPHONE_HZ, lang: str = "en", **options: Any
    ) -> Window:
        url = f"{self.world.net.url}/telephone?number={number.replace('+', '%2B')}&lang={lang}"
        return await self._window(url, MICROPHONE % (hertz, SPOKEN), TELEPHONE_EAR, **options)

    async def softphone(self) -> Window:
        return await self._window(self._pages, MICROPHONE % (SOFTPHONE_HZ, SPOKEN))

    async def dials_in(self, window: Window, identity: str = "s1") -> Leg:
        """The SDK's connect, until it is accepted; its leg."""
        token = self.world.token(identity)
        await window.page.evaluate("([token, params]) => dial(token, params)", [token, {"offer": "o1", "token": "t"}])
        await window.said("accept")
        return self.world.net.legs[await window.page.evaluate("call.parameters.CallSid")]


@asynccontextmanager
async def softphone_pages(emulator: str) -> AsyncIterator[str]:
    """A page with the unmodified SDK."""
    files = {
        "/": ("text/html", SOFTPHONE_PAGE.encode()),
        "/withouttls.js": ("text/javascript", WITHOUT_TLS.replace("HOST", emulator).encode()),
        "/sdk.js": ("text/javascript", SDK.read_bytes()),
        "/softphone.js": ("text/javascript", SOFTPHONE.replace("HOST", emulator).encode()),
        "/silence.wav": ("audio/wav", SILENT_FILE.getvalue()),
        "/favicon.ico": ("image/png", b""),
    }

    async def serve(request: web.Request) -> web.Response:
        kind, body = files[request.path]
        return web.Response(body=body, content_type=kind)

    app = web.Application()
    app.router.add_get("/{path:.*}", serve)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    await runner.cleanup()


def nothing_outside(house: House) -> None:
    for window in house.windows:
        assert [u for u in window.asked if not u.startswith(("http://127.0.0.1:", "data:", "blob:"))] == []
        assert window.complaints == [], window.complaints
