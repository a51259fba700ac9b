//! Entra ID: sign-ins (type 15) and directory changes (type 8).

use super::draft::{Common, Draft};
use super::people::Person;
use crate::dice::Dice;

const SERVICES: &[(&str, &str)] = &[
    ("00000003-0000-0000-c000-000000000000", "1fec8e78-bce4-4aaf-ab1b-5451cc387264"),
    ("00000002-0000-0ff1-ce00-000000000000", "d3590ed6-52b3-4102-aeff-aad2292ab01c"),
    ("00000003-0000-0ff1-ce00-000000000000", "ab9b8c07-8f02-4f72-87fa-80105867a763"),
    ("797f4846-ba00-4fd7-ba43-dac1f8f63013", "c44b4083-3bb0-49c1-b47d-974e53cbdf3c"),
    ("00000002-0000-0000-c000-000000000000", "80ccca67-54bd-44ab-8625-4b79c4dc7775"),
];

const FAILURES: &[(&str, &str)] = &[
    ("50126", "InvalidUserNameOrPassword"),
    ("50126", "InvalidUserNameOrPassword"),
    ("50053", "IdsLocked"),
    ("50076", "UserStrongAuthClientAuthNRequired"),
    ("50074", "UserStrongAuthClientAuthNRequiredInterrupt"),
    ("50034", "UserAccountNotFound"),
    ("53003", "BlockedByConditionalAccess"),
    ("65001", "DelegationDoesNotExist"),
    ("50158", "ExternalSecurityChallenge"),
    ("50055", "InvalidPasswordExpiredPassword"),
];

pub(super) fn record(draft: &mut Draft<'_>) {
    match draft.dice.below(100) {
        0..=67 => sign_in(draft, None),
        68..=81 => {
            let failure = FAILURES[draft.dice.index(FAILURES.len())];
            sign_in(draft, Some(failure));
        }
        _ => directory_change(draft),
    }
}

fn sign_in(draft: &mut Draft<'_>, failure: Option<(&str, &str)>) {
    let person = draft.person();
    let (resource, app) = SERVICES[draft.dice.index(SERVICES.len())];
    // Since November 2020 failures of unknown users carry no name.
    let unknown = matches!(failure, Some(("50034", _)));
    let hostile = failure.is_some_and(|(code, _)| code.starts_with("5012")) && draft.dice.below(3) > 0;
    let address = if hostile { attacker(draft.dice) } else { draft.address(person).to_owned() };
    let (key, user) =
        if unknown { ("Not Available", "Not Available") } else { (&*person.object_id, &*person.upn) };
    let failed = failure.is_some() && draft.dice.below(3) == 0;
    draft.common(&Common {
        operation: if failure.is_some() { "UserLoginFailed" } else { "UserLoggedIn" },
        record_type: 15,
        workload: "AzureActiveDirectory",
        result: Some(if failed { "Failed" } else { "Success" }),
        user_key: key,
        user_type: 0,
        user_id: user,
    });
    draft.client_ip("ClientIP", &address);
    draft.str("ObjectId", resource);
    draft.raw("AzureActiveDirectoryEventType", "1");
    let request =
        draft.dice.pick(&["OAuth2:Authorize", "OAuth2:Token", "Login:login", "SAS:ProcessAuth", "Cmsi:Cmsi"]);
    let mut extended =
        vec![("ResultStatusDetail", "Success"), ("UserAgent", person.agent), ("RequestType", request)];
    if failure.is_some() {
        extended.push(("UserAuthenticationMethod", "1"));
    }
    draft.bag("ExtendedProperties", &extended);
    draft.raw("ModifiedProperties", "[]");
    actors(draft, key, user, &address);
    draft.fmt("Target", format_args!("[{{\"ID\":\"{resource}\",\"Type\":0}}]"));
    let tenant = draft.tenant;
    draft.str("TargetContextId", &tenant.tenant_id);
    draft.str("ApplicationId", app);
    device(draft, person);
    draft.str("ErrorNumber", failure.map_or("0", |(code, _)| code));
    if let Some((_, word)) = failure {
        draft.str("LogonError", word);
    }
}

fn attacker(dice: &mut Dice) -> String {
    let net = dice.pick(&["185.220.101", "45.155.205", "193.142.146", "5.188.206"]);
    format!("{net}.{}", 1 + dice.below(40))
}

fn actors(draft: &mut Draft<'_>, key: &str, user: &str, address: &str) {
    draft.fmt("Actor", format_args!("[{{\"ID\":\"{key}\",\"Type\":0}},{{\"ID\":\"{user}\",\"Type\":5}}]"));
    let tenant = draft.tenant;
    draft.str("ActorContextId", &tenant.tenant_id);
    draft.str("ActorIpAddress", address);
    draft.guid("InterSystemsId");
    draft.guid("IntraSystemId");
    draft.str("SupportTicketId", "");
}

fn device(draft: &mut Draft<'_>, person: &Person) {
    let session = draft.dice.guid();
    let compliant = if draft.dice.below(5) > 0 { "True" } else { "False" };
    if draft.dice.below(3) > 0 {
        let bag = [
            ("Id", person.object_id.as_str()),
            ("DisplayName", &person.device),
            ("OS", if person.agent.contains("Mac OS X") { "MacOs" } else { "Windows10" }),
            ("BrowserType", if person.agent.contains("Edg") { "Edge" } else { "Chrome" }),
            ("IsCompliant", compliant),
            ("IsCompliantAndManaged", compliant),
            ("SessionId", &session),
            ("TrustType", "1"),
        ];
        draft.bag("DeviceProperties", &bag);
    } else {
        draft
            .bag("DeviceProperties", &[("OS", "Windows"), ("BrowserType", "Other"), ("SessionId", &session)]);
    }
}

/// Operation, category, changed property, its new value as JSON text.
const CHANGES: &[(&str, &str, &str, &str)] = &[
    ("Update user.", "User", "AccountEnabled", "[\r\n  true\r\n]"),
    ("Add user.", "User", "UserPrincipalName", "[\r\n  \"new.joiner\"\r\n]"),
    ("Reset user password.", "User", "PasswordProfile", "[]"),
    ("Change user license.", "User", "AssignedLicense", "[\r\n  \"[SkuName=ENTERPRISEPREMIUM]\"\r\n]"),
    ("Add member to role.", "Role", "Role.DisplayName", "\"Helpdesk Administrator\""),
    ("Add member to group.", "Group", "Group.DisplayName", "\"VPN users\""),
    ("Add service principal.", "ServicePrincipal", "AppPrincipalId", "[\r\n  \"c0ffee00-5e1f\"\r\n]"),
    ("Consent to application.", "ApplicationManagement", "ConsentContext.IsAdminConsent", "\"True\""),
    (
        "Add delegated permission grant.",
        "ApplicationManagement",
        "DelegatedPermissionGrant.Scope",
        "\" Mail.Read offline_access\"",
    ),
    ("Update StsRefreshTokenValidFrom Timestamp.", "User", "StsRefreshTokensValidFrom", "[]"),
    ("Disable Strong Authentication.", "User", "StrongAuthenticationRequirement", "[]"),
    (
        "Update application – Certificates and secrets management ",
        "Application",
        "KeyDescription",
        "[\r\n  \"[KeyType=Password]\"\r\n]",
    ),
];

fn directory_change(draft: &mut Draft<'_>) {
    let (operation, category, property, value) = CHANGES[draft.dice.index(CHANGES.len())];
    let (admin, target) = (draft.admin(), draft.person());
    let address = draft.address(admin).to_owned();
    let failed = draft.dice.below(30) == 0;
    draft.common(&Common {
        operation,
        record_type: 8,
        workload: "AzureActiveDirectory",
        result: Some(if failed { "Failure" } else { "Success" }),
        user_key: &format!("{}@{}", admin.puid, draft.tenant.domain),
        user_type: 0,
        user_id: &admin.upn,
    });
    draft.client_ip("ClientIP", &address);
    draft.str("ObjectId", &target.upn);
    draft.raw("AzureActiveDirectoryEventType", "1");
    let correlation = draft.dice.guid();
    let additional = format!("{{\"UserType\":\"Member\",\"User-Agent\":\"{}\"}}", admin.agent);
    draft.bag(
        "ExtendedProperties",
        &[
            ("additionalDetails", &additional),
            ("extendedAuditEventCategory", category),
            ("CorrelationId", &correlation),
        ],
    );
    draft.out.push_str(",\"ModifiedProperties\":[{\"Name\":\"");
    draft.out.push_str(property);
    draft.out.push_str("\",\"NewValue\":\"");
    super::draft::push_escaped(draft.out, value);
    draft.out.push_str("\",\"OldValue\":\"[]\"},{\"Name\":\"Included Updated Properties\",\"NewValue\":\"");
    draft.out.push_str(property);
    draft.out.push_str("\",\"OldValue\":\"\"}]");
    actors(draft, &admin.object_id, &admin.upn, &address);
    draft.fmt(
        "Target",
        format_args!(
            "[{{\"ID\":\"{category}_{id}\",\"Type\":2}},{{\"ID\":\"{id}\",\"Type\":2}},{{\"ID\":\"{category}\",\"Type\":2}},{{\"ID\":\"{upn}\",\"Type\":5}},{{\"ID\":\"{puid}\",\"Type\":3}}]",
            id = target.object_id,
            upn = target.upn,
            puid = target.puid
        ),
    );
    let tenant = draft.tenant;
    draft.str("TargetContextId", &tenant.tenant_id);
}
