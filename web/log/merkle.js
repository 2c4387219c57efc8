// Inclusion proofs of RFC 9162, checked in the browser: no trust in this site's word is needed.

const subtle = globalThis.crypto.subtle;

export function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
}

async function sha256(...parts) {
  const whole = new Uint8Array(await new Blob(parts).arrayBuffer());
  return new Uint8Array(await subtle.digest('SHA-256', whole));
}

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

export const leafHash = (text) => sha256(LEAF, new TextEncoder().encode(text));
const nodeHash = (left, right) => sha256(NODE, left, right);

function same(one, other) {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}

/** Size and root as the signed note states them. */
export function readNote(note) {
  const [origin, size, root] = note.split('\n');
  return { origin, size: Number(size), root };
}

/** Whether a report's log_proof leads from its entry to the root of its checkpoint (2.1.3.2). */
export async function proves({ data, position, path, checkpoint }) {
  const { size, root } = readNote(checkpoint.note);
  if (!(position >= 0 && position < size)) {
    return false;
  }
  let at = position;
  let last = size - 1;
  let found = await leafHash(data);
  for (const step of path.map(bytesOf)) {
    if (last === 0) {
      return false;
    }
    if (at % 2 === 1 || at === last) {
      found = await nodeHash(step, found);
      while (at % 2 === 0 && at > 0) {
        at /= 2;
        last = Math.floor(last / 2);
      }
    } else {
      found = await nodeHash(found, step);
    }
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 && same(found, bytesOf(root));
}
