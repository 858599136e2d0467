// Files: the user's, with upload, download and deletion. One called as a page of this app takes
// its place.
import { ask, button, card, field, h, keep, list, meta, row, size } from "/ui.js";

const FLAGS = { 0x40: "essential", 0x80: "for everybody" };

export async function show(place, app, signal) {
  const { api } = app;
  const found = h("div");
  const choice = h("input", { type: "file", required: true, onchange: () => suggest() });
  const name = h("input", { required: true, maxlength: 64, autocomplete: "off" });
  const progress = h("progress", { max: 100, value: 0, "aria-label": "Upload", hidden: true });
  const told = h("p", { role: "status" });
  const go = h("button", { class: "primary" }, "Upload");
  const form = h(
    "form",
    {
      onsubmit: (event) => {
        event.preventDefault();
        app.act(go, upload);
      },
    },
    field("File", choice),
    field("Name on the module", name),
    h("div", { class: "actions" }, go),
    progress,
    told
  );
  place.append(card("On the module", found), card("Upload", form));

  function suggest() {
    name.value = choice.files[0]?.name ?? "";
  }

  async function upload() {
    const content = await choice.files[0].arrayBuffer();
    const there = (await api.files()).some((file) => file.name === name.value);
    if (there) {
      const text = `There is a file ${name.value} already.`;
      if (!(await ask("Replace the file?", text, { yes: "Replace", danger: true }))) return;
      await api.remove(name.value);
    }
    progress.hidden = false;
    try {
      await api.upload(name.value, content, {
        signal,
        progress: (done, all) => {
          progress.value = (100 * done) / all;
          told.textContent = `${size(done)} of ${size(all)}`;
        },
      });
      told.textContent = `${name.value} is on the module: ${size(content.byteLength)}.`;
    } catch (error) {
      told.textContent = "";
      throw error;
    } finally {
      progress.hidden = true;
    }
    form.reset();
    await refresh();
  }

  async function refresh() {
    const rows = (await api.files()).map((file) => {
      const { name } = file;
      const flags = Object.entries(FLAGS).filter(([bit]) => file.flags & bit);
      const words = [size(file.size), `version ${file.version}`, ...flags.map(([, word]) => word)];
      const get = button("Download", () => app.act(get, () => download(file)), "plain", {
        "aria-label": `Download ${name}`,
      });
      const drop = button("Delete", () => app.act(drop, () => remove(name)), "danger", {
        "aria-label": `Delete ${name}`,
      });
      return row(name, meta(words.join(", ")), get, drop);
    });
    found.replaceChildren(list(rows, "There are no files."));
  }

  async function download(file) {
    const progress = (done) => (told.textContent = `${size(done)} of ${size(file.size)}`);
    keep(file.name, await api.download(file.name, { progress }));
    told.textContent = "";
  }

  async function remove(name) {
    const text = `${name} is gone then.`;
    if (!(await ask("Delete the file?", text, { yes: "Delete", danger: true }))) return;
    await api.remove(name);
    await refresh();
  }

  await refresh();
}
