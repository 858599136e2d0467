// WWEP: the button and the LED as they are, the client's and the server's main settings, and the
// server's registers.
import { card, check, every, field, h, lamp, list, meta, row } from "/ui.js";

const SOON = 300;
const OFTEN = 2000;
const WORDS = {
  led: ["LED", "lit", "dark"],
  button: ["Button", "pressed", "released"],
  secure: ["TLS button", "pressed", "released"],
};

export async function show(place, app, signal) {
  const { api } = app;
  const lamps = h("div", { class: "line big", role: "status" });
  const registers = h("div");
  const values = await api.variables("wwep");
  place.append(
    card("Now", lamps),
    card("Client", settings(app, values, "wwep", "Write to a server at each press", ["host", "port", "register"])),
    card("Server", settings(app, values, "wwep.server", "Keep registers for others", ["port"]), registers)
  );
  every(OFTEN, signal, async () => {
    const { code, text } = await api.command("wwep_list");
    const lines = code ? [] : text.split("\r\n").filter((line) => line.startsWith("#"));
    const rows = lines.map((line) => {
      const [, , device, register, value] = line.split(/\s+/);
      return row(`Device ${device}`, meta(`register ${register} = ${value}`));
    });
    registers.replaceChildren(list(rows, code ? text : "No register was written yet."));
  });
  let shown;
  await every(SOON, signal, async () => {
    const state = await api.get("wwep.state");
    if (state === shown) return;
    shown = state;
    const found = state ? state.split(",").map((part) => part.split(":")) : [];
    const parts = found.map(([name, on]) => {
      const [title, lit, dark] = WORDS[name];
      return lamp(on === "1", `${title} ${on === "1" ? lit : dark}`);
    });
    lamps.replaceChildren(...(parts.length ? parts : [h("p", {}, "The client does not run.")]));
  });
}

/** Whether it runs, and some of its numbers. */
function settings(app, values, group, title, names) {
  const on = check(title, {
    checked: values.get(`${group}.enabled`) === "1",
    onchange: () => app.act(on.control, () => put("enabled", +on.control.checked)),
  });
  const inputs = names.map((name) => h("input", { value: values.get(`${group}.${name}`) }));
  const go = h("button", {}, "Set");
  const submit = (event) => {
    event.preventDefault();
    app.act(go, async () => {
      for (const [i, input] of inputs.entries()) await put(names[i], input.value);
      app.say("Set.");
    });
  };
  const fields = names.map((name, i) => field(name[0].toUpperCase() + name.slice(1), inputs[i]));
  return h("form", { onsubmit: submit }, on.element, h("div", { class: "line" }, fields, go));

  async function put(name, value) {
    await app.api.set(`${group}.${name}`, value);
    app.changed();
  }
}
