/** Printable ASCII, without the space. */
const PLAIN = /^[!-~]+$/;

/**
 * The domain of an address of the form `local@domain`; undefined where a text is of any other form.
 * What two readers could take apart differently is no address here.
 * @param {string} address
 */
export function domainOf(address) {
  if (!PLAIN.test(address) || address.includes(",")) return undefined;
  const [local, domain, ...rest] = address.split("@");
  return local && domain && rest.length === 0 ? domain : undefined;
}
