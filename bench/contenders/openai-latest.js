exports.default = require('./openai')(require('openai-latest').OpenAI);
