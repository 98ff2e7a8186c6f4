import '@fontsource-variable/inter/index.css';
import '@fontsource-variable/jetbrains-mono/index.css';
import './styles/base.css';
import './styles/layout.css';
import './styles/forms.css';
import './styles/code.css';
import './styles/result.css';
import { render } from 'preact';
import { App } from './app.jsx';
import { fetchSetup } from './calls.js';

const root = document.getElementById('app');

try {
  render(<App setup={await fetchSetup()} />, root);
} catch (error) {
  root.textContent = `The playground could not start: ${error.message}`;
}
