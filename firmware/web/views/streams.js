// Streams: those that are open, opening others, and what goes through them.
import { button, card, every, field, h, list, meta, row, select } from "/ui.js";

const OFTEN = 2000;
const SOON = 500;
const CLOSED = 2;
const PROTOCOLS = ["tcp", "tls", "udp"];

export async function show(place, app, signal) {
  const { api } = app;
  const open = h("div");
  const talks = h("div", { class: "stack" });
  const protocol = select(PROTOCOLS, "tcp");
  const host = h("input", { required: true, autocomplete: "off", spellcheck: "false" });
  const port = h("input", { type: "number", min: 1, max: 65535, required: true });
  const go = h("button", { class: "primary" }, "Open");
  const connect = async () => {
    let handle;
    try {
      handle = await api.connect(protocol.value, host.value, port.value);
    } catch (error) {
      if (error.code) error.message = `Not opened: ${error.message}. The log says why.`;
      throw error;
    }
    await refresh();
    talk(handle);
  };
  const form = h(
    "form",
    {
      class: "line",
      onsubmit: (event) => {
        event.preventDefault();
        app.act(go, connect);
      },
    },
    field("Protocol", protocol),
    field("Host", host),
    field("Port", port),
    go
  );
  place.append(card("Open a stream", form), card("Open streams", open), talks);

  let shown = "";

  async function refresh() {
    const streams = await api.streams();
    const now = JSON.stringify(streams.map(({ handle, kind }) => [handle, kind]));
    if (now === shown) return;
    shown = now;
    const rows = streams.map(({ handle, kind, info }) => {
      const close = button("Close", () => app.act(close, () => end(handle)), "plain", {
        "aria-label": `Close stream ${handle}`,
      });
      const read = button("Show", () => talk(handle), "plain", {
        "aria-label": `Show stream ${handle}`,
      });
      return row(`${handle} ${kind}`, meta(info), read, close);
    });
    open.replaceChildren(list(rows, "No stream is open."));
  }

  async function end(handle) {
    await api.close(handle);
    await refresh();
  }

  /** A part where what arrives is seen, and from where something can be sent. */
  function talk(handle) {
    const output = h("pre", {
      class: "output",
      tabindex: 0,
      role: "log",
      "aria-label": `Data of stream ${handle}`,
    });
    const text = h("input", { autocomplete: "off", spellcheck: "false" });
    const send = h("button", { class: "primary" }, "Send");
    const part = card(`Stream ${handle}`, output);
    const stop = new AbortController();
    signal.addEventListener("abort", () => stop.abort(), { once: true });
    const leave = () => {
      stop.abort();
      part.remove();
    };
    const finish = (words) => {
      output.append(h("b", {}, `${words}\n`));
      stop.abort();
      send.disabled = true;
    };
    const submit = async (event) => {
      event.preventDefault();
      await app.act(send, async () => {
        await api.write(handle, `${text.value}\r\n`);
        output.append(h("b", {}, `${text.value}\n`));
        text.value = "";
      });
      send.disabled = stop.signal.aborted;
    };
    const line = h("form", { class: "line", onsubmit: submit }, field("Line to send", text), send);
    part.append(line, h("div", { class: "actions" }, button("Hide", leave)));
    talks.replaceChildren(part);
    const decoder = new TextDecoder();
    every(SOON, stop.signal, async () => {
      try {
        const state = await api.poll(handle);
        if (!state) return;
        const bytes = await api.read(handle);
        output.append(decoder.decode(bytes, { stream: true }));
        output.scrollTop = output.scrollHeight;
        if (state !== CLOSED || bytes.length) return;
        finish("Closed.");
      } catch (error) {
        // The module may have closed it with the last bytes: then there is no such stream.
        finish(error.code && !error.passes ? "Closed." : error.message);
      }
    });
  }

  await every(OFTEN, signal, refresh);
}
