//! What the columns of a file of flats and residents are called, by us and by those whose exports people bring.
//!
//! docs/decisions/075-residents-as-csv.md says where each name was read.

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Complex,
    Block,
    Flat,
    UnitType,
    Bhk,
    SquareFeet,
    ParkingSlots,
    Name,
    Phone,
    Role,
}

/// Our own header, in the order of the export.
pub(super) const HEADER: [(Column, &str); 10] = [
    (Column::Complex, "complex"),
    (Column::Block, "block"),
    (Column::Flat, "flat_number"),
    (Column::UnitType, "unit_type"),
    (Column::Bhk, "bhk"),
    (Column::SquareFeet, "square_feet"),
    (Column::ParkingSlots, "parking_slots"),
    (Column::Name, "name"),
    (Column::Phone, "phone"),
    (Column::Role, "role"),
];

/// Other names, without what is neither letter nor digit.
const OTHERS: [(Column, &[&str]); 10] = [
    (Column::Complex, &["complexname", "phase", "cluster"]),
    (
        Column::Block,
        &[
            "blockname",
            "blocknameno",
            "blockno",
            "blockphasecross",
            "building",
            "buildingname",
            "tower",
            "towername",
            "wing",
        ],
    ),
    (
        Column::Flat,
        &[
            "apartment",
            "apartmentno",
            "flat",
            "flatname",
            "flatno",
            "flatvilla",
            "flatvillano",
            "house",
            "houseno",
            "unit",
            "unitflatno",
            "unitname",
            "unitno",
            "unitnoblockunitflatno",
            "unitnumber",
        ],
    ),
    (Column::UnitType, &["category", "flattype"]),
    (Column::Bhk, &["bedrooms"]),
    (Column::SquareFeet, &["area", "areasqft", "sqft", "superbuiltuparea"]),
    (Column::ParkingSlots, &["parking", "slots"]),
    (Column::Name, &["fullname", "membername", "ownername", "residentname", "username", "usersname"]),
    (
        Column::Phone,
        &[
            "contact",
            "contactno",
            "contactnumber",
            "mobile",
            "mobileno",
            "mobilenumber",
            "phoneno",
            "phonenumber",
            "phonenumberwithisdcode",
        ],
    ),
    (
        Column::Role,
        &[
            "flatoccupancystatus",
            "membershipstatus",
            "occupancystatus",
            "ownertenant",
            "residenttype",
            "type",
            "userstatus",
            "usertype",
        ],
    ),
];

/// Which column a name of a header means.
pub(super) fn column(name: &str) -> Option<Column> {
    let plain: String = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    let own = HEADER.iter().find(|(_, own)| own.chars().filter(|c| *c != '_').eq(plain.chars()));
    own.map(|(column, _)| *column).or_else(|| {
        OTHERS.iter().find(|(_, names)| names.contains(&plain.as_str())).map(|(column, _)| *column)
    })
}

/// What a cell says of a role: as what somebody lives there, or that nobody does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lives {
    As(&'static str),
    Nobody,
}

/// Reads a role in our words, or in those of an export (ADDA: 1 to 4 for owner, tenant, vacant, builder).
pub(super) fn role(text: &str) -> Option<Lives> {
    let plain: String = text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    Some(match plain.as_str() {
        "owner" | "1" | "owners" | "residentowner" => Lives::As("owner"),
        "tenant"
        | "2"
        | "multitenant"
        | "rented"
        | "renter"
        | "rentingwithfamily"
        | "rentingwithotherflatmates" => Lives::As("tenant"),
        "other" | "family" | "familymember" | "ownerfamily" | "ownersfamily" | "tenantfamily"
        | "tenantsfamily" => Lives::As("other"),
        "vacant" | "3" | "builder" | "4" => Lives::Nobody,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_others_are_understood() {
        // ADDA: units, then users; MyGate; NoBrokerHood.
        for header in [
            &["Block Name/No", "Unit/Flat No", "SQFT", "Category", "Occupancy Status"][..],
            &[
                "User's Name",
                "Unit No(Block & Unit/Flat No)",
                "Occupancy Status",
                "Phone Number with ISD Code",
            ],
            &["Building", "Flat No.", "Resident Name", "Mobile Number", "User Type"],
            &["Tower", "Flat", "Name", "Phone", "Resident Type"],
        ] {
            assert!(header.iter().all(|name| column(name).is_some()), "{header:?}");
        }
        assert_eq!(column("E-mail"), None);
        for (own, name) in HEADER {
            assert_eq!(column(name), Some(own));
        }
    }

    #[test]
    fn roles_of_others_are_understood() {
        for (text, lives) in
            [("Owner", Lives::As("owner")), ("Tenant's Family", Lives::As("other")), ("3", Lives::Nobody)]
        {
            assert_eq!(role(text), Some(lives));
        }
        assert_eq!(role("landlord"), None);
    }
}
