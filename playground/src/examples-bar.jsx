import { useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { useDismissal } from './dismissal.js';

/** A menu for each group, or a single one if the page is narrow. */
export function ExamplesBar({ examples, api, chosen, onChoose }) {
  const isMockApi = api === 'mock-api';
  const groups = examples
    .map(({ group, queries }) => ({
      group,
      offered: queries.filter((example) => isMockApi || !example.mockApiOnly),
    }))
    .filter(({ offered }) => offered.length > 0);
  const title = isMockApi ? 'Fills in the form and runs it' : 'Fills in the form';
  const props = { chosen, title, onChoose };
  return (
    <nav class="examples" aria-label="Examples">
      <div class="example-groups">
        <span class="example-title">Examples</span>
        {groups.map((each) => (
          <GroupMenu key={each.group} {...each} {...props} />
        ))}
      </div>
      <Menu groups={groups} {...props} />
    </nav>
  );
}

/** A button that shows the examples of one group below it. */
function GroupMenu({ group, offered, chosen, title, onChoose }) {
  const id = useId();
  const element = useRef(null);
  const button = useRef(null);
  const [isOpen, setOpen] = useState(false);
  useDismissal(isOpen, (target) => element.current.contains(target), close);

  function close() {
    // The focus would be lost with the list.
    if (element.current.contains(document.activeElement)) button.current.focus();
    setOpen(false);
  }

  function choose(example) {
    close();
    onChoose(example);
  }

  return (
    <div class="example-group" ref={element}>
      <button
        type="button"
        ref={button}
        class="chip"
        aria-current={offered.includes(chosen) ? 'true' : undefined}
        aria-expanded={isOpen}
        aria-controls={isOpen ? id : undefined}
        onClick={() => setOpen(!isOpen)}
      >
        {group}
      </button>
      {isOpen && <Offered {...{ id, group, offered, chosen, title }} onChoose={choose} />}
    </div>
  );
}

/** Between a list and the edge of the page. */
const MARGIN_PX = 16;

function Offered({ id, group, offered, chosen, title, onChoose }) {
  const list = useRef(null);

  // The lists at the right end would leave the page.
  useLayoutEffect(() => {
    const { right } = list.current.getBoundingClientRect();
    const { clientWidth } = document.documentElement;
    list.current.style.left = `${Math.min(0, clientWidth - MARGIN_PX - right)}px`;
  }, []);

  return (
    <ul class="example-list" id={id} aria-label={`Examples of ${group}`} ref={list}>
      {offered.map((example) => (
        <li key={example.title}>
          <button
            type="button"
            aria-current={example === chosen ? 'true' : undefined}
            title={title}
            onClick={() => onChoose(example)}
          >
            {example.title}
          </button>
        </li>
      ))}
    </ul>
  );
}

/** Its value is always empty; the option for that shows the chosen example. */
function Menu({ groups, chosen, title, onChoose }) {
  const examples = groups.flatMap(({ offered }) => offered);
  return (
    <div class="example-menu control">
      <select
        aria-label="Example"
        title={title}
        value=""
        onChange={({ currentTarget }) => {
          const { value } = currentTarget;
          // So that the same example can be chosen again.
          currentTarget.value = '';
          onChoose(examples.find(({ title }) => title === value));
        }}
      >
        <option value="" hidden>
          {chosen?.title ?? 'Choose an example'}
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
