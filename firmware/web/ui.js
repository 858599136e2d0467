// What the views are made of: elements, rows, fields, questions, and work that repeats itself.

/**
 * An element. Of `properties`, those that begin with "on" are listeners, the others attributes;
 * false and undefined are left out. Children are elements, texts, or lists of them.
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false && value !== undefined && value !== null) {
      element.setAttribute(name, value === true ? "" : value);
    }
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== false));
  return element;
}

let ids = 0;
export const newId = (word) => `${word}-${++ids}`;

/** A button; `kind`: primary, danger, plain. */
export function button(text, onclick, kind = "plain", more = {}) {
  return h("button", { type: "button", class: kind, onclick, ...more }, text);
}

/** A labelled control, with a line that explains it. */
export function field(label, control, hint = "") {
  control.id ||= newId("field");
  const text = hint && h("small", { id: `${control.id}-hint` }, hint);
  if (text) control.setAttribute("aria-describedby", text.id);
  return h("p", { class: "field" }, h("label", { for: control.id }, label), control, text || []);
}

/** A control that is on or off, with its label behind it. */
export function check(label, properties = {}) {
  const control = h("input", { type: "checkbox", ...properties });
  return { control, element: h("label", { class: "check" }, control, label) };
}

export function select(options, value, properties = {}) {
  const list = options.map((o) => h("option", { value: o, selected: o === value }, o));
  return h("select", properties, list);
}

/** A part of a view, with its heading. */
export function card(title, ...children) {
  const id = newId("card");
  return h("section", { class: "card", "aria-labelledby": id }, h("h2", { id }, title), children);
}

/** Names and values. */
export function facts(pairs) {
  const rows = pairs.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)));
  return h("dl", { class: "facts" }, rows);
}

/** One of a list: what it is, what else is said of it, and what can be done with it. */
export function row(title, meta, ...actions) {
  const words = h("div", { class: "words" }, h("div", { class: "title" }, title), meta);
  return h("li", { class: "row" }, words, h("div", { class: "actions" }, actions));
}

export const meta = (...parts) => h("div", { class: "meta" }, ...parts);

/** A list of rows, or what is said where there are none. */
export function list(rows, none, properties = {}) {
  if (!rows.length) return h("p", { class: "none" }, none);
  return h("ul", { class: "rows", ...properties }, rows);
}

/**
 * Remembers which control has the focus, for one that may be drawn anew. What it returns is called
 * afterwards: where nothing has the focus then, it goes to the control with the same label, else to
 * the row that is in its place, else to the card.
 */
export function focused() {
  const was = document.activeElement;
  const main = document.querySelector("main");
  const card = was.closest(".card");
  const rows = () => [...(card?.querySelectorAll(".row") ?? [])];
  const at = rows().indexOf(was.closest(".row"));
  return () => {
    if (was === document.body || document.activeElement !== document.body) return;
    const label = was.getAttribute("aria-label");
    const like = (element) => label && element.getAttribute("aria-label") === label;
    const same = was.isConnected ? was : [...main.querySelectorAll("[aria-label]")].find(like);
    const next = rows().slice(0, at + 1).at(-1)?.querySelector("button, select");
    const place = same ?? next ?? (card?.isConnected ? card : main);
    if (place === card) place.tabIndex = -1;
    place.focus();
  };
}

const SVG = "http://www.w3.org/2000/svg";

/** Signal strength in dBm as bars. */
export function bars(rssi) {
  const level = [-85, -75, -65, -55].filter((limit) => rssi >= limit).length;
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", `bars level-${level}`);
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

/** An LED or a switch: a word, and a lamp that is lit or not. */
export function lamp(on, word) {
  return h("span", { class: `lamp ${on ? "on" : ""}` }, h("i", { "aria-hidden": "true" }), word);
}

export function size(bytes) {
  return bytes < 1024 ? `${bytes} B` : `${(bytes / 1024).toFixed(bytes < 10240 ? 1 : 0)} KB`;
}

/** Seconds in words. */
export function duration(seconds) {
  const days = Math.floor(seconds / 86400);
  const clock = [Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60];
  const text = clock.map((part) => String(part).padStart(2, "0")).join(":");
  return days ? `${days} d ${text}` : text;
}

/**
 * Does `work` now, and again `ms` after it is done, until the view is left: also where the module
 * cannot answer for a while.
 */
export async function every(ms, signal, work) {
  while (!signal.aborted) {
    try {
      if (!document.hidden) await work();
    } catch (error) {
      if (!error.passes) throw error;
    }
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
    });
  }
}

/**
 * Asks in a dialog: `true` where it was agreed to. `fields` stand in its form; `agreed` is asked
 * before it closes, and may keep it open.
 */
export function ask(title, text, { yes = "OK", danger = false, fields = [] } = {}) {
  const id = newId("dialog");
  const no = button("Cancel", () => dialog.close());
  const buttons = h(
    "div",
    { class: "actions" },
    no,
    h("button", { class: danger ? "danger" : "primary" }, yes)
  );
  const agree = (event) => {
    event.preventDefault();
    dialog.close("yes");
  };
  const form = h("form", { onsubmit: agree }, h("h2", { id }, title), h("p", {}, text), fields);
  form.append(buttons);
  const dialog = h("dialog", { "aria-labelledby": id }, form);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
  });
}

/** Gives the user bytes as a file to keep. */
export function keep(name, bytes) {
  const url = URL.createObjectURL(new Blob([bytes]));
  h("a", { href: url, download: name.split("/").pop() }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}
