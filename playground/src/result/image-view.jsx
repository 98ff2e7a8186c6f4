import { useState } from 'preact/hooks';
import { describeHost } from './images.js';

/** An image; one on another server is loaded only after a click. */
export function ImageView({ source }) {
  const [isWanted, setWanted] = useState(source.startsWith('data:'));
  if (isWanted) return <img class="image" src={source} alt="The result" />;
  return (
    <button type="button" class="button" onClick={() => setWanted(true)}>
      Load image from {describeHost(source)}
    </button>
  );
}
