/**
 * Advice for a base URL that names this machine by its number, which ToolJet's rules reject even
 * where they accept its name; undefined for any other URL.
 */
export function adviceOnLoopback(baseUrl) {
  const { hostname } = URL.canParse(baseUrl) ? new URL(baseUrl) : {};
  return /^(127\.[\d.]+|\[::1\])$/.test(hostname)
    ? 'Here, write localhost in the Base URL instead.'
    : undefined;
}
