// System: settings as a whole, restart, faults, factory settings.
import { ask, button, card, field, h } from "/ui.js";

const PATIENCE = 60000;
const TURN = 1000;

export async function show(place, app, signal) {
  const { api } = app;
  const told = h("p", { role: "status" });
  const faults = h("pre", { class: "output", tabindex: 0, "aria-label": "Fault log" });
  const save = button("Save", () =>
    app.act(save, async () => {
      await api.save();
      app.changed(false);
      app.say("Saved.");
    })
  );
  const load = button("Discard changes", () =>
    app.act(load, async () => {
      await api.run("load");
      app.changed(false);
      app.say("The settings are those that were saved last.");
    })
  );
  const reboot = button("Restart", () => app.act(reboot, restart), "primary");
  const clear = button("Clear", () =>
    app.act(clear, async () => {
      await api.run("faults_reset");
      await refresh();
    })
  );
  const factory = button("Factory settings", () => app.act(factory, forget), "danger");
  place.append(
    card("Settings", h("div", { class: "actions" }, save, load)),
    card("Restart", h("div", { class: "actions" }, reboot), told),
    card("Faults", faults, h("div", { class: "actions" }, clear)),
    card(
      "Factory settings",
      h("p", {}, "All settings are forgotten, also how to join the network. Files stay."),
      h("div", { class: "actions" }, factory)
    )
  );

  async function refresh() {
    faults.textContent = await api.run("faults_print");
  }

  async function restart() {
    const text = "All streams are closed. Changes that were not saved are lost.";
    if (!(await ask("Restart the module?", text, { yes: "Restart" }))) return;
    await api.command("reboot").catch(() => {});
    app.changed(false);
    told.textContent = "Restarting...";
    const begun = Date.now();
    await new Promise((resolve) => setTimeout(resolve, TURN));
    while (!signal.aborted && Date.now() - begun < PATIENCE) {
      const uptime = await api.get("time.uptime").catch(() => NaN);
      if (uptime * 1000 <= Date.now() - begun + TURN) {
        told.textContent = "The module is back.";
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, TURN));
    }
    told.textContent = "The module is not reached from here. Does it join the network at its start?";
  }

  async function forget() {
    const mac = await api.get("wlan.mac");
    const typed = h("input", { required: true, autocomplete: "off", placeholder: mac });
    const text = `Type the module's MAC address, ${mac}, to confirm.`;
    const fields = [field("MAC address", typed)];
    const yes = "Forget all settings";
    if (!(await ask("Factory settings?", text, { yes, danger: true, fields }))) return;
    await api.run(`factory_reset ${typed.value}`);
    app.say("The module starts with factory settings; its web server is off then.");
  }

  await refresh();
}
