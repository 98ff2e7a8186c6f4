exports.default = require('./openai')(require('openai-4').OpenAI);
