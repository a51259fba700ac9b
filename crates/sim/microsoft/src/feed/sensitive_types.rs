//! `resources/dlpSensitiveTypes`.

use serde_json::json;

use super::{Call, errors};
use crate::response::SimResponse;

const TYPES: [(&str, &str); 6] = [
    ("50842eb7-edc8-4019-85dd-5a5c1f2bb085", "CreditCardNumber"),
    ("a44669fe-0d48-453d-a9b1-2cc83f2cba77", "USSocialSecurityNumber"),
    ("e7dc4711-11b7-4cb0-b88b-2c394a771f0e", "InternationalBankingAccountNumber"),
    ("cb353f78-2b72-4c3c-8827-92ebe4f69fdf", "ABARoutingNumber"),
    ("0e9b3178-9678-47dd-a509-37222ca96b42", "EUDebitCardNumber"),
    ("178ec42a-18b4-47cc-85c7-d62c92fd67f8", "USUKPassportNumber"),
];

pub(super) fn answer(call: &Call<'_, '_>) -> Result<SimResponse, SimResponse> {
    let header = call.exchange.request.headers().get(http::header::ACCEPT_LANGUAGE);
    if let Some(language) = header.map(|value| value.to_str().unwrap_or("?")) {
        if language.contains(',') {
            return Err(errors::bad(
                20_053,
                &format!("Multiple languages specified in Accept-Language header: {language}."),
            ));
        }
        let valid = !language.is_empty()
            && language
                .split('-')
                .all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()));
        if !valid {
            return Err(errors::bad(
                20_054,
                &format!("Invalid syntax in Accept-Language header: {language}."),
            ));
        }
    }
    let rows = TYPES.map(|(id, name)| json!({"id": id, "name": name}));
    Ok(SimResponse::json(200, &json!(rows)))
}
