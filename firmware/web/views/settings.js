// Settings: every variable, with the control that its declaration asks for.
import { quote } from "/airwire.js";
import { ask, button, h, select } from "/ui.js";

const APPLIES = {
  now: "at once",
  join: "with the next join",
  network: "with the next start of the network",
  next: "when it is used next",
  reboot: "after Save and a restart",
  setup: "with the next setup web",
  uart_update: "with uart_update, or after Save and a restart",
};
// Each console has its own: those of a request end with it, and a start gives the host's the saved.
const SESSION = /^system\.(print_level|cmd\.(?!gpio))/;
const HOST = "in the host's console after Save and a restart";
const GPIOS = Array.from({ length: 40 }, (_, i) => String(i));
const MOST_FOUND = 40;

export async function show(place, app) {
  const { variables } = await app.language();
  const values = await app.api.variables();
  const groups = {};
  for (const variable of variables) (groups[variable.name.split(".")[0]] ??= []).push(variable);

  const all = Object.entries(groups).map(([name, rows]) => group(app, name, rows, values));
  const found = h("div", { class: "card groups" }, all);
  const sought = h("input", {
    type: "search",
    placeholder: "Search all settings",
    "aria-label": "Search all settings",
    oninput: () => {
      const words = sought.value.trim().toLowerCase();
      const fits = (v) => `${v.name} ${v.help}`.toLowerCase().includes(words);
      found.replaceChildren(...(words ? [results(app, variables.filter(fits), values)] : all));
    },
  });
  place.append(sought, found);
}

/** A group, whose controls are made when it is opened. */
function group(app, name, variables, values) {
  const rows = h("div");
  const count = h("small", {}, `${variables.length} settings`);
  const open = () => {
    if (part.open) rows.replaceChildren(...variables.flatMap((v) => editors(app, v, values)));
  };
  const summary = h("summary", {}, `${name} `, count);
  const part = h("details", { ontoggle: open }, summary, rows);
  return part;
}

function results(app, variables, values) {
  if (!variables.length) return h("p", { class: "none" }, "No setting has these words.");
  const rows = variables.slice(0, MOST_FOUND).flatMap((v) => editors(app, v, values));
  return h("div", {}, rows);
}

/** One row for a variable, or one for each of a few indices. */
function editors(app, variable, values) {
  const words = variable.type.split(" ");
  if (words[0] !== "index") return [editor(app, variable, values)];
  if (words[1] === "gpio") return [editor(app, variable, values, GPIOS)];
  const indices = words[1] === "0-1" ? ["0", "1"] : words[1].split("|");
  return indices.map((index) => editor(app, variable, values, [index]));
}

function editor(app, variable, values, indices = []) {
  const { name, access, help } = variable;
  const only = indices.length === 1 ? ` ${indices[0]}` : "";
  const index = select(indices, indices[0], {
    "aria-label": `GPIO of ${name}`,
    onchange: (event) => {
      event.stopPropagation();
      put(control, value());
      told.textContent = "";
    },
  });
  const key = () => (indices.length > 1 ? `${name} ${index.value}` : name + only);
  const value = () => values.get(key()) ?? variable.default.split(";").pop();
  const told = h("div", { role: "status" });
  const id = `set-${(name + only).replace(/\W/g, "-")}`;
  const title = h(access === "ro" ? "div" : "label", { class: "name" }, name + only);
  const range = access === "ro" ? "" : variable.values.replace(/^for each [^:]*: /, "");
  const session = SESSION.test(name);
  const own = session && h("small", {}, "Shown as in this page's own session.");
  const words = h("div", {}, title, h("small", {}, help), h("small", {}, range), own, told);
  if (access === "ro") {
    return h("div", { class: "variable" }, words, h("span", { class: "mono" }, value() ?? "-"));
  }

  const secret = access === "secret";
  const control = controlOf(variable, secret ? "" : value(), secret);
  control.id = id;
  title.setAttribute("for", id);
  const set = h("button", { disabled: true, "aria-label": `Set ${name}${only}` }, "Set");
  const send = async (text) => {
    const answer = await app.api.command(`set ${key()} ${textOf(variable, text)}`);
    told.className = answer.code ? "bad" : "good";
    const applies = session ? HOST : APPLIES[variable.applies];
    told.textContent = answer.code ? answer.text : `Set. Takes effect ${applies}.`;
    if (answer.code) return;
    if (secret) control.value = "";
    else values.set(key(), text);
    app.changed();
  };
  const submit = async (event) => {
    event.preventDefault();
    await app.act(set, () => send(take(control)));
    if (document.activeElement === set) control.focus();
    set.disabled = told.className === "good";
  };
  // What is typed and deleted leaves a secret as it is: no mistake makes it empty.
  const empty = button("Remove", () => app.act(empty, remove), "danger", {
    "aria-label": `Remove ${name}`,
  });
  const remove = async () => {
    const text = "It is empty then.";
    if (await ask(`Remove ${name}?`, text, { yes: "Remove", danger: true })) await send("");
  };
  const parts = [indices.length > 1 && index, control, set, secret && empty];
  const changed = (event) => (set.disabled = event.target === index || (secret && !control.value));
  const actions = h("div", { class: "actions" }, parts);
  return h("form", { class: "variable", onsubmit: submit, oninput: changed }, words, actions);
}

/** The type without the index or the formats in front of it. */
function typeOf({ type }) {
  const words = type.split(" ");
  return ["index", "formats"].includes(words[0]) ? words.slice(2) : words;
}

function controlOf(variable, value, secret) {
  const [kind, ...of] = typeOf(variable);
  if (kind === "bool") return h("input", { type: "checkbox", checked: value === "1" });
  if (kind === "enum") return select(of[0].split("|"), value);
  if (kind === "switch") return select(["off", "on"], value);
  if (kind === "only") return select([of.join(" ")], value, { disabled: true });
  if (kind === "int") return h("input", { type: "number", min: of[0], max: of[1], value });
  if (kind === "gpio") return h("input", { type: "number", min: -1, max: 39, value });
  const limit = ["text", "key"].includes(kind) ? of[1] : undefined;
  const type = secret ? "password" : "text";
  const more = { autocomplete: "off", spellcheck: "false", maxlength: limit };
  return h("input", { type, value, placeholder: secret ? "unchanged" : undefined, ...more });
}

const take = (control) =>
  control.type === "checkbox" ? String(+control.checked) : control.value;

function put(control, value) {
  if (control.type === "checkbox") control.checked = value === "1";
  else control.value = value;
}

/** A value as `set` takes it: directions and rates are words of their own. */
function textOf(variable, text) {
  return ["direction", "rate"].includes(typeOf(variable)[0]) ? text : quote(text);
}
