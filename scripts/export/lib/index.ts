import OpenAI from 'tooljet-openai';

/** The native addon, which checks all options and knows all operations. */
export default OpenAI;
