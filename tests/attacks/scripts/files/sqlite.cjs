const { DatabaseSync } = require('node:sqlite');
const { marked } = require('../held.cjs');

// SQLite opens files by itself.
module.exports = (target) => {
  const database = new DatabaseSync(target.secretDatabase, { readOnly: true });
  return marked(JSON.stringify(database.prepare('select * from secret').all()), target);
};
