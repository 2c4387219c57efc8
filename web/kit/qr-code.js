// A QR code (ISO/IEC 18004) drawn without network: alphanumeric mode, level L, versions 1 to 15,
// which is what an offline pass needs. Fewer modules help a camera more than a higher level.

const LETTERS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:';
const MODE = 2;
/** Error correction codewords a block, and blocks, for level L of versions 1 to 15. */
const CHECK_SIZE = [7, 10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26, 30, 22];
const BLOCKS = [1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4, 6];
const LEVEL_L = 1;
const QUIET = 4;

/** The code as rows of booleans, true for dark. Throws RangeError for a text that does not fit. */
export function modulesOf(text) {
  const version = versionFor(text);
  const code = new Code(version);
  code.place(interleave(codewords(text, version), version));
  return code.masked();
}

/** The code as one SVG picture, its quiet zone included. */
export function svgOf(text) {
  const rows = modulesOf(text);
  const side = rows.length + 2 * QUIET;
  const path = rows.flatMap((row, y) => runs(row).map(([x, length]) => dash(x, y, length)));
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${side} ${side}" shape-rendering="crispEdges">` +
    `<path fill="#fff" d="M0 0h${side}v${side}H0z"/><path d="${path.join('')}"/></svg>`
  );
}

const dash = (x, y, length) => `M${x + QUIET} ${y + QUIET}h${length}v1h-${length}z`;

function runs(row) {
  const found = [];
  row.forEach((dark, x) => {
    if (dark && row[x - 1]) {
      found.at(-1)[1] += 1;
    } else if (dark) {
      found.push([x, 1]);
    }
  });
  return found;
}

/** How many codewords a version holds, data and correction together. */
function capacity(version) {
  let bits = (16 * version + 128) * version + 64;
  if (version >= 2) {
    const marks = Math.floor(version / 7) + 2;
    bits -= (25 * marks - 10) * marks - 55;
  }
  if (version >= 7) {
    bits -= 36;
  }
  return Math.floor(bits / 8);
}

const dataSize = (version) => capacity(version) - CHECK_SIZE[version - 1] * BLOCKS[version - 1];

const countBits = (version) => (version < 10 ? 9 : 11);

function versionFor(text) {
  const letters = Math.floor(text.length / 2) * 11 + (text.length % 2) * 6;
  for (let version = 1; version <= BLOCKS.length; version += 1) {
    if (4 + countBits(version) + letters <= dataSize(version) * 8) {
      return version;
    }
  }
  throw new RangeError('too long for a code that is read well');
}

function codewords(text, version) {
  const bits = [];
  const push = (value, size) => {
    for (let place = size - 1; place >= 0; place -= 1) {
      bits.push((value >> place) & 1);
    }
  };
  push(MODE, 4);
  push(text.length, countBits(version));
  for (let at = 0; at < text.length; at += 2) {
    const [first, second] = [...text.slice(at, at + 2)].map(valueOf);
    push(second === undefined ? first : first * 45 + second, second === undefined ? 6 : 11);
  }
  const size = dataSize(version);
  push(0, Math.min(4, size * 8 - bits.length));
  push(0, (8 - (bits.length % 8)) % 8);
  const words = [];
  for (let at = 0; at < bits.length; at += 8) {
    words.push(bits.slice(at, at + 8).reduce((word, bit) => word * 2 + bit, 0));
  }
  for (let pad = 0xec; words.length < size; pad ^= 0xec ^ 0x11) {
    words.push(pad);
  }
  return words;
}

function valueOf(letter) {
  const value = LETTERS.indexOf(letter);
  if (value < 0) {
    throw new RangeError(`a code cannot hold ${letter}`);
  }
  return value;
}

/** Blocks with their correction, column by column. */
function interleave(words, version) {
  const count = BLOCKS[version - 1];
  const checkSize = CHECK_SIZE[version - 1];
  const divisor = generator(checkSize);
  const short = Math.floor(words.length / count);
  const blocks = [];
  for (let index = 0, at = 0; index < count; index += 1) {
    const size = short + (index >= count - (words.length % count) ? 1 : 0);
    const data = words.slice(at, at + size);
    blocks.push({ data, check: remainder(data, divisor) });
    at += size;
  }
  const columns = (part, size) =>
    Array.from({ length: size }, (_, place) => blocks.map((block) => block[part][place])).flat();
  const data = columns('data', short + 1).filter((word) => word !== undefined);
  return [...data, ...columns('check', checkSize)];
}

/** Product in GF(2^8) modulo x^8 + x^4 + x^3 + x^2 + 1. */
function times(one, other) {
  let product = 0;
  for (let place = 7; place >= 0; place -= 1) {
    product = (product << 1) ^ ((product >> 7) * 0x11d);
    product ^= ((other >> place) & 1) * one;
  }
  return product;
}

function generator(degree) {
  const terms = new Array(degree).fill(0);
  terms[degree - 1] = 1;
  for (let round = 0, root = 1; round < degree; round += 1, root = times(root, 2)) {
    for (let place = 0; place < degree; place += 1) {
      terms[place] = times(terms[place], root) ^ (terms[place + 1] ?? 0);
    }
  }
  return terms;
}

function remainder(data, divisor) {
  const rest = divisor.map(() => 0);
  for (const word of data) {
    const factor = word ^ rest.shift();
    rest.push(0);
    divisor.forEach((term, place) => {
      rest[place] ^= times(term, factor);
    });
  }
  return rest;
}

const MASKS = [
  (x, y) => (x + y) % 2,
  (x, y) => y % 2,
  (x) => x % 3,
  (x, y) => (x + y) % 3,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2,
  (x, y) => ((x * y) % 2) + ((x * y) % 3),
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2,
];

/** The square while it is drawn: `fixed` are the modules that no mask touches. */
class Code {
  constructor(version) {
    this.version = version;
    this.size = version * 4 + 17;
    this.dark = Array.from({ length: this.size }, () => new Array(this.size).fill(false));
    this.fixed = Array.from({ length: this.size }, () => new Array(this.size).fill(false));
    this.drawPatterns();
  }

  set(x, y, dark) {
    this.dark[y][x] = Boolean(dark);
    this.fixed[y][x] = true;
  }

  drawPatterns() {
    for (let at = 0; at < this.size; at += 1) {
      this.set(6, at, at % 2 === 0);
      this.set(at, 6, at % 2 === 0);
    }
    const far = this.size - 4;
    [[3, 3], [far, 3], [3, far]].forEach(([x, y]) => this.drawFinder(x, y));
    this.drawAlignments();
    this.drawFormat(0);
    this.drawVersion();
  }

  drawFinder(x, y) {
    for (let dy = -4; dy <= 4; dy += 1) {
      for (let dx = -4; dx <= 4; dx += 1) {
        const ring = Math.max(Math.abs(dx), Math.abs(dy));
        if (this.has(x + dx, y + dy)) {
          this.set(x + dx, y + dy, ring !== 2 && ring !== 4);
        }
      }
    }
  }

  has(x, y) {
    return x >= 0 && x < this.size && y >= 0 && y < this.size;
  }

  drawAlignments() {
    const places = alignments(this.version);
    const last = places.length - 1;
    places.forEach((x, column) =>
      places.forEach((y, row) => {
        const corner = (!column && !row) || (!column && row === last) || (column === last && !row);
        if (!corner) {
          this.drawAlignment(x, y);
        }
      }),
    );
  }

  drawAlignment(x, y) {
    for (let dy = -2; dy <= 2; dy += 1) {
      for (let dx = -2; dx <= 2; dx += 1) {
        this.set(x + dx, y + dy, Math.max(Math.abs(dx), Math.abs(dy)) !== 1);
      }
    }
  }

  drawFormat(mask) {
    const data = (LEVEL_L << 3) | mask;
    const bits = ((data << 10) | bch(data, 10, 0x537)) ^ 0x5412;
    const bit = (place) => (bits >> place) & 1;
    for (let place = 0; place < 6; place += 1) {
      this.set(8, place, bit(place));
    }
    this.set(8, 7, bit(6));
    this.set(8, 8, bit(7));
    this.set(7, 8, bit(8));
    for (let place = 9; place < 15; place += 1) {
      this.set(14 - place, 8, bit(place));
    }
    for (let place = 0; place < 8; place += 1) {
      this.set(this.size - 1 - place, 8, bit(place));
    }
    for (let place = 8; place < 15; place += 1) {
      this.set(8, this.size - 15 + place, bit(place));
    }
    this.set(8, this.size - 8, true);
  }

  drawVersion() {
    if (this.version < 7) {
      return;
    }
    const bits = (this.version << 12) | bch(this.version, 12, 0x1f25);
    for (let place = 0; place < 18; place += 1) {
      const far = this.size - 11 + (place % 3);
      const near = Math.floor(place / 3);
      this.set(far, near, (bits >> place) & 1);
      this.set(near, far, (bits >> place) & 1);
    }
  }

  /** Codewords in pairs of columns from the right, upwards and downwards in turn. */
  place(words) {
    let at = 0;
    for (let right = this.size - 1; right >= 1; right -= 2) {
      if (right === 6) {
        right = 5;
      }
      const upwards = ((right + 1) & 2) === 0;
      for (let step = 0; step < this.size; step += 1) {
        const y = upwards ? this.size - 1 - step : step;
        for (const x of [right, right - 1]) {
          if (!this.fixed[y][x] && at < words.length * 8) {
            this.dark[y][x] = Boolean((words[at >> 3] >> (7 - (at & 7))) & 1);
            at += 1;
          }
        }
      }
    }
  }

  /** The rows under the mask that is read best. */
  masked() {
    const tried = MASKS.map((mask, index) => {
      this.drawFormat(index);
      const rows = this.dark.map((row, y) =>
        row.map((dark, x) => (this.fixed[y][x] ? dark : dark !== (mask(x, y) === 0))),
      );
      return { rows, penalty: penaltyOf(rows) };
    });
    return tried.reduce((best, one) => (one.penalty < best.penalty ? one : best)).rows;
  }
}

function alignments(version) {
  if (version === 1) {
    return [];
  }
  const count = Math.floor(version / 7) + 2;
  const last = version * 4 + 10;
  const step = Math.ceil((last - 6) / (count - 1) / 2) * 2;
  const places = Array.from({ length: count - 1 }, (_, index) => last - index * step);
  return [6, ...places.reverse()];
}

function bch(data, degree, divisor) {
  let rest = data;
  for (let round = 0; round < degree; round += 1) {
    rest = (rest << 1) ^ ((rest >> (degree - 1)) * divisor);
  }
  return rest;
}

/** Runs of five, blocks of four, what looks like a finder, and too much of one shade. */
function penaltyOf(rows) {
  const size = rows.length;
  const columns = rows.map((_, x) => rows.map((row) => row[x]));
  let penalty = 0;
  for (const line of [...rows, ...columns]) {
    const text = line.map(Number).join('');
    for (const run of text.match(/0{5,}|1{5,}/g) ?? []) {
      penalty += run.length - 2;
    }
    penalty += 40 * (text.match(/(?=10111010000|00001011101)/g) ?? []).length;
  }
  for (let y = 1; y < size; y += 1) {
    for (let x = 1; x < size; x += 1) {
      const same = [rows[y - 1][x], rows[y][x - 1], rows[y - 1][x - 1]];
      penalty += same.every((dark) => dark === rows[y][x]) ? 3 : 0;
    }
  }
  const dark = rows.flat().filter(Boolean).length;
  return penalty + 10 * Math.floor(Math.abs((dark * 20) / (size * size) - 10));
}
