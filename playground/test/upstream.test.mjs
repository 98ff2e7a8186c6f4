import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isReserved } from '../upstream.mjs';

describe('reserved addresses', () => {
  test('the playground rejects the addresses that the plugin rejects in every edition', () => {
    for (const address of [
      ...['127.0.0.1', '0.0.0.0', '169.254.169.254', '100.100.100.200', '192.0.0.192'],
      ...['224.0.0.1', '255.255.255.255', '::', '::1', '::127.0.0.1', '::ffff:127.0.0.1'],
      ...['fe80::1', 'ff02::1', 'fd00:ec2::254', '64:ff9b::7f00:1', '64:ff9b:1::a9fe:a9fe'],
      ...['::ffff:0:7f00:1', '2002:7f00:1::', '2001:0:7f00:1::'],
    ]) {
      assert.equal(isReserved(address), true, address);
    }
  });

  test('the playground accepts public and private addresses', () => {
    for (const address of [
      ...['93.184.216.34', '10.0.0.5', '172.17.0.1', '192.168.1.2', '100.128.0.1'],
      ...['2606:2800::1', 'fd00::1', '64:ff9b::808:808', '::ffff:8.8.8.8'],
    ]) {
      assert.equal(isReserved(address), false, address);
    }
  });
});
