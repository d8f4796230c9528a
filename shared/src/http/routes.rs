use axum::{
    Router,
    handler::Handler,
    routing::{self, MethodFilter},
};
use http::Method;
use utoipa::openapi::HttpMethod;

/// A method and a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path, with `{name}` for its parameters, and `{*name}` for one that takes the whole rest.
    pub path: String,
}

impl Route {
    /// The path as API Gateway writes it, with `{name+}` for what takes the whole rest.
    pub fn gateway_path(&self) -> String {
        match self.path.split_once("{*") {
            Some((start, name)) => format!("{start}{{{}", name.replace('}', "+}")),
            None => self.path.clone(),
        }
    }
}

/// The router of some endpoints, and their methods and paths, which axum cannot list. [`endpoints!`](crate::endpoints)
/// makes it.
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
        Self { router: Router::new(), list: Vec::new() }
    }
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    /// Adds a handler where its `#[utoipa::path]` says, which is known as `P`.
    pub fn with<P: utoipa::Path, H: Handler<T, S>, T: 'static>(mut self, handler: H) -> Self {
        for method in P::methods() {
            let (method, filter) = match method {
                HttpMethod::Get => (Method::GET, MethodFilter::GET),
                HttpMethod::Post => (Method::POST, MethodFilter::POST),
                HttpMethod::Put => (Method::PUT, MethodFilter::PUT),
                HttpMethod::Delete => (Method::DELETE, MethodFilter::DELETE),
                HttpMethod::Options => (Method::OPTIONS, MethodFilter::OPTIONS),
                HttpMethod::Head => (Method::HEAD, MethodFilter::HEAD),
                HttpMethod::Patch => (Method::PATCH, MethodFilter::PATCH),
                HttpMethod::Trace => (Method::TRACE, MethodFilter::TRACE),
            };
            let route = Route { method, path: P::path() };
            self.router = self.router.route(&route.path, routing::on(filter, handler.clone()));
            self.list.push(route);
        }
        self
    }

    /// Their router.
    pub fn with_state(self, state: S) -> Router {
        self.router.with_state(state)
    }
}

/// Makes the routers of a function from its handlers, as `module::handler`, each list with the state that its handlers
/// take; and what tests and tools ask it: `routes()` and, where [`schemas`](crate::schema) are named that only
/// parameters refer to, with them, `openapi()`.
///
/// Method and path stand at the handler, in `#[utoipa::path]`. A router asks utoipa's type of a handler, `__path_…`,
/// for these two alone, so the rest of the description is in no Lambda binary.
#[macro_export]
macro_rules! endpoints {
    (
        schemas: [$($schema:path),*];
        $($(#[$doc:meta])* $list:ident: $state:ty = [$($module:ident::$handler:ident),+ $(,)?];)+
    ) => {
        $(
            $(#[$doc])*
            fn $list() -> $crate::http::Routes<$state> {
                $crate::http::Routes::default()
                    $(.with::<$crate::pastey::paste! { $module::[<__path_ $handler>] }, _, _>($module::$handler))+
            }
        )+

        /// The function's routes.
        pub fn routes() -> Vec<$crate::http::Route> {
            [$(Vec::from($list())),+].concat()
        }

        /// What the API reference says about them.
        pub fn openapi() -> utoipa::openapi::OpenApi {
            #[derive(utoipa::OpenApi)]
            #[openapi(paths($($($module::$handler),+),+), components(schemas($($schema),*)))]
            struct Api;

            $crate::openapi::without_rest(<Api as utoipa::OpenApi>::openapi())
        }
    };
    ($($lists:tt)+) => { $crate::endpoints! { schemas: []; $($lists)+ } };
}

/// Serves a handler at another path, too, under a name of its own, which stands in [`endpoints!`](crate::endpoints).
#[macro_export]
macro_rules! alias {
    ($alias:ident: $handler:ident at $path:literal) => {
        pub(crate) use self::$handler as $alias;

        $crate::pastey::paste! {
            #[expect(non_camel_case_types, reason = "as utoipa names the description of a handler")]
            pub(crate) struct [<__path_ $alias>];

            impl utoipa::Path for [<__path_ $alias>] {
                fn methods() -> Vec<utoipa::openapi::HttpMethod> {
                    [<__path_ $handler>]::methods()
                }

                fn path() -> String {
                    $path.to_owned()
                }

                fn operation() -> utoipa::openapi::path::Operation {
                    let mut operation = [<__path_ $handler>]::operation();
                    operation.operation_id = Some(stringify!($alias).to_owned());
                    operation
                }
            }

            impl<'t> utoipa::__dev::Tags<'t> for [<__path_ $alias>] {
                fn tags() -> Vec<&'t str> {
                    [<__path_ $handler>]::tags()
                }
            }

            impl utoipa::__dev::SchemaReferences for [<__path_ $alias>] {
                fn schemas(
                    schemas: &mut Vec<(String, utoipa::openapi::RefOr<utoipa::openapi::schema::Schema>)>,
                ) {
                    [<__path_ $handler>]::schemas(schemas);
                }
            }
        }
    };
}
