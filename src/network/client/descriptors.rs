//! Determines how many descriptors the process may open.

use std::fs;

/// The default of POSIX systems.
const USUAL: usize = 1024;

/// The process's soft limit on Linux; the usual one elsewhere.
pub(super) fn max_descriptors() -> usize {
    fs::read_to_string("/proc/self/limits").ok().and_then(|limits| read(&limits)).unwrap_or(USUAL)
}

/// The soft limit is the first number: `Max open files  1024  524288  files`.
fn read(limits: &str) -> Option<usize> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    match line.split_whitespace().next()? {
        "unlimited" => Some(usize::MAX),
        number => number.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_soft_limit_on_open_files() {
        let limits = |soft: &str| {
            format!(
                "Limit  Soft Limit  Hard Limit  Units\nMax processes  7  9  processes\nMax open files  {soft}  4096  files\n"
            )
        };
        assert_eq!(read(&limits("1024")), Some(1024));
        assert_eq!(read(&limits("unlimited")), Some(usize::MAX));
        assert_eq!(read("Max processes  7  9  processes"), None);
    }
}
