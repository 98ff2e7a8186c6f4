// Opens a page in the browser of whoever sits in front of this machine.

import { spawn } from 'node:child_process';

/** The command that opens a page, or undefined where nobody would see it. */
export function browserCommand({ platform, env, isTerminal }) {
  if (!isTerminal || env.CI) return undefined;
  // Over ssh, the browser would be on the other machine.
  if (platform === 'darwin') return env.SSH_CONNECTION ? undefined : 'open';
  const hasDisplay = Boolean(env.DISPLAY || env.WAYLAND_DISPLAY);
  return platform === 'linux' && hasDisplay ? 'xdg-open' : undefined;
}

/** Opens `url` if it can be seen here; the printed address does where it fails. */
export function openBrowser(url, surroundings) {
  const command = browserCommand(surroundings);
  if (!command) return;
  const browser = spawn(command, [url], { detached: true, stdio: 'ignore' });
  browser.on('error', () => {});
  browser.unref();
}
