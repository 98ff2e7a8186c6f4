/**
 * The toast of ToolJet 2 for a failed query: `message` of its data, if it has any. Checked against:
 * runQuery of 2.15.1 (frontend/src/_helpers/appUtils.js).
 */
export const buildToast = ({ message, data }) => (isEmpty(data) ? message : data.message);

/** As in lodash: numbers and booleans are empty, too. */
const isEmpty = (value) => Object.keys(Object(value)).length === 0;
