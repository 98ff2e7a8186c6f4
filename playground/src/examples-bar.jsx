/** Chips, or a menu if they would take several rows. */
export function ExamplesBar({ examples, api, chosen, onChoose }) {
  const isMockApi = api === 'mock-api';
  const groups = examples
    .map(({ group, queries }) => ({
      group,
      offered: queries.filter((example) => isMockApi || !example.mockApiOnly),
    }))
    .filter(({ offered }) => offered.length > 0);
  const title = isMockApi ? 'Fills in the form and runs it' : 'Fills in the form';
  const props = { groups, chosen, title, onChoose };
  return (
    <nav class="examples" aria-label="Examples">
      <Chips {...props} />
      <Menu {...props} />
    </nav>
  );
}

const Chips = ({ groups, chosen, title, onChoose }) => (
  <div class="example-chips">
    {groups.map(({ group, offered }) => (
      <div class="example-group" key={group}>
        <span class="example-title">{group}</span>
        {offered.map((example) => (
          <button
            type="button"
            class="chip"
            key={example.title}
            aria-current={example === chosen ? 'true' : undefined}
            title={title}
            onClick={() => onChoose(example)}
          >
            {example.title}
          </button>
        ))}
      </div>
    ))}
  </div>
);

function Menu({ groups, chosen, title, onChoose }) {
  const examples = groups.flatMap(({ offered }) => offered);
  return (
    <div class="example-menu control">
      <select
        aria-label="Example"
        title={title}
        value={chosen?.title ?? ''}
        onChange={({ currentTarget: { value } }) =>
          onChoose(examples.find((example) => example.title === value))
        }
      >
        <option value="" hidden>
          Choose an example
        </option>
        {groups.map(({ group, offered }) => (
          <optgroup key={group} label={group}>
            {offered.map((example) => (
              <option key={example.title} value={example.title}>
                {example.title}
              </option>
            ))}
          </optgroup>
        ))}
      </select>
    </div>
  );
}
