//! Defender and the compliance center: alerts (40), threat intelligence (28, 41, 47), cmdlets (18), eDiscovery (24).

use super::draft::{Common, Draft};

const ALERTS: &[(&str, &str, &str, &str)] = &[
    ("Creation of forwarding/redirect rule", "ThreatManagement", "Informational", "MailRedirect"),
    ("Elevation of Exchange admin privilege", "AccessGovernance", "Low", "Add-RoleGroupMember"),
    ("Suspicious email sending patterns detected", "ThreatManagement", "Medium", "CompromisedAccount"),
    ("Unusual volume of external file sharing", "DataGovernance", "Medium", "SharingSet"),
    ("A potentially malicious URL click was detected", "ThreatManagement", "High", "MaliciousUrlClick"),
    ("User restricted from sending email", "ThreatManagement", "High", "CompromisedWarningAccount"),
];

pub(super) fn alert(draft: &mut Draft<'_>) {
    let (name, category, severity, operation) = ALERTS[draft.dice.index(ALERTS.len())];
    let person = draft.person();
    let entity = draft.dice.below(2) == 0;
    draft.common(&Common {
        operation: if entity { "AlertEntityGenerated" } else { "AlertTriggered" },
        record_type: 40,
        workload: "SecurityComplianceCenter",
        result: Some("Succeeded"),
        user_key: "SecurityComplianceAlerts",
        user_type: 4,
        user_id: "SecurityComplianceAlerts",
    });
    draft.str("ObjectId", &person.upn);
    draft.str("AlertEntityId", &person.upn);
    draft.guid("AlertId");
    draft.raw("AlertLinks", "[{\"AlertLinkHref\":\"\"}]");
    draft.str("AlertType", if entity { "System" } else { "Custom" });
    draft.str("Category", category);
    draft.str("Comments", "New alert");
    let tenant = draft.tenant;
    let at = crate::calendar::with_millis(draft.happened);
    let data = format!(
        "{{\"etype\":\"User\",\"eid\":\"{upn}\",\"tid\":\"{tid}\",\"ts\":\"{at}\",\"te\":\"{at}\",\"op\":\"{operation}\",\"tdc\":\"1\",\"suid\":\"{upn}\",\"ut\":\"Regular\",\"lon\":\"{operation}\"}}",
        upn = person.upn,
        tid = tenant.tenant_id
    );
    draft.text("Data", &data);
    draft.str("EntityType", "User");
    draft.str("Name", name);
    draft.guid("PolicyId");
    draft.str("Severity", severity);
    draft.str("Source", "Office 365 Security & Compliance");
    let status = draft.dice.pick(&["Active", "Active", "Investigating", "Resolved"]);
    draft.str("Status", status);
}

pub(super) fn threat(draft: &mut Draft<'_>) {
    let person = draft.person();
    let (operation, record_type) =
        [("TIMailData", 28), ("TIMailData", 28), ("TIUrlClickData", 41), ("AtpDetection", 47)]
            [draft.dice.index(4)];
    draft.common(&Common {
        operation,
        record_type,
        workload: "ThreatIntelligence",
        result: None,
        user_key: "ThreatIntel",
        user_type: 4,
        user_id: if record_type == 41 { &person.upn } else { "ThreatIntel" },
    });
    draft.guid("ObjectId");
    match record_type {
        28 => mail(draft, &person.upn),
        41 => {
            draft.str("Url", "https://login-microsoftonline.invoice-portal.example/owa");
            draft.int("UrlClickAction", 2);
            draft.str("UserIp", &person.addresses[0]);
            draft.str("AppName", "Mail");
            draft.str("SourceWorkload", "Mail");
            let at = crate::calendar::with_millis(draft.happened);
            draft.str("TimeOfClick", &at[..19]);
        }
        _ => {
            draft.raw("FileData", "{\"DocumentId\":\"7f3a\",\"FileName\":\"invoice.iso\",\"FilePath\":\"Shared Documents/invoice.iso\",\"FileSize\":\"1310720\",\"FileVerdict\":1,\"MalwareFamily\":\"Trojan:Win32/Qakbot\",\"SHA256\":\"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\"}");
            draft.str("SourceWorkload", "SharePoint Online");
            draft.str("DetectionMethod", "Antimalware");
            draft.str("LastModifiedBy", &person.upn);
        }
    }
}

fn mail(draft: &mut Draft<'_>, recipient: &str) {
    let verdict = draft.dice.pick(&["Phish", "Spam", "Malware"]);
    draft.raw("AdditionalActionsAndResults", "[\"OriginalDelivery: [N/A]\"]");
    draft.raw("AttachmentData", "[{\"FileName\":\"remittance.htm\",\"FileType\":\"htm\",\"FileVerdict\":1,\"MalwareFamily\":\"HTML/Phish.RA!MTB\",\"SHA256\":\"2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae\"}]");
    draft.raw("AuthDetails", "[{\"Name\":\"SPF\",\"Value\":\"Fail\"},{\"Name\":\"DKIM\",\"Value\":\"None\"},{\"Name\":\"DMARC\",\"Value\":\"Best guess pass\"}]");
    draft.str("DeliveryAction", "Blocked");
    draft.str("DetectionMethod", "URL detonation reputation");
    draft.str("DetectionType", "Inline");
    draft.str("Directionality", "Inbound");
    let id = draft.dice.bits();
    draft.fmt("InternetMessageId", format_args!("\"<{id:x}@mail.invoice-portal.example>\""));
    draft.int("NetworkMessageId_Hash", (id >> 8).cast_signed());
    draft.str("OriginalDeliveryLocation", "Quarantine");
    draft.str("P1Sender", "bounce@invoice-portal.example");
    draft.str("P2Sender", "accounts@invoice-portal.example");
    draft.str("PhishConfidenceLevel", "High");
    draft.str("Policy", "SafeAttachements");
    draft.str("PolicyAction", "Quarantine");
    draft.fmt("Recipients", format_args!("[\"{recipient}\"]"));
    draft.str("SenderIp", "185.220.101.33");
    draft.text("Subject", "Remittance advice – action required");
    draft.raw("SystemOverrides", "[]");
    draft.raw("ThreatsAndDetectionTech", "[\"Phish: [URL detonation reputation]\"]");
    draft.str("Verdict", verdict);
}

pub(super) fn compliance_cmdlet(draft: &mut Draft<'_>) {
    let admin = draft.admin();
    let (operation, record_type) = [
        ("Get-DlpSiDetectionsReport", 18),
        ("New-ComplianceSearch", 18),
        ("SearchCreated", 24),
        ("SearchStarted", 24),
        ("ValidaterbacAccessCheck", 52),
    ][draft.dice.index(5)];
    draft.common(&Common {
        operation,
        record_type,
        workload: "SecurityComplianceCenter",
        result: Some("Success"),
        user_key: &admin.upn.to_uppercase(),
        user_type: 2,
        user_id: &admin.upn,
    });
    draft.str("ClientApplication", "EMC");
    draft.guid("ObjectId");
    let at = crate::calendar::with_millis(draft.happened);
    draft.str("StartTime", &at[..19]);
    // This workload sends its parameters as one text.
    draft.text("Parameters", "-Name \"case 42\" -ExchangeLocation \"All\" -ContentMatchQuery 'from:board'");
    draft.text("NonPIIParameters", "-Name \"case 42\"");
    draft.str("CmdletVersion", "V1");
    draft.raw("SecurityComplianceCenterEventType", "0");
    draft.raw(
        "ExtendedProperties",
        "[{\"Name\":\"Case\",\"Value\":\"42\"},{\"Name\":\"Case\",\"Value\":\"43\"}]",
    );
}
