// The camera: one frame at a time goes to a worker that looks for a QR code.

const FRAME_MS = 66;
const PICTURE = { facingMode: { ideal: 'environment' }, width: { ideal: 1920 }, height: { ideal: 1080 } };

/** Why the camera cannot be used, in words for the clerk. */
export function complaint(error) {
  if (error?.name === 'NotAllowedError') {
    return '没有摄像头权限。请在浏览器设置里允许，或改用扫码枪。';
  }
  return '没有找到摄像头。请用扫码枪，或把码的内容粘贴到下面。';
}

/**
 * Start the camera in `video` and call `found(text)` for each new code.
 * Gives { pause, resume, close, torch }: `torch` switches the light, null where there is none.
 */
export async function openCamera(video, found) {
  const stream = await navigator.mediaDevices.getUserMedia({ video: PICTURE, audio: false });
  video.srcObject = stream;
  await video.play();
  const worker = new Worker(new URL('scan-worker.js', import.meta.url));
  let busy = false;
  let paused = false;
  let closed = false;
  let last = '';

  worker.onmessage = ({ data }) => {
    busy = false;
    if (data.text && data.text !== last && !paused) {
      last = data.text;
      found(data.text);
    }
  };

  async function grab() {
    if (closed || paused) {
      return;
    }
    if (!busy && video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) {
      busy = true;
      const bitmap = await createImageBitmap(video);
      worker.postMessage({ bitmap }, [bitmap]);
    }
    wait();
  }

  function wait() {
    if (video.requestVideoFrameCallback) {
      video.requestVideoFrameCallback(grab);
    } else {
      setTimeout(grab, FRAME_MS);
    }
  }

  wait();
  const [track] = stream.getVideoTracks();
  const hasTorch = Boolean(track.getCapabilities?.().torch);
  return {
    torch: hasTorch ? (on) => track.applyConstraints({ advanced: [{ torch: on }] }) : null,
    pause() {
      paused = true;
    },
    resume() {
      paused = false;
      last = '';
      wait();
    },
    close() {
      closed = true;
      worker.terminate();
      track.stop();
    },
  };
}
