// The requests to a running ToolJet that install a plugin.

const TIMEOUT_MS = 60_000;

/** `url` is ToolJet's URL, `workspace` an id, `session` the value of the cookie `tj_auth_token`. */
export function connectTooljet({ url, workspace, session }) {
  async function ask(method, path, body) {
    const response = await fetch(`${url}${path}`, {
      method,
      // The session goes only to the given URL.
      redirect: 'manual',
      headers: {
        accept: 'application/json',
        cookie: `tj_auth_token=${session}`,
        'tj-workspace-id': workspace,
        ...(body && { 'content-type': 'application/json' }),
      },
      body: body && JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }).catch((error) => {
      const reason = error.cause?.code ?? error.cause?.message ?? error.message;
      throw new Error(`${url} cannot be reached: ${reason}`);
    });
    const answer = await json(response);
    if (!response.ok) {
      throw Object.assign(new Error(refusal(response, answer)), { status: response.status });
    }
    return answer;
  }

  function refusal({ status, headers }, answer) {
    if (status >= 300 && status < 400) {
      return `${url} redirects to ${headers.get('location')}: give ToolJet's own URL`;
    }
    if (typeof answer?.statusCode !== 'number') return notTooljet(`HTTP ${status}`);
    if (status === 401) {
      return `ToolJet does not accept the session: it has ended, or belongs to another workspace than ${workspace}`;
    }
    if (status === 403) {
      return 'ToolJet rejected this: only an admin of the workspace can install plugins';
    }
    return `ToolJet returned HTTP ${status}: ${[answer.message].flat().join('; ').slice(0, 300)}`;
  }

  function notTooljet(answered) {
    return `${url} is not a ToolJet (${answered}): give its whole URL, including any path`;
  }

  return {
    /** The installed plugins with this id. ToolJet 2 can install the same one several times. */
    async installed(id) {
      const plugins = await ask('GET', '/api/plugins');
      if (!Array.isArray(plugins)) throw new Error(notTooljet('not a list of plugins'));
      return plugins.filter(({ pluginId }) => pluginId === id);
    },

    /** Finds the version that ToolJet's marketplace page offers for this id, or undefined. */
    async offeredVersion(id) {
      const registry = await ask('GET', '/assets/marketplace/plugins.json');
      return Array.isArray(registry)
        ? registry.find((entry) => entry.id === id)?.version
        : undefined;
    },

    send: ({ method, path, body }) => ask(method, path, body),
  };
}

async function json(response) {
  try {
    return JSON.parse(await response.text());
  } catch {
    return undefined;
  }
}
