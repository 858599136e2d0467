// The shell of the web app: views by the address's hash, the theme, messages, what is not saved.
import { Airwire } from "/airwire.js";

// One after the other, beside the style sheet: no more than two connections are used at a time.
const { button, focused, h } = await import("/ui.js");

const VIEWS = {
  status: "Status",
  wifi: "Wi-Fi",
  settings: "Settings",
  streams: "Streams",
  files: "Files",
  gpio: "GPIO",
  wwep: "Button and LED",
  certificates: "Certificates",
  terminal: "Terminal",
  log: "Log",
  system: "System",
};
// How often a view is opened again that the module could not give, and what is waited before it.
const TRIES = 3;
const SOON = 1000;
const THEMES = { "": "Auto", light: "Light", dark: "Dark" };

const $ = (id) => document.getElementById(id);

/** The module, of which the header tells whether it answers. */
class Module extends Airwire {
  command(...words) {
    return noted(super.command(...words));
  }

  log() {
    return noted(super.log());
  }
}

async function noted(answer) {
  try {
    const found = await answer;
    reached(true);
    return found;
  } catch (error) {
    if (error.name === "AirwireError") reached(error.status > 0);
    throw error;
  }
}

/** What a view is given beside its place. */
const app = { api: new Module(), say, act, changed, language };

let leave = new AbortController();
let words = null;

// Messages

/** Tells what happened. An error stays until it is closed or the view is left. */
function say(text, bad = false) {
  const close = button("Close", () => {
    message.remove();
    $("main").focus();
  });
  const message = h("div", { class: bad ? "message bad" : "message" }, h("span", {}, text), close);
  if (bad) message.setAttribute("role", "alert");
  $("messages").replaceChildren(message);
}

/** Does what a control stands for: it waits meanwhile, and what goes wrong is told. */
async function act(control, work) {
  const refocus = focused();
  control.disabled = true;
  control.setAttribute("aria-busy", "true");
  try {
    return await work();
  } catch (error) {
    failed(error);
    return undefined;
  } finally {
    control.disabled = false;
    control.removeAttribute("aria-busy");
    refocus();
  }
}

function failed(error) {
  if (error.name === "AbortError") return;
  say(error.message, true);
}

/** Whether the module answers. */
function reached(yes) {
  const text = yes ? "Connected" : "No answer";
  if ($("reach").textContent === text) return;
  $("reach").textContent = text;
  $("reach").className = yes ? "good" : "bad";
}

/** A setting was changed, and is lost with the next start unless it is saved. */
function changed(yes = true) {
  const save = button("Save", () =>
    act(save, async () => {
      await app.api.save();
      changed(false);
      say("Saved.");
    })
  );
  const told = [h("span", {}, "Changes last until the next start unless they are saved."), save];
  if (yes !== !!$("unsaved").childNodes.length) $("unsaved").replaceChildren(...(yes ? told : []));
}

/** The declarations of commands and variables, which came with the firmware. */
async function language() {
  words ??= await app.api.queued(async () => (await fetch("/language.json")).json());
  return words;
}

// Views

async function show(tries = 0) {
  const name = location.hash.slice(1) in VIEWS ? location.hash.slice(1) : "status";
  leave.abort();
  leave = new AbortController();
  const { signal } = leave;
  for (const link of $("nav").querySelectorAll("a")) {
    if (link.hash === `#${name}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  openMenu(false);
  document.title = `${VIEWS[name]} - Airwire`;
  $("messages").replaceChildren();
  const place = h("div", { class: name });
  $("view").replaceChildren(h("h1", {}, VIEWS[name]), place);
  // Some browsers keep in mind that an address gave nothing.
  const path = `/views/${name}.js${tries ? `?${tries}` : ""}`;
  let view;
  try {
    view = await app.api.queued(() => import(path));
    if (!signal.aborted) await view.show(place, app, signal);
  } catch (error) {
    if (signal.aborted) return;
    // A view that does not come is a TypeError to the browser.
    const passes = view ? error.passes : error instanceof TypeError;
    if (!passes || tries === TRIES) return failed(error);
    say("The module does not answer. This view opens when it does.", true);
    if (await answers(signal)) show(tries + 1);
  }
}

/** Waits until the module answers: true, or false where the view is left before. */
async function answers(signal) {
  let yes = false;
  while (!yes && !signal.aborted) {
    await new Promise((resolve) => setTimeout(resolve, SOON));
    yes = await app.api.version().then(() => true, (error) => !error.passes);
  }
  return !signal.aborted;
}

function openMenu(yes) {
  $("menu").setAttribute("aria-expanded", yes);
  $("nav").classList.toggle("open", yes);
}

// Themes

function theme(name) {
  localStorage.setItem("theme", name);
  if (name) document.documentElement.dataset.theme = name;
  else delete document.documentElement.dataset.theme;
  $("theme").textContent = THEMES[name];
  $("theme").setAttribute("aria-label", `Theme: ${THEMES[name]}`);
}

$("nav").append(
  h(
    "ul",
    {},
    Object.entries(VIEWS).map(([name, title]) => h("li", {}, h("a", { href: `#${name}` }, title)))
  )
);
$("menu").addEventListener("click", () =>
  openMenu($("menu").getAttribute("aria-expanded") !== "true")
);
$("skip").addEventListener("click", () => $("main").focus());
$("theme").addEventListener("click", () => {
  const names = Object.keys(THEMES);
  const now = names.indexOf(document.documentElement.dataset.theme ?? "");
  theme(names[(now + 1) % names.length]);
});
addEventListener("keydown", (event) => {
  if (event.key === "Escape") openMenu(false);
});
addEventListener("hashchange", () => {
  $("main").focus();
  show();
});
addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  failed(event.reason);
});
theme(localStorage.getItem("theme") ?? "");
show();
