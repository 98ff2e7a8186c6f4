const CAPITALS = {
  australia: 'Canberra',
  austria: 'Vienna',
  brazil: 'Brasília',
  canada: 'Ottawa',
  egypt: 'Cairo',
  france: 'Paris',
  germany: 'Berlin',
  india: 'New Delhi',
  italy: 'Rome',
  japan: 'Tokyo',
  kenya: 'Nairobi',
  norway: 'Oslo',
  poland: 'Warsaw',
  spain: 'Madrid',
  'the united kingdom': 'London',
  'the united states': 'Washington, D.C.',
};

const TRANSLATIONS = {
  french: {
    'good morning': 'Bonjour',
    'hello, world': 'Bonjour, le monde',
    'thank you': 'Merci',
    'where is the station?': 'Où est la gare ?',
  },
  german: {
    'good morning': 'Guten Morgen',
    'hello, world': 'Hallo, Welt',
    'thank you': 'Danke',
    'where is the station?': 'Wo ist der Bahnhof?',
  },
  spanish: {
    'good morning': 'Buenos días',
    'hello, world': 'Hola, mundo',
    'thank you': 'Gracias',
    'where is the station?': '¿Dónde está la estación?',
  },
};

const ARITHMETIC = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
};

export const findCapital = (country) => CAPITALS[country.trim().toLowerCase()];

const unquoted = (text) => text.trim().replace(/^["'“„«]+|["'”“»]+$/gu, '');
const firstSentence = (text) => /^.*?[.!?](?=\s|$)/su.exec(text.trim())?.[0] ?? text.trim();

/** Answers to known prompts; each function returns undefined for other prompts. */
const KNOWN_ANSWERS = [
  [
    /capital (?:city )?of ([\p{L} ]+?)\s*[?.!]*$/iu,
    ([, country]) =>
      findCapital(country) && `The capital of ${country} is ${findCapital(country)}.`,
  ],
  [
    /translate\s+(.+?)\s+(?:in)?to (french|german|spanish)\b/isu,
    ([, text, language]) => TRANSLATIONS[language.toLowerCase()][unquoted(text).toLowerCase()],
  ],
  [/summari[sz]e[^:]*:\s*(.+)/isu, ([, text]) => `In short: ${firstSentence(text)}`],
  [/haiku/iu, () => 'Old pond in the rain;\na query goes out, returns,\nrings on the still page.'],
  [
    /what is (-?\d+(?:\.\d+)?)\s*([-+*/])\s*(-?\d+(?:\.\d+)?)/iu,
    ([, a, operator, b]) => `${a} ${operator} ${b} = ${ARITHMETIC[operator](Number(a), Number(b))}`,
  ],
  [/count from one to ten/iu, () => 'One, two, three, four, five, six, seven, eight, nine, ten.'],
  [
    /tagline for (?:an? )?([\p{L} ]+)/iu,
    ([, business]) =>
      `${business.trim().replace(/^./u, (c) => c.toUpperCase())}: small joys, made daily.`,
  ],
  [/\bjoke\b/iu, () => 'Why did the query go to therapy? It had too many unresolved joins.'],
  [/say (?:this is a test|ping)/iu, () => 'This is a test.'],
  [/what is tooljet/iu, () => 'ToolJet is an open-source, low-code platform for internal tools.'],
  [/^(?:hi|hello|hey)\b/iu, () => 'Hello! What would you like to know?'],
];

export const quote = (prompt) => {
  const line = prompt.trim().replace(/\s+/gu, ' ');
  return line.length > 80 ? `${line.slice(0, 77)}...` : line;
};

/** With one end mark: a prompt may already have its own. */
const asSentence = (text) => (/[.?!]$/u.test(text) ? text : `${text}.`);

const inventedAnswers = (prompt) => [
  `You asked: “${asSentence(quote(prompt))}” A model would answer at length. This mock API gives the same short answer every time.`,
  `On “${quote(prompt)}” there is more than one view; this is the mock API's second.`,
  `“${quote(prompt)}” deserves a fresh look; this is one more answer that the mock API makes up.`,
];

const nameIn = (history) =>
  history
    .map((text) => /my name is (\p{L}+)/iu.exec(text)?.[1])
    .filter(Boolean)
    .at(-1);

function understood(prompt, history) {
  if (/what(?:'s| is) my name/iu.test(prompt) && nameIn(history)) {
    return `Your name is ${nameIn(history)}.`;
  }
  for (const [pattern, answer] of KNOWN_ANSWERS) {
    const match = pattern.exec(prompt);
    const text = match && answer(match);
    if (text) {
      return text;
    }
  }
  return undefined;
}

/**
 * `variation` 0 is the most likely answer. Higher numbers are further choices for the same prompt.
 */
export function answerTo(prompt, { history = [], variation = 0 } = {}) {
  const known = understood(prompt, history);
  const answers = [...(known ? [known] : []), ...inventedAnswers(prompt)];
  return answers[variation % answers.length];
}
