// Every npm command requires this first: otherwise an old Node fails at the first import that it
// does not support. Must run on old versions of Node.

'use strict';

var fs = require('fs');
var path = require('path');

/** Ends the process with one sentence if this Node is older than package.json allows. */
function checkNode(packageJson) {
  var range = JSON.parse(fs.readFileSync(packageJson, 'utf8')).engines.node;
  var needed = range.replace('>=', '');
  var wanted = needed.split('.').map(Number);
  var own = process.versions.node.split('.').map(Number);
  for (var at = 0; at < wanted.length; at += 1) {
    if (own[at] > wanted[at]) return;
    if (own[at] < wanted[at]) {
      var here = 'here is Node ' + process.versions.node + ': see https://nodejs.org.';
      console.error('This needs Node ' + needed + ' or later, and ' + here);
      process.exit(1);
    }
  }
}

checkNode(path.join(__dirname, '..', 'package.json'));

module.exports = checkNode;
