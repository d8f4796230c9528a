//! `cargo dev doctor`: whether this machine has what the project needs, or whether a deployed stack answers as it
//! should. Each check is a line: how it went, what was found and, where something is to be done, what.

mod deployed;
mod machine;

use std::fmt::Display;

use crate::Error;
pub use deployed::Deployed;
pub use machine::Machine;

/// What has been found so far.
struct Findings {
    say: fn(&str),
    wrong: usize,
}

impl Findings {
    fn ok(&mut self, what: &str, found: impl Display) {
        self.line("ok", what, &found);
    }

    /// Something that not everybody needs, or that may become wrong.
    fn warning(&mut self, what: &str, found: impl Display, to_do: impl Display) {
        self.line("warning", what, &format_args!("{found}; {to_do}"));
    }

    fn wrong(&mut self, what: &str, found: impl Display, to_do: impl Display) {
        self.wrong += 1;
        self.line("wrong", what, &format_args!("{found}; {to_do}"));
    }

    fn line(&self, verdict: &str, what: &str, found: &dyn Display) {
        (self.say)(&format!("{verdict:<8} {what:<16} {found}"));
    }
}

impl Machine {
    /// Examines the machine; `say` gets the lines. Fails where something is wrong that is needed.
    pub async fn examine(&self, say: fn(&str)) -> Result<(), Error> {
        let mut findings = Findings { say, wrong: 0 };
        self.find(&mut findings).await?;
        conclude(&findings)
    }
}

impl Deployed {
    /// Examines the stack; `say` gets the lines. Fails where something is wrong.
    pub async fn examine(&self, say: fn(&str)) -> Result<(), Error> {
        let mut findings = Findings { say, wrong: 0 };
        self.find(&mut findings).await?;
        conclude(&findings)
    }
}

fn conclude(findings: &Findings) -> Result<(), Error> {
    if findings.wrong > 0 {
        return Err(Error::Wrong(findings.wrong));
    }
    (findings.say)("Nothing is wrong.");
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    thread_local! {
        static SAID: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    }

    /// What `work` finds: its lines, and how many are wrong.
    pub(super) fn found(work: impl FnOnce(&mut Findings)) -> (String, usize) {
        let say = |line: &str| SAID.with_borrow_mut(|said| said.push(line.to_owned()));
        let mut findings = Findings { say, wrong: 0 };
        work(&mut findings);
        (SAID.take().join("\n"), findings.wrong)
    }
}
