// The log, as it is written. The module keeps a little; what was read here is gone there.
import { button, check, every, h } from "/ui.js";

const OFTEN = 1000;
const MOST = 500;

export async function show(place, app, signal) {
  const output = h("pre", { class: "output", tabindex: 0, role: "log", "aria-label": "Log" });
  const hold = check("Pause");
  const clear = button("Clear", () => output.replaceChildren());
  place.append(h("div", { class: "actions" }, hold.element, clear), output);
  await every(OFTEN, signal, async () => {
    if (hold.control.checked) return;
    const lines = await app.api.log();
    if (!lines.length) return;
    output.append(...lines.map((line) => `${line.trimEnd()}\n`));
    while (output.childNodes.length > MOST) output.firstChild.remove();
    output.scrollTop = output.scrollHeight;
  });
}
