//! The budget of what requests cost PostgreSQL: 2 round trips for a warm read, 3 for a warm write, counted on the
//! wire; and what `local/budgets.json` allows them to read and to write.

/// A read asks who is calling and does its work; a write also marks the events that were pushed.
#[tokio::test]
async fn no_warm_request_is_over_its_budget() {
    let costs = tasks::measure::round_trips(stack::Progress::default()).await.unwrap();
    let over: Vec<_> =
        costs.iter().filter(|cost| cost.round_trips > if cost.is_write() { 3 } else { 2 }).collect();
    assert!(over.is_empty(), "{over:#?}");
    let pipelined: Vec<_> = costs.iter().filter(|cost| cost.statements != cost.round_trips).collect();
    assert!(pipelined.is_empty(), "statements that are not round trips: {pipelined:#?}");
    let broken = tasks::budget::broken(&costs).unwrap();
    assert!(broken.is_empty(), "see `cargo dev bench --budget`: {broken:#?}");

    // Other names of endpoints that are counted, and a page without anything from the database.
    let not_counted = [
        "GET /v1/decide",
        "GET /v1/guards/society/{society_id}/expected-visitors",
        "GET /v1/resident-requests/my-flats",
        "POST /v1/resident-requests/ensure-occupancy",
    ];
    let mut counted: Vec<String> = costs.into_iter().map(|cost| cost.endpoint).collect();
    counted.extend(not_counted.map(str::to_owned));
    counted.sort();
    let routes = stack::http_routes().unwrap().into_iter().map(|(method, path)| format!("{method} {path}"));
    let mut routes: Vec<String> = routes.collect();
    routes.sort();
    assert_eq!(counted, routes);
}
