import { CopyButton } from '../clipboard.jsx';
import { asCurl, cut, indented, printHeaders } from './raw.js';

/** `requests` is `null` if they were not recorded, which differs from an empty list. */
export function RequestsView({ requests, note }) {
  if (requests?.length === 0) {
    return <p class="caption">No request was sent.</p>;
  }
  return (
    <>
      {note && <p class="caption request-note">{note}</p>}
      {requests?.map((request, index) => (
        <div class="exchange" key={index}>
          <Message
            name="request"
            title={`${request.method} ${request.path}`}
            message={request}
            actions={
              <CopyButton
                label="Copy as cURL"
                title="For a shell. Reads the key from $OPENAI_API_KEY."
                read={() => asCurl(request)}
              />
            }
          />
          {request.response ? (
            <Message
              name="response"
              title={`HTTP ${request.response.status}`}
              message={request.response}
            />
          ) : (
            <p class="caption">No response was received.</p>
          )}
        </div>
      ))}
    </>
  );
}

function Message({ name, title, message, actions }) {
  const rest = message.isCut ? '\n… (the rest is not shown)' : '';
  const headers = printHeaders(message);
  const body = indented(message.body);
  return (
    <section class={`message raw-${name}`} aria-label={`Raw ${name}`}>
      <div class="message-head">
        <span class="message-title">{title}</span>
        <span class="message-actions">
          {actions}
          <CopyButton title={`Copies the ${name}`} read={() => `${title}\n${headers}\n\n${body}`} />
        </span>
      </div>
      <details class="headers">
        <summary>
          {message.headers.length} {message.headers.length === 1 ? 'header' : 'headers'}
        </summary>
        <pre class="raw">{`${headers}\n`}</pre>
      </details>
      <pre class="raw body">{body === '' ? 'No body.' : `${cut(body)}${rest}`}</pre>
    </section>
  );
}
