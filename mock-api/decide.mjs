// What the mock API decides.

/** The one that the input names gets most, else the last. */
function weigh(input, words) {
  const at = words.findIndex((word) => input.toLowerCase().includes(String(word).toLowerCase()));
  const best = at === -1 ? words.length - 1 : at;
  const rest = 0.1 / Math.max(words.length - 1, 1);
  return { best, weights: words.map((_, index) => (index === best ? 0.9 : rest)) };
}

/** The answer to one question about the input. */
export function decide({ type, name = null, choices, levels }, input) {
  if (type === 'predicate') return { type, name, probability: input.includes('!') ? 0.9 : 0.1 };
  if (type === 'choice') {
    const values = choices.map(({ value }) => value);
    const { best, weights } = weigh(input, values);
    return {
      type,
      name,
      choice: values[best],
      confidence: 0.9,
      probabilities: values.map((value, index) => ({ value, probability: weights[index] })),
    };
  }
  const labels = levels.map(({ label }) => label);
  const { weights } = weigh(input, labels);
  // Levels count from 0, and the score is their mean.
  return {
    type,
    name,
    score: weights.reduce((sum, weight, index) => sum + weight * index, 0),
    confidence: 0.9,
    probabilities: labels.map((label, index) => ({
      label,
      value: index,
      probability: weights[index],
    })),
  };
}
