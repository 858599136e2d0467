// Airwire in JavaScript: commands over the REST API, and the stream socket. For pages that the
// module serves, for pages of other origins that its http.server.cors_origin lets in, and for
// programs on Node. docs/web.md tells how to use it.

/** Requests at a time: the module has four places for all its clients. */
const CONNECTIONS = 2;
/** Bytes of data in one request: in base64 they fit into the 4 KB that the module takes. */
const CHUNK = 2560;
/** Tries of a command that only reads, and milliseconds between them. */
const TRIES = 3;
const PAUSE = 300;
/** What a command answers that found no memory: another one may have had it. */
const FULL = "Out of memory";

/** Bits of `flags`. */
export const RESPONSE = 2;
const DATA = 4;

/** Commands that change nothing: these may be sent again where no answer came. */
const READS = new Set(
  ("adc_take_sample adc cert_list cel faults_print faup file_stat fst get gpio_get gge " +
    "gpios_get gges help ls stream_list list stream_poll poll tls_ciphers tlsi version ver " +
    "wlan_get_rssi rssi wlan_scan scan wwep_list wwl").split(" ")
);

/**
 * What went wrong: `code` is a command's result code, `status` that of HTTP, 0 where there is none.
 * `passes`: the module was not reached, or had no room, and may answer the next time.
 */
export class AirwireError extends Error {
  constructor(message, { code = 0, status = 0, cause } = {}) {
    super(message, { cause });
    this.name = "AirwireError";
    this.code = code;
    this.status = status;
    this.passes = (!code && [0, 429, 503].includes(status)) || message === FULL;
  }
}

/** A value as one argument of a command line. */
export function quote(value) {
  const text = String(value).replace(/[\\"]/g, "\\$&");
  const safe = text.replace(/[\x00-\x1f\x7f]/g, (c) => "\\x" + hex(c.charCodeAt(0), 2));
  return safe === "" || / /.test(safe) ? `"${safe}"` : safe;
}

/** The CRC-16 of file_create, as hexadecimal digits. */
export function crc16(bytes) {
  let crc = 0xffff;
  for (const byte of bytes) {
    for (let bit = 0; bit < 8; bit++) {
      const top = ((crc >> 15) ^ (byte >> bit)) & 1;
      crc = ((crc << 1) & 0xffff) ^ (top ? 0x1021 : 0);
    }
  }
  return hex(crc, 4).toUpperCase();
}

const hex = (number, digits) => number.toString(16).padStart(digits, "0");
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const toBase64 = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
const fromBase64 = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const toBytes = (data) =>
  typeof data === "string" ? new TextEncoder().encode(data) : new Uint8Array(data);

export class Airwire {
  #free = CONNECTIONS;
  #waiting = [];

  /**
   * @param {object} [options]
   * @param {string} [options.base] the module, such as "http://airwire-02.local"; the page's own
   * @param {string} [options.user] for where http.server.username is set; on a page of the
   *   module's own the browser asks
   * @param {string} [options.password]
   */
  constructor({ base, user, password } = {}) {
    this.base = new URL(base ?? globalThis.location.origin);
    this.user = user;
    this.password = password;
  }

  // The door

  /**
   * Runs `task` when a connection is free: no more than two are used at a time.
   * @template T
   * @param {() => Promise<T>} task
   * @returns {Promise<T>}
   */
  async queued(task) {
    if (this.#free) this.#free--;
    else await new Promise((resolve) => this.#waiting.push(resolve));
    try {
      return await task();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    }
  }

  /**
   * Carries out a command; what it answers, whatever its result code is.
   * @param {string} line
   * @param {object} [options]
   * @param {string|ArrayBuffer|Uint8Array} [options.data] what follows the command line
   * @param {number} [options.flags] RESPONSE: the answer as `bytes`, and no `text`
   * @param {boolean} [options.again] whether to send it again where no answer came; unless told,
   *   commands that only read are
   * @param {AbortSignal} [options.signal]
   * @returns {Promise<{id: number, code: number, text?: string, bytes?: Uint8Array}>}
   * @throws {AirwireError} where there is no answer, or one of HTTP alone
   */
  command(line, { data, flags = 0, again = READS.has(line.split(" ")[0]), signal } = {}) {
    const message = { flags: flags & RESPONSE, command: line };
    if (typeof data === "string") message.data = data;
    else if (data) {
      message.flags |= DATA;
      message.data = toBase64(new Uint8Array(data));
    }
    return this.queued(async () => {
      for (let left = again ? TRIES : 1; ; await pause(PAUSE)) {
        try {
          const found = await this.#json("/command", { body: JSON.stringify(message), signal });
          const { id, code, response } = found;
          // A line end follows whatever is not empty.
          if (found.flags & RESPONSE) return { id, code, bytes: fromBase64(response).slice(0, -2) };
          const text = response.replace(/\r\n$/, "");
          if (code && text === FULL && left > 1) throw new AirwireError(FULL, { code });
          return { id, code, text };
        } catch (error) {
          if (--left === 0 || !error.passes) throw error;
        }
      }
    });
  }

  async #json(path, { body, signal } = {}) {
    const request = { method: body ? "POST" : "GET", body, signal, cache: "no-store" };
    if (this.user != null) {
      const words = toBytes(`${this.user}:${this.password ?? ""}`);
      request.headers = { Authorization: `Basic ${toBase64(words)}` };
    }
    let answer, text;
    try {
      answer = await fetch(new URL(path, this.base), request);
      text = await answer.text();
    } catch (cause) {
      if (signal?.aborted) throw cause;
      throw new AirwireError("The module does not answer", { cause });
    }
    const { status } = answer;
    if (!answer.ok) throw new AirwireError(text.trim() || `HTTP ${status}`, { status });
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw new AirwireError("The answer is not from a module", { status, cause });
    }
  }

  /**
   * Carries out a command that must succeed.
   * @returns {Promise<string|Uint8Array>} its response
   * @throws {AirwireError} with the response as its message, where the result code is not 0
   */
  async run(line, options) {
    const { code, text, bytes } = await this.command(line, options);
    if (code) throw new AirwireError(text ?? new TextDecoder().decode(bytes), { code });
    return text ?? bytes;
  }

  // Variables

  /** The value of a variable: get("wlan.ssid"), get("uart.baud", 1). */
  get(name, index) {
    return this.run(index === undefined ? `get ${name}` : `get ${name} ${index}`);
  }

  /** The variables of a group, or all: a Map of names (with their index behind a space). */
  async variables(group = "all") {
    const found = new Map();
    for (const line of (await this.get(group)).split("\r\n")) {
      const row = /^([a-z][\w.]* ?[\w.]*): (.*)$/s.exec(line);
      if (row) found.set(row[1], row[2]);
    }
    return found;
  }

  /** Changes a variable until the next start; save() keeps all changes. */
  set(name, value, index) {
    return this.run(`set ${name} ${index === undefined ? "" : index + " "}${quote(value)}`);
  }

  save() {
    return this.run("save");
  }

  // The module

  version() {
    return this.run("version");
  }

  /** The networks in reach, the strongest first. */
  async scan() {
    const row = /^#\s*\d+\s+(\d+)\s+(-?\d+)\s+(\S+)\s+(\S+)\s+(\S+)\s+\d+\s+\d+ (.*)$/s;
    return rows(await this.run("scan -v"), row, (channel, rssi, bssid, rate, security, ssid) => ({
      ssid,
      rssi: +rssi,
      security,
      channel: +channel,
      bssid,
    }));
  }

  /** The last lines of the log, each of them once. */
  async log() {
    return (await this.queued(() => this.#json("/log"))).logs;
  }

  // Files

  /** The user's files. */
  async files() {
    // A name may begin with a blank, and have what is the end of a line elsewhere.
    const row = /^#\s*\d+\s+(\S+)\s+(\S+)\s+\S+\s+(\d+)\s+(\S+) {2}(.*)$/s;
    return rows(await this.run("ls -v"), row, (type, flags, size, version, name) => ({
      name,
      size: +size,
      type,
      flags: parseInt(flags, 16),
      version,
    }));
  }

  /**
   * Makes a file, which must not be there yet; it appears when it is whole and its CRC is right.
   * @param {string} name
   * @param {string|ArrayBuffer|Uint8Array} content
   * @param {object} [options]
   * @param {(done: number, size: number) => void} [options.progress]
   * @param {string} [options.version]
   * @param {AbortSignal} [options.signal]
   */
  async upload(name, content, { progress, version = "1.0.0.0", signal } = {}) {
    const bytes = toBytes(content);
    const words = `${quote(name)} ${bytes.length} ${version} FE ${crc16(bytes)}`;
    const handle = await this.run(`file_create ${bytes.length ? "-o " : ""}${words}`);
    try {
      for (let at = 0; at < bytes.length; at += CHUNK) {
        signal?.throwIfAborted();
        await this.write(handle, bytes.subarray(at, at + CHUNK));
        progress?.(Math.min(at + CHUNK, bytes.length), bytes.length);
      }
    } catch (error) {
      await this.command(`stream_close ${handle}`).catch(() => {});
      throw error;
    }
  }

  /**
   * A file's content.
   * @param {string} name
   * @param {object} [options]
   * @param {(done: number) => void} [options.progress]
   * @returns {Promise<Uint8Array>}
   */
  async download(name, { progress } = {}) {
    const size = +(await this.run(`file_stat ${quote(name)}`)).match(/^size: (\d+)/m)[1];
    const content = new Uint8Array(size);
    const handle = await this.run(`file_open ${quote(name)}`);
    for (let at = 0; at < size; progress?.(at)) {
      const piece = await this.read(handle, Math.min(CHUNK, size - at));
      if (!piece.length) throw new AirwireError(`${name}: ${at} of ${size} bytes came`);
      content.set(piece, at);
      at += piece.length;
    }
    return content;
  }

  /** Deletes a file. */
  remove(name) {
    return this.run(`file_delete ${quote(name)}`);
  }

  // Streams

  /** The open streams. */
  async streams() {
    const row = /^# (\d) (\S+)\s+(.*)$/s;
    const text = await this.run("stream_list");
    return rows(text, row, (handle, kind, info) => ({ handle: +handle, kind, info }));
  }

  /** Opens a stream of tcp, udp or tls; its handle. */
  async connect(protocol, host, port) {
    return +(await this.run(`${protocol}_client ${quote(host)} ${port}`));
  }

  /** What has arrived, up to `size` bytes. */
  read(handle, size = 1024) {
    return this.run(`stream_read ${handle} ${size}`, { flags: RESPONSE, again: false });
  }

  /** Sends bytes, or a string as UTF-8. */
  async write(handle, data) {
    const bytes = toBytes(data);
    for (let at = 0; at < bytes.length; at += CHUNK) {
      const part = bytes.subarray(at, at + CHUNK);
      await this.run(`stream_write ${handle} ${part.length}`, { data: part });
    }
  }

  /** 0: nothing to read; 1: something; 2: the other side has closed. */
  async poll(handle) {
    return +(await this.run(`stream_poll ${handle}`));
  }

  close(handle) {
    return this.run(`stream_close ${handle}`);
  }

  /**
   * Opens a stream of kind WEBS between this page and the host MCU: a WebSocket, whose messages
   * are ArrayBuffers.
   * @returns {WebSocket}
   */
  stream() {
    const url = new URL("/stream", this.base);
    url.protocol = url.protocol.replace("http", "ws");
    const socket = new WebSocket(url);
    socket.binaryType = "arraybuffer";
    return socket;
  }
}

/** What `make` makes of each line of a listing. */
function rows(text, pattern, make) {
  const found = text.split("\r\n").map((line) => pattern.exec(line));
  return found.filter(Boolean).map((row) => make(...row.slice(1)));
}
