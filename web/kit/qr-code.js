// A QR code (ISO/IEC 18004) drawn without network, for an offline pass: level L up to version 15.
// Fewer and larger modules help a camera more than a higher level.

import { encode } from '../vendor/qr.js';

const LARGEST_VERSION = 15;
const QUIET = 4;

/** The code as rows of booleans, true for dark. Throws RangeError for a text that does not fit. */
export function modulesOf(text) {
  /** @type {import('uqr').QrCodeGenerateOptions} */
  const options = { ecc: 'L', boostEcc: false, border: 0, maxVersion: LARGEST_VERSION };
  return encode(text, options).data;
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
