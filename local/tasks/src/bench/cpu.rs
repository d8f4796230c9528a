//! The CPU that processes have had, as Linux counts it (proc(5)).

use std::fs;

use crate::Error;

const NANOSECOND: f64 = 1e-9;

/// Seconds of CPU that all threads of a process have had, to the nanosecond. One that has ended has had none.
pub(super) fn of(pid: u32) -> f64 {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    threads
        .map(|thread| scheduled(&fs::read_to_string(thread.path().join("schedstat")).unwrap_or_default()))
        .sum()
}

/// The first figure of `schedstat`: nanoseconds on a CPU.
fn scheduled(text: &str) -> f64 {
    text.split(' ').next().and_then(|nanoseconds| nanoseconds.parse::<f64>().ok()).unwrap_or_default()
        * NANOSECOND
}

/// The processes that a process has started.
pub(super) fn children(of: u32) -> Vec<u32> {
    let ids = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = ids.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.filter(|id| parent(*id) == Some(of)).collect()
}

/// Resident memory of a process, in MB, and how many files it has open.
pub(super) fn held(pid: u32) -> (f64, usize) {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"));
    let megabytes = resident.and_then(|kb| kb.trim().parse::<f64>().ok()).unwrap_or_default() / 1000.0;
    let files = fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count);
    (megabytes, files)
}

/// A PostgreSQL server, by its first process.
#[derive(Clone, Copy, Debug)]
pub(super) struct Server {
    postmaster: u32,
}

impl Server {
    /// The server of a backend.
    pub(super) fn of_backend(backend: i32) -> Result<Self, Error> {
        let parent = parent(u32::try_from(backend).unwrap_or_default());
        let postmaster =
            parent.ok_or_else(|| Error::Failed("this system does not tell CPU of processes".to_owned()))?;
        Ok(Self { postmaster })
    }

    pub(super) fn postmaster(self) -> u32 {
        self.postmaster
    }

    /// Seconds of CPU that the backends there are have had.
    pub(super) fn backends(self) -> f64 {
        self.backend_ids().into_iter().map(of).sum()
    }

    /// The processes that serve clients; the others write behind, clean up, and wait.
    pub(super) fn backend_ids(self) -> Vec<u32> {
        children(self.postmaster).into_iter().filter(|id| is_backend(*id)).collect()
    }
}

fn is_backend(pid: u32) -> bool {
    let title = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    title.starts_with("postgres: society360")
}

/// The process that started another one, from its `stat`.
fn parent(pid: u32) -> Option<u32> {
    second_after_name(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

fn second_after_name(stat: &str) -> Option<u32> {
    // The name may hold anything, and ends with the last bracket.
    stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_does_not_move_the_figures() {
        assert_eq!(second_after_name("12 (a) b) S 7 1 1 0 -1"), Some(7));
    }

    #[test]
    fn time_on_a_cpu_is_counted_in_nanoseconds() {
        assert_eq!(scheduled("2500000000 12 7\n"), 2.5);
        assert_eq!(scheduled(""), 0.0);
        assert!(of(std::process::id()) > 0.0);
    }
}
