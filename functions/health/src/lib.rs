//! `GET /health`: whether the API and its database answer, for load balancers and for people.
//!
//! Anyone may ask, so the answer says nothing about how the house is built. The gateway sends here, too, what has
//! no route: [`mod@rest`].

mod rest;

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use shared::{
    StartError, Timestamp,
    config::{DatabaseConfig, Env},
    db::Db,
    http::{Routes, finish},
    openapi::one_of,
};
use utoipa::{OpenApi, ToSchema, openapi::Object};

/// Reads the configuration and builds the router.
pub async fn start(mut env: Env) -> Result<Router, StartError> {
    let database = DatabaseConfig::read(&mut env);
    env.finish()?;
    let db = Db::new(&database)?;
    db.warm().await;
    Ok(finish(rest::routes(routes().with_state(db))))
}

/// The function's routes.
pub fn routes() -> Routes<Db> {
    Routes::new().get("/health", get_health)
}

/// What the API reference says about them.
pub fn openapi() -> utoipa::openapi::OpenApi {
    #[derive(OpenApi)]
    #[openapi(paths(get_health))]
    struct Api;

    Api::openapi()
}

#[derive(Serialize, ToSchema)]
struct HealthAnswer {
    success: bool,
    #[schema(schema_with = status)]
    status: &'static str,
    timestamp: Timestamp,
    #[schema(schema_with = database)]
    database: &'static str,
    version: &'static str,
}

fn status() -> Object {
    one_of(["healthy", "unhealthy"])
}

fn database() -> Object {
    one_of(["connected", "unreachable"])
}

/// Tells whether the API and its database answer.
///
/// **Permissions:** anyone.
#[utoipa::path(get, path = "/health", security(()),
    responses((status = 200, body = HealthAnswer), (status = 503, body = HealthAnswer)))]
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
