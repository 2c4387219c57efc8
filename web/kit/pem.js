// Certificate and signature files as text for the server: PEM as it is, DER as base64.

const BLOCK = /-----BEGIN ([^-]+)-----[^-]+-----END \1-----/g;
const SEQUENCE = 0x30;

/** The certificates of a text: one for each PEM block, or all of it. */
export function certificatesIn(text) {
  return text.match(BLOCK) ?? [text.trim()];
}

/** What a certificate file holds, as text. */
export async function certificateText(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  return bytes[0] === SEQUENCE ? base64(bytes) : new TextDecoder().decode(bytes).trim();
}

/** What a signature file holds, as base64: many programs write base64 themselves, others bytes. */
export async function signatureText(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const text = new TextDecoder().decode(bytes).trim();
  return /^[\w+/=\s-]+$/.test(text) ? text : base64(bytes);
}

function base64(bytes) {
  return btoa(String.fromCharCode(...bytes));
}
