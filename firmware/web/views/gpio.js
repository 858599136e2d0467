// GPIOs: who uses which, directions, levels.
import { button, card, every, focused, h, lamp, list, meta, row, select } from "/ui.js";

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
  const drawn = new Map(); // the row of each GPIO, and its user then
  const lamps = {};

  await every(OFTEN, signal, async () => {
    await look();
    if (!Object.keys(lamps).length) return;
    const levels = await api.run("gpios_get");
    for (const [gpio, place] of Object.entries(lamps)) {
      const on = levels[gpio] === "1";
      if (place.dataset.on !== String(on)) place.replaceChildren(lamp(on, on ? "high" : "low"));
      place.dataset.on = on;
    }
  });

  async function look() {
    const usage = await api.get("gpio.usage");
    if (usage === shown) return;
    shown = usage;
    draw(new Map([...usage.matchAll(/^# +(\d+) (.*?)\r?$/gm)].map((m) => [+m[1], m[2]])));
  }

  /** Rows whose user is the same stay as they are, with what was chosen in them. */
  function draw(usage) {
    const refocus = focused();
    for (const gpio of NUMBERS) {
      const user = usage.get(gpio) ?? "";
      if (drawn.get(gpio)?.user !== user) drawn.set(gpio, { user, row: line(gpio, user) });
    }
    const rows = (yes) => [...drawn.values()].filter(({ user }) => !!user === yes);
    const fill = (place, yes) =>
      place.replaceChildren(list(rows(yes).map(({ row }) => row), "None.", GRID));
    fill(used, true);
    fill(free, false);
    refocus();
  }

  function line(gpio, user) {
    delete lamps[gpio];
    const title = `GPIO ${gpio}`;
    const ours = /^GPIO (\w+)/.exec(user);
    if (user && !ours) return row(title, meta(user));
    const actions = [];
    let flip;
    if (ours) {
      const place = h("span", { class: "level" });
      lamps[gpio] = place;
      actions.push(place);
      if (ours[1].startsWith("output")) {
        flip = button("Switch", () => app.act(flip, () => toggle(gpio)), "plain", {
          "aria-label": `Switch ${title}`,
        });
        actions.push(flip);
      }
    }
    const now = ours ? ours[1] : "none";
    const direction = select(gpio < INPUT_ONLY ? DIRECTIONS : INPUTS, now, {
      "aria-label": `Direction of ${title}`,
      onchange: () => {
        set.hidden = direction.value === now;
        if (flip) flip.hidden = !set.hidden;
      },
    });
    // Who steps through the list with the keyboard chooses each direction on the way: none is
    // carried out by that.
    const put = async () => {
      await api.run(`gpio_dir ${gpio} ${direction.value}`);
      await look();
    };
    const set = button("Set", () => (direction.focus(), app.act(set, put)), "primary", {
      "aria-label": `Set direction of ${title}`,
      hidden: true,
    });
    const alias = / \((.*)\)$/s.exec(user);
    return row(title, meta(alias ? alias[1] : ""), actions, direction, set);
  }

  async function toggle(gpio) {
    const level = await api.run(`gpio_get ${gpio}`);
    await api.run(`gpio_set ${gpio} ${1 - level}`);
  }
}
