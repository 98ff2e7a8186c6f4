/** `null` stands for "nobody could look", which is not the same as no request at all. */
export function RequestsView({ requests }) {
  if (requests === null) {
    return (
      <p class="caption">
        Not recorded: the addon talks to this API itself. Requests to the stand-in are shown here.
      </p>
    );
  }
  if (requests.length === 0) {
    return <p class="caption">No request was sent: the plugin refused the query before.</p>;
  }
  return requests.map((request, index) => (
    <pre class="raw" key={index}>
      <span class="request-line">{`${request.method} ${request.path}`}</span>
      {`\n${headersOf(request)}\n\n${bodyOf(request)}`}
    </pre>
  ));
}

const headersOf = ({ headers }) => headers.map((pair) => pair.join(': ')).join('\n');

function bodyOf({ body = '' }) {
  return typeof body === 'string' ? body : JSON.stringify(body, null, 2);
}
