//! What a deployment asks: which functions a change affects, and the template that builds and publishes those alone.
//!
//! `.ci/deploy` runs the binary, `cargo dev` has the same commands. It is a crate of its own so that a deployment builds
//! nothing else (docs/decisions/064).

pub mod affected;
mod error;
pub mod release;

use std::{fs, path::Path, path::PathBuf};

pub use error::Error;

/// A question.
#[derive(Clone, Debug, PartialEq, Eq, clap::Subcommand)]
pub enum Question {
    /// Which functions a change since REV affects, as JSON
    Affected {
        /// The revision that the checkout is compared with
        #[arg(long, value_name = "REV")]
        base: String,
    },
    /// template.yaml, keeping what a change since REV leaves alone as it is in FILE
    Release {
        /// The revision that is deployed
        #[arg(long, value_name = "REV")]
        base: String,
        /// The template that is deployed
        #[arg(long, value_name = "FILE")]
        deployed: PathBuf,
    },
}

impl Question {
    /// The answer for a checkout.
    ///
    /// # Errors
    /// There is no such revision or file, or a template is none.
    pub fn answer(&self, checkout: &Path) -> Result<String, Error> {
        match self {
            Self::Affected { base } => {
                let affected = affected::since(checkout, base)?;
                serde_json::to_string(&affected).map_err(|error| Error::Command(error.to_string()))
            }
            Self::Release { base, deployed } => {
                let affected = affected::since(checkout, base)?;
                let read =
                    |path: &Path| fs::read_to_string(path).map_err(Error::io(path.display().to_string()));
                let (template, deployed) = (read(&checkout.join("template.yaml"))?, read(deployed)?);
                release::keep(&template, &deployed, &affected, base)
            }
        }
    }
}
