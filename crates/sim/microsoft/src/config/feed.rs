//! Switches of the API's own rules, where evidence differs.

use serde::{Deserialize, Serialize};

/// How the Management Activity API behaves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FeedSwitches {
    /// How `start` spells the content type in its answer.
    pub start_echo: StartEcho,
    /// `start` of an enabled subscription answers 200 instead of AF20024.
    pub start_again_ok: bool,
    /// What a second effective `start` within 15 minutes gets.
    pub start_spacing: StartSpacing,
    /// Status of `stop`: 204 or 200.
    pub stop_status: u16,
    /// `list` leaves the `status` member out.
    pub list_without_status: bool,
    /// Webhook addresses are taken as validated; otherwise AF20021.
    pub webhooks_validate: bool,
    /// Error code of a broken time rule.
    pub window_code: WindowCode,
    /// What a window of more than 24 h gets.
    pub long_window: LongWindow,
    /// How old a start time may be, in minutes: 7 days and one hour.
    pub oldest_start_minutes: u32,
    /// What exists before the first start and becomes visible with it, in hours.
    pub back_fill_hours: u32,
    /// How long after the first start nothing is listed, in minutes (documented: up to 12 h).
    pub first_content_delay_minutes: u32,
    /// `contentExpiration` − `contentCreated`, in days (also seen: 20).
    pub content_life_days: u32,
    /// Most blobs on a page.
    pub page_size_blobs: usize,
    /// Spelling of `NextPageUri`.
    pub page_form: PageForm,
    /// Share of pages that come empty with a `NextPageUri`.
    pub empty_page_rate: f64,
    /// How long a page token works, in seconds; 0: for ever. Then AF20031.
    pub page_token_life_seconds: u32,
    /// Share of listings whose `NextPageUri` names [`FeedSwitches::hostile_host`].
    pub hostile_next_page_rate: f64,
    /// The host of hostile URIs.
    pub hostile_host: String,
    /// Within a page, blobs are shuffled.
    pub shuffle_page: bool,
    /// A window edge inside a blob's rows cuts the blob: another id, part of the records.
    pub cut_blobs_at_window_edges: bool,
    /// Spelling of content ids.
    pub content_id_form: ContentIdForm,
    /// Status of AF20050.
    pub unknown_blob_status: u16,
    /// `DLP.All` needs `ActivityFeed.ReadDlp`; otherwise values are only left out.
    pub dlp_needs_read_dlp: bool,
    /// Requests per minute and tenant before AF429. Apps in one tenant share it.
    pub quota_per_minute: u32,
    /// Which minute.
    pub quota_window: QuotaWindow,
    /// Status of AF429: 403 or 429.
    pub throttle_status: u16,
    /// `Retry-After` of AF429, in seconds; 0: no such header.
    pub throttle_retry_after_seconds: u32,
}

impl Default for FeedSwitches {
    fn default() -> Self {
        Self {
            start_echo: StartEcho::LowerCase,
            start_again_ok: false,
            start_spacing: StartSpacing::Ignore,
            stop_status: 204,
            list_without_status: false,
            webhooks_validate: false,
            window_code: WindowCode::Af20055,
            long_window: LongWindow::Refuse,
            oldest_start_minutes: 7 * 24 * 60 + 60,
            back_fill_hours: 24,
            first_content_delay_minutes: 0,
            content_life_days: 7,
            page_size_blobs: 200,
            page_form: PageForm::LowerCase,
            empty_page_rate: 0.0,
            page_token_life_seconds: 0,
            hostile_next_page_rate: 0.0,
            hostile_host: "feed.attacker.example".to_owned(),
            shuffle_page: false,
            cut_blobs_at_window_edges: false,
            content_id_form: ContentIdForm::Unit,
            unknown_blob_status: 404,
            dlp_needs_read_dlp: true,
            quota_per_minute: 2_000,
            quota_window: QuotaWindow::Fixed,
            throttle_status: 403,
            throttle_retry_after_seconds: 0,
        }
    }
}

/// Which minute a quota is of: nobody outside Microsoft knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum QuotaWindow {
    /// The clock's.
    Fixed,
    /// The last 60 seconds, of what was let through.
    Sliding,
}

/// How `start` spells the content type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StartEcho {
    /// `audit.sharepoint`, as captured.
    LowerCase,
    /// As the request spelt it.
    AsSent,
}

/// What too quick a restart gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StartSpacing {
    /// Nothing: the rule is documented, and no one saw it enforced.
    Ignore,
    /// 400.
    BadRequest,
    /// 403.
    Forbidden,
}

/// Which code tells of a broken time rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum WindowCode {
    /// As measured in 2026.
    Af20055,
    /// The older one.
    Af20030,
}

/// What a window of more than 24 hours gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LongWindow {
    /// 400, as measured.
    Refuse,
    /// The first 24 hours, silently, as documented.
    Partial,
}

/// Spelling of `NextPageUri`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PageForm {
    /// `/api/v1.0/…?contenttype=`, as on the wire.
    LowerCase,
    /// `/api/v1.0/…?contentType=`.
    CamelCase,
    /// `/api/v1/…?contentType=`, as documented.
    Reference,
    /// Each page another casing.
    Mixed,
}

/// Spelling of content ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ContentIdForm {
    /// `{T1}${T2}$audit_exchange$Audit_Exchange$na0030`, since 2020.
    Unit,
    /// The same with the scale unit twice.
    UnitTwice,
    /// Without the scale unit, as in 2017.
    Plain,
}
