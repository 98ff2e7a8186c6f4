#![allow(unreachable_pub, dead_code, clippy::unwrap_used)] // each test file uses a part of it
//! Measures the memory of the test process.

use std::{fs, io::Write};

pub const MIB: usize = 1 << 20;

/// The process's memory in bytes: now, and the peak since the last call.
pub fn memory() -> (usize, usize) {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let bytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim_start_matches(':').trim().trim_end_matches(" kB").parse::<usize>().unwrap() << 10
    };
    let memory = (bytes("VmRSS"), bytes("VmHWM"));
    fs::OpenOptions::new().write(true).open("/proc/self/clear_refs").unwrap().write_all(b"5").unwrap();
    memory
}
