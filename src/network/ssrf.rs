//! `ToolJet`'s SSRF rules, for URLs that people enter.
//!
//! | | cloud | ee | ce (no edition set) |
//! |---|---|---|---|
//! | protected | always | if `SSRF_PROTECTION_ENABLED=true` | unless `SSRF_PROTECTION_ENABLED=false` |
//! | private ranges (RFC 1918, ULA), `localhost` by name | blocked | allowed | allowed |
//! | loopback, link-local, metadata, carrier-grade NAT, reserved, multicast | blocked | blocked | blocked |
//!
//! Every address of a name must pass, unless `SSRF_DNS_RESOLUTION_CHECK=false`. The connection uses the checked
//! address, so DNS rebinding gains nothing. Redirects are never followed.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

const LOCAL_NAMES: [&str; 3] = ["localhost", "ip6-localhost", "ip6-loopback"];
/// Names that resolve to the address they contain, or to cloud metadata.
const BLOCKED_DOMAINS: [&str; 6] =
    ["nip.io", "xip.io", "sslip.io", "localtest.me", "traefik.me", "metadata.google.internal"];
const BLOCKED_SCHEMES: &str = "file,gopher,dict,ftp,jar,data,javascript";

/// The rules of this server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    enabled: bool,
    blocks_private: bool,
    checks_dns: bool,
    blocked_schemes: Vec<String>,
}

impl Rules {
    /// Reads the rules from the server's environment.
    pub fn from_env(env: impl Fn(&str) -> Option<String>) -> Self {
        let edition = env("TOOLJET_EDITION").unwrap_or_default().trim().to_ascii_lowercase();
        let switch = env("SSRF_PROTECTION_ENABLED").unwrap_or_default().trim().to_ascii_lowercase();
        Self {
            enabled: match edition.as_str() {
                "cloud" => true,
                "ee" => switch == "true",
                _ => switch != "false",
            },
            blocks_private: edition == "cloud",
            checks_dns: env("SSRF_DNS_RESOLUTION_CHECK").is_none_or(|value| value.trim() != "false"),
            blocked_schemes: env("SSRF_BLOCKED_SCHEMES")
                .unwrap_or_else(|| BLOCKED_SCHEMES.to_owned())
                .split(',')
                .map(|scheme| scheme.trim().to_ascii_lowercase())
                .collect(),
        }
    }

    /// Checks what is known about a URL before its name is resolved.
    ///
    /// # Errors
    /// The reason if it is blocked.
    pub fn check_url(&self, url: &Url) -> Result<(), &'static str> {
        if !self.enabled {
            return Ok(());
        }
        if self.blocked_schemes.iter().any(|scheme| scheme == url.scheme()) {
            return Err("its scheme is blocked");
        }
        match url.host() {
            Some(Host::Domain(name)) => self.check_name(name),
            Some(Host::Ipv4(ip)) => self.check_ip(ip.into()),
            Some(Host::Ipv6(ip)) => self.check_ip(ip.into()),
            None => Err("it names no host"),
        }
    }

    fn check_name(&self, name: &str) -> Result<(), &'static str> {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        if LOCAL_NAMES.contains(&name.as_str()) {
            return if self.blocks_private { Err("it is this server itself") } else { Ok(()) };
        }
        let within = |domain: &&str| name == **domain || name.ends_with(&format!(".{domain}"));
        if BLOCKED_DOMAINS.iter().any(within) { Err("the host name is blocked") } else { Ok(()) }
    }

    /// Checks the addresses of `name`; all of them must pass.
    ///
    /// # Errors
    /// The reason if one is blocked.
    pub fn check_resolved(&self, name: &str, ips: &[IpAddr]) -> Result<(), &'static str> {
        let name = name.trim_end_matches('.');
        let local = !self.blocks_private && LOCAL_NAMES.iter().any(|known| known.eq_ignore_ascii_case(name));
        if !self.enabled || !self.checks_dns || local {
            return Ok(());
        }
        ips.iter().try_for_each(|ip| self.check_ip(*ip))
    }

    fn check_ip(&self, ip: IpAddr) -> Result<(), &'static str> {
        let (private, reserved) = match ip.to_canonical() {
            IpAddr::V4(ip) => (ip.is_private(), is_reserved_v4(ip)),
            IpAddr::V6(ip) => match embedded_v4(ip) {
                Some(ip) => (ip.is_private(), is_reserved_v4(ip)),
                None => (ip.is_unique_local(), is_reserved_v6(ip)),
            },
        };
        if reserved {
            Err("it is a loopback, link-local or otherwise reserved address")
        } else if private && self.blocks_private {
            Err("it is a private address")
        } else {
            Ok(())
        }
    }
}

fn is_reserved_v4(ip: Ipv4Addr) -> bool {
    // Metadata services: Alibaba Cloud in 100.64/10, AWS and Azure in 169.254/16, Oracle Cloud in 192.0.0/24. 198.18/15
    // is for benchmarks inside a network.
    match ip.octets() {
        [0 | 127 | 224.., ..] | [169, 254, ..] | [192, 0, 0, _] | [198, 18 | 19, ..] => true,
        [100, b, ..] => (64..128).contains(&b),
        _ => false,
    }
}

fn is_reserved_v6(ip: Ipv6Addr) -> bool {
    // Teredo and local NAT64 (64:ff9b:1::/48, RFC 8215) contain an IPv4 address; the last one is AWS's metadata
    // service.
    let named =
        matches!(ip.segments(), [0x2001, 0, ..] | [0x64, 0xff9b, 1, ..] | [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254]);
    let is_site_local = ip.segments()[0] & 0xffc0 == 0xfec0;
    let named = named || is_site_local;
    // `::` and `::1` also contain an IPv4 address.
    named || ip.is_multicast() || ip.is_unicast_link_local()
}

/// The IPv4 address in `::a.b.c.d`, `64:ff9b::/96` (NAT64), `::ffff:0:0:0/96` (SIIT) or `2002::/16` (6to4).
fn embedded_v4(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let low = |high: u16, low: u16| Ipv4Addr::from((u32::from(high) << 16) | u32::from(low));
    match ip.segments() {
        [0x2002, a, b, ..] | [0x64, 0xff9b, 0, 0, 0, 0, a, b] | [0, 0, 0, 0, 0 | 0xffff, 0, a, b] => Some(low(a, b)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(edition: &'static str, enabled: &'static str) -> Rules {
        Rules::from_env(|name| match name {
            "TOOLJET_EDITION" => Some(edition.to_owned()).filter(|value| !value.is_empty()),
            "SSRF_PROTECTION_ENABLED" => Some(enabled.to_owned()).filter(|value| !value.is_empty()),
            _ => None,
        })
    }

    fn allows(rules: &Rules, url: &str) -> bool {
        rules.check_url(&Url::parse(url).unwrap()).is_ok()
    }

    fn resolves(rules: &Rules, ip: &str) -> bool {
        rules.check_resolved("gateway.example", &[ip.parse().unwrap()]).is_ok()
    }

    #[test]
    fn allows_public_addresses_in_every_edition() {
        for edition in ["", "ce", "ee", "cloud"] {
            let rules = rules(edition, "true");
            assert!(allows(&rules, "https://gateway.example/v1") && allows(&rules, "https://8.8.8.8/v1"));
            assert!(allows(&rules, "https://198.17.0.1/v1") && allows(&rules, "https://198.20.0.1/v1"));
            assert!(allows(&rules, "https://100.63.255.255/v1") && allows(&rules, "https://100.128.0.0/v1"));
            assert!(resolves(&rules, "93.184.216.34") && resolves(&rules, "2606:2800::1"));
        }
    }

    #[test]
    fn blocks_private_addresses_and_localhost_only_in_the_cloud() {
        for url in [
            "http://localhost:11434",
            "http://10.0.0.5/v1",
            "http://192.168.1.2/v1",
            "http://[fd00::1]/v1",
            "http://[64:ff9b::a00:5]/v1",
        ] {
            assert!(allows(&rules("", ""), url), "{url}");
            assert!(allows(&rules("ee", "true"), url), "{url}");
            assert!(!allows(&rules("cloud", "false"), url), "{url}");
        }
        assert!(resolves(&rules("", ""), "172.17.0.1") && !resolves(&rules("cloud", ""), "172.17.0.1"));
    }

    #[test]
    fn blocks_loopback_metadata_and_reserved_addresses_in_every_notation() {
        for url in [
            "http://127.0.0.1/",
            "http://127.1/",
            "http://0x7f000001/",
            "http://2130706433/",
            "http://017700000001/",
            "http://169.254.169.254/",
            "http://100.64.0.0/",
            "http://100.100.100.200/",
            "http://100.127.255.255/",
            "http://0.0.0.0/",
            "http://224.0.0.1/",
            "http://255.255.255.255/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[fe80::1]/",
            "http://[64:ff9b::7f00:1]/",
            "http://[2002:7f00:1::]/",
            "http://192.0.0.192/",
            "http://[fd00:ec2::254]/",
            "http://[64:ff9b:1::a9fe:a9fe]/",
            "http://[::ffff:0:7f00:1]/",
            "http://[64:ff9b:1:7f00:0:100::]/",
            "http://[::2]/",
            "http://[::a9fe:a9fe]/",
            "http://[fec0::1]/",
            "http://[feff::1]/",
            "http://[ff02::1]/",
            "http://[::]/",
            "http://198.18.0.1/",
            "http://198.19.255.255/",
            "http://[2001:0:7f00:1::]/",
            "http://127.0.0.1.nip.io/",
            "http://x.sslip.io/",
            "http://metadata.google.internal/",
            "http://METADATA.google.internal./",
        ] {
            assert!(!allows(&rules("", ""), url), "{url}");
            assert!(!allows(&rules("cloud", ""), url), "{url}");
        }
        for ip in ["127.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1"] {
            assert!(!resolves(&rules("", ""), ip), "{ip}");
        }
    }

    #[test]
    fn applies_the_switch_by_edition() {
        assert!(allows(&rules("", "false"), "http://127.0.0.1/"));
        assert!(allows(&rules("ee", ""), "http://127.0.0.1/"));
        assert!(!allows(&rules("ee", "true"), "http://127.0.0.1/"));
        assert!(!allows(&rules("cloud", "false"), "http://127.0.0.1/"));
    }

    #[test]
    fn allows_loopback_for_localhost_when_the_name_is_allowed() {
        let loopback = ["127.0.0.1".parse().unwrap(), "::1".parse().unwrap()];
        for name in ["localhost", "LocalHost."] {
            assert!(rules("", "").check_resolved(name, &loopback).is_ok(), "{name}");
            assert!(rules("cloud", "").check_resolved(name, &loopback).is_err(), "{name}");
        }
        assert!(rules("", "").check_resolved("localhost.example", &loopback).is_err());
    }

    #[test]
    fn checks_addresses_unless_the_administrator_disables_it() {
        let rules = |check: &'static str| {
            Rules::from_env(|name| (name == "SSRF_DNS_RESOLUTION_CHECK").then(|| check.to_owned()))
        };
        assert!(resolves(&rules(" false "), "127.0.0.1") && !resolves(&rules("no"), "127.0.0.1"));
        assert!(!allows(&rules("false"), "http://127.0.0.1/"));
    }

    #[test]
    fn blocks_a_name_when_one_of_its_addresses_is_blocked() {
        let ips = ["93.184.216.34".parse().unwrap(), "127.0.0.1".parse().unwrap()];
        assert!(rules("", "").check_resolved("rebind.example", &ips).is_err());
    }
}
