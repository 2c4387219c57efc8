// A small cupboard in the browser (IndexedDB) for things that must survive a reload:
// key pairs that cannot be exported, files whose upload is not finished, and what is needed offline.

const DATABASE = 'yunjian';
/**
 * From the third: passes of the phone; a counter's lists, codes it has read, readings to hand in;
 * messages that are not sent yet.
 */
const SHELVES = ['keys', 'uploads', 'passes', 'evidence', 'seen', 'readings', 'messages'];
const VERSION = 3;

function open() {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open(DATABASE, VERSION);
    asked.onupgradeneeded = () => {
      const there = [...asked.result.objectStoreNames];
      for (const name of SHELVES.filter((one) => !there.includes(one))) {
        asked.result.createObjectStore(name);
      }
    };
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
}

async function act(shelf, mode, work) {
  const database = await open();
  try {
    return await new Promise((resolve, reject) => {
      const asked = work(database.transaction(shelf, mode).objectStore(shelf));
      asked.onsuccess = () => resolve(asked.result);
      asked.onerror = () => reject(asked.error);
    });
  } finally {
    database.close();
  }
}

/**
 * Save unless there is something already; gives whether this call was the one that saved.
 * One step of the database: of two pages at the same instant exactly one is the first.
 */
export async function claim(shelf, key, value) {
  try {
    await act(shelf, 'readwrite', (store) => store.add(value, key));
    return true;
  } catch (error) {
    if (error.name === 'ConstraintError') {
      return false;
    }
    throw error;
  }
}

export const clear = (shelf) => act(shelf, 'readwrite', (store) => store.clear());
export const keys = (shelf) => act(shelf, 'readonly', (store) => store.getAllKeys());
export const load = (shelf, key) => act(shelf, 'readonly', (store) => store.get(key));
export const loadAll = (shelf) => act(shelf, 'readonly', (store) => store.getAll());
export const save = (shelf, key, value) => act(shelf, 'readwrite', (store) => store.put(value, key));
export const remove = (shelf, key) => act(shelf, 'readwrite', (store) => store.delete(key));
