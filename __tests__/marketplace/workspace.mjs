// The initial state of the ToolJet in these tests.

export const WORKSPACE = '4b1a2f6e-0d6a-4c52-9a3e-2f5c8f0b7d11';

/** Values of the session cookie: of an admin, and of an app builder. */
export const ADMIN = 'admin.session.token';
export const BUILDER = 'builder.session.token';

/** The plugins on the marketplace page. */
export const REGISTRY = [
  { id: 'openai', name: 'OpenAI', version: '1.0.4', description: 'Plugin for OpenAI', repo: '' },
  { id: 'cohere', name: 'Cohere', version: '1.0.0', description: 'Plugin for Cohere', repo: '' },
];
