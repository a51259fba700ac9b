//! Everything that arrives in `Audit.General`.

use super::draft::{Common, Draft};
use super::{security, teams};
use crate::stream::Stream;

pub(super) fn record(draft: &mut Draft<'_>) {
    match draft.dice.below(100) {
        0..=47 => teams::record(draft),
        48..=59 => copilot(draft),
        60..=66 => stream_video(draft),
        67..=73 => security::alert(draft),
        74..=81 => security::threat(draft),
        82..=88 => security::compliance_cmdlet(draft),
        89..=94 => power(draft),
        _ => governance(draft),
    }
}

fn copilot(draft: &mut Draft<'_>) {
    let person = draft.person();
    let tenant = draft.tenant;
    draft.common(&Common {
        operation: "CopilotInteraction",
        record_type: 261,
        workload: "Copilot",
        result: None,
        user_key: &person.object_id,
        user_type: 0,
        user_id: &person.upn,
    });
    let address = draft.address(person);
    draft.client_ip("ClientIP", address);
    draft.str("ClientRegion", "de");
    draft.str("CopilotLogVersion", "1.0.0.0");
    let (thread, prompt, answer) = (draft.dice.guid(), draft.dice.bits(), draft.dice.bits());
    let host = draft.dice.pick(&["Word", "Teams", "Outlook", "Bizchat", "Excel"]);
    let site = &tenant.sites[draft.dice.index(tenant.sites.len())];
    draft.fmt(
        "CopilotEventData",
        format_args!(
            "{{\"AISystemPlugin\":[{{\"Id\":\"BingWebSearch\",\"Name\":\"BuiltIn\"}}],\"AccessedResources\":[{{\"Action\":\"Read\",\"ID\":\"{item}\",\"Name\":\"Budget 2027.xlsx\",\"SiteUrl\":\"{url}Shared Documents/Budget 2027.xlsx\",\"Type\":\"xlsx\",\"SensitivityLabelId\":\"{label}\"}}],\"AppHost\":\"{host}\",\"Contexts\":[{{\"Id\":\"{url}\",\"Type\":\"{host}\"}}],\"MessageIds\":[],\"Messages\":[{{\"Id\":\"{prompt}\",\"isPrompt\":true}},{{\"Id\":\"{answer}\",\"isPrompt\":false}}],\"ModelTransparencyDetails\":[{{\"ModelName\":\"DEEP_LEO\"}}],\"ThreadId\":\"19:{thread}@thread.v2\"}}",
            item = site.list_id,
            label = site.group_id,
            url = site.url,
        ),
    );
}

/// Classic Microsoft Stream.
fn stream_video(draft: &mut Draft<'_>) {
    let person = draft.person();
    let operation = draft.dice.pick(&[
        "StreamInvokeVideoView",
        "StreamInvokeVideoUpload",
        "StreamEditVideo",
        "StreamInvokeVideoDownload",
        "StreamInvokeGetTranscript",
    ]);
    draft.common(&Common {
        operation,
        record_type: 32,
        workload: "MicrosoftStream",
        result: Some("Succeeded"),
        user_key: &person.object_id,
        user_type: 0,
        user_id: &person.upn,
    });
    let address = draft.address(person);
    draft.client_ip("ClientIP", address);
    let video = draft.dice.guid();
    draft.fmt("EntityPath", format_args!("\"/organizations/{}/videos/{video}\"", draft.tenant.tenant_id));
    draft.fmt("ObjectId", format_args!("\"{video}\""));
    draft.str("ResourceTitle", "Townhall October");
    draft.fmt("ResourceUrl", format_args!("\"https://web.microsoftstream.com/video/{video}\""));
    draft.raw(
        "OperationDetails",
        "{\"SourceIp\":null,\"Language\":\"en-US\",\"Privacy\":\"Organization\",\"State\":\"Completed\"}",
    );
    draft.str("UserAgent", person.agent);
}

/// Power BI, Power Automate, Power Apps.
fn power(draft: &mut Draft<'_>) {
    let person = draft.person();
    let (operation, record_type, workload) = [
        ("ViewReport", 20, "PowerBI"),
        ("ExportReport", 20, "PowerBI"),
        ("CreateFlow", 30, "MicrosoftFlow"),
        ("LaunchPowerApp", 45, "PowerApps"),
        ("MessageCreated", 22, "Yammer"),
    ][draft.dice.index(5)];
    let result = draft.dice.pick(&["Success", "success", "Succeeded", "TRUE"]);
    draft.common(&Common {
        operation,
        record_type,
        workload,
        result: Some(result),
        user_key: &person.puid,
        user_type: 0,
        user_id: &person.upn,
    });
    let address = draft.address(person);
    draft.client_ip("ClientIP", address);
    draft.str("UserAgent", person.agent);
    draft.str("Activity", operation);
    draft.str("ItemName", "Sales pipeline");
    draft.text("WorkSpaceName", "Sales \"EMEA\"");
    draft.guid("DatasetId");
    draft.guid("ReportId");
    draft.raw("IsSuccess", "true");
    draft.raw("Experience", "null");
    // Numbers in spellings that a parser through floating point would change.
    draft.raw("CapacityLoad", "0.10");
    draft.raw("RefreshEnforcementPolicy", "0");
    draft.raw("CapacityUnits", "1e2");
    draft.raw("ModelRowCount", "12345678901234567890");
    draft.guid("RequestId");
    draft.guid("ActivityId");
}

/// Retention, labels, quarantine, app governance.
fn governance(draft: &mut Draft<'_>) {
    let person = draft.person();
    let (operation, record_type, workload) = [
        ("ApplyRetentionPolicy", 38, "SecurityComplianceCenter"),
        ("QuarantineReleaseMessage", 65, "Quarantine"),
        ("SensitivityLabelApplied", 83, "PublicEndpoint"),
        ("MAPGRemediation", 117, "AppGovernance"),
        ("AirInvestigationData", 64, "AirInvestigation"),
    ][draft.dice.index(5)];
    draft.common(&Common {
        operation,
        record_type,
        workload,
        result: Some("Succeeded"),
        user_key: &person.sid,
        user_type: 0,
        user_id: &person.upn,
    });
    draft.str("ObjectId", "Not Available");
    draft.guid("PolicyId");
    draft.text("PolicyName", "Keep seven years / legal");
    draft.raw(
        "OperationProperties",
        "[{\"Name\":\"Scope\",\"Value\":\"All\"},{\"Name\":\"Count\",\"Value\":3}]",
    );
    draft.raw("itemCreationTime", "null");
    draft.raw("recipientCount", "1");
}

/// A type that Microsoft has not documented yet; keeps its stream through its workload.
pub(super) fn unknown_type(draft: &mut Draft<'_>, stream: Stream) {
    let workload = match stream {
        Stream::AzureActiveDirectory => "AzureActiveDirectory",
        Stream::Exchange | Stream::Dlp => "Exchange",
        Stream::SharePoint => "SharePoint",
        Stream::General => "NovelService",
    };
    let person = draft.person();
    let record_type = 900 + draft.dice.below(90);
    draft.common(&Common {
        operation: "NovelServiceActivity",
        record_type,
        workload,
        result: None,
        user_key: &person.object_id,
        user_type: 0,
        user_id: &person.upn,
    });
    draft.raw(
        "NovelData",
        "{\"deep\":{\"er\":[1,2.50,-0,\"\\u00e9\",\"\\/\",true,null,{}]},\"\":\"empty key\"}",
    );
    draft.guid("SessionId");
}
