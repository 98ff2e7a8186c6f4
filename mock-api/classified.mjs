// Answers with one of the words that the instructions offer.

const OFFER = /answer with one word: ([^.\n]+)/i;
/** What a text contains whose topic is the word. */
const SIGNS = {
  billing: /charged|invoice|\bcard\b|refund|discount|\bVAT\b/i,
  shipping: /parcel|delivery|tracking|courier|missing an item/i,
  technical: /\bapp\b|crash|password|export|\bpage\b|notification|search/i,
};

/** The first word that fits, or the last one; undefined if the instructions offer none. */
export function classify(instructions, prompt) {
  const words = OFFER.exec(instructions)?.[1]
    .split(/, | or /)
    .map((word) => word.trim());
  return words?.find((word) => SIGNS[word]?.test(prompt)) ?? words?.at(-1);
}
