//! The one way in which state is changed: one statement that checks the scope, claims the
//! idempotency key, makes the change by compare-and-set, and writes audit and events; then the push.
//!
//! Such a statement takes the parameters `:caller`, `:method`, `:path`, `:key`, `:payload` and `:request` from here and
//! answers one `jsonb` row of the shape of [`Outcome`]; none, or a JSON null, where the thing does not exist for the
//! caller.

use axum::{
    Json,
    extract::FromRef,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::json;

use crate::{
    App, StartError,
    auth::{Caller, RateState, RequestMeta},
    config::{AppConfig, CallingConfig},
    db::Db,
    entry::Verdict,
    http::{Answer, ApiError, ErrorCode},
    input::{IdempotencyKey, Problem, ProblemCode},
    realtime::{Answered, Beside, Emitted, Publisher},
    statement::{Change, Unique, Value},
};

/// What a writing function has: all that a reading one has, and what tells its events.
#[derive(Clone)]
pub struct Writer<T = Publisher> {
    app: App,
    teller: T,
}

/// The writer of a function whose changes are events to nobody. It carries no AWS SDK.
pub type QuietWriter = Writer<Nobody>;

/// Tells events after their commit.
pub trait Tell: Clone + Send + Sync + 'static {
    /// Tells them, and has done what waits `beside` them; what cannot be done now stays in the database.
    fn tell(&self, db: &Db, events: Vec<Emitted>, beside: Beside) -> impl Future<Output = ()> + Send;
}

impl Tell for Publisher {
    async fn tell(&self, db: &Db, events: Vec<Emitted>, beside: Beside) {
        self.publish(db, events, beside).await;
    }
}

/// Tells nothing: an event written all the same is left to the dispatcher.
#[derive(Clone)]
pub struct Nobody;

impl Tell for Nobody {
    async fn tell(&self, _: &Db, _: Vec<Emitted>, _: Beside) {}
}

impl<T> FromRef<Writer<T>> for App {
    fn from_ref(writer: &Writer<T>) -> Self {
        writer.app.clone()
    }
}

/// What a writing statement answers, as the SQL function `outcome` builds it.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Outcome<A> {
    /// It is done, now or by the first call under the same key.
    Done(Done<A>),
    /// It is not.
    Refused(Refused),
}

/// What was done.
#[derive(Deserialize)]
struct Done<A> {
    answer: A,
    /// Whether this statement made the change.
    fresh: bool,
    /// The events written with the change.
    events: Option<Vec<Emitted>>,
    /// Whether a message was queued beside those of the events.
    queued: bool,
    /// Whether a deadline or step of it falls due before the dispatcher's schedule would look.
    soon: bool,
}

/// What was not done.
#[derive(Deserialize)]
struct Refused {
    #[serde(flatten)]
    why: Why,
    /// What was written all the same: a change that came too late may be the first to notice that time is over.
    #[serde(default)]
    events: Option<Vec<Emitted>>,
}

/// Why it was not done.
#[derive(Debug, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
enum Why {
    /// The caller's scope does not reach it.
    Forbidden,
    /// The idempotency key was used before for another payload.
    KeyReused,
    /// The society's policy or another row does not allow what was asked.
    Invalid { problem: Problem },
    /// It would be over this bound.
    OverBound { over: Over },
    /// The message has no approved text.
    TemplateNotApproved,
    /// The judge of entry says no.
    NotLetIn { verdict: Verdict, status: String },
    /// Something beside the state stands in the way.
    NotAllowed { because: Because, status: String },
    /// It came after the deadline.
    DeadlinePassed { status: String },
    /// Somebody was faster; with the state found, where there is one.
    WrongState { status: Option<String> },
}

impl Why {
    fn refusal(self, forbidden: &'static str) -> ApiError {
        let wrong_state = |status| ApiError::WrongState { deadline_passed: false, status };
        match self {
            Self::Forbidden => ApiError::Forbidden(forbidden),
            Self::KeyReused => ApiError::IdempotencyKeyReused,
            Self::Invalid { problem } => ApiError::Invalid(vec![problem]),
            Self::OverBound { over } => over.refusal(),
            Self::TemplateNotApproved => ApiError::TemplateNotApproved,
            Self::NotLetIn { verdict, status } => {
                verdict.refusal(json!({ "status": status })).unwrap_or_else(|| wrong_state(status))
            }
            Self::NotAllowed { because, status } => ApiError::Refused {
                code: ErrorCode::WrongState,
                why: because.sentence().into(),
                data: json!({ "status": status }),
            },
            Self::DeadlinePassed { status } => ApiError::WrongState { deadline_passed: true, status },
            Self::WrongState { status } => wrong_state(status.unwrap_or_default()),
        }
    }
}

/// What does not allow a change, beside the state.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Because {
    /// The visitor has a pass.
    PassNeedsNoAnswer,
    /// The visitor has none.
    NoPass,
    /// A number of a range that costs more than any country's.
    ExpensiveNumber,
    /// A number of a country that the society sends nothing to.
    CountryNotAllowed,
    /// A number whose user did not agree to WhatsApp messages, or that no user has.
    NoConsent,
    /// A visitor who was sent as many invitations as there may be.
    InvitedOften,
    /// As many requests of the caller wait for an answer as there may be.
    TooManyRequests,
    /// The society has as many places of a kind as there may be.
    TooManyPlaces,
    /// A flat in which somebody lives.
    FlatLivedIn,
    /// A flat that is not active.
    FlatNotActive,
    /// The last who administers a society, or everything.
    LastAdmin,
    /// A guard who signs in by themselves.
    OwnAccount,
}

impl Because {
    fn sentence(self) -> &'static str {
        match self {
            Self::PassNeedsNoAnswer => "A guest pass needs no answer: it can be used, or withdrawn.",
            Self::NoPass => "Only a guest pass is withdrawn: for this visitor, answer no.",
            Self::ExpensiveNumber => {
                "Invitations are not sent to satellite and premium numbers. Please tell the visitor the code yourself."
            }
            Self::CountryNotAllowed => {
                "Your society sends no invitations to this country. Please tell the visitor the code yourself."
            }
            Self::NoConsent => {
                "Nobody with this number has agreed to WhatsApp messages. Please send the invitation by SMS."
            }
            Self::InvitedOften => {
                "This visitor was sent three invitations already. Please tell them the code yourself."
            }
            Self::OwnAccount => {
                "This guard signs in with an account of their own. Please make a guard anew who signs in with a PIN."
            }
            Self::TooManyRequests => {
                "Three of your requests wait for an answer. Please ask an admin of the society to decide about them first."
            }
            Self::TooManyPlaces => {
                "A society has at most 100 complexes, 1,000 blocks and 20,000 flats, and this one has as many already."
            }
            Self::FlatNotActive => "This flat is not active. Please make it active first.",
            Self::FlatLivedIn => {
                "Somebody lives in this flat, or has asked to. Please move them out, or decide about their request, first."
            }
            Self::LastAdmin => "Nobody else has this role. Please grant it to somebody else first.",
        }
    }
}

/// A bound on what is done in a day, and when there is room again.
#[derive(Clone, Copy, Debug, Deserialize)]
struct Over {
    what: Daily,
    bound: i32,
    reset_seconds: u64,
}

/// Whose day it is.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Daily {
    /// Invitations to a number.
    Number,
    /// Invitations of a society.
    Society,
    /// Invitations of a user.
    User,
}

impl Over {
    fn refusal(self) -> ApiError {
        let Self { what, bound, reset_seconds } = self;
        let why = match what {
            Daily::Number => format!("This number was sent {bound} invitations in a day."),
            Daily::Society => format!("Your society has sent {bound} invitations in a day."),
            Daily::User => format!("You have sent {bound} invitations in a day."),
        };
        ApiError::OverBound { why, rate: RateState { limit: bound, remaining: 0, reset_seconds } }
    }
}

/// Who writes, under which key and request.
pub struct Writing<'a> {
    /// The caller.
    pub caller: &'a Caller,
    /// Their idempotency key.
    pub key: &'a IdempotencyKey,
    /// The request.
    pub meta: &'a RequestMeta,
    /// What a caller is told who sees the thing but may not change it.
    pub forbidden: &'static str,
    /// What a caller is told for whom the thing does not exist.
    pub unknown: &'static str,
}

/// An answer, and whether it is given for the second time.
pub struct Written<A> {
    answer: A,
    replayed: bool,
}

impl Writer {
    /// Opens what reading needs and what the push needs, all at once.
    pub async fn open(config: AppConfig, calling: &CallingConfig) -> Result<Self, StartError> {
        let publisher = Publisher::start(calling);
        let (app, ()) = tokio::join!(App::start(config), publisher.warm());
        Ok(Self { app: app?, teller: publisher })
    }

    /// What pushes its events.
    pub fn publisher(&self) -> &Publisher {
        &self.teller
    }
}

impl QuietWriter {
    /// Opens what reading needs.
    pub async fn quiet(config: AppConfig) -> Result<Self, StartError> {
        Ok(Self { app: App::start(config).await?, teller: Nobody })
    }
}

impl<T: Tell> Writer<T> {
    /// The reading half.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Runs a writing statement, pushes its events, and answers.
    pub async fn write<A: DeserializeOwned>(
        &self,
        writing: Writing<'_>,
        change: Change<'_>,
    ) -> Result<Written<A>, ApiError> {
        let Writing { caller, key, meta, forbidden, unknown } = writing;
        let payload = key.payload.as_slice();
        let common: [Value<'_>; 6] =
            [caller.user_id(), &key.method, &key.path, &key.key, &payload, &meta.request_id];
        let values: Vec<Value<'_>> = common.into_iter().chain(change.values.iter().copied()).collect();
        let outcome = self.app.db.change::<Option<Outcome<A>>>(change, &values).await?;
        let outcome = outcome.map_err(taken)?.flatten().ok_or(ApiError::NotFound(unknown))?;
        let Done { answer, fresh, events, queued, soon } = match outcome {
            Outcome::Done(done) => done,
            Outcome::Refused(Refused { why, events }) => {
                self.teller.tell(&self.app.db, events.unwrap_or_default(), Beside::default()).await;
                return Err(why.refusal(forbidden));
            }
        };
        let answered = key.is_made().then(|| Answered {
            user: *caller.user_id(),
            method: key.method.clone(),
            path: key.path.clone(),
            key: key.key.clone().unwrap_or_default(),
        });
        self.teller.tell(&self.app.db, events.unwrap_or_default(), Beside { queued, soon, answered }).await;
        Ok(Written { answer, replayed: !fresh })
    }
}

/// The refusal of a value that another row has already.
fn taken(Unique { field, sentence, .. }: Unique) -> ApiError {
    let problem = Problem::new(ProblemCode::Taken, "is in use already");
    ApiError::Invalid(vec![problem.of(field).saying(sentence)])
}

impl<A> Written<A> {
    /// What was answered.
    pub fn answer(&self) -> &A {
        &self.answer
    }

    /// Whether it was given before.
    pub fn is_replayed(&self) -> bool {
        self.replayed
    }

    /// The same, with another answer.
    pub fn map<B>(self, change: impl FnOnce(A) -> B) -> Written<B> {
        Written { answer: change(self.answer), replayed: self.replayed }
    }
}

impl<A: Serialize> Written<A> {
    /// The answer with `status`, or as 200 and marked where it is given again.
    pub fn with_status(self, status: StatusCode) -> Response {
        self.map(Answer::new).as_is(status)
    }

    /// As [`Written::with_status`], for an answer that is the whole body.
    pub fn as_is(self, status: StatusCode) -> Response {
        let mut response = Json(self.answer).into_response();
        if self.replayed {
            response.headers_mut().insert("idempotency-replayed", HeaderValue::from_static("true"));
        } else {
            *response.status_mut() = status;
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::*;

    /// What each code comes with.
    const REFUSALS: [&str; 9] = [
        r#"{"code": "forbidden"}"#,
        r#"{"code": "key_reused"}"#,
        r#"{"code": "invalid", "problem": {"field": "expected_end", "code": "OUT_OF_RANGE", "problem": "is past"}}"#,
        r#"{"code": "over_bound", "over": {"what": "user", "bound": 20, "reset_seconds": 60}}"#,
        r#"{"code": "template_not_approved"}"#,
        r#"{"code": "not_let_in", "verdict": {"code": "EXPIRED"}, "status": "accepted"}"#,
        r#"{"code": "not_allowed", "because": "no_pass", "status": "pending"}"#,
        r#"{"code": "deadline_passed", "status": "denied", "events": null}"#,
        r#"{"code": "wrong_state", "status": null}"#,
    ];

    /// The codes that an SQL file of ours says.
    fn collect(path: &Path, codes: &mut BTreeSet<String>) {
        if path.is_dir() {
            fs::read_dir(path).unwrap().for_each(|entry| collect(&entry.unwrap().path(), codes));
            return;
        }
        let text = fs::read_to_string(path).unwrap_or_default();
        if path.extension().is_none_or(|end| end != "sql") || !text.contains("outcome(") {
            return;
        }
        for before in ["'code', '", "\"code\": \""] {
            for (place, _) in text.match_indices(before) {
                let rest = &text[place + before.len()..];
                let code: String =
                    rest.chars().take_while(|sign| sign.is_alphanumeric() || *sign == '_').collect();
                if code.chars().all(|sign| sign.is_ascii_lowercase() || sign == '_') {
                    codes.insert(code);
                }
            }
        }
    }

    #[test]
    fn every_refusal_of_a_statement_is_known() {
        let known: BTreeSet<String> = REFUSALS
            .iter()
            .map(|refusal| {
                serde_json::from_str::<Refused>(refusal).unwrap_or_else(|error| panic!("{refusal}: {error}"));
                let refusal: serde_json::Value = serde_json::from_str(refusal).unwrap();
                refusal["code"].as_str().unwrap().to_owned()
            })
            .collect();
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut said = BTreeSet::new();
        for place in ["functions", "migrations/functions"] {
            collect(&root.join(place), &mut said);
        }
        assert_eq!(said, known);
    }

    #[test]
    fn an_outcome_is_done_or_refused() {
        let done = r#"{"done": {"answer": 7, "fresh": true, "events": null, "queued": false, "soon": true}}"#;
        assert!(matches!(
            serde_json::from_str(done).unwrap(),
            Outcome::Done(Done { answer: 7, fresh: true, events: None, queued: false, soon: true })
        ));
        for neither in ["{}", r#"{"allowed": true, "fresh": false}"#, r#"{"refused": {"code": "odd"}}"#] {
            assert!(serde_json::from_str::<Outcome<i32>>(neither).is_err(), "{neither}");
        }
    }
}
