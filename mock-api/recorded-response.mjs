/**
 * Records a response of Node's server: `{status, headers, chunks}`, filled while it is sent.
 */
export function recordResponse(response) {
  const recorded = { status: undefined, headers: {}, chunks: [] };
  const { writeHead, write, end } = response;
  const keep = (chunk) => {
    if (typeof chunk === 'string' || chunk instanceof Uint8Array) {
      recorded.chunks.push(Buffer.from(chunk));
    }
  };
  response.writeHead = (status, headers) => {
    Object.assign(recorded, { status, headers });
    return writeHead.call(response, status, headers);
  };
  response.write = (chunk, ...others) => {
    keep(chunk);
    return write.call(response, chunk, ...others);
  };
  response.end = (chunk, ...others) => {
    keep(chunk);
    return end.call(response, chunk, ...others);
  };
  return recorded;
}
