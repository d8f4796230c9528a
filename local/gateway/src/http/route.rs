//! Which function serves a method and path: a full match before one with parameters before a greedy
//! one, and a named method before `ANY` (API Gateway, "Routes for HTTP APIs").

use std::collections::BTreeMap;

use http::Method;
use percent_encoding::percent_decode_str;

use template::{Function, HttpRoute};

/// A route that matches a request.
pub(super) struct Found<'a> {
    pub(super) function: &'a str,
    pub(super) route: &'a HttpRoute,
    /// Decoded path parameters.
    pub(super) parameters: BTreeMap<String, String>,
}

impl Found<'_> {
    /// Such as `GET /hello/{name}`.
    pub(super) fn key(&self) -> String {
        format!("{} {}", self.route.method, self.route.path)
    }
}

/// How well a route fits; the smallest is taken.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Static,
    Parameter,
    Greedy,
}

/// The route for a request.
pub(super) fn find<'a>(functions: &'a [Function], method: &Method, path: &str) -> Option<Found<'a>> {
    let routes_of = |function: &'a Function| {
        let routes = function.routes.iter().chain(&function.rest);
        routes.map(|route| (&*function.name, route))
    };
    let routes = functions.iter().flat_map(routes_of);
    let fitting = routes.filter(|(_, route)| route.method == method.as_str() || route.method == "ANY");
    let matching = fitting.filter_map(|(function, route)| {
        let (fit, parameters) = match_path(&route.path, path)?;
        Some(((fit, route.method == "ANY"), Found { function, route, parameters }))
    });
    matching.min_by(|(a, _), (b, _)| a.cmp(b)).map(|(_, found)| found)
}

fn match_path(pattern: &str, path: &str) -> Option<(Vec<Part>, BTreeMap<String, String>)> {
    let (mut fit, mut parameters) = (Vec::new(), BTreeMap::new());
    let mut rest = Some(path.strip_prefix('/')?);
    for part in pattern.strip_prefix('/')?.split('/') {
        let here = rest?;
        let Some(name) = part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) else {
            let (segment, after) = split(here);
            if decode(segment) != part {
                return None;
            }
            fit.push(Part::Static);
            rest = after;
            continue;
        };
        let greedy = name.strip_suffix('+');
        let (value, after) = if greedy.is_some() { (here, None) } else { split(here) };
        if value.is_empty() {
            return None;
        }
        fit.push(if greedy.is_some() { Part::Greedy } else { Part::Parameter });
        parameters.insert(greedy.unwrap_or(name).to_owned(), decode(value));
        rest = after;
    }
    rest.is_none().then_some((fit, parameters))
}

fn split(path: &str) -> (&str, Option<&str>) {
    match path.split_once('/') {
        Some((segment, rest)) => (segment, Some(rest)),
        None => (path, None),
    }
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(method: Method, path: &str) -> Option<(String, BTreeMap<String, String>)> {
        let function = |name: &str, routes: &[(&str, &str)]| Function {
            name: name.to_owned(),
            logical_id: name.to_owned(),
            timeout_seconds: 1,
            variables: BTreeMap::new(),
            routes: routes
                .iter()
                .map(|(method, path)| HttpRoute { method: (*method).to_owned(), path: (*path).to_owned() })
                .collect(),
            rest: Vec::new(),
            schedules: Vec::new(),
        };
        let functions = [
            function("a", &[("GET", "/v/{id}"), ("POST", "/v/{id}/answer"), ("GET", "/v/pending")]),
            function("b", &[("ANY", "/v/{rest+}"), ("GET", "/")]),
        ];
        find(&functions, &method, path).map(|found| (found.key(), found.parameters))
    }

    #[test]
    fn the_most_specific_route_wins() {
        let key = |method, path| found(method, path).map(|(key, _)| key);
        assert_eq!(key(Method::GET, "/v/pending").as_deref(), Some("GET /v/pending"));
        assert_eq!(key(Method::GET, "/v/1").as_deref(), Some("GET /v/{id}"));
        assert_eq!(key(Method::DELETE, "/v/1").as_deref(), Some("ANY /v/{rest+}"));
        assert_eq!(key(Method::GET, "/v/1/2/3").as_deref(), Some("ANY /v/{rest+}"));
        assert_eq!(key(Method::GET, "/").as_deref(), Some("GET /"));
        assert_eq!(key(Method::GET, "/v"), None);
        assert_eq!(key(Method::GET, "/other"), None);
    }

    #[test]
    fn parameters_are_decoded() {
        let (_, parameters) = found(Method::POST, "/v/a%20b%2Fc/answer").unwrap();
        assert_eq!(parameters["id"], "a b/c");
        let (_, parameters) = found(Method::PUT, "/v/x/y").unwrap();
        assert_eq!(parameters["rest"], "x/y");
    }
}
