//! The budget of round trips to PostgreSQL, counted on the wire: 2 for a warm read, 3 for a warm write.

/// A read asks who is calling and does its work; a write also marks the events that were pushed.
#[tokio::test]
async fn no_warm_request_is_over_its_budget() {
    let costs = local::measure::round_trips(local::Progress::default()).await.unwrap();
    let over: Vec<_> =
        costs.iter().filter(|cost| cost.round_trips > if cost.is_write() { 3 } else { 2 }).collect();
    assert!(over.is_empty(), "{over:#?}");
    let pipelined: Vec<_> = costs.iter().filter(|cost| cost.statements != cost.round_trips).collect();
    assert!(pipelined.is_empty(), "statements that are not round trips: {pipelined:#?}");
}
