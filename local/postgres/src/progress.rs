//! What is being done, for a person who waits at a terminal.

use std::fmt::Display;

/// Says what is being done, a line for each step that may take longer than a second; silent unless asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    aloud: bool,
}

impl Progress {
    /// Says it on stderr, so that what a command prints can be read by programs.
    pub fn aloud() -> Self {
        Self { aloud: true }
    }

    /// Says what is done next.
    pub fn say(self, step: impl Display) {
        if self.aloud {
            eprintln!("{step}");
        }
    }
}
