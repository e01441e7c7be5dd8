'use strict';

/** What the thread pools run. */
module.exports = (text) => text;
