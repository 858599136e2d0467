// Certificates and keys: where they are, when they expire, loading and deleting.
import { ask, button, card, field, h, list, meta, row, select } from "/ui.js";

const ROW = /^#\s*\d+ (\S+)\s+(\S+)\s+(\S+)\s+("(?:\\.|[^"])*"|\S*)\s\s?(.*)$/s;
const PARTS = { certificate: "cert", "private key": "key", "trusted certificates": "ca" };
const DAY = 86400000;
const SOON = 30;
// Bytes of data that go with a command in one request; more goes through a file.
const MOST = 3300;
const ON_THE_WAY = "certificate.new";

export async function show(place, app) {
  const { api } = app;
  const found = h("div");
  const name = h("input", { required: true, maxlength: 32, pattern: "[!-~]+", autocomplete: "off" });
  const part = select(Object.keys(PARTS), "certificate");
  const choice = h("input", { type: "file", required: true, accept: ".pem,.crt,.cer,.der,.key" });
  const go = h("button", { class: "primary" }, "Load");
  const submit = (event) => {
    event.preventDefault();
    app.act(go, load);
  };
  const form = h(
    "form",
    { onsubmit: submit },
    h("div", { class: "line" }, field("Identity", name), field("Part", part)),
    field("File", choice, "PEM or DER. A key in the PEM of its certificate is taken with it."),
    h("div", { class: "actions" }, go)
  );
  place.append(card("On the module", found), card("Load into the DCT", form));

  async function refresh() {
    const lines = (await api.run("cert_list")).split("\r\n").map((line) => ROW.exec(line));
    const rows = lines.filter(Boolean).map(([, kind, where, end, reference, subject]) => {
      const actions = [];
      if (where === "dct") {
        const drop = button("Delete", () => app.act(drop, () => remove(reference, kind)), "danger", {
          "aria-label": `Delete ${kind} of ${reference}`,
        });
        actions.push(drop);
      }
      const words = meta(`${kind}, ${where}${subject ? `: ${subject}` : ""}`);
      return row(reference, [words, expiry(end)], actions);
    });
    found.replaceChildren(list(rows, "There are none."));
  }

  async function remove(reference, kind) {
    const identity = reference.replace(/^"?dct:|"$/g, "");
    const text = `The ${kind} of ${identity} is gone then.`;
    if (!(await ask("Delete?", text, { yes: "Delete", danger: true }))) return;
    await api.run(`cert_delete ${identity} ${kind}`);
    await refresh();
  }

  async function load() {
    const bytes = new Uint8Array(await choice.files[0].arrayBuffer());
    const ascii = bytes.every((byte) => byte < 128);
    const words = `cert_load ${name.value} ${PARTS[part.value]}`;
    if (ascii && bytes.length <= MOST) {
      const data = new TextDecoder().decode(bytes);
      await api.run(`${words} ${bytes.length}`, { data });
    } else if ((bytes.length * 4) / 3 <= MOST) {
      await api.run(`${words} ${bytes.length}`, { data: bytes });
    } else {
      await api.upload(ON_THE_WAY, bytes);
      try {
        await api.run(`${words} -f ${ON_THE_WAY}`);
      } finally {
        await api.remove(ON_THE_WAY);
      }
    }
    form.reset();
    app.say("Loaded.");
    await refresh();
  }

  await refresh();
}

function expiry(end) {
  if (end === "-") return [];
  const days = Math.floor((new Date(end) - Date.now()) / DAY);
  const date = end.slice(0, 10);
  if (days < 0) return meta(h("span", { class: "bad" }, `Expired on ${date}`));
  const words = `Expires on ${date}, in ${days} days`;
  return meta(days < SOON ? h("span", { class: "bad" }, words) : words);
}
