/**
 * Advice for a failure with this `data.code`: ToolJet's rules reject a base URL that names this
 * machine by its number, even where they accept its name. Undefined for any other URL or code.
 */
export function adviceOnLoopback(code, baseUrl) {
  if (code !== 'address_blocked') return undefined;
  const { hostname } = URL.canParse(baseUrl) ? new URL(baseUrl) : {};
  return /^(127\.[\d.]+|\[::1\])$/.test(hostname)
    ? 'In the playground, write localhost in the Base URL instead.'
    : undefined;
}
