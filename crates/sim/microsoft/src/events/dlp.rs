//! Data-loss prevention (types 11, 13, 63): the records that carry other people's secrets.

use std::fmt::Write;

use super::draft::{Common, Draft};
use super::people::Person;

const TYPES: &[(&str, &str)] = &[
    ("50842eb7-edc8-4019-85dd-5a5c1f2bb085", "Credit Card Number"),
    ("a44669fe-0d48-453d-a9b1-2cc83f2cba77", "U.S. Social Security Number (SSN)"),
    ("e7dc4711-11b7-4cb0-b88b-2c394a771f0e", "International Banking Account Number (IBAN)"),
    ("cb353f78-2b72-4c3c-8827-92ebe4f69fdf", "ABA Routing Number"),
];

pub(super) fn record(draft: &mut Draft<'_>, with_values: bool) {
    let person = draft.person();
    let (record_type, workload) =
        [(11, "SharePoint"), (11, "OneDrive"), (13, "Exchange"), (63, "Endpoint")][draft.dice.index(4)];
    let operation =
        draft.dice.pick(&["DLPRuleMatch", "DLPRuleMatch", "DlpRuleMatch", "DLPRuleUndo", "DlpInfo"]);
    let user_key = if draft.dice.below(2) == 0 { "DlpAgent" } else { &person.object_id };
    let user_id = if draft.dice.below(3) == 0 { person.upn.to_uppercase() } else { person.upn.clone() };
    draft.common(&Common {
        operation,
        record_type,
        workload,
        result: None,
        user_key,
        user_type: 4,
        user_id: &user_id,
    });
    draft.guid("IncidentId");
    draft.raw("EvaluationSource", "null");
    match record_type {
        11 => share_point(draft, person),
        13 => exchange(draft, person),
        _ => endpoint(draft, person),
    }
    policy(draft, with_values);
    draft.raw("SensitiveInfoDetectionIsIncluded", if with_values { "true" } else { "false" });
    if draft.dice.below(8) == 0 {
        draft.raw("ExceptionInfo", "{\"Reason\":\"Override\",\"FalsePositive\":false,\"Justification\":\"Customer asked for it\",\"Rules\":[]}");
    }
}

fn share_point(draft: &mut Draft<'_>, person: &Person) {
    let tenant = draft.tenant;
    let site = &tenant.sites[draft.dice.index(tenant.sites.len())];
    let item = draft.dice.guid();
    draft.fmt("ObjectId", format_args!("\"{}Shared Documents/cards.xlsx\"", site.url));
    draft.fmt(
        "SharePointMetaData",
        format_args!(
            "{{\"From\":\"{upn}\",\"itemCreationTime\":\"2026-02-03T10:11:12\",\"SiteCollectionGuid\":\"{sc}\",\"SiteCollectionUrl\":\"{url}\",\"FileName\":\"cards.xlsx\",\"FileOwner\":\"{name}\",\"FilePathUrl\":\"{url}Shared Documents/cards.xlsx\",\"UniqueID\":\"{item}\",\"FileID\":\"{url}Shared Documents/cards.xlsx\",\"SharedBy\":[null],\"ItemLastSharedTime\":\"0001-01-02T00:00:00\",\"SensitivityLabelIds\":[],\"IsViewableByExternalUsers\":false}}",
            upn = person.upn,
            name = person.name,
            sc = site.site_id,
            url = site.url
        ),
    );
}

fn exchange(draft: &mut Draft<'_>, person: &Person) {
    let id = draft.dice.bits();
    draft.fmt("ObjectId", format_args!("\"<{id:x}@{}>\"", draft.tenant.domain));
    draft.fmt(
        "ExchangeMetaData",
        format_args!(
            "{{\"MessageID\":\"<{id:x}@{domain}>\",\"From\":\"{upn}\",\"To\":[\"buyer@partner.example\"],\"CC\":[],\"BCC\":[],\"Subject\":\"cards\",\"Sent\":\"2026-11-20T08:00:01\",\"RecipientCount\":1,\"FileSize\":28412}}",
            domain = draft.tenant.domain,
            upn = person.upn
        ),
    );
}

fn endpoint(draft: &mut Draft<'_>, person: &Person) {
    draft.text("ObjectId", "C:\\Users\\me\\Desktop\\cards.xlsx");
    draft.fmt(
        "EndpointMetaData",
        format_args!(
            "{{\"SensitiveInfoTypeData\":[],\"EndpointOperation\":\"FileCopiedToRemovableMedia\",\"EnforcementMode\":1,\"FileExtension\":\"xlsx\",\"FileType\":\"XLSX\",\"DeviceName\":\"{}\",\"ClientIP\":\"{}\",\"Sha256\":\"2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae\"}}",
            person.device, person.addresses[0]
        ),
    );
}

fn policy(draft: &mut Draft<'_>, with_values: bool) {
    let (type_id, type_name) = TYPES[draft.dice.index(TYPES.len())];
    let (policy, rule, count) = (draft.dice.guid(), draft.dice.guid(), 1 + draft.dice.below(4));
    let severity = draft.dice.pick(&["Low", "Medium", "High"]);
    let _ = write!(
        draft.out,
        ",\"PolicyDetails\":[{{\"PolicyId\":\"{policy}\",\"PolicyName\":\"Payment data\",\"PolicyVersion\":\"00-00\",\"Rules\":[{{\"RuleId\":\"{rule}\",\"RuleName\":\"Low volume of content detected\",\"Actions\":[\"NotifyUser\",\"GenerateAlert\"],\"OverriddenActions\":[],\"Severity\":\"{severity}\",\"RuleMode\":\"Enable\",\"ManagementRuleId\":\"{rule}\",\"ConditionsMatched\":{{\"DocumentProperties\":[],\"OtherConditions\":[{{\"Name\":\"Sensitivity\",\"Value\":\"External\"}}],\"SensitiveInformation\":[{{\"Confidence\":85,\"Count\":{count},\"UniqueCount\":{count},\"Location\":\"Message Body\",\"SensitiveType\":\"{type_id}\",\"SensitiveInformationTypeName\":\"{type_name}\",\"SensitiveInformationDetailedClassificationAttributes\":[{{\"Confidence\":65,\"Count\":{count},\"IsMatch\":false}},{{\"Confidence\":85,\"Count\":{count},\"IsMatch\":true}}]"
    );
    if with_values {
        draft.out.push_str(",\"SensitiveInformationDetections\":{\"DetectedValues\":[");
        for at in 0..count {
            let comma = if at > 0 { "," } else { "" };
            let number = draft.dice.between(4_000_000_000_000_000, 4_999_999_999_999_999);
            let _ =
                write!(draft.out, "{comma}{{\"Name\":\"{number}\",\"Value\":\"Visa {number} exp 04/29\"}}");
        }
        draft.out.push_str("],\"ResultsTruncated\":false}");
    }
    draft.out.push_str("}]}}]}]");
}
