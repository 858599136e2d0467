// Status: network, signal, memory, uptime, firmware.
import { bars, card, duration, every, facts, h } from "/ui.js";

const OFTEN = 3000;
const STATES = ["Down", "Joined, no address yet", "Up"];

export async function show(place, app, signal) {
  const { api } = app;
  const network = h("div");
  const module = h("div");
  const firmware = h("div");
  place.append(card("Network", network), card("Module", module), card("Firmware", firmware));
  firmware.append(await identity(api));
  await every(OFTEN, signal, async () => {
    network.replaceChildren(await link(api));
    module.replaceChildren(await load(api));
  });
}

async function link(api) {
  const state = +(await api.get("wlan.network.status"));
  const lines = (await api.get("wlan.info")).split("\r\n");
  const found = Object.fromEntries(lines.slice(1).map((line) => line.split(": ")));
  const first = /^(.*) (-?\d+) dBm (\S+)$/s.exec(lines[0]);
  const pairs = [["State", STATES[state]]];
  if (first) {
    const rssi = +first[2];
    pairs.push(
      ["Network", first[1]],
      ["Signal", [bars(rssi), ` ${rssi} dBm`]],
      ["Channel", found.channel],
      ["Address", first[3]],
      ["Gateway", found.gateway],
      ["Name server", found.dns]
    );
  }
  const domain = await api.get("mdns.domain");
  if (domain) pairs.push(["Name", h("a", { href: `http://${domain}/` }, domain)]);
  return facts(pairs);
}

async function load(api) {
  const used = +(await api.get("system.memory.usage"));
  const meter = h("progress", { value: used, max: 100, "aria-label": "Memory in use" });
  const streams = (await api.streams()).length;
  const safe = (await api.get("system.safemode")) === "1";
  return facts([
    ["Up for", duration(+(await api.get("time.uptime")))],
    ["Memory in use", [`${used} % `, meter]],
    ["Streams open", `${streams} of 8`],
    ["Mode", safe ? h("span", { class: "bad" }, "Safe mode") : "Normal"],
  ]);
}

async function identity(api) {
  const version = await api.version();
  const [name, built] = /^([^,]*), Built:(\S+ \S+)/.exec(version)?.slice(1) ?? [version, ""];
  return facts([
    ["Firmware", name],
    ["Built", built],
    ["Board", await api.get("system.board")],
    ["Hardware id", await api.get("system.uuid")],
    ["MAC address", await api.get("wlan.mac")],
  ]);
}
