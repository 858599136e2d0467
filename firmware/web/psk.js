// The key of a WPA network, from its password and name: PBKDF2 of HMAC-SHA-1 (IEEE 802.11, annex
// J). Browsers have it, but keep it from pages that come over plain HTTP.

const rotate = (x, n) => (x << n) | (x >>> (32 - n));
const bytesOf = (text) => new TextEncoder().encode(text);

/** One block of 16 words into the five of `state`. */
function compress(state, block) {
  const w = new Int32Array(80);
  w.set(block);
  for (let i = 16; i < 80; i++) w[i] = rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
  let [a, b, c, d, e] = state;
  for (let i = 0; i < 80; i++) {
    let f;
    if (i < 20) f = ((b & c) | (~b & d)) + 0x5a827999;
    else if (i < 40) f = (b ^ c ^ d) + 0x6ed9eba1;
    else if (i < 60) f = ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
    else f = (b ^ c ^ d) + 0xca62c1d6;
    [a, b, c, d, e] = [(rotate(a, 5) + f + e + w[i]) | 0, a, rotate(b, 30), c, d];
  }
  return Int32Array.of(state[0] + a, state[1] + b, state[2] + c, state[3] + d, state[4] + e);
}

const START = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0);

/** Up to 55 bytes that follow a first block, as the block that ends the message. */
function last(bytes) {
  const block = new Int32Array(16);
  bytes.forEach((byte, i) => (block[i >> 2] |= byte << (24 - 8 * (i & 3))));
  block[bytes.length >> 2] |= 0x80 << (24 - 8 * (bytes.length & 3));
  block[15] = (64 + bytes.length) * 8;
  return block;
}

/** The 64 hexadecimal digits of a passphrase of 8 to 63 bytes and an SSID. */
export function psk(passphrase, ssid) {
  const key = new Int32Array(16);
  bytesOf(passphrase).forEach((byte, i) => (key[i >> 2] |= byte << (24 - 8 * (i & 3))));
  const inner = compress(START, key.map((word) => word ^ 0x36363636));
  const outer = compress(START, key.map((word) => word ^ 0x5c5c5c5c));
  const block = new Int32Array(16);
  block[5] = 0x80000000;
  block[15] = (64 + 20) * 8;
  const hmac = (message) => {
    block.set(compress(inner, message));
    return compress(outer, block);
  };
  const out = [];
  for (const number of [1, 2]) {
    let u = hmac(last([...bytesOf(ssid), 0, 0, 0, number]));
    const sum = u.slice();
    for (let i = 1; i < 4096; i++) {
      block.set(u);
      u = hmac(block.slice());
      u.forEach((word, j) => (sum[j] ^= word));
    }
    out.push(...sum);
  }
  return out.map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("").slice(0, 64);
}
