//! Microsoft Teams (type 25).

use std::fmt::Write;

use super::draft::{Common, Draft};

pub(super) fn record(draft: &mut Draft<'_>) {
    let person = draft.person();
    let tenant = draft.tenant;
    let team = &tenant.sites[draft.dice.skewed_index(tenant.sites.len())];
    let operation = draft.dice.pick(&[
        "TeamsSessionStarted",
        "TeamsSessionStarted",
        "MessageSent",
        "ChatCreated",
        "MemberAdded",
        "ChannelAdded",
        "MeetingParticipantDetail",
        "MessageEditedHasLink",
        "MemberRoleChanged",
        "AppInstalled",
        "TabAdded",
    ]);
    let sync = operation == "MemberAdded" && draft.dice.below(3) == 0;
    draft.common(&Common {
        operation,
        record_type: 25,
        workload: "MicrosoftTeams",
        result: None,
        user_key: &person.object_id,
        user_type: if sync { 5 } else { 0 },
        user_id: if sync { "Microsoft Teams Sync" } else { &person.upn },
    });
    if operation == "TeamsSessionStarted" {
        let address = draft.address(person);
        draft.client_ip("ClientIP", address);
        draft.str("ObjectId", "Web (1415/1.0.0.2024)");
        draft.str("ItemName", &person.upn);
    }
    draft.str("AADGroupId", &team.group_id);
    draft.str("CommunicationType", if operation.contains("Chat") { "GroupChat" } else { "Team" });
    draft.fmt(
        "ExtraProperties",
        format_args!("[{{\"Key\":\"TimeZone\",\"Value\":\"Europe/Berlin\"}},{{\"Key\":\"OsName\",\"Value\":\"windows\"}},{{\"Key\":\"OsVersion\",\"Value\":\"10\"}},{{\"Key\":\"Country\",\"Value\":\"de\"}},{{\"Key\":\"ClientVersion\",\"Value\":\"49/25091117916\"}},{{\"Key\":\"ClientName\",\"Value\":\"skypeteams\"}},{{\"Key\":\"ClientUtcOffsetSeconds\",\"Value\":\"3600\"}}]"),
    );
    if operation.starts_with('M') {
        members(draft);
    }
    draft.str("TeamGuid", &team.thread);
    draft.str("TeamName", team.title);
    if operation.contains("Message") || operation.contains("Channel") {
        draft.str("ChannelGuid", &team.thread);
        draft.str("ChannelName", "General");
        draft.str("ChannelType", "Standard");
        let at = draft.happened.as_millis();
        draft.fmt("MessageId", format_args!("\"{at}\""));
        draft.fmt("MessageURLs", format_args!("[\"{}\"]", team.url));
    }
    if matches!(operation, "AppInstalled" | "TabAdded") {
        draft.str("AddOnName", "Planner");
        draft.str("AddOnType", "Tab");
        draft.guid("AddOnGuid");
    }
}

fn members(draft: &mut Draft<'_>) {
    let count = 1 + draft.dice.below(3);
    draft.out.push_str(",\"Members\":[");
    for at in 0..count {
        let member = draft.person();
        let role = 1 + draft.dice.below(2);
        let comma = if at > 0 { "," } else { "" };
        let _ = write!(
            draft.out,
            "{comma}{{\"DisplayName\":\"{}\",\"Role\":{role},\"UPN\":\"{}\"}}",
            member.name, member.upn
        );
    }
    draft.out.push(']');
}
