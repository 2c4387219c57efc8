// What is being sent of a case: each upload has one writer in this page, whatever screen shows it.

import { useEffect, useRef, useState } from '../vendor/preact-htm.js';
import { useLatest } from '../kit/ui.js';

// The one writer of each upload in this page, whichever screens come and go: record.id → handle.
const writers = new Map();

/** The uploads of a case: new ones, and those left over from before a reload or another screen. */
export function useUploads(caseId, onDone) {
  const [handles, setHandles] = useState([]);
  const latest = useRef(onDone);
  latest.current = onDone;
  const left = useRef(false);

  /** Show a handle here, and hear when it is done. */
  function show(handle) {
    if (left.current) {
      pauseOf(handle);
      return;
    }
    setHandles((before) => (before.includes(handle) ? before : [...before, handle]));
  }

  function forget(handle) {
    writers.delete(handle.record.id);
    setHandles((before) => before.filter((one) => one !== handle));
  }

  /** `open(module, done)` gives the handle; who is asked twice for one record gives the same. */
  async function start(id, open) {
    const writer = writers.get(id) ?? write(id, open);
    const handle = await writer.opened;
    writer.done = () => {
      forget(handle);
      latest.current();
    };
    if (handle.state.value === 'done') {
      writer.done();
      return;
    }
    show(handle);
  }

  const resume = useLatest(resumeLeftOvers);
  useEffect(() => {
    left.current = false;
    resume();
    return () => {
      left.current = true;
      for (const writer of writers.values()) {
        writer.opened.then(pauseOf, () => undefined);
      }
    };
  }, [caseId]);

  async function resumeLeftOvers() {
    const { unfinished } = await import('../kit/upload.js');
    for (const record of await unfinished(caseId)) {
      if (left.current) {
        return;
      }
      const known = writers.get(record.id);
      await start(record.id, (module, done) => module.run(record, done));
      if (known) {
        await known.opened.then(goOn);
      }
    }
  }

  return {
    of: (code) => handles.filter((handle) => handle.record.materialCode === code),
    send: async (materialCode, file) => {
      const { prepared } = await import('../kit/upload.js');
      const record = await prepared({ caseId, materialCode, file });
      await start(record.id, (module, done) => module.run(record, done));
    },
    drop: async (handle) => {
      await handle.cancel();
      forget(handle);
    },
  };
}

function write(id, open) {
  const writer = { done: () => writers.delete(id) };
  writer.opened = import('../kit/upload.js').then((module) => open(module, () => writer.done()));
  writer.opened.catch(() => writers.delete(id));
  writers.set(id, writer);
  return writer;
}

function pauseOf(handle) {
  return ['sending', 'waiting'].includes(handle.state.value) ? handle.pause() : undefined;
}

function goOn(handle) {
  if (handle.state.value === 'paused') {
    handle.resume();
  }
}
