// SM2 signatures with SM3 (GB/T 32918, 32905): verification only, so nothing here is secret and
// time may differ. WebCrypto has neither.

import { concat, utf8 } from './bytes.js';

const P = 0xfffffffeffffffffffffffffffffffffffffffff00000000ffffffffffffffffn;
const N = 0xfffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123n;
const A = P - 3n;
const B = 0x28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93n;
const GENERATOR = [
  0x32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7n,
  0xbc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0n,
  1n,
];
const NOWHERE = [1n, 1n, 0n];
const ID = utf8('1234567812345678');

const START = [0x7380166f, 0x4914b2b9, 0x172442d7, 0xda8a0600, 0xa96f30bc, 0x163138aa, 0xe38dee4d, 0xb0fb0e4e];

const rotate = (word, by) => (word << (by & 31)) | (word >>> (32 - (by & 31)));

/** The SM3 digest, 32 bytes. */
export function sm3(message) {
  const size = ((message.length + 72) >> 6) << 6;
  const padded = new Uint8Array(size);
  padded.set(message);
  padded[message.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setBigUint64(size - 8, BigInt(message.length) * 8n);
  const state = Int32Array.from(START, (word) => word | 0);
  for (let block = 0; block < size; block += 64) {
    compress(state, view, block);
  }
  const digest = new DataView(new ArrayBuffer(32));
  state.forEach((word, index) => {
    digest.setInt32(index * 4, word);
  });
  return new Uint8Array(digest.buffer);
}

function compress(state, view, block) {
  const words = expand(view, block);
  let [a, b, c, d, e, f, g, h] = state;
  for (let round = 0; round < 64; round += 1) {
    const early = round < 16;
    const turned = rotate(a, 12);
    const constant = rotate(early ? 0x79cc4519 : 0x7a879d8a, round);
    const first = rotate((turned + e + constant) | 0, 7);
    const ff = early ? a ^ b ^ c : (a & b) | (a & c) | (b & c);
    const gg = early ? e ^ f ^ g : (e & f) | (~e & g);
    const one = (ff + d + (first ^ turned) + (words[round] ^ words[round + 4])) | 0;
    const two = (gg + h + first + words[round]) | 0;
    [d, c, b, a] = [c, rotate(b, 9), a, one];
    [h, g, f, e] = [g, rotate(f, 19), e, two ^ rotate(two, 9) ^ rotate(two, 17)];
  }
  [a, b, c, d, e, f, g, h].forEach((word, index) => {
    state[index] ^= word;
  });
}

function expand(view, block) {
  const words = new Int32Array(68);
  for (let index = 0; index < 16; index += 1) {
    words[index] = view.getInt32(block + index * 4);
  }
  for (let index = 16; index < 68; index += 1) {
    const mixed = words[index - 16] ^ words[index - 9] ^ rotate(words[index - 3], 15);
    const spread = mixed ^ rotate(mixed, 15) ^ rotate(mixed, 23);
    words[index] = spread ^ rotate(words[index - 13], 7) ^ words[index - 6];
  }
  return words;
}

function reduce(number) {
  const rest = number % P;
  return rest < 0n ? rest + P : rest;
}

function inverse(number) {
  let [r, next, s, following] = [P, number % P, 0n, 1n];
  while (next) {
    const quotient = r / next;
    [r, next] = [next, r - quotient * next];
    [s, following] = [following, s - quotient * following];
  }
  return reduce(s);
}

/** @typedef {bigint[]} Point X, Y and Z in Jacobian coordinates; Z = 0 is the point at infinity. */

/** @param {Point} point */
function twice([x, y, z]) {
  if (!z || !y) {
    return NOWHERE;
  }
  const zz = (z * z) % P;
  const yy = (y * y) % P;
  const beta = (x * yy) % P;
  const alpha = (3n * (((x - zz) * (x + zz)) % P)) % P;
  const x3 = reduce(alpha * alpha - 8n * beta);
  const sum = y + z;
  return [x3, reduce(alpha * (4n * beta - x3) - 8n * yy * yy), reduce(sum * sum - yy - zz)];
}

/**
 * @param {Point} one
 * @param {Point} other
 */
function add(one, other) {
  const [x1, y1, z1] = one;
  const [x2, y2, z2] = other;
  if (!z1) {
    return other;
  }
  if (!z2) {
    return one;
  }
  const zz1 = (z1 * z1) % P;
  const zz2 = (z2 * z2) % P;
  const u1 = (x1 * zz2) % P;
  const s1 = (((y1 * z2) % P) * zz2) % P;
  const h = reduce(((x2 * zz1) % P) - u1);
  const r = reduce(((((y2 * z1) % P) * zz1) % P) - s1);
  if (!h) {
    return r ? NOWHERE : twice(one);
  }
  const hh = (h * h) % P;
  const hhh = (h * hh) % P;
  const v = (u1 * hh) % P;
  const x3 = reduce(r * r - hhh - 2n * v);
  return [x3, reduce(r * (v - x3) - s1 * hhh), (((z1 * z2) % P) * h) % P];
}

/** 0 to 15 times a point. */
function multiples(point) {
  const table = [NOWHERE, point];
  for (let factor = 2; factor < 16; factor += 1) {
    table.push(factor % 2 ? add(table[factor - 1], point) : twice(table[factor / 2]));
  }
  return table;
}

const OF_GENERATOR = multiples(GENERATOR);

/** s·G + t·Q, four bits of both at a time. */
function combination(s, t, ofKey) {
  let point = NOWHERE;
  for (let digit = 63n; digit >= 0n; digit -= 1n) {
    if (digit < 63n) {
      point = twice(twice(twice(twice(point))));
    }
    point = add(point, OF_GENERATOR[Number((s >> (digit * 4n)) & 15n)]);
    point = add(point, ofKey[Number((t >> (digit * 4n)) & 15n)]);
  }
  return point;
}

function toNumber(bytes) {
  let text = '0x0';
  for (const byte of bytes) {
    text += byte.toString(16).padStart(2, '0');
  }
  return BigInt(text);
}

function toBytes(number) {
  const text = number.toString(16).padStart(64, '0');
  return Uint8Array.from({ length: 32 }, (_, index) => parseInt(text.substr(index * 2, 2), 16));
}

const CURVE = concat(...[A, B, GENERATOR[0], GENERATOR[1]].map(toBytes));

/** Whether `signature` (r and s, 64 bytes) is that of the key `point` (65 bytes) over `message`. */
export function verifySm2(point, message, signature) {
  if (point.length !== 65 || point[0] !== 4 || signature.length !== 64) {
    return false;
  }
  const [x, y] = [toNumber(point.subarray(1, 33)), toNumber(point.subarray(33))];
  if (x >= P || y >= P || reduce(y * y - (x * x * x + A * x + B))) {
    return false;
  }
  const [r, s] = [toNumber(signature.subarray(0, 32)), toNumber(signature.subarray(32))];
  const t = (r + s) % N;
  if (!r || r >= N || !s || s >= N || !t) {
    return false;
  }
  const [px, , pz] = combination(s, t, multiples([x, y, 1n]));
  if (!pz) {
    return false;
  }
  const bits = ID.length * 8;
  const z = sm3(concat(Uint8Array.of(bits >> 8, bits & 255), ID, CURVE, point.subarray(1)));
  const e = toNumber(sm3(concat(z, message)));
  const zi = inverse(pz);
  return (e + ((((px * zi) % P) * zi) % P)) % N === r;
}
