// What one would take instead: @tus/server with @tus/file-store, without people, checks or filing.
// Arguments: node_modules, folder, port.
const path = require('node:path');
const { pathToFileURL } = require('node:url');

const [modules, folder, port] = process.argv.slice(2);
const load = (name) => import(pathToFileURL(path.join(modules, name, 'dist', 'index.js')).href);

(async () => {
  const { Server } = await load('@tus/server');
  const { FileStore } = await load('@tus/file-store');
  const server = new Server({ path: '/files', datastore: new FileStore({ directory: folder }) });
  server.listen({ host: '127.0.0.1', port: Number(port) }, () => console.log('listening'));
})();
