/**
 * A text as it continues a sentence: "Text or a URL" becomes "text or a URL". Only a capital before
 * lowercase letters, or alone, can be due to the start of a sentence: "JSON", "OpenAI" and "GPT-5"
 * stay.
 */
export const midSentence = (text) =>
  text.replace(/^\p{Lu}(?:\p{Ll}+\p{N}*)?(?![\p{L}\p{N}])/u, (word) => word.toLowerCase());
