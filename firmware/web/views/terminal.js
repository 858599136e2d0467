// A terminal: command lines, what they answer, and the syntax of the one that is typed.
import { h } from "/ui.js";

const MOST = 40000; // characters that stay
// After these, the settings are those that were saved.
const ENDS = ["factory_reset", "load", "reboot", "save"];
// In a syntax: what stands for a password.
const SECRET = /<[^>]*(pass|psk|secret)[^>]*>/i;

export async function show(place, app) {
  const { api } = app;
  const output = h("pre", {
    class: "output",
    tabindex: 0,
    role: "log",
    "aria-label": "Answers",
  });
  const past = [];
  let at = 0;
  const line = h("input", {
    class: "mono",
    "aria-label": "Command",
    "aria-describedby": "syntax",
    autocomplete: "off",
    autocapitalize: "off",
    spellcheck: "false",
    placeholder: "help commands",
    onkeydown: (event) => {
      const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (!step) return;
      event.preventDefault();
      at = Math.min(Math.max(at + step, 0), past.length);
      line.value = past[at] ?? "";
      explain();
    },
    oninput: () => explain(),
  });
  const syntax = h("small", { id: "syntax" }, "Up and down: earlier lines.");
  const go = h("button", { class: "primary" }, "Run");
  const form = h(
    "form",
    {
      class: "line",
      onsubmit: (event) => {
        event.preventDefault();
        app.act(go, run);
      },
    },
    h("p", { class: "field" }, line),
    go
  );
  place.append(output, form, syntax);
  const { commands, variables } = await app.language();
  line.focus({ preventScroll: true });

  function commandOf(text) {
    const word = text.trimStart().split(" ")[0];
    return commands.find(({ name, shortcut }) => word === name || word === shortcut);
  }

  /** Whether a line may hold a password, as the console sees it: it is not for the up key. */
  function secret(text) {
    const [word, ...rest] = text.replaceAll('"', "").split(/\s+/);
    if (/:.*@/s.test(text)) return true; // a URL with credentials
    if (rest.length && SECRET.test(commandOf(word)?.syntax)) return true;
    const given = rest.join(" ");
    const begins = (name) => given.startsWith(`${name} `);
    const hidden = variables.filter(({ access }) => access === "secret");
    return hidden.some(({ name, shortcut }) => begins(name) || begins(shortcut));
  }

  function explain() {
    const found = commandOf(line.value);
    syntax.textContent = found ? `${found.syntax}: ${found.help}` : "";
  }

  async function run() {
    const text = line.value.trim();
    if (!text) return;
    if (past.at(-1) !== text && !secret(text)) past.push(text);
    at = past.length;
    line.value = "";
    print(h("b", {}, `> ${text}\n`));
    let code = 0; // so also where no answer comes
    try {
      const answer = await api.command(text);
      code = answer.code;
      print(code ? h("span", { class: "bad" }, `${answer.text}\n`) : `${answer.text}\n`);
    } finally {
      if (!code) note(text);
    }
  }

  /** Whether there are changes now that are not saved. With a file, load and save are others. */
  function note(text) {
    const name = commandOf(text)?.name;
    const file = text.includes(" ") && ["load", "save"].includes(name);
    if (name === "set" || (file && name === "load")) app.changed();
    else if (!file && ENDS.includes(name)) app.changed(false);
  }

  function print(words) {
    output.append(words);
    while (output.textContent.length > MOST) output.firstChild.remove();
    output.scrollTop = output.scrollHeight;
  }
}
