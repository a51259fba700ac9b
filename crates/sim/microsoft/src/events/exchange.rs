//! Exchange: mailboxes (types 2, 3, 50) and cmdlets (type 1).

use std::fmt::Write;

use super::draft::{Common, Draft, push_escaped};
use super::people::Person;

const SUBJECTS: &[&str] = &[
    "Re: Q4 forecast",
    "Invoice 4471 overdue",
    "FW: Payroll change",
    "Team lunch on Thursday",
    "Contract – draft v3",
    "\"Urgent\": wire transfer",
    "Ihre Bestellung wurde versandt",
    "会議の議事録",
    "Re: AW: Projekt Aurora",
    "Password expiry notice",
];

const FOLDERS: &[&str] = &[
    "\\Inbox",
    "\\Sent Items",
    "\\Drafts",
    "\\Deleted Items",
    "\\Archive\\2026",
    "\\Recoverable Items\\Deletions",
];

pub(super) fn record(draft: &mut Draft<'_>) {
    match draft.dice.below(100) {
        0..=39 => mail_items_accessed(draft),
        40..=57 => item(draft),
        58..=72 => moved(draft),
        _ => cmdlet(draft),
    }
}

fn mail_items_accessed(draft: &mut Draft<'_>) {
    let person = draft.person();
    let sync = draft.dice.below(6) == 0;
    mailbox_head(draft, "MailItemsAccessed", 50, person);
    let kind = if sync { "Sync" } else { "Bind" };
    let throttled = if draft.dice.below(200) == 0 { "True" } else { "False" };
    draft.bag("OperationProperties", &[("MailAccessType", kind), ("IsThrottled", throttled)]);
    if sync {
        let folder = draft.dice.pick(FOLDERS);
        draft.out.push_str(",\"Item\":{");
        folder_body(draft, "ParentFolder", folder);
        draft.out.push('}');
        return;
    }
    let (folders, mut total) = (1 + draft.dice.below(2), 0);
    draft.out.push_str(",\"Folders\":[");
    for at in 0..folders {
        if at > 0 {
            draft.out.push(',');
        }
        draft.out.push_str("{\"FolderItems\":[");
        let items = 1 + draft.dice.below(4);
        total += items;
        for n in 0..items {
            if n > 0 {
                draft.out.push(',');
            }
            draft.out.push_str("{\"InternetMessageId\":\"");
            message_id(draft);
            let size = draft.dice.between(4_000, 900_000);
            let _ = write!(draft.out, "\",\"SizeInBytes\":{size}}}");
        }
        let path = draft.dice.pick(FOLDERS);
        draft.out.push_str("],\"Id\":\"");
        item_id(draft);
        draft.out.push_str("\",\"Path\":\"");
        push_escaped(draft.out, path);
        draft.out.push_str("\"}");
    }
    draft.out.push(']');
    draft.int("OperationCount", i64::from(total));
}

fn item(draft: &mut Draft<'_>) {
    let person = draft.person();
    let operation = draft.dice.pick(&[
        "Send",
        "Create",
        "Update",
        "SendAs",
        "ModifyFolderPermissions",
        "UpdateInboxRules",
    ]);
    mailbox_head(draft, operation, 2, person);
    let folder = draft.dice.pick(FOLDERS);
    draft.out.push_str(",\"Item\":{");
    let subject = draft.dice.pick(SUBJECTS);
    draft.out.push_str("\"Id\":\"");
    item_id(draft);
    draft.out.push_str("\",\"InternetMessageId\":\"");
    message_id(draft);
    draft.out.push_str("\",\"Subject\":\"");
    push_escaped(draft.out, subject);
    let size = draft.dice.between(4_000, 9_000_000);
    let _ = write!(draft.out, "\",\"SizeInBytes\":{size},");
    if draft.dice.below(3) == 0 {
        draft.out.push_str("\"Attachments\":\"payslip.xlsx (28114b); scan.pdf (90211b)\",");
    }
    folder_body(draft, "ParentFolder", folder);
    draft.out.push('}');
    if operation == "Update" {
        draft.raw("ModifiedProperties", "[\"RecipientsInternal\",\"AllAttachmentsInternal\",\"Subject\"]");
    }
}

fn moved(draft: &mut Draft<'_>) {
    let person = draft.person();
    let operation = draft.dice.pick(&["MoveToDeletedItems", "SoftDelete", "HardDelete", "Move", "Copy"]);
    mailbox_head(draft, operation, 3, person);
    let items = 1 + draft.dice.below(3);
    draft.out.push_str(",\"AffectedItems\":[");
    for at in 0..items {
        let (subject, folder) = (draft.dice.pick(SUBJECTS), draft.dice.pick(FOLDERS));
        draft.out.push_str(if at == 0 { "{\"Id\":\"" } else { ",{\"Id\":\"" });
        item_id(draft);
        draft.out.push_str("\",\"InternetMessageId\":\"");
        message_id(draft);
        draft.out.push_str("\",");
        folder_body(draft, "ParentFolder", folder);
        draft.out.push_str(",\"Subject\":\"");
        push_escaped(draft.out, subject);
        draft.out.push_str("\"}");
    }
    draft.out.push(']');
    draft.raw("CrossMailboxOperation", "false");
    draft.out.push_str(",\"DestFolder\":{\"Id\":\"");
    item_id(draft);
    draft.out.push_str("\",\"Path\":\"\\\\Deleted Items\"}");
    let folder = draft.dice.pick(FOLDERS);
    draft.out.push(',');
    folder_body(draft, "Folder", folder);
}

fn mailbox_head(draft: &mut Draft<'_>, operation: &str, record_type: u32, person: &Person) {
    let delegate = draft.dice.below(40) == 0;
    let actor = if delegate { draft.person() } else { person };
    let address = draft.dice.index(actor.addresses.len());
    let partly = draft.dice.below(50) == 0;
    draft.common(&Common {
        operation,
        record_type,
        workload: "Exchange",
        result: Some(if partly { "PartiallySucceeded" } else { "Succeeded" }),
        user_key: &actor.puid,
        user_type: 0,
        user_id: &actor.upn,
    });
    if record_type != 50 {
        draft.client_ip("ClientIP", &actor.addresses[address]);
    }
    let (client, app) = [
        ("Client=OWA;Action=ViaProxy", "00000002-0000-0ff1-ce00-000000000000"),
        ("Client=REST;Client=RESTSystem;;", "d3590ed6-52b3-4102-aeff-aad2292ab01c"),
        ("Client=MSExchangeRPC", "d3590ed6-52b3-4102-aeff-aad2292ab01c"),
        ("Client=ActiveSync;iOS/18.5 (22F76)", "f8d98a96-0999-43f5-8af3-69971c7bb423"),
    ][draft.dice.index(4)];
    draft.str("AppId", app);
    draft.str("ClientAppId", app);
    draft.str("ClientIPAddress", &actor.addresses[address]);
    draft.str("ClientInfoString", client);
    if client.ends_with("RPC") {
        draft.str("ClientProcessName", "OUTLOOK.EXE");
        draft.str("ClientVersion", "16.0.19127.20192");
    }
    draft.raw("ExternalAccess", "false");
    draft.int("InternalLogonType", 0);
    draft.int("LogonType", if delegate { 2 } else { 0 });
    draft.str("LogonUserSid", &actor.sid);
    draft.str("MailboxGuid", &person.mailbox);
    draft.str("MailboxOwnerSid", &person.sid);
    draft.str("MailboxOwnerUPN", &person.upn);
    let tenant = draft.tenant;
    draft.str("OrganizationName", &tenant.domain);
    server(draft);
    draft.guid("SessionId");
}

/// `OriginatingServer` often ends with a line break.
fn server(draft: &mut Draft<'_>) {
    let (site, number) = (
        draft.dice.pick(&["DB8PR04MB", "AM5PR0402MB", "CH2PR14MB", "SYBPR01MB"]),
        draft.dice.below(9_000) + 1_000,
    );
    let end = if draft.dice.below(2) == 0 { "\\r\\n" } else { "" };
    draft.fmt("OriginatingServer", format_args!("\"{site}{number} (15.20.9160.015){end}\""));
}

fn folder_body(draft: &mut Draft<'_>, key: &str, path: &str) {
    let _ = write!(draft.out, "\"{key}\":{{\"Id\":\"");
    item_id(draft);
    draft.out.push_str("\",\"Path\":\"");
    push_escaped(draft.out, path);
    draft.out.push_str("\"}");
}

fn item_id(draft: &mut Draft<'_>) {
    let (a, b) = (draft.dice.bits(), draft.dice.bits());
    let _ = write!(draft.out, "LgAAAAD7VDz8O3pZTp2e{a:016x}AQDQKyMzxad+RI3ey68v/C5{b:016x}AAAC");
}

fn message_id(draft: &mut Draft<'_>) {
    let (a, b) = (draft.dice.bits(), draft.dice.below(9_000) + 1_000);
    let _ = write!(draft.out, "<DB8PR04MB{b}{a:016X}@DB8PR04MB{b}.eurprd04.prod.outlook.com>");
}

/// Cmdlet and its parameters besides `Identity`.
const CMDLETS: &[(&str, &[(&str, &str)])] = &[
    (
        "New-InboxRule",
        &[
            ("AlwaysDeleteOutlookRulesBlob", "False"),
            ("Force", "False"),
            ("MoveToFolder", "RSS Feeds"),
            ("Name", "..."),
            ("SubjectContainsWords", "invoice;payment;wire"),
            ("MarkAsRead", "True"),
            ("StopProcessingRules", "True"),
        ],
    ),
    ("Set-InboxRule", &[("Name", "newsletters"), ("MoveToFolder", "Newsletters")]),
    (
        "Set-Mailbox",
        &[("ForwardingSmtpAddress", "smtp:archive@partner.example"), ("DeliverToMailboxAndForward", "True")],
    ),
    (
        "Set-Mailbox",
        &[
            ("AuditEnabled", "True"),
            ("RetainDeletedItemsFor", "30.00:00:00"),
            ("WarningAction", "SilentlyContinue"),
        ],
    ),
    (
        "Add-MailboxPermission",
        &[("AccessRights", "FullAccess"), ("InheritanceType", "All"), ("User", "helpdesk")],
    ),
    (
        "Set-User",
        &[
            ("SyncMailboxLocationGuids", "True"),
            ("ErrorAction", "Stop"),
            ("WarningAction", "SilentlyContinue"),
        ],
    ),
    ("Set-TransportConfig", &[("ClearCategories", "False"), ("ErrorAction", "Stop")]),
    (
        "New-TransportRule",
        &[
            ("Name", "External banner"),
            ("FromScope", "NotInOrganization"),
            ("ApplyHtmlDisclaimerText", "<p>External \"sender\"</p>\r\n"),
            ("Mode", "Enforce"),
        ],
    ),
    ("Set-AdminAuditLogConfig", &[("UnifiedAuditLogIngestionEnabled", "True")]),
    ("Remove-MailboxPermission", &[("AccessRights", "FullAccess"), ("User", "former.employee")]),
];

fn cmdlet(draft: &mut Draft<'_>) {
    let (name, parameters) = CMDLETS[draft.dice.index(CMDLETS.len())];
    let by_user = name.contains("InboxRule");
    let (actor, target) =
        if by_user { (draft.person(), draft.person()) } else { (draft.admin(), draft.person()) };
    let system = !by_user && draft.dice.below(3) == 0;
    let service = "NT AUTHORITY\\SYSTEM (Microsoft.Exchange.Management.ForwardSync)";
    let who = if system { service } else { &actor.upn };
    let failed = draft.dice.below(60) == 0;
    draft.common(&Common {
        operation: name,
        record_type: 1,
        workload: "Exchange",
        result: Some(if failed { "False" } else { "True" }),
        user_key: if system { service } else { &actor.puid },
        user_type: if system { 3 } else { 2 },
        user_id: who,
    });
    if !system {
        let address = draft.address(actor);
        draft.client_ip("ClientIP", address);
    }
    let tenant = draft.tenant;
    let unit = draft.dice.pick(&["EURPR04A009", "NAMPR14A002"]);
    draft.fmt(
        "ObjectId",
        format_args!(
            "\"{unit}.PROD.OUTLOOK.COM/Microsoft Exchange Hosted Organizations/{}/{}\"",
            tenant.domain, target.object_id
        ),
    );
    draft.str("AppId", if system { "" } else { "fb78d390-0c51-40cd-8e17-fdbfab77341b" });
    draft.raw("ExternalAccess", if system { "true" } else { "false" });
    draft.str("OrganizationName", &tenant.domain);
    server(draft);
    let identity = format!("{}\\{}", tenant.tenant_id, target.object_id);
    let mut bag = vec![("Identity", identity.as_str())];
    bag.extend_from_slice(parameters);
    draft.bag("Parameters", &bag);
    draft.guid("SessionId");
    draft.guid("RequestId");
}
