//! The error table: every failure that is known, in one place.
//!
//! Sources: the "Errors" section of [`REFERENCE`] for the AF codes, AF20024 and AF429's status from captures
//! that people published; [`SIGN_IN_CODES`] for the AADSTS codes; RFC 9110 for bare statuses.

use super::Reaction;

const REFERENCE: &str = "https://learn.microsoft.com/en-us/office/office-365-management-api/office-365-management-activity-api-reference";
const TROUBLES: &str = "https://learn.microsoft.com/en-us/office/office-365-management-api/troubleshooting-the-office-365-management-activity-api";
const SET_UP: &str = "https://learn.microsoft.com/en-us/office/office-365-management-api/get-started-with-office-365-management-apis";
const AUDITING: &str = "https://learn.microsoft.com/en-us/purview/audit-log-enable-disable";
const SIGN_IN_CODES: &str = "https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes";
const CERTIFICATES: &str =
    "https://learn.microsoft.com/en-us/entra/identity-platform/certificate-credentials";
const FEDERATION: &str =
    "https://learn.microsoft.com/en-us/entra/workload-id/workload-identity-federation-create-trust";
const CLOUDS: &str =
    "https://learn.microsoft.com/en-us/entra/identity-platform/authentication-national-cloud";
const IDENTITIES: &str =
    "https://learn.microsoft.com/en-us/entra/identity/managed-identities-azure-resources/how-to-use-vm-token";
const CONDITIONAL: &str =
    "https://learn.microsoft.com/en-us/entra/identity/conditional-access/workload-identity";
const NETWORK: &str = "https://learn.microsoft.com/en-us/microsoft-365/enterprise/urls-and-ip-address-ranges";

/// One failure.
pub(crate) struct Row {
    pub(crate) code: &'static str,
    pub(crate) reaction: Reaction,
    pub(crate) cause: &'static str,
    pub(crate) cure: &'static str,
    pub(crate) link: &'static str,
}

/// For AADSTS7000215 when the secret is shaped like a GUID.
pub(crate) const SECRET_ID_CURE: &str = "the configured secret looks like the secret's *ID*: configure the *value*, which is shown only \
     once, when the secret is made (Certificates & secrets in the Entra admin center)";

/// A failure on the server's side without a row.
pub(crate) static UNKNOWN: Row = Row {
    code: "unknown",
    reaction: Reaction::Retry,
    cause: "the service failed in a way that is not known here",
    cure: "it is tried again; if it stays, look the code up or ask Microsoft's support",
    link: REFERENCE,
};

/// A refusal without a row.
pub(crate) static REFUSED: Row = Row {
    code: "refused",
    reaction: Reaction::Retry,
    cause: "the service refused the request for a reason that is not known here",
    cure: "read the service's words; it is tried again at a slow rate",
    link: REFERENCE,
};

/// The row of a code.
pub(crate) fn row(code: &str) -> Option<&'static Row> {
    rows().find(|row| row.code.eq_ignore_ascii_case(code))
}

/// The row of a status that has none of its own.
pub(crate) fn by_status(status: u16) -> &'static Row {
    if (400..500).contains(&status) { &REFUSED } else { &UNKNOWN }
}

/// All rows.
pub(crate) fn rows() -> impl Iterator<Item = &'static Row> {
    API.iter().chain(LOGIN).chain(STATUS).chain(OWN)
}

const fn r(
    code: &'static str,
    reaction: Reaction,
    cause: &'static str,
    cure: &'static str,
    link: &'static str,
) -> Row {
    Row { code, reaction, cause, cure, link }
}

use Reaction::{
    AuditingOff, BlobExpired, BlobRefused, Configuration, Credential, FixWindow, HostRefused, Permission,
    RestartWindow, Retry, StartSubscription, Throttled,
};

const DEFECT: &str = "this is a defect in trailhound: please report it with the code";

#[rustfmt::skip]
const API: &[Row] = &[
    r("AF10001", Permission, "the token lacks the permission for this content", "grant the app the application permission `ActivityFeed.Read` (for DLP.All also `ActivityFeed.ReadDlp`) of the Office 365 Management APIs and give admin consent", SET_UP),
    r("AF20001", Configuration, "the service misses a parameter", DEFECT, REFERENCE),
    r("AF20002", Configuration, "the service finds a parameter of the wrong type", DEFECT, REFERENCE),
    r("AF20003", Configuration, "the service finds a webhook that expires in the past", DEFECT, REFERENCE),
    r("AF20010", Configuration, "the token belongs to another tenant than the one asked for", "check `tenant_id`", REFERENCE),
    r("AF20011", Configuration, "the tenant is not known to the service, or was deleted", "check `tenant_id` and `cloud`", REFERENCE),
    r("AF20012", Configuration, "the tenant is set up wrongly on Microsoft's side", "ask Microsoft's support, with the tenant's id", REFERENCE),
    r("AF20013", Configuration, "the tenant's id is not a GUID", "write the directory's GUID as `tenant_id`, not a domain name", REFERENCE),
    r("AF20020", Configuration, "the service does not know the content type", "check `streams`; some clouds lack some types", REFERENCE),
    r("AF20021", Configuration, "the service could not validate a webhook", "remove the webhook from the subscription; trailhound does not use any", REFERENCE),
    r("AF20022", StartSubscription, "there is no subscription for the content type", "it is started by itself; content follows within 12 hours", REFERENCE),
    r("AF20023", StartSubscription, "the subscription is switched off", "it is started again by itself; if an administrator disabled it, ask for it to be enabled; content from the time it was off is lost", REFERENCE),
    r("AF20024", Retry, "the subscription is on already", "nothing is to be done", REFERENCE),
    r("AF20030", FixWindow, "the service does not accept the time range", "check this machine's clock", REFERENCE),
    r("AF20031", RestartWindow, "the link to the next page is no longer good", "the window is listed again by itself", REFERENCE),
    r("AF20050", BlobRefused, "the service does not have the blob", "it is tried again a few times, then recorded as a gap", REFERENCE),
    r("AF20051", BlobExpired, "the blob has expired: it was kept for seven days", "it is recorded as a gap; Microsoft's audit log search still has the events", REFERENCE),
    r("AF20052", BlobRefused, "the service finds the blob's key malformed", "check that `cloud` is the tenant's; otherwise a fault on Microsoft's side", REFERENCE),
    r("AF20053", Configuration, "the service was asked for several languages", DEFECT, REFERENCE),
    r("AF20054", Configuration, "the service does not understand the language asked for", DEFECT, REFERENCE),
    r("AF20055", FixWindow, "the service does not accept the time range", "check this machine's clock", REFERENCE),
    r("AF429", Throttled, "the tenant's quota of requests is used up", "it goes on by itself; other collectors of the same tenant share the quota", TROUBLES),
    r("AF50000", Retry, "the service failed inside", "it is tried again; if it lasts for days, ask Microsoft's support", REFERENCE),
    r("AF50005", Retry, "the service failed inside", "it is tried again", REFERENCE),
    r("AF50006", Retry, "the service failed inside", "it is tried again", REFERENCE),
    r("auditing-off", AuditingOff, "the tenant does not record audit events, or has only begun to", "switch auditing on in the Purview portal, or with `Set-AdminAuditLogConfig -UnifiedAuditLogIngestionEnabled $true` in Exchange Online PowerShell; it takes an hour or more", AUDITING),
];

#[rustfmt::skip]
const LOGIN: &[Row] = &[
    r("AADSTS7000215", Credential, "the client secret is wrong", "make a new client secret and configure its value (not its ID)", SIGN_IN_CODES),
    r("AADSTS7000222", Credential, "the client secret has expired", "make a new client secret and configure its value", SIGN_IN_CODES),
    r("AADSTS7000218", Credential, "the request had neither secret nor assertion", "configure a secret or certificate; check that the app is a confidential client", SIGN_IN_CODES),
    r("AADSTS70002", Credential, "the credentials do not fit", "make a new client secret and configure its value", SIGN_IN_CODES),
    r("AADSTS700016", Configuration, "the app is not in this tenant", "check `client_id`, `tenant_id` and `cloud`; a multi-tenant app needs the admin consent of this tenant", SIGN_IN_CODES),
    r("AADSTS700011", Configuration, "the app is not in this directory", "check `client_id` and `tenant_id`", SIGN_IN_CODES),
    r("AADSTS70001", Configuration, "the app is disabled or absent", "check `client_id`; enable the enterprise application in the Entra admin center", SIGN_IN_CODES),
    r("AADSTS7000112", Configuration, "the app is disabled", "enable the enterprise application in the Entra admin center", SIGN_IN_CODES),
    r("AADSTS90002", Configuration, "the tenant was not found", "check `tenant_id` and `cloud`; the tenant needs an active subscription", SIGN_IN_CODES),
    r("AADSTS900023", Configuration, "the tenant's id is neither a GUID nor a domain that is known", "check `tenant_id`", SIGN_IN_CODES),
    r("AADSTS90038", Configuration, "the tenant lives in another national cloud", "check `cloud`", CLOUDS),
    r("AADSTS900382", Configuration, "the tenant lives in another national cloud", "check `cloud`", CLOUDS),
    r("AADSTS900432", Configuration, "the app lives in another national cloud", "check `cloud`", CLOUDS),
    r("AADSTS65001", Permission, "nobody has consented to the app's permissions", "give admin consent to the app", SET_UP),
    r("AADSTS65005", Permission, "the app asks for a permission that it does not list", "add the Office 365 Management APIs to the app's permissions and give admin consent", SET_UP),
    r("AADSTS650051", Permission, "the app asks for a permission that no longer exists", "remove outdated permissions from the app, keep `ActivityFeed.Read`, and give admin consent again", SET_UP),
    r("AADSTS650052", Permission, "the tenant does not have the service", "the tenant needs a subscription with the Office 365 Management APIs", SET_UP),
    r("AADSTS650057", Permission, "the app does not list the resource", "add the Office 365 Management APIs to the app's permissions and give admin consent", SET_UP),
    r("AADSTS500011", Configuration, "the tenant does not have the Office 365 Management APIs", "check `cloud`; otherwise make the service principal `c5393580-f805-4401-95e8-94b7a6ef2fc2` in the tenant", SIGN_IN_CODES),
    r("AADSTS50001", Configuration, "the resource is disabled or unknown in the tenant", "check `cloud`; enable the Office 365 Management APIs among the enterprise applications", SIGN_IN_CODES),
    r("AADSTS70011", Configuration, "the scope is not valid", "check `cloud` and `endpoints`", SIGN_IN_CODES),
    r("AADSTS1002012", Configuration, "the scope is not valid for an app", "check `cloud` and `endpoints`", SIGN_IN_CODES),
    r("AADSTS700022", Configuration, "the scope names several resources", DEFECT, SIGN_IN_CODES),
    r("AADSTS901002", Configuration, "the token endpoint does not take a resource", DEFECT, SIGN_IN_CODES),
    r("AADSTS900144", Configuration, "the request misses a field", DEFECT, SIGN_IN_CODES),
    r("AADSTS9002313", Configuration, "the request is malformed", DEFECT, SIGN_IN_CODES),
    r("AADSTS700027", Credential, "the certificate is not registered on the app, or does not fit the key", "upload the certificate under Certificates & secrets, and check that file and key belong together", CERTIFICATES),
    r("AADSTS700024", Credential, "the assertion is not valid at this time: this machine's clock is wrong", "set the clock (NTP)", CERTIFICATES),
    r("AADSTS700021", Credential, "the assertion names another app", "check `client_id`, and the subject of a federated credential", CERTIFICATES),
    r("AADSTS5002723", Credential, "the assertion has no thumbprint", DEFECT, CERTIFICATES),
    r("AADSTS5002738", Credential, "the assertion's algorithm is not supported", DEFECT, CERTIFICATES),
    r("AADSTS50027", Credential, "the assertion is malformed", "check the federated token's file", CERTIFICATES),
    r("AADSTS90014", Credential, "the assertion lacks a claim", "check the federated token's file", CERTIFICATES),
    r("AADSTS50012", Credential, "the certificate is not accepted", "upload the certificate under Certificates & secrets; check that it has not expired", CERTIFICATES),
    r("AADSTS700211", Credential, "the federated token's issuer fits none on the app", "compare the issuer with the app's federated credential", FEDERATION),
    r("AADSTS700212", Credential, "the federated token's audience fits none on the app", "compare the audience with the app's federated credential (usually `api://AzureADTokenExchange`)", FEDERATION),
    r("AADSTS700213", Credential, "the federated token's subject fits none on the app", "compare the subject with the app's federated credential", FEDERATION),
    r("AADSTS70021", Credential, "the federated token fits no credential on the app", "compare issuer, subject and audience with the app's federated credential", FEDERATION),
    r("AADSTS53003", Permission, "conditional access blocks the app", "exclude the app, or this machine's address, in the policy for workload identities", CONDITIONAL),
    r("AADSTS530032", Permission, "conditional access blocks the app", "exclude the app, or this machine's address, in the policy for workload identities", CONDITIONAL),
    r("AADSTS90055", Throttled, "the tenant asks for too many tokens", "it goes on by itself", SIGN_IN_CODES),
    r("AADSTS90006", Retry, "the login service failed for a moment", "it is tried again", SIGN_IN_CODES),
    r("AADSTS90012", Retry, "the login service did not answer in time", "it is tried again", SIGN_IN_CODES),
    r("AADSTS90024", Retry, "the login service is overloaded", "it is tried again", SIGN_IN_CODES),
    r("AADSTS90033", Retry, "the login service is unavailable for a moment", "it is tried again", SIGN_IN_CODES),
    r("AADSTS90090", Retry, "the login service failed for a moment", "it is tried again", SIGN_IN_CODES),
    r("invalid_client", Credential, "the login service does not accept the app's credentials", "check secret or certificate", SIGN_IN_CODES),
    r("unauthorized_client", Configuration, "the login service does not accept the app", "check `client_id` and `tenant_id`", SIGN_IN_CODES),
    r("invalid_tenant", Configuration, "the login service does not know the tenant", "check `tenant_id` and `cloud`", SIGN_IN_CODES),
    r("invalid_resource", Configuration, "the login service does not know the resource", "check `cloud`", SIGN_IN_CODES),
    r("invalid_scope", Configuration, "the login service does not accept the scope", "check `cloud`", SIGN_IN_CODES),
    r("invalid_request", Configuration, "the login service does not accept the request", "check `tenant_id`, `client_id` and `cloud`", SIGN_IN_CODES),
    r("invalid_grant", Permission, "the login service does not grant the app a token", "check consent and conditional access", SIGN_IN_CODES),
    r("interaction_required", Permission, "a policy asks for a person", "exclude the app in the policy for workload identities", CONDITIONAL),
    r("temporarily_unavailable", Retry, "the login service is unavailable for a moment", "it is tried again", SIGN_IN_CODES),
];

#[rustfmt::skip]
const STATUS: &[Row] = &[
    r("HTTP 401", Permission, "the service does not accept the token, not even a fresh one", "check `cloud` and `tenant_id`, and the app's permissions", SET_UP),
    r("HTTP 403", Permission, "the service, or a proxy on the way, forbids the request", "check the app's permissions, and that the proxy lets the request through", SET_UP),
    r("HTTP 404", Configuration, "the address does not exist on the server", "check `cloud` and `endpoints`", REFERENCE),
    r("HTTP 407", Configuration, "the proxy asks for a password", "give name and password in `proxy`", NETWORK),
    r("HTTP 408", Retry, "the service gave up waiting", "it is tried again", REFERENCE),
    r("HTTP 429", Throttled, "too many requests", "it goes on by itself", TROUBLES),
    r("HTTP 500", Retry, "the service failed inside", "it is tried again", REFERENCE),
    r("HTTP 502", Retry, "a gateway on the way failed", "it is tried again", REFERENCE),
    r("HTTP 503", Retry, "the service is unavailable for a moment", "it is tried again", REFERENCE),
    r("HTTP 504", Retry, "a gateway on the way waited in vain", "it is tried again", REFERENCE),
    r("redirect", Configuration, "the server points elsewhere; redirects are not followed", "check for a captive portal or a proxy, and `endpoints`", NETWORK),
];

#[rustfmt::skip]
const OWN: &[Row] = &[
    r("dns", Retry, "the host name could not be resolved", "check DNS and `endpoints`", NETWORK),
    r("connect", Retry, "no connection could be made", "check the firewall and whether a `proxy` is needed", NETWORK),
    r("proxy", Retry, "the proxy failed", "check `proxy`, its password, and whether it allows this host", NETWORK),
    r("tls", Retry, "the server's certificate was not accepted", "if a proxy inspects TLS, give its CA as `ca_file`; check this machine's clock", NETWORK),
    r("timeout", Retry, "the server did not answer in time", "it is tried again", NETWORK),
    r("interrupted", Retry, "the connection broke off", "it is tried again", NETWORK),
    r("too-long", Retry, "the answer is longer than allowed", "it is tried again; check that no proxy answers in the service's place", REFERENCE),
    r("network", Retry, "the exchange failed", "it is tried again", NETWORK),
    r("malformed-answer", Retry, "the answer is not what the service documents", "it is tried again; check that no proxy answers in the service's place", REFERENCE),
    r("malformed-listing", Retry, "an element of the listing could not be read", "it is tried again; nothing of the page is skipped", REFERENCE),
    r("unknown-coding", Retry, "the answer has a content coding that was not asked for", "check that no proxy re-codes answers", REFERENCE),
    r("foreign-host", HostRefused, "the address is not on the configured host, so no token was sent", "check `cloud` and `endpoints`; if both are right, report it to Microsoft", REFERENCE),
    r("secret-unreadable", Credential, "the secret could not be read", "check the file or variable, and who may read it", SET_UP),
    r("certificate-unreadable", Credential, "the certificate or its key could not be read", "give PEM (certificate and unencrypted RSA key) or a PFX with its password", CERTIFICATES),
    r("no-managed-identity", Configuration, "the machine's identity service could not be reached", "managed identities work on Azure machines only; assign one to this machine", IDENTITIES),
    r("blob-truncated", Retry, "the blob's body ends too early, or is not JSON", "it is tried again", REFERENCE),
    r("blob-invalid", BlobRefused, "the blob's body is not valid", "it is tried again a few times, then recorded as a gap", REFERENCE),
    r("blob-over-limit", BlobRefused, "a record of the blob is over a limit", "it is recorded as a gap", REFERENCE),
];
