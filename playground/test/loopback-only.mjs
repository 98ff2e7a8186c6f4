import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';

/** Asserts that `ask(host)` is refused at the address by which other machines reach this one. */
export async function assertLoopbackOnly(context, ask) {
  const outer = Object.values(networkInterfaces())
    .flat()
    .find(({ family, internal }) => family === 'IPv4' && !internal);
  if (!outer) {
    context.skip('this machine has no other interface');
    return;
  }
  await assert.rejects(ask(outer.address), { code: 'ECONNREFUSED' });
}
