//! The service account of the Firebase project, and what it signs.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::StartError;

/// The file that Google makes for a service account, as far as it is needed.
#[derive(Deserialize)]
struct File {
    project_id: String,
    client_email: String,
    private_key: SecretString,
    private_key_id: String,
    token_uri: String,
}

/// A service account with its key.
pub struct ServiceAccount {
    file: File,
    key: EncodingKey,
}

impl ServiceAccount {
    /// Reads the JSON file.
    ///
    /// # Errors
    /// It is not one, or its key is not.
    pub fn read(file: &SecretString) -> Result<Self, StartError> {
        let file: File =
            serde_json::from_str(file.expose_secret()).map_err(|_| StartError::ServiceAccount)?;
        let key = EncodingKey::from_rsa_pem(file.private_key.expose_secret().as_bytes())
            .map_err(|_| StartError::ServiceAccount)?;
        Ok(Self { file, key })
    }

    /// The Firebase project.
    pub fn project(&self) -> &str {
        &self.file.project_id
    }

    /// The account's e-mail address, which is its name.
    pub fn email(&self) -> &str {
        &self.file.client_email
    }

    /// Where it is granted access tokens.
    pub fn token_uri(&self) -> &str {
        &self.file.token_uri
    }

    /// A token with these claims, signed with RS256.
    ///
    /// # Errors
    /// The key cannot sign.
    pub fn sign(&self, claims: &impl Serialize) -> Result<String, String> {
        let header = Header { kid: Some(self.file.private_key_id.clone()), ..Header::new(Algorithm::RS256) };
        jsonwebtoken::encode(&header, claims, &self.key).map_err(|_| "the key cannot sign".to_owned())
    }
}
