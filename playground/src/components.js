// A few components of an app as ToolJet 3 has them, for templates to refer to.

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

/** When the user sends, ToolJet adds the message to the history first and then runs the query. */
const HISTORY = [
  fromUser(1, 'My name is Ada.'),
  fromModel(2, 'Nice to meet you, Ada.'),
  fromUser(3, 'What is my name?'),
];

export const COMPONENTS = {
  textinput1: { value: 'What is the capital of France?' },
  numberinput1: { value: 0.7 },
  chat1: { history: HISTORY, lastMessage: HISTORY[2], lastResponse: HISTORY[1] },
  table1: { selectedRow: { id: 7, title: 'Invoice 1042', status: 'overdue' } },
  filepicker1: { file: [IMAGE] },
  filepicker2: { file: [PDF] },
  audiorecorder1: RECORDING,
};
