// Puts a program of the machine in the place of this one. Only ever the last attack of a run: it does not come back.
module.exports = () => {
  process.execve(
    '/bin/echo',
    ['echo', JSON.stringify({ attack: 'processes/execve', won: true, evidence: 'another program took over' })],
    {},
  );
};
