import ipaddr from 'ipaddr.js';

/** The only block of IPv6 from which addresses are given to hosts on the Internet (RFC 3587 section 3). */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3');
/** Public by its number, but answered by the host of a virtual machine alone: that of Azure. */
const OF_HOSTS = ['168.63.129.16'];

/**
 * Whether an address, as a resolver gives it, is one of the Internet: not of this machine, a private network, a link, a carrier, a group
 * or a cloud's metadata, and none that stands for another one (IPv4-mapped, NAT64, 6to4, Teredo).
 */
export function isPublicAddress(address: string): boolean {
  // More lenient forms, as `0x7f.1`, are read in one way here and in another there.
  if (ipaddr.IPv4.isValidFourPartDecimal(address))
    return ipaddr.IPv4.parse(address).range() === 'unicast' && !OF_HOSTS.includes(address);
  if (!ipaddr.IPv6.isValid(address) || address.includes('%')) return false;
  const parsed = ipaddr.IPv6.parse(address);
  return parsed.match(GLOBAL_UNICAST) && parsed.range() === 'unicast';
}
