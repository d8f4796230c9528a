//! What fields are called in the one sentence that a person reads.

/// A field as a person calls it, at the beginning of a sentence.
pub(super) fn called(field: &str) -> String {
    let own = match field {
        "block_id" => "The block",
        "bhk" => "The size of the flat",
        "complex_id" => "The complex",
        "cursor" => "The cursor of the page",
        "date_from" | "from" => "The beginning of the period",
        "date_to" | "to" => "The end of the period",
        "dlt_template_id" => "The id of the registered text",
        "docs" => "The list of documents",
        "expected_end" => "The expected end",
        "fcm_token" | "token" => "The token",
        "flat_id" => "The flat",
        "guard_id" => "The guard",
        "gate_id" => "The gate",
        "device_identifier" => "The name of the phone",
        "pin" => "The PIN",
        "new_pin" => "The new PIN",
        "guard_code" => "The guard's code",
        "idToken" => "The ID token",
        "id_number" => "The number of the ID",
        "id_type" => "The kind of ID",
        "invited_by" => "The person who invited the visitor",
        "number_of_people" => "The number of people",
        "phone" => "The phone number",
        "qr_code" => "The QR code",
        "quiet_from" => "The beginning of the quiet hours",
        "quiet_until" => "The end of the quiet hours",
        "room_id" => "The id of the room",
        "room_type" => "The kind of room",
        "scope_id" => "The place",
        "society_id" => "The society",
        "timezone" => "The time zone",
        "user_id" => "The user",
        "vehicle_no" => "The vehicle number",
        "visit_id" => "The visit",
        "visitor_id" => "The visitor",
        "visitor_name" => "The visitor's name",
        _ => "",
    };
    if own.is_empty() { format!("The {}", field.replace('_', " ")) } else { own.to_owned() }
}

#[cfg(test)]
mod tests {
    use crate::fields::{Problem, ProblemCode};

    #[test]
    fn a_problem_is_a_sentence() {
        let problem =
            |field: &str, text: &str| Problem::new(ProblemCode::Required, text).of(field).sentence();
        assert_eq!(problem("phone", "is required"), "The phone number is required.");
        assert_eq!(problem("checkin_method", "must be a text"), "The checkin method must be a text.");
        let own = Problem::new(ProblemCode::OutOfRange, "must be at most 30 days after expected_start")
            .of("expected_end")
            .saying("A pass may last 30 days at most.");
        assert_eq!(own.sentence(), "A pass may last 30 days at most.");
        assert!(!serde_json::to_string(&own).unwrap().contains("A pass"), "details stay as they are");
    }
}
