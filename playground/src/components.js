// A few components of an app, in the shape of ToolJet 3, for templates to refer to.

import { IMAGE, PDF, RECORDING } from './uploads.js';

const chatMessage = ({ id, type, name, message }) => ({
  message,
  messageId: `message-${id}`,
  timestamp: `2026-11-25T09:0${id}:00.000Z`,
  name,
  avatar: '',
  type,
});

const fromUser = (id, message) => chatMessage({ id, type: 'message', name: 'Ada', message });
const fromModel = (id, message) =>
  chatMessage({ id, type: 'response', name: 'Assistant', message });

/** When the user sends a message, ToolJet first adds it to the history and then runs the query. */
const HISTORY = [
  fromUser(1, 'My name is Ada.'),
  fromModel(2, 'Nice to meet you, Ada.'),
  fromUser(3, 'What is my name?'),
];

const TICKETS = [
  'I was charged twice for my order.',
  'Where is my parcel?',
  'The app crashes when I open the camera.',
  'Please send me the invoice for May.',
  'Can I change my delivery address?',
  'I forgot my password.',
  'The parcel arrived damaged.',
  'My card was declined, but it is not empty.',
  'How do I export my data?',
  'The discount was not applied.',
  'The tracking number does not work.',
  'Do you have any job openings?',
  'The page stays blank after the update.',
  'I want a refund.',
  'My order is missing an item.',
  'I get every notification twice.',
  'Which VAT number do I enter?',
  'The courier left it with a neighbor.',
  'Thank you, everything works again!',
  'Search has found nothing since yesterday.',
].map((title, index) => ({ id: index + 1, title }));

export const COMPONENTS = {
  textinput1: { value: 'What is the capital of France?' },
  numberinput1: { value: 0.7 },
  chat1: { history: HISTORY, lastMessage: HISTORY[2], lastResponse: HISTORY[1] },
  table1: { selectedRow: { id: 7, title: 'Invoice 1042', status: 'overdue' } },
  table2: { data: TICKETS },
  filepicker1: { file: [IMAGE] },
  filepicker2: { file: [PDF] },
  audiorecorder1: RECORDING,
};
