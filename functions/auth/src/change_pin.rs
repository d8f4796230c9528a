//! A guard who is signed in replaces their PIN.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use shared::{
    auth::{Caller, RequestMeta},
    http::{Answer, ApiError},
    input::{Body, FromFields},
    openapi::{Forbidden, WrongPin},
    pin::Pin,
    realtime::Beside,
    sql,
    write::Writer,
};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::guard::{Refusal, locked};

#[derive(ToSchema, FromFields)]
pub(crate) struct PinChange {
    /// The PIN as it is.
    pin: Pin,
    new_pin: Pin,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct PinChanged {
    message: String,
}

/// What `own_pin` answers.
#[derive(Deserialize)]
struct Own {
    guard: Uuid,
    guard_code: Option<String>,
    phone: Option<String>,
    hash: String,
    wait: u64,
    last: bool,
}

/// Replaces the caller's PIN.
///
/// **Permissions:** a guard with a PIN, their own.
///
/// Wrong PINs count as at the sign-in.
#[utoipa::path(post, path = "/v1/guards/pin", request_body = PinChange,
    responses((status = 200, body = Answer<PinChanged>), WrongPin, Forbidden))]
pub(crate) async fn change_pin(
    State(writer): State<Writer>,
    caller: Caller,
    meta: RequestMeta,
    body: Body<PinChange>,
) -> Result<Answer<PinChanged>, ApiError> {
    let PinChange { pin, new_pin } = body.input;
    let db = &writer.app().db;
    let caller = caller.user_id();
    let own = db.read_one::<Option<Own>>(sql!("SELECT coalesce(own_pin(:caller), 'null')", caller)).await?;
    let own = own.flatten().ok_or(ApiError::Forbidden("Only a guard who signs in with a PIN has one."))?;
    if own.wait > 0 {
        return Err(locked(own.wait));
    }
    if !pin.verifies_apart(Some(own.hash.clone())).await.map_err(ApiError::Internal)? {
        let refusal = db
            .read_one::<Refusal>(sql!(
                "SELECT refuse_pin(NULL, :name, :guard, :last, :request, :trace)",
                name = own.guard.to_string(),
                guard = own.guard,
                last = own.last,
                request = meta.request_id,
                trace = meta.trace_id
            ))
            .await?;
        let Refusal { wait, events } =
            refusal.ok_or_else(|| ApiError::Internal("a wrong PIN was not noted".into()))?;
        writer.publisher().publish(db, events, Beside::default()).await;
        return Err(if wait > 0 { locked(wait) } else { ApiError::PinWrong });
    }
    let problem = new_pin.check_as_new(&pin, own.guard_code.as_deref(), own.phone.as_deref()).err();
    if let Some(problem) = problem {
        let counted = vec![format!("pin-guard:{}", own.guard)];
        db.execute(sql!("SELECT give_tries_back(:counted)", counted)).await?;
        return Err(ApiError::Invalid(vec![problem]));
    }
    let new_hash = new_pin.hash_apart().await.map_err(ApiError::Internal)?;
    let changed = db
        .read_one::<bool>(sql!(
            "SELECT to_jsonb(change_own_pin(:caller, :guard, :hash, :new_hash, :request))",
            caller,
            guard = own.guard,
            hash = own.hash,
            new_hash,
            request = meta.request_id
        ))
        .await?;
    if changed != Some(true) {
        return Err(ApiError::PinWrong);
    }
    Ok(Answer::new(PinChanged { message: "Your PIN is changed.".to_owned() }))
}
