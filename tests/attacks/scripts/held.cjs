/** Ends an attack that came to nothing. */
exports.held = (why) => {
  throw new Error(why);
};

/** The text must carry the mark that only the victim's file has. */
exports.marked = (text, { mark }) => (text.includes(mark) ? 'the secret was read' : exports.held('no secret in it'));
