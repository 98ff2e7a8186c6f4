/**
 * The continuations of known prompts. The Completions endpoint and a chat model that is asked for a
 * plain continuation return the same answer, so a test can compare the two.
 */
export const CONTINUATIONS = [
  {
    prompt: 'Once upon a time',
    text: ' there was a lighthouse at the edge of the sea, and every evening its keeper wrote one letter to the ships that had passed.',
  },
  {
    prompt: 'Roses are red,',
    text: ' violets are blue,\nsugar is sweet,\nand so are you.',
  },
  {
    prompt: 'To be, or not to be,',
    text: " that is the question:\nWhether 'tis nobler in the mind to suffer\nThe slings and arrows of outrageous fortune,\nOr to take arms against a sea of troubles.",
  },
  { prompt: 'The quick brown fox', text: ' jumps over the lazy dog.' },
  {
    prompt: 'It was the best of times,',
    text: ' it was the worst of times, it was the age of wisdom, it was the age of foolishness.',
  },
  {
    prompt: 'Call me Ishmael.',
    text: ' Some years ago, never mind how long precisely, having little or no money in my purse, and nothing particular to interest me on shore, I thought I would sail about a little and see the watery part of the world.',
  },
  { prompt: 'The capital of France is', text: ' Paris.' },
  { prompt: 'One, two, three, four,', text: ' five, six, seven, eight, nine, ten.' },
  {
    prompt: 'def fibonacci(n):',
    text: '\n    if n < 2:\n        return n\n    return fibonacci(n - 1) + fibonacci(n - 2)',
  },
  {
    prompt: 'Q: At what temperature does water boil at sea level?\nA:',
    text: ' At 100 degrees Celsius, or 212 degrees Fahrenheit.',
  },
  { prompt: 'English: cheese\nFrench:', text: ' fromage' },
  {
    prompt: 'Write a tagline for an ice cream shop.',
    text: '\n\nOne scoop closer to happiness.',
  },
];

/** The text between a prompt and the suffix that it must lead up to. */
export const INSERTIONS = [
  {
    prompt: 'I went to the market and',
    suffix: 'so we had fruit salad for dessert.',
    text: ' came home with apples, pears and a melon, ',
  },
  {
    prompt: 'def add(a, b):',
    suffix: '    return total',
    text: '\n    total = a + b\n',
  },
  {
    prompt: 'Dear Ms Berger,',
    suffix: 'Kind regards,\nThe support team',
    text: '\n\nthank you for your patience. Your order left our warehouse this morning.\n\n',
  },
];

const lastWords = (text) => text.trim().split(/\s+/).slice(-4).join(' ');

const inventedContinuations = (prompt) => [
  ` and so the text that ended with “${lastWords(prompt)}” goes on, calmly, one word after another, until there is nothing left to add.`,
  ` which is where most people would stop; but after “${lastWords(prompt)}” there is always one more sentence to write.`,
  ` and then, as so often after “${lastWords(prompt)}”, something small happened that changed the rest of the day.`,
];

const pick = (list, variation) => list[variation % list.length];

/**
 * `variation` 0 is the most likely answer. Higher numbers are further choices for the same prompt.
 */
export function findContinuation(prompt, { suffix, variation = 0 } = {}) {
  if (suffix) {
    const insertion = INSERTIONS.find(
      (each) => each.prompt === prompt.trim() && each.suffix.trim() === suffix.trim(),
    );
    return (
      insertion?.text ??
      ` and, since “${lastWords(prompt)}” is only the beginning, a few words lead over to the end: `
    );
  }
  const known = CONTINUATIONS.find((each) => each.prompt === prompt.trim());
  return pick([...(known ? [known.text] : []), ...inventedContinuations(prompt)], variation);
}
