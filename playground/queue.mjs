/**
 * Builds a function that runs its tasks one after the other, because a recording belongs to one
 * call.
 */
export function createQueue() {
  let last = Promise.resolve();
  return (work) => {
    const turn = last.then(work);
    last = turn.catch(() => {});
    return turn;
  };
}
