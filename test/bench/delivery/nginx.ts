import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { until } from '../../support/until.ts';
import { childrenOf } from './process-cpu.ts';

/** An nginx that serves a folder. */
export type Nginx = {
  readonly url: string;
  readonly pids: () => readonly number[];
  readonly close: () => Promise<void>;
};

/** Starts it in the foreground, with a configuration of its own in `folder`, whose `www` it serves. */
export async function startNginx(folder: string, workers: number): Promise<Nginx> {
  const port = await freePort();
  mkdirSync(join(folder, 'www'), { recursive: true });
  const config = join(folder, `nginx-${workers}.conf`);
  writeFileSync(config, configuration(folder, { port, workers }));
  const process = spawn('nginx', ['-c', config, '-p', folder, '-e', join(folder, 'error.log')], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  let failure: Error | undefined;
  process.once('error', (error) => (failure = error));
  const url = `http://127.0.0.1:${port}`;
  const answers = (): Promise<boolean> => fetch(url).then(Boolean, () => false);
  await until(async () => failure !== undefined || (await answers()), { what: 'nginx' });
  if (failure !== undefined) throw failure;
  return {
    url,
    pids: () => [process.pid ?? 0, ...childrenOf(process.pid ?? 0)],
    close: () => stop(process),
  };
}

function configuration(
  folder: string,
  { port, workers }: { readonly port: number; readonly workers: number },
): string {
  return `
daemon off;
user root;
pid ${folder}/nginx-${workers}.pid;
worker_processes ${workers};
events { worker_connections 1024; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000;
  open_file_cache max=100;
  client_body_temp_path ${folder}/t1;
  proxy_temp_path ${folder}/t2;
  fastcgi_temp_path ${folder}/t3;
  uwsgi_temp_path ${folder}/t4;
  scgi_temp_path ${folder}/t5;
  server { listen 127.0.0.1:${port}; root ${folder}/www; }
}
`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function stop(process: ChildProcess): Promise<void> {
  if (process.exitCode !== null) return;
  const gone = once(process, 'exit');
  process.kill('SIGTERM');
  await gone;
}
