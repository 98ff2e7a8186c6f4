import { describeHost } from './images.js';

/** The sources of an answer, as listed in the plugin's metadata. */
export function Sources({ sources }) {
  return (
    <section class="sources" aria-label="Sources">
      <h3>Sources</h3>
      <ol>
        {sources.map(({ title, url }, index) => (
          <li key={index}>
            {/^https?:/i.test(url) ? (
              <a href={url} target="_blank" rel="noopener noreferrer">
                {title ?? url}
              </a>
            ) : (
              (title ?? url)
            )}
            {title && url && <span class="source-host">{describeHost(url)}</span>}
          </li>
        ))}
      </ol>
    </section>
  );
}
