// Wi-Fi: the networks in reach, and joining one of them, with its outcome.
import { quote } from "/airwire.js";
import { ask, bars, button, card, check, facts, field, h, list, meta, row } from "/ui.js";

// wlan.join.result, and in words.
const JOINED = 1;
const JOINING = 2;
const FAILED = 7;
const RESULTS = [
  "No join was tried.",
  "Joined.",
  "Joining.",
  "No network was named.",
  "The password is missing, or one was given for an open network.",
  "The network's security is not one that the module knows.",
  "The network was not found.",
  "Wrong password, or the network gave no address.",
  "The join was ended by somebody else.",
];
// What network_verify calls them; WPA2 is what the others can do as well.
const SECURITY = { Open: 0, WEP: 1, "WPA-TKIP": 3, "WPA2-Mixed": 5 };
const WPA2 = 4;
const ANY = "000000000000";
const WPA3 = "WPA3-AES"; // whose password cannot be tried as a key
const AWAY =
  "The module is no longer reached from here. If it has joined, it is in the other network: " +
  "connect to that too, and open the module by its name.";
// It may be back on its network after a while.
const PATIENCE = 60000;
const TURN = 1000;

export async function show(place, app, signal) {
  const { api } = app;
  const now = h("div");
  const outcome = h("div", { role: "status" });
  const found = h("div");
  const scan = button("Scan", () => app.act(scan, look), "primary");
  const other = button("Other network", () => app.act(other, () => join({ ssid: "" })));
  const actions = h("div", { class: "actions" }, scan, other);
  place.append(card("Now", now, outcome), card("Networks in reach", actions, found));

  async function refresh() {
    const up = (await api.get("wlan.network.status")) === "2";
    const pairs = [["Network", up ? await api.get("wlan.ssid") : "None"]];
    if (up) pairs.push(["Address", await api.get("network.ip")]);
    now.replaceChildren(facts(pairs));
  }

  async function look() {
    found.replaceChildren(h("p", { class: "none" }, "Looking for networks..."));
    const networks = (await api.scan()).filter((network) => network.ssid);
    const rows = networks.map((network) => {
      const go = button("Join", () => app.act(go, () => join(network)), "plain", {
        "aria-label": `Join ${network.ssid}`,
      });
      const words = `${network.rssi} dBm, ${network.security}, channel ${network.channel}`;
      return row(network.ssid, meta(bars(network.rssi), " ", words), go);
    });
    found.replaceChildren(list(rows, "No network is in reach."));
  }

  async function join(network) {
    const answer = await question(network);
    if (!answer) return;
    const { ssid } = answer;
    const tell = (text, bad) =>
      outcome.replaceChildren(h("p", { class: bad ? "message bad" : "message" }, text));
    tell(`Joining ${ssid}...`);
    try {
      const result = await attempt(app, network, answer, signal);
      if (result === undefined) tell(AWAY, true);
      else if (result !== JOINED) tell(`${ssid} was not joined. ${RESULTS[result]}`, true);
      else {
        await refresh();
        tell(`Joined ${ssid}. The module's address is ${await api.get("network.ip")}.`);
      }
    } catch (error) {
      tell(`${ssid} was not joined. ${error.message}`, true);
    }
  }

  await refresh();
  await app.act(scan, look);
}

/** Network name, password, and whether to keep them; undefined where it is left. */
async function question({ ssid, security }) {
  const name = h("input", { value: ssid, required: true, maxlength: 32, autocomplete: "off" });
  const passkey = h("input", {
    type: "password",
    minlength: 8,
    maxlength: 64,
    required: Boolean(security) && security !== "Open",
    autocomplete: "off",
  });
  const reveal = check("Show the password", {
    onchange: () => (passkey.type = reveal.control.checked ? "text" : "password"),
  });
  const keep = check("Join it after each start: saves all settings", { checked: true });
  const fields = [];
  if (!ssid) fields.push(field("Network", name));
  if (security !== "Open") fields.push(field("Password", passkey), reveal.element);
  fields.push(keep.element);
  const title = ssid ? `Join ${ssid}` : "Join another network";
  const text = "The module may not be reached from here for a while.";
  if (!(await ask(title, text, { yes: "Join", fields }))) return undefined;
  return { ssid: name.value, passkey: passkey.value, keep: keep.control.checked };
}

/** Tries the password, and joins if it is right: the result, undefined where nobody can tell. */
async function attempt({ api, changed }, network, { ssid, passkey, keep }, signal) {
  if (network.security !== WPA3) {
    const would = await verify(api, { ...network, ssid }, passkey, signal);
    if (would !== JOINED) return would;
  }
  // What was set for the network before, its access point or its security, does not fit this one.
  const wanted = { ssid, passkey, bssid: ANY, security: "auto" };
  for (const name in wanted) await api.set(`wlan.${name}`, wanted[name]);
  changed();
  // Also where it is the network that the module is in, with another password.
  await lost(api.command("network_restart"));
  const joined = await result(api, "wlan.join.result", signal);
  if (joined === JOINED && keep) {
    await api.set("wlan.auto_join.enabled", 1);
    await api.save();
    changed(false);
  }
  return joined;
}

/** What a join would give; the module goes back to its network whatever comes of it. */
async function verify(api, network, passkey, signal) {
  // Of a network that is not in the list only the name is known, and any access point will do.
  const { ssid, bssid = ANY, channel = 0, security = passkey ? "" : "Open" } = network;
  let words = `network_verify wifi ${quote(ssid)} ${bssid} ${channel}`;
  if (security !== "Open") {
    let key = passkey;
    if (security !== "WEP" && key.length < 64) {
      const { psk } = await api.queued(() => import("/psk.js"));
      key = psk(passkey, ssid);
    }
    words += ` ${SECURITY[security] ?? WPA2} ${quote(key)}`;
  }
  const answer = await lost(api.command(words));
  if (answer) return answer.code ? FAILED : JOINED;
  return result(api, "wlan.verify.result", signal);
}

/** What is answered, or undefined where the connection ended with the network. */
async function lost(answer) {
  try {
    return await answer;
  } catch (error) {
    if (error.status || error.code) throw error;
    return undefined;
  }
}

/** The result of a join once it is told, undefined where the module is not reached. */
async function result(api, variable, signal) {
  const end = Date.now() + PATIENCE;
  while (Date.now() < end && !signal.aborted) {
    const answer = await lost(api.command(`get ${variable}`, { again: false }));
    if (answer?.code === 0 && +answer.text !== JOINING) return +answer.text;
    await new Promise((resolve) => setTimeout(resolve, TURN));
  }
  return undefined;
}
