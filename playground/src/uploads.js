// Two small files in the format of ToolJet's file picker, and a recording in that of its audio
// recorder.

import { pickedFile } from './files/picked-file.js';

/** Four squares: red, yellow, green and blue. */
const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAEAAAABAAgMAAADXB5lNAAAADFBMVEXZSA/ytwUrij4YZKuLHnSWAAAAIElEQVR42m' +
  'NggIJQKGAYFRgVQBJYBQX/oWBUYFQASQAABnD+ECYayaQAAAAASUVORK5CYII=';

const INVOICE = [
  'Invoice 1042',
  'To: Ada Lovelace, 12 St James Square, London',
  '3 desks at 240.00 EUR each: 720.00 EUR',
  'Due on 15 December 2026. It is overdue.',
];

/** Builds a PDF of one page; its text must not contain brackets or backslashes. */
function buildPdf(lines) {
  const shown = lines.map((line) => `(${line}) Tj T*`).join(' ');
  const content = `BT /F1 14 Tf 20 TL 72 720 Td ${shown} ET`;
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>',
    `<< /Length ${content.length} >>\nstream\n${content}\nendstream`,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>',
  ];
  let file = '%PDF-1.4\n';
  let table = '0000000000 65535 f \n';
  for (const [index, object] of objects.entries()) {
    table += `${String(file.length).padStart(10, '0')} 00000 n \n`;
    file += `${index + 1} 0 obj\n${object}\nendobj\n`;
  }
  const size = objects.length + 1;
  const trailer = `trailer\n<< /Size ${size} /Root 1 0 R >>\nstartxref\n${file.length}\n%%EOF\n`;
  return `${file}xref\n0 ${size}\n${table}${trailer}`;
}

/** Builds a beep of a quarter of a second. Its comment, which must have an even length, is what the mock API hears. */
function buildWav(comment) {
  const u16 = (number) => String.fromCharCode(number & 0xff, (number >> 8) & 0xff);
  const u32 = (number) => u16(number) + u16(number >>> 16);
  const chunk = (name, content) => name + u32(content.length) + content;
  const rate = 8_000;
  const samples = Array.from({ length: rate / 4 }, (_, at) =>
    Math.round(128 + 60 * Math.sin((2 * Math.PI * 440 * at) / rate)),
  );
  const format = u16(1) + u16(1) + u32(rate) + u32(rate) + u16(1) + u16(8);
  const chunks = [
    chunk('fmt ', format),
    chunk('LIST', `INFO${chunk('ICMT', comment)}`),
    chunk('data', String.fromCharCode(...samples)),
  ];
  return chunk('RIFF', `WAVE${chunks.join('')}`);
}

/** `bytes` is a string with a character for each byte. */
function picked(name, type, bytes) {
  const array = Uint8Array.from(bytes, (character) => character.charCodeAt(0));
  const file = { name, type, size: array.length, lastModified: Date.UTC(2026, 10, 6, 9) };
  return pickedFile(file, new TextDecoder().decode(array), btoa(bytes));
}

export const IMAGE = picked('squares.png', 'image/png', atob(PNG));
export const RECORDING = {
  dataURL: `data:audio/wav;base64,${btoa(buildWav('Please send invoice 1042 again. '))}`,
  blobURL: 'blob:http://localhost/0d3c7e0a-5f0b-4c59-9d8f-2f6f1a9f7b11',
};
export const PDF = picked('invoice-1042.pdf', 'application/pdf', buildPdf(INVOICE));
