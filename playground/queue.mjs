/** A function that does its work one after the other: what is recorded belongs to one call. */
export function createQueue() {
  let last = Promise.resolve();
  return (work) => {
    const turn = last.then(work);
    last = turn.catch(() => {});
    return turn;
  };
}
