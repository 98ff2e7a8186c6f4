// A reporter for `node --test`: writes a JSON line for each test that ends, and for each file that
// starts.

export default async function* report(events) {
  let file;
  for await (const { type, data } of events) {
    if (data.file && data.file !== file) {
      file = data.file;
      yield line({ file });
    }
    const outcome = outcomeOf(type, data);
    if (outcome) yield line({ outcome });
  }
}

/** A suite is not a test, so its failure is not counted again. */
function outcomeOf(type, { details, skip, todo }) {
  if (type === 'test:fail') {
    return details.error?.failureType === 'subtestsFailed' ? undefined : 'failed';
  }
  if (type !== 'test:pass' || details?.type === 'suite') return undefined;
  return skip === undefined && todo === undefined ? 'passed' : 'skipped';
}

const line = (value) => `${JSON.stringify(value)}\n`;
