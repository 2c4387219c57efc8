// Uploads a file with tus-js-client, pauses in the middle and goes on as after a restart.
// Arguments: file, endpoint, cookie, Upload-Metadata as JSON, file to remember URLs in.
const fs = require('node:fs');
const tus = require('tus-js-client');

const [path, endpoint, cookie, metadata, memory] = process.argv.slice(2);
const size = fs.statSync(path).size;

function upload(done, progress) {
  return new tus.Upload(fs.createReadStream(path), {
    endpoint,
    uploadSize: size,
    chunkSize: 128 * 1024,
    retryDelays: Array(20).fill(20),
    headers: { Cookie: cookie, 'X-Requested-With': 'yunjian' },
    metadata: JSON.parse(metadata),
    urlStorage: new tus.FileUrlStorage(memory),
    fingerprint: async () => 'the file',
    onShouldRetry: () => true,
    onProgress: progress,
    onSuccess: done,
    onError: (error) => {
      console.error(String(error));
      process.exit(1);
    },
  });
}

async function goOn() {
  const second = upload(() => console.log('done'));
  const earlier = await second.findPreviousUploads();
  if (earlier.length === 0) {
    console.error('nothing to resume');
    process.exit(1);
  }
  second.resumeFromPreviousUpload(earlier[0]);
  second.start();
}

let paused = false;
const first = upload(
  () => {
    console.error('finished before it was paused');
    process.exit(1);
  },
  async (sent) => {
    if (sent > size / 3 && !paused) {
      paused = true;
      await first.abort();
      await goOn();
    }
  },
);
first.start();
