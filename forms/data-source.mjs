// The fields of the data source form, in their order.

import { dropdown, text, wholeNumber } from './controls.mjs';
import { DEFAULT_BASE_URL, DEFAULT_MAX_RETRIES, DEFAULT_TIMEOUT_SECONDS } from './core.mjs';

const line = { control: 'text' };

export const DATA_SOURCE = [
  text('apiKey', 'API key', {
    control: 'password',
    secret: true,
    placeholder: 'sk-...',
    fallback: 'Required',
    type: 'string',
    help: 'Create one at platform.openai.com/api-keys. For a server that needs no key, enter any text.',
    details:
      'Sent as a bearer token, or as `api-key` to Azure OpenAI. Quotation marks around it and `Bearer` before it are removed.',
  }),
  text('organizationId', 'Organization ID', {
    ...line,
    placeholder: 'org-... (optional)',
    help: 'Only needed if the key belongs to several organizations.',
    details: 'Sent as `OpenAI-Organization`. The string `null` counts as empty.',
  }),
  text('project_id', 'Project ID', {
    ...line,
    placeholder: 'proj_... (optional)',
    help: 'Usage is counted for this project. Only needed if the key belongs to several projects.',
    details: 'Sent as `OpenAI-Project`. The string `null` counts as empty.',
  }),
  text('base_url', 'Base URL', {
    ...line,
    placeholder: `${DEFAULT_BASE_URL} if empty`,
    accepts: 'URL, http or https, also of an endpoint or an Azure resource; or a host name',
    fallback: DEFAULT_BASE_URL,
    help: 'For Azure OpenAI, a gateway or your own server. Usually ends in /v1.',
    details:
      'An endpoint such as `/chat/completions` at its end is removed, and so are slashes. A host without a path gets `/v1`, an Azure resource `/openai/v1`; for a server without `/v1`, enter the URL of one of its endpoints. A user name, a password or a fragment is an error.',
  }),
  {
    key: 'headers',
    label: 'Headers',
    control: 'pairs',
    accepts: 'Pairs of name and value',
    fallback: 'none',
    type: 'Array<[name: string, value: TextOption]> | { [name: string]: TextOption } | Unset',
    help: 'Sent with every request, for gateways that ask for them. ToolJet does not encrypt the values: write a secret as {{secrets.name}}.',
    details:
      "They replace the plugin's own `authorization` and IDs. A pair without a value is ignored. Names that belong to the connection or the body, such as `host` and `content-type`, are errors.",
  },
  wholeNumber('timeout_seconds', 'Timeout (seconds)', {
    ...line,
    min: 1,
    max: 3600,
    unit: 'seconds',
    placeholder: `${DEFAULT_TIMEOUT_SECONDS} if empty, 3600 at most`,
    fallback: DEFAULT_TIMEOUT_SECONDS,
    help: "The longest a query may take, retries included. In ToolJet 3, a query's own Timeout can end it sooner.",
  }),
  wholeNumber('max_retries', 'Max retries', {
    ...line,
    min: 0,
    max: 10,
    placeholder: `${DEFAULT_MAX_RETRIES} if empty, 10 at most`,
    fallback: DEFAULT_MAX_RETRIES,
    help: 'How often a query is retried if the server is busy or cannot be reached. Errors such as a wrong key or an exhausted quota are not retried.',
  }),
  dropdown('streaming', 'Streaming', {
    choices: [
      ['Off', 'off'],
      ['On', 'on'],
    ],
    initial: 'off',
    help: 'Turn it on if a gateway or load balancer cuts connections that are silent for about a minute. Results stay the same.',
    details:
      'For Chat and Completions. If a server rejects streams, the request is sent again without one, and none is asked for within an hour. If an answer breaks off, its text so far is in `error.data.partial`.',
  }),
];
