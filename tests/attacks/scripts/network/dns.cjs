const { Resolver } = require('node:dns/promises');

// A question to a name server carries whatever one writes into the name.
module.exports = async (target) => {
  const resolver = new Resolver({ timeout: 1_000, tries: 1 });
  resolver.setServers([`127.0.0.1:${target.dnsPort}`]);
  const [address] = await resolver.resolve4('secret.attack.test');
  return `a name server answered ${address}`;
};
