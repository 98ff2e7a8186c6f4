/** `requests` is `null` if they were not recorded, which differs from an empty list. */
export function RequestsView({ requests, note }) {
  if (requests?.length === 0) {
    return <p class="caption">No request was sent.</p>;
  }
  return (
    <>
      {note && <p class="caption request-note">{note}</p>}
      {requests?.map((request, index) => (
        <pre class="raw" key={index}>
          <span class="request-line">{`${request.method} ${request.path}`}</span>
          {`\n${printHeaders(request)}\n\n${indented(request.body)}`}
        </pre>
      ))}
    </>
  );
}

const printHeaders = ({ headers }) => headers.map((pair) => pair.join(': ')).join('\n');

function indented(body) {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}
