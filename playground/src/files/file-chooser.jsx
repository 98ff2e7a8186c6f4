import { useRef, useState } from 'preact/hooks';
import { describeSize } from './own-files.js';

/** Says which file each of `names`, all components, has, and lets a person choose another. */
export const FileChoosers = ({ names, files }) =>
  names.map((name) => <FileChooser key={name} name={name} files={files} />);

function FileChooser({ name, files: { chosen, choose, remove } }) {
  const input = useRef(null);
  const [problem, setProblem] = useState();
  const own = chosen[name];

  async function take({ currentTarget }) {
    const [file] = currentTarget.files;
    if (!file) return;
    // So that the same file can be chosen again, changed or not.
    currentTarget.value = '';
    setProblem(undefined);
    try {
      await choose(name, file);
    } catch (error) {
      setProblem(error.message);
    }
  }

  return (
    <div class="own-file">
      <code>{name}</code>
      <span class="own-file-name" role="status">
        {own ? `${own.name} (${describeSize(own.size)})` : 'Sample file'}
      </span>
      <button
        type="button"
        class="small-button"
        aria-label={`${own ? 'Change the' : 'Use your own'} file for ${name}`}
        onClick={() => input.current.click()}
      >
        {own ? 'Change' : 'Use your own'}
      </button>
      {own && (
        <button
          type="button"
          class="small-button"
          aria-label={`Remove the file for ${name}`}
          onClick={() => remove(name)}
        >
          Remove
        </button>
      )}
      <input type="file" hidden ref={input} onChange={take} />
      {problem && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
    </div>
  );
}
