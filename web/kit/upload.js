// Sending a photo or document over a bad network: tus with pause, and resume even after a reload.
// A picture is turned upright, made smaller and re-encoded first, which also drops its location.

import { load, loadAll, remove, save } from './store.js';
import { signal } from '../vendor/preact-htm.js';
import { newKey } from './api.js';

const LONGEST_SIDE = 2000;
const JPEG_QUALITY = 0.85;
const PART_BYTES = 512 * 1024;
const PAUSES_MS = [0, 100, 300, 1000, 3000, 3000, 3000];
const ENDPOINT = '/api/citizen/uploads';

/** The file as it will be sent: pictures become upright JPEGs; other files stay as they are. */
export async function prepare(file) {
  if (!file.type.startsWith('image/')) {
    return { blob: file, name: file.name, type: file.type };
  }
  const picture = await createImageBitmap(file, { imageOrientation: 'from-image' });
  const scale = Math.min(1, LONGEST_SIDE / Math.max(picture.width, picture.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(picture.width * scale);
  canvas.height = Math.round(picture.height * scale);
  const context = canvas.getContext('2d');
  context.fillStyle = '#fff';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, 'image/jpeg', JPEG_QUALITY));
  const name = file.name.replace(/\.\w+$/, '') || 'photo';
  return { blob, name: `${name}.jpg`, type: 'image/jpeg' };
}

/** Uploads of a case that were begun on this device and are not finished. */
export async function unfinished(caseId) {
  const all = await loadAll('uploads');
  return all.filter((record) => record.caseId === caseId);
}

/** The record of a new upload, kept on this device; `run` sends it. */
export async function prepared({ caseId, materialCode, file }) {
  const record = { id: newKey(), caseId, materialCode, ...(await prepare(file)), url: null };
  await save('uploads', record.id, record);
  return record;
}

/**
 * Send (or go on sending) one record. Gives a handle:
 * `progress` signal {sent, total}, `state` signal ("sending" | "paused" | "waiting" | "failed" | "done"),
 * pause(), resume(), cancel().
 */
export async function run(record, onDone) {
  const { Upload } = await import('../vendor/tus.js');
  const progress = signal({ sent: 0, total: record.blob.size });
  const state = signal('sending');
  const failure = signal(null);
  let started = false;

  const upload = new Upload(record.blob, {
    endpoint: ENDPOINT,
    uploadUrl: record.url,
    chunkSize: PART_BYTES,
    retryDelays: PAUSES_MS,
    storeFingerprintForResuming: false,
    headers: { 'X-Requested-With': 'yunjian' },
    metadata: {
      case_id: record.caseId,
      material_code: record.materialCode,
      filename: record.name,
      filetype: record.type,
    },
    onUploadUrlAvailable: () => remember(record, upload.url),
    onProgress: (sent, total) => {
      progress.value = { sent, total };
    },
    onShouldRetry: (error) => canRetry(error),
    onError: (error) => fail(error),
    onSuccess: () => finish(),
  });

  async function fail(error) {
    if (!navigator.onLine) {
      state.value = 'waiting';
      addEventListener('online', resume, { once: true });
      return;
    }
    failure.value = words(error);
    state.value = 'failed';
    if (!canRetry(error)) {
      await remove('uploads', record.id);
    }
  }

  async function finish() {
    await remove('uploads', record.id);
    state.value = 'done';
    onDone();
  }

  function resume() {
    if (state.value === 'sending' && started) {
      return; // never two writers
    }
    started = true;
    failure.value = null;
    state.value = 'sending';
    upload.start();
  }

  resume();
  return {
    record,
    progress,
    state,
    failure,
    resume,
    async pause() {
      removeEventListener('online', resume);
      state.value = 'paused';
      await upload.abort();
    },
    async cancel() {
      await upload.abort(Boolean(upload.url)).catch(() => undefined);
      await remove('uploads', record.id);
    },
  };
}

async function remember(record, url) {
  if (await load('uploads', record.id)) {
    await save('uploads', record.id, { ...record, url });
  }
}

// A refusal (wrong type, too large, case closed) will not change by asking again; 409 and 423 mean
// that the server is still busy with the part before.
function canRetry(error) {
  const status = error.originalResponse?.getStatus() ?? 0;
  return status === 0 || status === 409 || status === 423 || status >= 500;
}

function words(error) {
  try {
    const problem = JSON.parse(error.originalResponse.getBody());
    return problem.detail || problem.title;
  } catch {
    return null;
  }
}
