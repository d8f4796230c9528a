//! `GET /health`: whether the API and its database answer, for load balancers and for people.
//!
//! Anyone may ask, so the answer says nothing about how the house is built.

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use serde::Serialize;
use shared::{
    StartError, Timestamp,
    config::{DatabaseConfig, Env},
    db::Db,
    http::finish,
};

/// Reads the configuration and builds the router.
pub async fn start(mut env: Env) -> Result<Router, StartError> {
    let database = DatabaseConfig::read(&mut env);
    env.finish()?;
    let db = Db::new(&database)?;
    db.warm().await;
    Ok(finish(Router::new().route("/health", get(get_health)).with_state(db)))
}

#[derive(Serialize)]
struct HealthAnswer {
    success: bool,
    status: &'static str,
    timestamp: Timestamp,
    database: &'static str,
    version: &'static str,
}

/// **Permissions:** anyone.
async fn get_health(State(db): State<Db>) -> Response {
    let up = db.ping().await.is_ok();
    let answer = HealthAnswer {
        success: up,
        status: if up { "healthy" } else { "unhealthy" },
        timestamp: Timestamp::now(),
        database: if up { "connected" } else { "unreachable" },
        version: env!("CARGO_PKG_VERSION"),
    };
    let status = if up { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(answer)).into_response()
}
