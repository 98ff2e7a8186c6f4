// The web search of the Responses API: pages that do not exist, and an answer that cites them.

import { quote } from '../answers.mjs';
import { array, boolean, exactly, oneOf, orNull, string } from '../parameters.mjs';

const place = orNull(string());

export const WEB_SEARCH = exactly(
  {
    type: string(),
    search_context_size: oneOf('low', 'medium', 'high'),
    filters: orNull(exactly({ allowed_domains: orNull(array(string(), { max: 100 })) }, [])),
    user_location: orNull(
      exactly(
        {
          type: oneOf('approximate'),
          country: place,
          region: place,
          city: place,
          timezone: place,
        },
        ['type'],
      ),
    ),
    external_web_access: boolean,
  },
  ['type'],
);

const PAGES = { low: 1, medium: 2, high: 3 };
const DOMAINS = ['news.example.com', 'wiki.example.org', 'example.net'];

/** The pages that a search finds: more with a larger context, and only from allowed domains. */
export function search(tool, prompt) {
  const country = tool.user_location?.country ?? 'US';
  const allowed = tool.filters?.allowed_domains ?? [];
  const domains = allowed.length > 0 ? allowed : DOMAINS;
  const path = `${country.toLowerCase()}/${encodeURIComponent(quote(prompt).toLowerCase())}`;
  const pages = domains.slice(0, PAGES[tool.search_context_size ?? 'medium']);
  return {
    query: quote(prompt),
    pages: pages.map((domain) => ({
      url: `https://${domain}/${path}`,
      title: `${quote(prompt)} (${domain})`,
    })),
  };
}

const cited = (text, { url }) => `${text} ([${new URL(url).host}](${url}))`;

/** The text with its citations, which are links in Markdown. */
export const withCitations = (text, { pages }) => pages.reduce(cited, text);

/** Positions of the citations in the text, counted in characters; those cut off are omitted. */
export function annotate(text, { pages }) {
  const whole = [...text].length;
  let at = 0;
  return pages.flatMap((page) => {
    const link = cited('', page).trimStart();
    at = text.indexOf(link, at);
    if (at < 0) return [];
    const start = [...text.slice(0, at)].length;
    at += link.length;
    const end = Math.min(start + [...link].length, whole);
    return [{ type: 'url_citation', ...page, start_index: start, end_index: end }];
  });
}
