// The web setup's page: choose a network, type its password, see what came of it. It is shown in
// the small browsers with which phones open captive portals, so it asks little of them.
"use strict";

// Between two questions how the join goes on, and how long they may find no answer: the soft-AP
// goes to the channel of the network, and the phone has to follow.
const TURN = 1000;
const PATIENCE = 60000;

const BARS = [-85, -75, -65, -55]; // dBm from which on each of them is full
const SVG = "http://www.w3.org/2000/svg";

const WORDS = {
  "wrong password": "The password is wrong.",
  "SSID not found": "The network was not found.",
  "no DHCP answer": "The network gave no address.",
  "the network needs a passkey": "The network needs a password.",
  "time-out": "The network did not answer.",
};

const $ = (id) => document.getElementById(id);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** What the module answers; throws an Error in its words. */
async function ask(path, method = "GET", body = undefined) {
  const answer = await fetch(path, { method, body: body && JSON.stringify(body) });
  if (!answer.ok) throw new Error((await answer.text()).trim() || `HTTP ${answer.status}`);
  return answer.json();
}

function show(id) {
  for (const section of ["choose", "join", "done"]) $(section).hidden = section !== id;
}

function tell(place, text, bad = false) {
  $(place).textContent = text;
  $(place).className = bad ? "bad" : "";
}

function bars(rssi) {
  const level = BARS.filter((limit) => rssi >= limit).length;
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "bars");
  svg.setAttribute("viewBox", "0 0 22 16");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `Signal ${level} of 4`);
  for (let i = 0; i < 4; i++) {
    const bar = document.createElementNS(SVG, "rect");
    const height = 4 + 4 * i;
    const box = { x: 6 * i, y: 16 - height, width: 4, height, rx: 1 };
    for (const [name, value] of Object.entries(box)) bar.setAttribute(name, value);
    if (i < level) bar.setAttribute("class", "on");
    svg.append(bar);
  }
  return svg;
}

function row(network) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "network";
  const name = document.createElement("span");
  name.textContent = network.ssid;
  const kind = document.createElement("small");
  kind.textContent = network.secure ? "Password" : "Open";
  button.append(name, kind, bars(network.rssi));
  button.addEventListener("click", () => choose(network));
  const item = document.createElement("li");
  item.append(button);
  return item;
}

async function list(method) {
  $("scan").disabled = true;
  tell("note", "Looking for networks...");
  try {
    const networks = await ask("/setup/networks", method);
    $("networks").replaceChildren(...networks.map(row));
    tell("note", networks.length ? "" : "No network is in reach.");
  } catch (error) {
    tell("note", `The module was not reached: ${error.message}`, true);
  }
  $("scan").disabled = false;
}

function choose({ ssid, secure }) {
  $("join-title").textContent = ssid ? `Join ${ssid}` : "Join another network";
  $("ssid").value = ssid;
  $("name-field").hidden = Boolean(ssid);
  $("key-field").hidden = $("show-field").hidden = !secure;
  $("passkey").value = "";
  $("passkey").required = secure && Boolean(ssid);
  tell("outcome", "");
  show("join");
  (ssid ? (secure ? $("passkey") : $("go")) : $("ssid")).focus();
}

function busy(on) {
  for (const id of ["back", "go", "ssid", "passkey"]) $(id).disabled = on;
}

async function join() {
  const ssid = $("ssid").value;
  const passkey = $("passkey").value;
  busy(true);
  tell("outcome", `Joining ${ssid}...`);
  try {
    await ask("/setup/join", "POST", { ssid, passkey });
    await follow();
  } catch (error) {
    tell("outcome", error.message, true);
  }
  busy(false);
}

/** Until the join is over. */
async function follow() {
  const end = Date.now() + PATIENCE;
  while (Date.now() < end) {
    await pause(TURN);
    const state = await ask("/setup/state").catch(() => null);
    if (!state || state.state === "joining") continue;
    if (state.state === "joined") done(state);
    else if (state.state === "failed") {
      tell("outcome", WORDS[state.reason] || `Not joined: ${state.reason}.`, true);
    } else tell("outcome", "The join was ended.", true);
    return;
  }
  tell("outcome", "The module is no longer reached. It may have joined the network.", true);
}

function done({ ssid, address, name, web, reason }) {
  $("summary").textContent = `The module has joined ${ssid}. ` +
    (reason ? `This was ${reason}.` : "It will join it after each start.");
  $("address").textContent = address;
  $("name").textContent = name;
  $("next").textContent = "";
  if (web) {
    const link = document.createElement("a");
    link.href = `http://${address}/`;
    link.textContent = link.href;
    $("next").append(`Connect this device to ${ssid} too, and open `, link, ".");
  }
  show("done");
  $("done").focus();
}

$("scan").addEventListener("click", () => list("POST"));
$("other").addEventListener("click", () => choose({ ssid: "", secure: true }));
$("back").addEventListener("click", () => show("choose"));
$("show").addEventListener("change", () => {
  $("passkey").type = $("show").checked ? "text" : "password";
});
$("form").addEventListener("submit", (event) => {
  event.preventDefault();
  join();
});

show("choose");
list("GET");
