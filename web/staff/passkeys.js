// Passkeys in the browser: what our API says in base64url, the browser wants in bytes, and the other way.

import { base64url, fromBase64 } from '../kit/bytes.js';

/** A refusal in the form that <Failure> shows; it did not come from the server. */
class DeviceRefusal extends Error {
  constructor(title) {
    super(title);
    this.title = title;
  }
}

const WORDS = {
  NotAllowedError: '没有完成验证：您取消了操作或等待超时，请再试一次',
  InvalidStateError: '这台设备的通行密钥已经登记过，请直接使用',
  SecurityError: '从这个网址不能使用通行密钥，请从本单位公布的网址打开',
  NotSupportedError: '这台设备不支持通行密钥，请改用动态口令',
};

export const passkeysWork = () => typeof window.PublicKeyCredential === 'function';

const bytesOf = (text) => fromBase64(text.replace(/-/g, '+').replace(/_/g, '/'));
const textOf = (buffer) => base64url(new Uint8Array(buffer));
const named = (id) => ({ type: /** @type {const} */ ('public-key'), id: bytesOf(id) });

/** Let a device sign the challenge of a sign-in; gives what the API takes. */
export async function sign(asked) {
  const credential = await ask(() =>
    navigator.credentials.get({
      publicKey: {
        challenge: bytesOf(asked.challenge),
        rpId: asked.rp_id,
        allowCredentials: asked.credentials.map(named),
        userVerification: 'required',
        timeout: asked.seconds * 1000,
      },
    }),
  );
  return {
    credential_id: textOf(credential.rawId),
    client_data: textOf(credential.response.clientDataJSON),
    authenticator_data: textOf(credential.response.authenticatorData),
    signature: textOf(credential.response.signature),
  };
}

/** Let a device make a key; gives what the API takes. */
export async function make(asked) {
  const credential = await ask(() =>
    navigator.credentials.create({
      publicKey: {
        challenge: bytesOf(asked.challenge),
        rp: { id: asked.rp_id, name: '云间证' },
        user: { id: bytesOf(asked.user_id), name: asked.staff_no, displayName: asked.name },
        pubKeyCredParams: asked.algorithms.map((alg) => ({ type: 'public-key', alg })),
        excludeCredentials: asked.known.map(named),
        authenticatorSelection: { userVerification: 'required', residentKey: 'discouraged' },
        attestation: 'none',
        timeout: asked.seconds * 1000,
      },
    }),
  );
  return {
    credential_id: textOf(credential.rawId),
    client_data: textOf(credential.response.clientDataJSON),
    attestation: textOf(credential.response.attestationObject),
  };
}

/** @returns {Promise<any>} */
async function ask(device) {
  try {
    const found = await device();
    if (found) {
      return found;
    }
  } catch (error) {
    throw new DeviceRefusal(WORDS[error.name] ?? WORDS.NotAllowedError);
  }
  throw new DeviceRefusal(WORDS.NotAllowedError);
}
