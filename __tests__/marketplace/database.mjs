// The tables with ToolJet's plugins, data sources and queries, in SQLite.

import { createCipheriv, createDecipheriv, randomBytes, randomUUID } from 'node:crypto';
import sqlite from 'node-sqlite3-wasm';

const TABLES = `
  CREATE TABLE IF NOT EXISTS files (id TEXT PRIMARY KEY, filename TEXT, data BLOB);
  CREATE TABLE IF NOT EXISTS plugins (
    id TEXT PRIMARY KEY, plugin_id TEXT, name TEXT, version TEXT, repo TEXT, description TEXT,
    index_file_id TEXT REFERENCES files, operations_file_id TEXT REFERENCES files,
    icon_file_id TEXT REFERENCES files, manifest_file_id TEXT REFERENCES files);
  CREATE TABLE IF NOT EXISTS credentials (id TEXT PRIMARY KEY, value_ciphertext BLOB);
  CREATE TABLE IF NOT EXISTS data_sources (
    id TEXT PRIMARY KEY, kind TEXT, plugin_id TEXT REFERENCES plugins, options TEXT);
  CREATE TABLE IF NOT EXISTS data_queries (
    id TEXT PRIMARY KEY, data_source_id TEXT REFERENCES data_sources, options TEXT);
`;

/** `key` is the hexadecimal key that encrypts credentials. */
export function openDatabase(file, key) {
  const database = new sqlite.Database(file);
  database.exec(TABLES);

  function insert(table, row) {
    const id = randomUUID();
    const columns = ['id', ...Object.keys(row)];
    const places = columns.map(() => '?').join(', ');
    database.run(`INSERT INTO ${table} (${columns.join(', ')}) VALUES (${places})`, [
      id,
      ...Object.values(row),
    ]);
    return id;
  }

  function encrypted(text) {
    const iv = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', Buffer.from(key, 'hex'), iv);
    const secret = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([iv, cipher.getAuthTag(), secret]);
  }

  function decrypted(bytes) {
    const buffer = Buffer.from(bytes);
    const decipher = createDecipheriv(
      'aes-256-gcm',
      Buffer.from(key, 'hex'),
      buffer.subarray(0, 12),
    );
    decipher.setAuthTag(buffer.subarray(12, 28));
    return decipher.update(buffer.subarray(28), undefined, 'utf8') + decipher.final('utf8');
  }

  return {
    insert,
    all: (sql, values) => database.all(sql, values),
    get: (sql, values) => database.get(sql, values),
    run: (sql, values) => database.run(sql, values),
    insertCredential: (text) => insert('credentials', { value_ciphertext: encrypted(text) }),
    credential: (id) =>
      decrypted(
        database.get('SELECT value_ciphertext FROM credentials WHERE id = ?', id).value_ciphertext,
      ),
    close: () => database.close(),
  };
}
