import { Segments } from './segments.jsx';

const APIS = [
  { id: 'mock-api', label: 'Mock API', title: 'A mock of OpenAI’s API on this machine' },
  { id: 'openai', label: 'Real API', title: 'OpenAI’s API, or any other: with your own key' },
];

export const ApiSwitch = ({ api, onChange }) => (
  <Segments legend="API" name="api" choices={APIS} chosen={api} onChoose={onChange} />
);
