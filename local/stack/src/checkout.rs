//! The checkout that this was built from, and its template.

use std::path::{Path, PathBuf};

use template::{Error, Template};

/// The template that this crate was built with.
const TEMPLATE: &str = include_str!("../../../template.yaml");

/// The checkout this was built from, or the current directory where that is gone.
pub fn checkout() -> &'static Path {
    let checkout =
        Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).filter(|checkout| checkout.is_dir());
    checkout.unwrap_or(Path::new("."))
}

/// Where data are kept that nobody named a place for: in the checkout this was built from.
pub fn default_data_directory() -> PathBuf {
    checkout().join("target").join("local")
}

/// The template that this crate was built with.
pub fn own_template() -> Result<Template, Error> {
    Template::parse(TEMPLATE)
}

/// Method and path of every route of the HTTP API.
pub fn http_routes() -> Result<Vec<(String, String)>, Error> {
    let routes = own_template()?.functions.into_iter().flat_map(|function| function.routes);
    Ok(routes.map(|route| (route.method, route.path)).collect())
}

#[cfg(test)]
mod tests {
    use template::{HttpRoute, Setting, WebSocketRoute};

    use super::*;

    #[test]
    fn our_template_has_what_the_gateway_serves() {
        let template = own_template().unwrap();
        let visitors = template.function("VisitorsFunction").unwrap();
        assert_eq!(visitors.name, "visitors");
        assert!(visitors.routes.contains(&HttpRoute {
            method: "POST".to_owned(),
            path: "/v1/visitors/{id}/respond".to_owned()
        }));
        assert_eq!(
            visitors.variables["CONNECTIONS_TABLE"],
            Setting::Reference("ConnectionsTable".to_owned())
        );
        assert_eq!(visitors.variables["WEBSOCKET_API_ENDPOINT"], Setting::Computed);
        let route = |responds| WebSocketRoute { function: "realtime".to_owned(), responds };
        assert_eq!(template.websocket["$connect"], route(false));
        assert_eq!(template.websocket["$default"], route(true));
        let [table] = template.tables.as_slice() else { panic!("one table") };
        assert_eq!(table.keys, [("pk".to_owned(), "S".to_owned()), ("sk".to_owned(), "S".to_owned())]);
        assert_eq!(table.ttl.as_deref(), Some("expires_at"));
        assert_eq!(template.cors.unwrap().allow_origins, ["*"]);
    }
}
