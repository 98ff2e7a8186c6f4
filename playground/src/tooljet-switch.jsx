import { useState } from 'preact/hooks';
import { TOOLJETS } from '../../harness/forms.mjs';
import { Segments } from './segments.jsx';

const TITLES = {
  2: 'Forms and failures as ToolJet 2.15 shows them',
  3: 'Forms and failures as ToolJet 3.20 shows them',
};

const CHOICES = TOOLJETS.map((tooljet) => ({
  id: tooljet,
  label: `ToolJet ${tooljet}`,
  title: TITLES[tooljet],
}));

const buildHash = (tooljet) => `#tooljet-${tooljet}`;

/** The ToolJet to imitate; kept in the page's URL, so that it survives a reload. */
export function useTooljet() {
  const [tooljet, setTooljet] = useState(
    TOOLJETS.find((each) => buildHash(each) === location.hash) ?? TOOLJETS.at(-1),
  );
  function change(next) {
    history.replaceState(null, '', buildHash(next));
    setTooljet(next);
  }
  return [tooljet, change];
}

export const TooljetSwitch = ({ tooljet, onChange }) => (
  <Segments
    legend="ToolJet"
    name="tooljet"
    choices={CHOICES}
    chosen={tooljet}
    onChoose={onChange}
  />
);
