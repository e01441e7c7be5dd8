module.exports = () => {
  for (;;);
};
