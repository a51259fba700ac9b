//! SharePoint and OneDrive: files (6), pages (4), sharing (14), lists (36, 56).

use super::draft::{Common, Draft};
use super::people::{Person, Site};

const FILES: &[(&str, &str)] = &[
    ("Budget 2027.xlsx", "xlsx"),
    ("Board minutes.docx", "docx"),
    ("Salaries-Q3.xlsx", "xlsx"),
    ("Logo.png", "png"),
    ("Präsentation Vertrieb.pptx", "pptx"),
    ("contract_signed.pdf", "pdf"),
    ("notes.one", "one"),
    ("Townhall recording.mp4", "mp4"),
    ("export.csv", "csv"),
    ("design (final) v7.vsdx", "vsdx"),
    ("customers.accdb", "accdb"),
    ("Thumbs.db", "db"),
];

const FOLDERS: &[&str] = &[
    "Shared Documents",
    "Shared Documents/General",
    "Shared Documents/Reports/2026",
    "Documents",
    "Documents/Private",
];

pub(super) fn record(draft: &mut Draft<'_>) {
    match draft.dice.below(100) {
        0..=69 => file(draft),
        70..=81 => page(draft),
        82..=92 => sharing(draft),
        _ => list(draft),
    }
}

/// Where it happened: a team's site or somebody's drive.
struct Place<'a> {
    url: &'a str,
    site: &'a Site,
    workload: &'static str,
}

fn place<'a>(draft: &mut Draft<'a>, person: &'a Person) -> Place<'a> {
    let tenant = draft.tenant;
    let site = &tenant.sites[draft.dice.skewed_index(tenant.sites.len())];
    if draft.dice.below(5) < 2 {
        Place { url: &person.drive, site, workload: "OneDrive" }
    } else {
        Place { url: &site.url, site, workload: "SharePoint" }
    }
}

fn head(
    draft: &mut Draft<'_>,
    operation: &str,
    record_type: u32,
    workload: &str,
    person: &Person,
    address: &str,
) {
    draft.common(&Common {
        operation,
        record_type,
        workload,
        result: None,
        user_key: &format!("i:0h.f|membership|{}@live.com", person.puid.to_lowercase()),
        user_type: 0,
        user_id: &person.upn,
    });
    draft.client_ip("ClientIP", address);
}

fn context(draft: &mut Draft<'_>, place: &Place<'_>, person: &Person) {
    if draft.dice.below(2) == 0 {
        let (session, token) = (draft.dice.guid(), draft.dice.guid());
        draft.fmt(
            "AppAccessContext",
            format_args!(
                "{{\"AADSessionId\":\"{session}\",\"ClientAppId\":\"08e18876-6177-487e-b8b5-cf950c1e598c\",\"ClientAppName\":\"SharePoint Online Web Client Extensibility\",\"CorrelationId\":\"{token}\"}}"
            ),
        );
    }
    draft.guid("CorrelationId");
    draft.str("EventSource", "SharePoint");
    draft.str("Site", &place.site.site_id);
    draft.str("UserAgent", person.agent);
    draft.str("WebId", &place.site.web_id);
}

fn file(draft: &mut Draft<'_>) {
    let person = draft.person();
    let place = place(draft, person);
    let address = draft.address(person);
    let operation = draft.dice.pick(&[
        "FileAccessed",
        "FileAccessed",
        "FileAccessed",
        "FilePreviewed",
        "FileModified",
        "FileModified",
        "FileDownloaded",
        "FileUploaded",
        "FileDeleted",
        "FileRenamed",
        "FileMoved",
        "FileSyncDownloadedFull",
        "FileSyncUploadedFull",
        "FileModifiedExtended",
        "FolderModified",
        "FileRecycled",
    ]);
    head(draft, operation, 6, place.workload, person, address);
    let (name, extension) = FILES[draft.dice.index(FILES.len())];
    let folder = draft.dice.pick(FOLDERS);
    draft.fmt("ObjectId", format_args!("\"{}{folder}/{name}\"", place.url));
    context(draft, &place, person);
    draft.str("ItemType", if operation.starts_with("Folder") { "Folder" } else { "File" });
    draft.str("ListId", &place.site.list_id);
    draft.guid("ListItemUniqueId");
    draft.raw("HighPriorityMediaProcessing", "false");
    let size = draft.dice.between(900, 90_000_000);
    draft.int("FileSizeBytes", size);
    draft.str("SourceFileExtension", extension);
    draft.str("SiteUrl", place.url);
    draft.str("SourceFileName", name);
    draft.str("SourceRelativeUrl", folder);
    if matches!(operation, "FileRenamed" | "FileMoved") {
        draft.str("DestinationFileExtension", extension);
        draft.fmt("DestinationFileName", format_args!("\"copy of {name}\""));
        draft.str("DestinationRelativeUrl", "Shared Documents/Old");
    }
    if operation.contains("Sync") {
        draft.raw("ImplicitShare", "\"No\"");
        draft.str("DeviceDisplayName", &person.device);
        draft.str("MachineDomainInfo", &person.object_id);
    }
}

fn page(draft: &mut Draft<'_>) {
    let person = draft.person();
    let place = place(draft, person);
    let address = draft.address(person);
    let operation = draft.dice.pick(&[
        "PageViewed",
        "PageViewed",
        "PageViewedExtended",
        "ClientViewSignaled",
        "SearchQueryPerformed",
    ]);
    head(draft, operation, 4, place.workload, person, address);
    draft.fmt("ObjectId", format_args!("\"{}SitePages/Home.aspx\"", place.url));
    context(draft, &place, person);
    draft.str("ItemType", "Page");
    draft.guid("CustomUniqueId");
    draft.str("SiteUrl", place.url);
    if operation == "SearchQueryPerformed" {
        draft.text("SearchQueryText", "password \"filetype:txt\"");
    }
}

fn sharing(draft: &mut Draft<'_>) {
    let person = draft.person();
    let place = place(draft, person);
    let address = draft.address(person);
    let operation = draft.dice.pick(&[
        "SharingSet",
        "AnonymousLinkCreated",
        "SecureLinkCreated",
        "AddedToSecureLink",
        "SharingInvitationCreated",
        "AddedToGroup",
        "CompanyLinkCreated",
        "AnonymousLinkUsed",
    ]);
    head(draft, operation, 14, place.workload, person, address);
    let (name, extension) = FILES[draft.dice.index(FILES.len())];
    draft.fmt("ObjectId", format_args!("\"{}Shared Documents/{name}\"", place.url));
    context(draft, &place, person);
    draft.str("ItemType", "File");
    draft.str("ListId", &place.site.list_id);
    draft.guid("UniqueSharingId");
    draft.raw("EventData", "\"<Permissions granted>Contribute</Permissions granted>\"");
    draft.str("SourceFileExtension", extension);
    draft.str("SiteUrl", place.url);
    draft.str("SourceFileName", name);
    let guest = draft.dice.below(3) == 0;
    draft.str("TargetUserOrGroupType", if guest { "Guest" } else { "Member" });
    let other = draft.person();
    if guest {
        draft.fmt(
            "TargetUserOrGroupName",
            format_args!("\"partner_{}#ext#@{}\"", other.device, draft.tenant.domain),
        );
    } else {
        draft.str("TargetUserOrGroupName", &other.upn);
    }
}

fn list(draft: &mut Draft<'_>) {
    let person = draft.person();
    let place = place(draft, person);
    let address = draft.address(person);
    let (operation, record_type) = [
        ("ListItemCreated", 36),
        ("ListItemUpdated", 36),
        ("ListColumnCreated", 56),
        ("ListViewed", 36),
        ("CommentCreated", 37),
    ][draft.dice.index(5)];
    head(draft, operation, record_type, place.workload, person, address);
    draft.fmt("ObjectId", format_args!("\"{}Lists/Tasks\"", place.url));
    context(draft, &place, person);
    draft.str("ItemType", "ListItem");
    draft.str("ListBaseTemplateType", "100");
    draft.str("ListBaseType", "GenericList");
    draft.guid("ListId");
    draft.str("ListTitle", "Tasks");
    draft.str("SiteUrl", place.url);
}
