//! `GET /health`: whether the API and its database answer, for load balancers and for people.
//!
//! Anyone may ask, so the answer says nothing about how the house is built. The gateway sends here, too, what has
//! no route: [`mod@rest`].

pub mod catalogue;
mod rest;

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use shared::{
    StartError, Timestamp,
    auth::{Anonymous, Limits, RequestMeta},
    config::{DatabaseConfig, Env, RateLimitConfig},
    db::Db,
    http::{ApiError, finish, with_rate},
    openapi::{RateLimited, one_of},
};
use utoipa::{ToSchema, openapi::Object};

/// Reads the configuration and builds the router.
pub async fn start(mut env: Env) -> Result<Router, StartError> {
    let (database, rate_limit) = (DatabaseConfig::read(&mut env), RateLimitConfig::read(&mut env));
    env.finish()?;
    let db = Db::new(&database)?;
    db.warm().await;
    let health = Health { db, limits: Arc::new(Limits::new(rate_limit)) };
    Ok(finish(rest::routes(anyone().with_state(health))))
}

/// What the function needs.
#[derive(Clone)]
pub struct Health {
    db: Db,
    limits: Arc<Limits>,
}

shared::endpoints! {
    anyone: Health = [self::get_health];
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
    responses((status = 200, body = HealthAnswer), (status = 503, body = HealthAnswer), RateLimited))]
async fn get_health(State(Health { db, limits }): State<Health>, meta: RequestMeta) -> Response {
    // The request is counted by the very statement that finds out whether the database answers.
    let counted = limits.count_anonymous(&db, Anonymous::Request, &meta.ip).await;
    if let Err(over @ ApiError::RateLimited(_)) = counted {
        return over.into_response();
    }
    let up = counted.is_ok();
    let answer = HealthAnswer {
        success: up,
        status: if up { "healthy" } else { "unhealthy" },
        timestamp: Timestamp::now(),
        database: if up { "connected" } else { "unreachable" },
        version: env!("CARGO_PKG_VERSION"),
    };
    let status = if up { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let response = (status, Json(answer)).into_response();
    match counted {
        Ok(rate) => with_rate(rate, response),
        Err(_) => response,
    }
}
