// A telephone: a WebSocket for what happens, WebRTC for what is said. No build, no address but this server's.
import { choose } from "./texts.js";

const query = new URLSearchParams(location.search);
const { language, texts } = choose(query.get("lang"), navigator.language);
const find = (id) => document.getElementById(id);
/** Milliseconds a key sounds here, and its two pitches (Hz) by row and column. */
const KEY_MS = 120;
const ROWS = [697, 770, 852, 941];
const COLUMNS = [1209, 1336, 1477];
const KEYS = "123456789*0#";
/** Milliseconds between two rings. */
const RING_MS = 3000;

let line = null;
let peer = null;
let microphone = null;
let ringer = 0;
let sounding = null;

function translate() {
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = texts[element.dataset.text];
  for (const element of document.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", texts[element.dataset.label]);
  }
  find("captions").dataset.empty = texts.empty;
  for (const link of [find("english"), find("spanish")]) {
    const there = new URLSearchParams(query);
    there.set("lang", link.lang);
    link.href = `?${there}`;
    if (link.lang === language) link.setAttribute("aria-current", "true");
  }
}

function state(name) {
  find("state").dataset.state = name;
  find("state").textContent = texts[name];
  document.title = `${texts[name]} · ${texts.title}`;
}

function problem(name) {
  find("problem").textContent = name ? texts[name] : "";
}

/** Show one of the three: dialling, ringing, call. The focus goes along only when it was in what is hidden. */
function show(id, focus) {
  const lost = document.activeElement === document.body || document.activeElement?.closest("main form, main section");
  for (const part of ["dialling", "ringing", "call"]) find(part).hidden = part !== id;
  if (lost && focus) find(focus).focus();
}

function caption(text, kind) {
  const item = document.createElement("p");
  item.className = kind;
  item.textContent = text;
  find("captions").append(item);
  item.scrollIntoView({ block: "nearest" });
}

function say(type, facts = {}) {
  if (line?.readyState === WebSocket.OPEN) line.send(JSON.stringify({ type, ...facts }));
}

// ---------------------------------------------------------------- sound

async function listen() {
  try {
    microphone = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: true, noiseSuppression: true } });
    find("microphone").textContent = texts.microphone;
  } catch {
    microphone = null;
    find("microphone").textContent = texts.deaf;
  }
  find("mute").disabled = microphone === null;
  find("mute").setAttribute("aria-pressed", "false");
}

/** A new connection with the microphone, as an offer. */
async function offer() {
  await listen();
  peer = new RTCPeerConnection({ iceServers: [] });
  peer.ontrack = ({ track }) => {
    find("sound").srcObject = new MediaStream([track]);
  };
  if (microphone) peer.addTrack(microphone.getAudioTracks()[0], microphone);
  else peer.addTransceiver("audio", { direction: "recvonly" });
  await peer.setLocalDescription(await peer.createOffer());
  return peer.localDescription.sdp;
}

function silence() {
  peer?.close();
  peer = null;
  for (const track of microphone?.getTracks() ?? []) track.stop();
  microphone = null;
  find("sound").srcObject = null;
}

/** Some pitches from this machine's own loudspeaker: a key that was pressed, or the bell. */
function tone(pitches, milliseconds) {
  sounding ??= new AudioContext();
  const volume = new GainNode(sounding, { gain: 0.05 });
  volume.connect(sounding.destination);
  for (const frequency of pitches) {
    const source = new OscillatorNode(sounding, { frequency });
    source.connect(volume);
    source.start();
    source.stop(sounding.currentTime + milliseconds / 1000);
  }
}

function bell(on) {
  clearInterval(ringer);
  if (!on) return;
  const ring = () => tone([660, 880], 600);
  ring();
  ringer = setInterval(ring, RING_MS);
}

// ---------------------------------------------------------------- what the person does

async function dial(event) {
  event.preventDefault();
  problem("");
  find("captions").replaceChildren();
  const to = find("to").value;
  say("dial", { to, withheld: find("withheld").checked, sdp: await offer() });
}

async function accept() {
  bell(false);
  say("accept", { sdp: await offer() });
}

function press(key) {
  const place = KEYS.indexOf(key);
  if (place < 0) return;
  tone([ROWS[Math.floor(place / 3)], COLUMNS[place % 3]], KEY_MS);
  say("key", { digit: key });
  caption(`${texts.key} ${key}`, "key");
}

function mute() {
  const muted = find("mute").getAttribute("aria-pressed") !== "true";
  for (const track of microphone?.getAudioTracks() ?? []) track.enabled = !muted;
  find("mute").setAttribute("aria-pressed", String(muted));
  find("microphone").textContent = texts[muted ? "muted" : "microphone"];
}

// ---------------------------------------------------------------- what happens

const HAPPENS = {
  ready({ number, lines }) {
    find("number").textContent = number;
    find("to").value ||= query.get("dial") ?? lines[0] ?? "";
    state("idle");
    show("dialling");
  },
  incoming({ number }) {
    find("captions").replaceChildren();
    find("caller").textContent = number;
    problem("");
    state("incoming");
    show("ringing", "accept");
    bell(true);
  },
  async answer({ sdp }) {
    if (find("state").dataset.state !== "talking") state("ringing");
    show("call", "hangup");
    await peer?.setRemoteDescription({ type: "answer", sdp });
  },
  state({ status, people }) {
    if (status === "in-progress") state(people ? "together" : "talking");
  },
  caption({ what, text }) {
    caption(what === "play" ? texts.music : text, what);
  },
  refused({ why }) {
    silence();
    problem(why);
  },
  over({ status }) {
    bell(false);
    silence();
    state(texts[status] ? status : "over");
    show("dialling", "to");
  },
};

function connect() {
  const own = query.get("number") ?? sessionStorage.number ?? anyNumber();
  sessionStorage.number = own;
  const address = new URL("/telephone/line", location.href);
  address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  address.searchParams.set("number", own);
  line = new WebSocket(address);
  line.onmessage = ({ data }) => {
    const { type, ...facts } = JSON.parse(data);
    HAPPENS[type]?.(facts);
  };
  line.onclose = ({ code }) => {
    bell(false);
    silence();
    show("");
    state("over");
    problem(code === 4409 || code === 4403 ? "taken" : "gone");
  };
}

/** One of the numbers that are kept for fiction. */
function anyNumber() {
  return `+120255501${String(Math.floor(Math.random() * 100)).padStart(2, "0")}`;
}

translate();
find("dialling").addEventListener("submit", dial);
find("accept").addEventListener("click", accept);
find("decline").addEventListener("click", () => say("decline"));
find("hangup").addEventListener("click", () => say("hangup"));
find("mute").addEventListener("click", mute);
find("keypad").addEventListener("click", ({ target }) => target.dataset.key && press(target.dataset.key));
find("call").addEventListener("keydown", ({ key, ctrlKey, metaKey, altKey }) => {
  if (!ctrlKey && !metaKey && !altKey && key.length === 1) press(key);
});
connect();
