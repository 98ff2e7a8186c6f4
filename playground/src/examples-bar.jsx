export function ExamplesBar({ examples, api, chosen, onChoose }) {
  const isMockApi = api === 'mock-api';
  return (
    <nav class="examples" aria-label="Examples">
      {examples.map(({ group, queries }) => {
        const offered = queries.filter((example) => isMockApi || !example.mockApiOnly);
        return (
          offered.length > 0 && (
            <div class="example-group" key={group}>
              <span class="example-title">{group}</span>
              {offered.map((example) => (
                <button
                  type="button"
                  class="chip"
                  key={example.title}
                  aria-current={example === chosen ? 'true' : undefined}
                  title={isMockApi ? 'Fills the editor and runs' : 'Fills the editor'}
                  onClick={() => onChoose(example)}
                >
                  {example.title}
                </button>
              ))}
            </div>
          )
        );
      })}
    </nav>
  );
}
