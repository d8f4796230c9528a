use axum::{
    Router,
    handler::Handler,
    routing::{self, MethodRouter},
};
use http::Method;

/// A method and a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path, with `{name}` for its parameters, and `{*name}` for one that takes the whole rest.
    pub path: &'static str,
}

impl Route {
    /// The path as API Gateway writes it, with `{name+}` for what takes the whole rest.
    pub fn gateway_path(&self) -> String {
        match self.path.split_once("{*") {
            Some((start, name)) => format!("{start}{{{}", name.replace('}', "+}")),
            None => self.path.to_owned(),
        }
    }

    /// The path as OpenAPI writes it, which knows no rest.
    pub fn documented_path(&self) -> String {
        self.path.replace("{*", "{")
    }
}

/// A function's routes. They make its router, and can be compared with the template and the API reference.
pub struct Routes<S> {
    router: Router<S>,
    list: Vec<Route>,
}

impl<S> From<Routes<S>> for Vec<Route> {
    fn from(routes: Routes<S>) -> Self {
        routes.list
    }
}

impl<S: Clone + Send + Sync + 'static> Default for Routes<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    /// No routes yet.
    pub fn new() -> Self {
        Self { router: Router::new(), list: Vec::new() }
    }

    /// Adds a GET.
    pub fn get<H: Handler<T, S>, T: 'static>(self, path: &'static str, handler: H) -> Self {
        self.with(Method::GET, path, routing::get(handler))
    }

    /// Adds a POST.
    pub fn post<H: Handler<T, S>, T: 'static>(self, path: &'static str, handler: H) -> Self {
        self.with(Method::POST, path, routing::post(handler))
    }

    /// Adds a PATCH.
    pub fn patch<H: Handler<T, S>, T: 'static>(self, path: &'static str, handler: H) -> Self {
        self.with(Method::PATCH, path, routing::patch(handler))
    }

    /// Adds a DELETE.
    pub fn delete<H: Handler<T, S>, T: 'static>(self, path: &'static str, handler: H) -> Self {
        self.with(Method::DELETE, path, routing::delete(handler))
    }

    /// All of them.
    pub fn list(&self) -> &[Route] {
        &self.list
    }

    /// Their router.
    pub fn with_state(self, state: S) -> Router {
        self.router.with_state(state)
    }

    fn with(mut self, method: Method, path: &'static str, handler: MethodRouter<S>) -> Self {
        self.list.push(Route { method, path });
        Self { router: self.router.route(path, handler), list: self.list }
    }
}
