//! The refusals an operation can end in: those its handler names, and those that follow from its
//! kind. Status, code and sentence are taken from [`ApiError`], so they cannot differ from it.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use shared::{
    auth::RateState,
    entry::Verdict,
    http::{ApiError, ErrorCode, Verification},
    input::{Problem, ProblemCode},
};
use uuid::Uuid;

use super::common::{is_public, references_text, standard_headers};

/// Adds every refusal of an operation to its responses, as a reference to `components/responses`.
pub(super) fn add(document: &Value, operation: &mut Value, shared: &mut Map<String, Value>) {
    let mut codes = codes_by_kind(document, operation);
    let Some(responses) = operation["responses"].as_object_mut() else { return };
    // What handlers name has no content yet, only its codes.
    responses.retain(|_, response| {
        let named = response["description"].as_str().unwrap_or_default();
        codes.extend(named.split_whitespace().map(str::to_owned));
        response.get("content").is_some()
    });
    let mut by_status = BTreeMap::<u16, Vec<Sample>>::new();
    for sample in samples().into_iter().filter(|sample| codes.iter().any(|code| code == sample.code())) {
        by_status.entry(sample.error.status().as_u16()).or_default().push(sample);
    }
    for (status, samples) in by_status {
        let name = samples.iter().map(|sample| pascal(sample.code())).collect::<Vec<_>>().join("Or");
        let limited = !codes.iter().all(|code| code != ErrorCode::RateLimited.as_str());
        let response = response(status, &samples, limited);
        match responses.get_mut(&status.to_string()) {
            // Health answers 503 in its own form, too.
            Some(own) => {
                let schema = &mut own["content"]["application/json"]["schema"];
                *schema = json!({ "anyOf": [schema, response["content"]["application/json"]["schema"]] });
            }
            None => {
                let reference = json!({ "$ref": format!("#/components/responses/{name}") });
                responses.insert(status.to_string(), reference);
                shared.insert(name, response);
            }
        }
    }
}

/// The codes that follow from what kind of operation it is.
fn codes_by_kind(document: &Value, operation: &Value) -> Vec<String> {
    let public = is_public(operation);
    let body = operation.get("requestBody").is_some();
    let parameters = operation["parameters"].as_array().is_some_and(|all| !all.is_empty());
    let mut codes = vec![ErrorCode::Internal, ErrorCode::Unavailable];
    if !public {
        codes.extend([ErrorCode::TokenMissing, ErrorCode::TokenExpired]);
    }
    if !public || body {
        codes.extend([ErrorCode::TokenInvalid, ErrorCode::RateLimited]);
    }
    if body || parameters {
        codes.push(ErrorCode::ValidationFailed);
    }
    if body {
        codes.extend([ErrorCode::MalformedJson, ErrorCode::BodyTooLarge, ErrorCode::UnsupportedMediaType]);
    }
    if body && !public {
        codes.push(ErrorCode::IdempotencyKeyReused);
    }
    if references_text(document, operation) {
        codes.push(ErrorCode::AadhaarNotAccepted);
    }
    codes.into_iter().map(|code| code.as_str().to_owned()).collect()
}

fn response(status: u16, samples: &[Sample], limited: bool) -> Value {
    let codes: Vec<&str> = samples.iter().map(Sample::code).collect();
    let mut particular = json!({ "type": "object", "properties": { "error_code": { "enum": codes } } });
    if samples.iter().any(|sample| sample.code() == ErrorCode::WrongState.as_str()) {
        particular["properties"]["data"] = json!({
            "type": "object",
            "properties": { "status": { "type": "string", "description": "The state that won." } },
            "required": ["status"],
        });
        particular["required"] = json!(["data"]);
    }
    let mut schema = json!({ "allOf": [{ "$ref": "#/components/schemas/Refusal" }, particular] });
    if status == 500 || status == 503 {
        schema = json!({ "anyOf": [schema, { "$ref": "#/components/schemas/GatewayRefusal" }] });
    }
    let mut headers = standard_headers(limited && status != 401 && status < 500);
    if status == 429 || status == 503 {
        headers["Retry-After"] = json!({ "$ref": "#/components/headers/Retry-After" });
    }
    let lines: Vec<String> =
        samples.iter().map(|sample| format!("`{}`: {}", sample.code(), sample.meaning)).collect();
    let examples: Map<String, Value> =
        samples.iter().map(|sample| (sample.code().to_owned(), json!({ "value": sample.body() }))).collect();
    json!({
        "description": lines.join("\n\n"),
        "headers": headers,
        "content": { "application/json": { "schema": schema, "examples": examples } },
    })
}

/// An error as it may happen, and what it means.
struct Sample {
    error: ApiError,
    meaning: &'static str,
    data: Option<Value>,
}

impl Sample {
    fn code(&self) -> &'static str {
        self.error.code().as_str()
    }

    fn body(&self) -> Value {
        let mut body = json!({
            "success": false,
            "error": self.error.message(),
            "error_code": self.code(),
            "request_id": "JKJaXmPLvHcESHA=",
        });
        if let ApiError::Invalid(problems) = &self.error {
            body["details"] = json!(problems);
        }
        if let Some(data) = &self.data {
            body["data"] = data.clone();
        }
        body
    }
}

/// One error for each code, in the order of their statuses.
fn samples() -> Vec<Sample> {
    let sample = |error, meaning| Sample { error, meaning, data: None };
    let with = |error, meaning, data| Sample { error, meaning, data: Some(data) };
    let problem = |field: &str, code, text: &str| ApiError::Invalid(vec![Problem::new(code, text).of(field)]);
    let state = |deadline_passed| ApiError::WrongState { deadline_passed, status: "denied".to_owned() };
    let denied = json!({ "status": "denied" });
    let request = Uuid::from_u128(0x0199_0a3b_5c00_7000_8000_0000_0000_0001);
    let rate = RateState { limit: 100, remaining: 0, reset_seconds: 420 };
    vec![
        sample(
            ApiError::MalformedJson("it is not valid JSON at line 1, column 9".to_owned()),
            "the body is not a JSON object.",
        ),
        sample(
            problem("flat_id", ProblemCode::WrongFormat, "must be a UUID"),
            "fields are wrong; `details` lists all of them.",
        ),
        sample(
            problem("note", ProblemCode::AadhaarNotAccepted, "must not contain an Aadhaar number"),
            "a text holds an Aadhaar number, which is never stored.",
        ),
        sample(ApiError::NotYetValid(Value::Null), "the window of the pass has not begun."),
        sample(ApiError::Expired(Value::Null), "the window of the pass is over."),
        sample(ApiError::TokenMissing, "no token was sent."),
        sample(ApiError::TokenInvalid, "the token is not one of this project's."),
        sample(ApiError::TokenExpired, "the token was valid once; get a new one from Firebase."),
        sample(ApiError::PinWrong, "the guard's code or number, or their PIN, is another one."),
        sample(ApiError::Forbidden("Your role does not reach this."), "the role or scope is not enough."),
        sample(
            ApiError::DeviceNotRegistered(
                "This phone is registered at no gate. Please ask an admin of the society for a code for it.",
            ),
            "the phone stands at no gate, or its code is not valid (any more).",
        ),
        sample(
            ApiError::NotFound("There is no such visitor."),
            "unknown, or of a society the caller has no part in.",
        ),
        sample(ApiError::MethodNotAllowed, "the path has no such method."),
        with(state(false), "the state is another one, which `data.status` names.", denied.clone()),
        with(state(true), "the time to answer is over.", denied.clone()),
        judged(
            "ACCEPTANCE_EXPIRED",
            "accepted",
            "the yes is older than the society lets it count: the flat is to be asked again.",
        ),
        judged(
            "VISIT_EXPIRED",
            "accepted",
            "the time at which the visitor was expected is over: the flat is to be asked again.",
        ),
        judged(
            "VISITOR_CLEARED",
            "denied",
            "guards cleared the visitor from their lists: the flat is to be asked again.",
        ),
        judged(
            "PASS_WITHDRAWN",
            "denied",
            "the pass was taken back; where it was looked up, `data` is the pass.",
        ),
        judged(
            "PASS_TURNED_AWAY",
            "denied",
            "a guard said no to the pass; where it was looked up, `data` is the pass.",
        ),
        judged(
            "INVITER_MOVED_OUT",
            "pending",
            "who made the pass no longer lives in the flat; where it was looked up, `data` is the pass.",
        ),
        with(
            ApiError::VerificationRequired(Verification::Pending(Some(request))),
            "the caller does not live there. With the status `pending` an admin has to decide first, and `data.request_id` is the \
             request; with `rejected` or `ended` nothing was opened, and a new wish is a new request.",
            json!({ "status": "pending", "request_id": request }),
        ),
        with(
            ApiError::Refused {
                code: ErrorCode::PinChangeRequired,
                why: "An admin gave you this PIN. Please choose one of your own.".into(),
                data: Value::Null,
            },
            "an admin gave the PIN: it is to be sent again with a `new_pin`.",
            json!({ "status": "must_change_pin" }),
        ),
        with(
            ApiError::TemplateNotApproved,
            "the text of this message has not been approved for the channel.",
            json!({ "status": "not_approved" }),
        ),
        sample(ApiError::BodyTooLarge, "the body is larger than 100 kB."),
        sample(ApiError::UnsupportedMediaType, "the body is not declared as JSON."),
        sample(ApiError::IdempotencyKeyReused, "the key was used before with another payload."),
        sample(ApiError::RateLimited(rate), "too many requests; `Retry-After` says when to come back."),
        sample(ApiError::Internal(String::new()), "a defect of this project."),
        sample(ApiError::Unavailable(String::new()), "a store did not answer; the request can be repeated."),
    ]
}

/// What the judge of entry refuses.
fn judged(code: &str, status: &str, meaning: &'static str) -> Sample {
    let verdict = json!({ "code": code, "decided_by": "resident", "accepted_hours_ago": 1440 });
    let verdict = serde_json::from_value::<Verdict>(verdict).ok();
    let data = json!({ "status": status });
    let error = verdict.and_then(|verdict| verdict.refusal(data.clone()));
    Sample { error: error.unwrap_or(ApiError::Internal(code.to_owned())), meaning, data: Some(data) }
}

/// `WRONG_STATE` as `WrongState`.
fn pascal(code: &str) -> String {
    let words = code.split('_').map(|word| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_owned() + &rest.to_lowercase()
    });
    words.collect()
}
