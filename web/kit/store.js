// A small cupboard in the browser (IndexedDB) for things that must survive a reload:
// key pairs that cannot be exported, and files whose upload is not finished.

const DATABASE = 'yunjian';
const SHELVES = ['keys', 'uploads'];

function open() {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open(DATABASE, 1);
    asked.onupgradeneeded = () => SHELVES.forEach((name) => asked.result.createObjectStore(name));
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

export const load = (shelf, key) => act(shelf, 'readonly', (store) => store.get(key));
export const loadAll = (shelf) => act(shelf, 'readonly', (store) => store.getAll());
export const save = (shelf, key, value) => act(shelf, 'readwrite', (store) => store.put(value, key));
export const remove = (shelf, key) => act(shelf, 'readwrite', (store) => store.delete(key));
