//! A guard signs in on the phone of a gate, by a code and a PIN.
//!
//! What may be tried is counted by the database before anybody looks at a PIN (the SQL function `begin_guard_sign_in`), so
//! that no burst of guesses gets more answers than the same guesses one by one.

use std::sync::Arc;

use axum::extract::State;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use shared::{
    StartError,
    auth::{RateState, RequestMeta},
    digest::sha256,
    http::{Answer, ApiError, ErrorCode},
    input::{Body, FromField, FromFields, Problem, ProblemCode},
    openapi::{self, NoGatePhone, PinChange, WrongPin},
    pin::Pin,
    place::GuardPost,
    realtime::{Beside, Emitted},
    service_account::ServiceAccount,
    sql,
    text::{DEVICE_CODE_LENGTH, GuardCode, Phone, typed_code},
    write::Writer,
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::custom_token::{Claims, LIFETIME, sign};

/// Wrong PINs of a guard in a quarter of an hour; then nobody is answered for them for as long. The SQL functions that
/// count have these numbers.
pub(crate) const OF_A_GUARD: i32 = 5;
/// Of a gate's phone.
const OF_A_PHONE: i32 = 10;
/// Tries of an address with phones that stand at no gate.
const OF_AN_ADDRESS: i32 = 60;

/// What signing a guard in needs.
#[derive(Clone)]
pub struct Gatekeeper {
    pub(crate) writer: Writer,
    account: Option<Arc<ServiceAccount>>,
}

impl Gatekeeper {
    pub(crate) fn new(writer: Writer, account: Option<&SecretString>) -> Result<Self, StartError> {
        let account = account.map(ServiceAccount::read).transpose()?.map(Arc::new);
        Ok(Self { writer, account })
    }
}

/// What a phone calls itself, which nobody else can guess.
pub(crate) struct DeviceSecret([u8; 32]);

impl DeviceSecret {
    /// Characters that it has at least: a random UUID has 36.
    const MIN: usize = 16;
    /// And at most.
    const MAX: usize = 120;
}

shared::schema!(
    DeviceSecret,
    "DeviceSecret",
    openapi::text("^[!-~]+$").min_length(Some(DeviceSecret::MIN)).max_length(Some(DeviceSecret::MAX)).description(Some(
        "What the app calls its phone: made once at random, such as a UUID, and kept where other apps do not read it."
    ))
);

impl FromField for DeviceSecret {
    fn from_field(value: &Value) -> Result<Self, Problem> {
        let text = String::from_field(value)?;
        // Only its digest is kept, so a UUID may look like any number of a person.
        let fits =
            (Self::MIN..=Self::MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        let problem = || Problem::new(ProblemCode::WrongFormat, "must be a random text such as a UUID");
        fits.then(|| Self(sha256(&text))).ok_or_else(problem)
    }
}

/// The digest of what an admin was answered for a gate.
pub(crate) struct DeviceCode([u8; 32]);

shared::schema!(
    DeviceCode,
    "DeviceCode",
    openapi::text(r"^\s*[A-HJ-NP-Za-hj-np-z2-9]{10}\s*$")
        .description(Some("What registers a phone at a gate, once."))
);

impl FromField for DeviceCode {
    fn from_field(value: &Value) -> Result<Self, Problem> {
        let problem =
            || Problem::new(ProblemCode::WrongFormat, "must be 10 letters and digits, without I, O, 0 and 1");
        let code = typed_code(&String::from_field(value)?, DEVICE_CODE_LENGTH);
        code.map(|code| Self(sha256(code))).ok_or_else(problem)
    }
}

#[derive(ToSchema, FromFields)]
#[check(names_a_guard(guard_code, phone))]
#[check(may_be_new(pin, new_pin))]
pub(crate) struct GuardSignIn {
    /// It or `phone` has to be there.
    guard_code: Option<GuardCode>,
    phone: Option<Phone>,
    pin: Pin,
    device_identifier: DeviceSecret,
    /// At the first sign-in on a phone: what an admin was answered for the gate.
    device_code: Option<DeviceCode>,
    /// Where the PIN has to be replaced, or the guard wants to.
    new_pin: Option<Pin>,
}

fn names_a_guard(guard_code: &Option<GuardCode>, phone: &Option<Phone>) -> Result<(), Problem> {
    let problem = || {
        Problem::new(ProblemCode::Required, "or else phone is required")
            .of("guard_code")
            .saying("Please give the guard's code or their phone number.")
    };
    (guard_code.is_some() != phone.is_some()).then_some(()).ok_or_else(problem)
}

fn may_be_new(pin: &Pin, new_pin: &Option<Pin>) -> Result<(), Problem> {
    new_pin.as_ref().map_or(Ok(()), |new| new.check_as_new(pin, None, None))
}

/// What the app hands to Firebase, and who it is.
#[derive(Serialize, ToSchema)]
pub(crate) struct GuardSignedIn {
    /// A custom token of Firebase, for `signInWithCustomToken`.
    custom_token: String,
    /// Seconds within which it has to be exchanged.
    #[schema(minimum = 300, maximum = 300)]
    expires_in: u64,
    /// Always false: where the PIN has to be replaced, nobody is signed in without another one.
    #[schema(schema_with = openapi::always_false)]
    must_change_pin: bool,
    /// Whether they are on duty now.
    on_shift: bool,
    guard: GuardPost,
}

/// What `begin_guard_sign_in` answers.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Begun {
    /// The PIN may be looked at.
    Check(Box<Check>),
    #[serde(untagged)]
    Refused {
        refused: Why,
        #[serde(default)]
        wait: u64,
        #[serde(default)]
        events: Vec<Emitted>,
    },
}

/// With what a PIN is compared.
#[derive(Deserialize)]
struct Check {
    device: Uuid,
    name: String,
    guard: Option<Uuid>,
    guard_code: Option<String>,
    phone: Option<String>,
    hash: Option<String>,
    last: bool,
}

/// What `end_guard_sign_in` answers.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Ended {
    /// They are signed in.
    Done(Box<Done>),
    #[serde(untagged)]
    Refused { refused: Why },
}

#[derive(Deserialize)]
struct Done {
    guard: Option<GuardPost>,
    uid: String,
    session: i32,
    society: Uuid,
}

/// Why nobody is signed in.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Why {
    /// The phone stands at no gate.
    Device,
    /// Nor does its code register it.
    DeviceCode,
    /// Too many tries of the address.
    Address,
    /// Too many wrong PINs on the phone.
    DeviceLocked,
    /// Too many wrong PINs of the guard.
    GuardLocked,
    /// The post or the PIN is another one by now.
    Changed,
    /// An admin gave the PIN.
    MustChange,
}

impl Why {
    fn refusal(self, wait: u64) -> ApiError {
        let over = |why: &str, limit| ApiError::OverBound {
            why: why.to_owned(),
            rate: RateState { limit, remaining: 0, reset_seconds: wait.max(1) },
        };
        match self {
            Self::Device => ApiError::DeviceNotRegistered(
                "This phone is registered at no gate. Please ask an admin of the society for a code for it.",
            ),
            Self::DeviceCode => ApiError::DeviceNotRegistered(
                "This code registers no phone, or does not any more. Please ask an admin for a new one.",
            ),
            Self::Address => over("Too many sign-ins were tried from here.", OF_AN_ADDRESS),
            Self::DeviceLocked => over("Too many wrong PINs were typed on this phone.", OF_A_PHONE),
            Self::GuardLocked => locked(wait),
            Self::Changed => ApiError::PinWrong,
            Self::MustChange => ApiError::Refused {
                code: ErrorCode::PinChangeRequired,
                why: "An admin gave you this PIN. Please choose one of your own.".into(),
                data: json!({ "status": "must_change_pin" }),
            },
        }
    }
}

/// What a guard is told who is locked.
pub(crate) fn locked(wait: u64) -> ApiError {
    ApiError::OverBound {
        why: "After five wrong PINs this guard is locked; an admin can unlock them.".to_owned(),
        rate: RateState { limit: OF_A_GUARD, remaining: 0, reset_seconds: wait.max(1) },
    }
}

/// What `refuse_pin` answers.
#[derive(Deserialize)]
pub(crate) struct Refusal {
    pub(crate) wait: u64,
    pub(crate) events: Vec<Emitted>,
}

/// Signs a guard in on the phone of a gate.
///
/// **Permissions:** anyone who knows an active guard's code or number and PIN, on a phone that is registered at a gate of
/// the guard's society. No bearer token.
///
/// The answer's token is exchanged with Firebase for an ID token. A PIN that an admin gave signs nobody in without a
/// `new_pin`. Five wrong PINs in a quarter of an hour lock the guard for as long, ten the phone; a phone that stands at no
/// gate locks nobody, and the admins are told of it.
#[utoipa::path(post, path = "/v1/auth/guard", request_body = GuardSignIn, security(()),
    responses((status = 200, body = Answer<GuardSignedIn>), WrongPin, NoGatePhone, PinChange))]
pub(crate) async fn sign_in_guard(
    State(Gatekeeper { writer, account }): State<Gatekeeper>,
    meta: RequestMeta,
    body: Body<GuardSignIn>,
) -> Result<Answer<GuardSignedIn>, ApiError> {
    let account = account
        .ok_or_else(|| ApiError::Unavailable("no service account is configured, FirebaseSecretArn".into()))?;
    let GuardSignIn { guard_code, phone, pin, device_identifier, device_code, new_pin } = body.input;
    let (db, trace) = (&writer.app().db, &meta.trace_id);
    let begun = db
        .read_one::<Begun>(sql!(
            "SELECT begin_guard_sign_in(:device, :code, :guard_code, :phone, :address, :request, :trace)",
            device = device_identifier.0.as_slice(),
            code = device_code.as_ref().map(|code| code.0.as_slice()),
            guard_code,
            phone,
            address = meta.ip,
            request = meta.request_id,
            trace = trace
        ))
        .await?
        .ok_or_else(|| ApiError::Internal("a sign-in has no answer".into()))?;
    let check = match begun {
        Begun::Check(check) => *check,
        Begun::Refused { refused, wait, events } => {
            writer.publisher().publish(db, events, Beside::default()).await;
            return Err(refused.refusal(wait));
        }
    };
    let right = pin.verifies_apart(check.hash.clone()).await.map_err(ApiError::Internal)?;
    let Some(guard) = check.guard.filter(|_| right) else {
        return Err(refuse(&writer, &meta, &check).await?);
    };
    let hash = check.hash.unwrap_or_default();
    let new_hash = match &new_pin {
        Some(new) => {
            if let Err(problem) = new.check_as_new(&pin, check.guard_code.as_deref(), check.phone.as_deref())
            {
                give_back(&writer, &meta, check.device, &check.name).await?;
                return Err(ApiError::Invalid(vec![problem]));
            }
            Some(new.hash_apart().await.map_err(ApiError::Internal)?)
        }
        None => None,
    };
    let ended = db
        .read_one::<Ended>(sql!(
            "SELECT end_guard_sign_in(:device, :guard, :hash, :new_hash, :address, :request)",
            device = check.device,
            guard = guard,
            hash = hash,
            new_hash = new_hash,
            address = meta.ip,
            request = meta.request_id
        ))
        .await?
        .ok_or_else(|| ApiError::Internal("a sign-in has no end".into()))?;
    let Done { guard: post, uid, session, society } = match ended {
        Ended::Done(done) => *done,
        Ended::Refused { refused } => return Err(refused.refusal(0)),
    };
    // The role was revoked, though the post is there.
    let post = post.ok_or(ApiError::PinWrong)?;
    let custom_token =
        sign(&account, &uid, &Claims { guard, society, session }).map_err(ApiError::Internal)?;
    let on_shift = post.on_shift;
    Ok(Answer::new(GuardSignedIn {
        custom_token,
        expires_in: LIFETIME,
        must_change_pin: false,
        on_shift,
        guard: post,
    }))
}

/// Notes a wrong PIN, and says so.
async fn refuse(writer: &Writer, meta: &RequestMeta, check: &Check) -> Result<ApiError, ApiError> {
    let db = &writer.app().db;
    let refusal = db
        .read_one::<Refusal>(sql!(
            "SELECT refuse_pin(:device, :name, :guard, :last, :request, :trace)",
            device = check.device,
            name = check.name,
            guard = check.guard,
            last = check.last,
            request = meta.request_id,
            trace = meta.trace_id
        ))
        .await?
        .ok_or_else(|| ApiError::Internal("a wrong PIN was not noted".into()))?;
    writer.publisher().publish(db, refusal.events, Beside::default()).await;
    Ok(if refusal.wait > 0 { locked(refusal.wait) } else { ApiError::PinWrong })
}

/// A right PIN is no try that counts, whatever else was wrong.
async fn give_back(writer: &Writer, meta: &RequestMeta, device: Uuid, name: &str) -> Result<(), ApiError> {
    let counted = vec![
        format!("pin-device:{device}"),
        format!("pin-device-day:{device}"),
        format!("pin-address:{}", meta.ip),
        format!("pin-guard:{name}"),
    ];
    writer.app().db.execute(sql!("SELECT give_tries_back(:counted)", counted)).await?;
    Ok(())
}
