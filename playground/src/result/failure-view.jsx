import { JsonTree } from './json-tree.jsx';

/** `queries.openai1.error`; what ToolJet's debugger shows of it is the description. */
export function FailureView({ error: { message, description, data, metadata } }) {
  return (
    <>
      <code class="caption">queries.openai1.error</code>
      <dl class="failure">
        <dt>message</dt>
        <dd>{message}</dd>
        <dt>description</dt>
        <dd class="failure-description">{description}</dd>
      </dl>
      <JsonTree name="data" value={data} />
      {metadata !== undefined && <JsonTree name="metadata" value={metadata} />}
    </>
  );
}
