// Reads the CPU times of this process and its threads from Linux's schedstat: process.cpuUsage() adds up
// all threads, and eventLoopUtilization() counts waiting for a core as work.

import { readdirSync, readFileSync } from 'node:fs';

/** How many milliseconds the main thread ran, and how many it waited for a core. */
export function mainThread() {
  const [ran, waited] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ');
  return { ran: Number(ran) / 1e6, waited: Number(waited) / 1e6 };
}

/** How many milliseconds all threads of the process ran. */
export function allThreads() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

export function threadCount() {
  return Number(readStatus('Threads'));
}

/** The peak memory of the process so far, in MB. */
export function peakRss() {
  return (parseInt(readStatus('VmHWM'), 10) * 1024) / 1e6;
}

export function openFiles() {
  return readdirSync('/proc/self/fd').length;
}

function readStatus(name) {
  const status = readFileSync('/proc/self/status', 'utf8');
  return new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)[1];
}
