// GPIOs: who uses which, directions, levels.
import { button, card, every, h, lamp, list, meta, row, select } from "/ui.js";

const OFTEN = 1000;
const GRID = { class: "rows grid" };
// Those of an ESP32 that lead out of the chip, but for the six of its flash.
const NUMBERS = [0, 1, 2, 3, 4, 5, 12, 13, 14, 15, 16, 17, 18, 19, 21, 22, 23, 25, 26, 27, 32, 33]
  .concat([34, 35, 36, 39]);
const INPUT_ONLY = 34;
const INPUTS = ["none", "input_highz"];
const DIRECTIONS = [
  ...INPUTS,
  "input_pull_up",
  "input_pull_down",
  "output",
  "output_open_drain",
  "output_open_drain_pull_up",
];

export async function show(place, app, signal) {
  const { api } = app;
  const used = h("div");
  const free = h("div");
  place.append(card("In use", used), card("Free", free));
  let shown = "";
  let lamps = {};

  await every(OFTEN, signal, async () => {
    const usage = await api.get("gpio.usage");
    if (usage !== shown) {
      shown = usage;
      draw(new Map([...usage.matchAll(/^# +(\d+) (.*?)\r?$/gm)].map((m) => [+m[1], m[2]])));
    }
    if (!Object.keys(lamps).length) return;
    const levels = await api.run("gpios_get");
    for (const [gpio, place] of Object.entries(lamps)) {
      const on = levels[gpio] === "1";
      if (place.dataset.on !== String(on)) place.replaceChildren(lamp(on, on ? "high" : "low"));
      place.dataset.on = on;
    }
  });

  function draw(usage) {
    lamps = {};
    const rows = NUMBERS.map((gpio) => [usage.get(gpio), line(gpio, usage.get(gpio))]);
    used.replaceChildren(list(rows.filter(([user]) => user).map(([, row]) => row), "None.", GRID));
    free.replaceChildren(list(rows.filter(([user]) => !user).map(([, row]) => row), "None.", GRID));
  }

  function line(gpio, user) {
    const title = `GPIO ${gpio}`;
    const ours = /^GPIO (\w+)/.exec(user ?? "");
    if (user && !ours) return row(title, meta(user));
    const actions = [];
    if (ours) {
      const place = h("span", { class: "level" });
      lamps[gpio] = place;
      actions.push(place);
      if (ours[1].startsWith("output")) {
        const flip = button("Switch", () => app.act(flip, () => toggle(gpio)), "plain", {
          "aria-label": `Switch ${title}`,
        });
        actions.push(flip);
      }
    }
    const direction = select(gpio < INPUT_ONLY ? DIRECTIONS : INPUTS, ours ? ours[1] : "none", {
      "aria-label": `Direction of ${title}`,
      onchange: () =>
        app.act(direction, async () => {
          await api.run(`gpio_dir ${gpio} ${direction.value}`);
        }),
    });
    const alias = / \((.*)\)$/.exec(user ?? "");
    return row(title, meta(alias ? alias[1] : ""), actions, direction);
  }

  async function toggle(gpio) {
    const level = await api.run(`gpio_get ${gpio}`);
    await api.run(`gpio_set ${gpio} ${1 - level}`);
  }
}
