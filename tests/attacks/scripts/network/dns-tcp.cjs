const { Resolver } = require('node:dns/promises');

// The first answer is cut off, so the question is asked again over a connection.
module.exports = async (target) => {
  const resolver = new Resolver({ timeout: 1_000, tries: 1 });
  resolver.setServers([`127.0.0.1:${target.dnsTcpPort}`]);
  const [address] = await resolver.resolve4('secret.attack.test');
  return `a name server answered ${address} over a connection`;
};
