// Opens a page in the browser of a person at this machine.

import { spawn } from 'node:child_process';

/** The command that opens a page; undefined if nobody would see it. */
export function browserCommand({ platform, env, isTerminal }) {
  if (!isTerminal || env.CI) return undefined;
  // Over ssh, the page should open on the other machine.
  if (platform === 'darwin') return env.SSH_CONNECTION ? undefined : 'open';
  const hasDisplay = Boolean(env.DISPLAY || env.WAYLAND_DISPLAY);
  return platform === 'linux' && hasDisplay ? 'xdg-open' : undefined;
}

/** Opens `url` if someone can see it; otherwise the printed URL is enough. */
export function openBrowser(url, surroundings) {
  const command = browserCommand(surroundings);
  if (!command) return;
  const browser = spawn(command, [url], { detached: true, stdio: 'ignore' });
  browser.on('error', () => {});
  browser.unref();
}
