// What one would take instead: ws and ioredis in one Node process, without any log-in.
// Same bell as ours: PUBLISH live:<key> "<n> <json>", one socket per ?key=.
const { WebSocketServer } = require('ws');
const Redis = require('ioredis');

const [port, redisUrl] = process.argv.slice(2);
const readers = new Map();
const redis = new Redis(redisUrl);
redis.psubscribe('live:*');
redis.on('pmessage', (pattern, channel, message) => {
  const present = readers.get(channel.slice(5));
  if (!present) return;
  const text = message.slice(message.indexOf(' ') + 1);
  for (const socket of present) socket.send(text);
});

const server = new WebSocketServer({ host: '127.0.0.1', port: Number(port), perMessageDeflate: false });
server.on('connection', (socket, request) => {
  const key = new URL(request.url, 'http://127.0.0.1').searchParams.get('key');
  if (!readers.has(key)) readers.set(key, new Set());
  readers.get(key).add(socket);
  socket.on('close', () => readers.get(key).delete(socket));
  socket.send('{"type":"hello"}');
});
server.on('listening', () => console.log('listening'));
