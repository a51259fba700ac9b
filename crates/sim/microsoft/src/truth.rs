//! What was really published: the other side of a collector's claim of completeness.

use std::collections::HashMap;
use std::sync::Arc;

use serde::Deserialize;
use trailhound_model::{ContentHash, RecordId, Timestamp, days};

use crate::config::{Quirk, Role};
use crate::feed::{id_of, scale_unit};
use crate::shelf::BlobRow;
use crate::stream::Stream;
use crate::world::World;

/// Everything that subscribed apps could have listed up to an instant. About 100 bytes a record.
#[derive(Clone, Debug, Default)]
pub struct Truth {
    /// By tenant, stream, `contentCreated`.
    pub blobs: Vec<TruthBlob>,
    /// By tenant and stream, in the order of their first blob. The same `Id` with other content is another record.
    pub records: Vec<TruthRecord>,
}

/// A published blob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TruthBlob {
    /// Tenant GUID.
    pub tenant: Arc<str>,
    /// The app that is subscribed.
    pub client: Arc<str>,
    /// Content type.
    pub stream: Stream,
    /// The id of the whole blob. One that a window's edge cut has another.
    pub content_id: String,
    /// `contentCreated`.
    pub created: Timestamp,
    /// From when a listing names it.
    pub visible: Timestamp,
    /// Until when it can be had: listed and fetched.
    pub until: Timestamp,
    /// Its peculiarity.
    pub quirk: Quirk,
    /// Records in it.
    pub records: u32,
    tenant_index: u32,
    row: u32,
}

/// A published record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TruthRecord {
    /// `None`: it has no `Id`, and each copy is a record of its own.
    pub id: Option<RecordId>,
    /// Of its bytes.
    pub hash: ContentHash,
    first_blob: u32,
    number: u32,
    more_blobs: Box<[u32]>,
}

impl Truth {
    /// The blobs that a record is in, oldest first.
    pub fn blobs_of<'a>(&'a self, record: &'a TruthRecord) -> impl Iterator<Item = &'a TruthBlob> {
        let all = std::iter::once(&record.first_blob).chain(record.more_blobs.iter());
        all.map(|at| &self.blobs[*at as usize])
    }

    /// Whether a correct collector could have the record through any of its blobs.
    pub fn is_obtainable(&self, record: &TruthRecord) -> bool {
        self.blobs_of(record).any(|blob| blob.quirk.is_obtainable())
    }

    /// Until when the record could be had through any of its blobs.
    pub fn until(&self, record: &TruthRecord) -> Timestamp {
        self.blobs_of(record).map(|blob| blob.until).max().unwrap_or_default()
    }

    /// Records of one tenant's stream.
    pub fn records_of<'a>(
        &'a self,
        tenant: &'a str,
        stream: Stream,
    ) -> impl Iterator<Item = &'a TruthRecord> {
        self.records.iter().filter(move |record| {
            let blob = &self.blobs[record.first_blob as usize];
            blob.stream == stream && blob.tenant.eq_ignore_ascii_case(tenant)
        })
    }
}

#[derive(Deserialize)]
struct JustId {
    #[serde(rename = "Id", default)]
    id: Option<String>,
}

impl World {
    /// What subscribed apps could have listed until the latest instant that the world has seen.
    pub fn truth(&mut self) -> Truth {
        let mut truth = Truth::default();
        if self.began.is_none() {
            return truth;
        }
        for tenant in 0..self.config.tenants.len() {
            let now = self.latest;
            self.publish(tenant, now);
            for stream in Stream::ALL {
                self.add_stream(&mut truth, tenant, stream);
            }
        }
        truth
    }

    fn add_stream(&self, truth: &mut Truth, tenant: usize, stream: Stream) {
        let settings = &self.config.tenants[tenant];
        let key = (settings.tenant_id.clone(), settings.client_id.clone());
        let Some(state) = self.states.get(&key) else { return };
        let Some(subscription) = &state.subscriptions[stream.index()] else { return };
        let names: (Arc<str>, Arc<str>) =
            (settings.tenant_id.as_str().into(), settings.client_id.as_str().into());
        let mut known: HashMap<(RecordId, u128), usize> = HashMap::new();
        let mut raw = String::new();
        for (at, row) in state.shelves[stream.index()].rows().iter().enumerate() {
            let visible = row.visible.max(subscription.ready);
            if visible > self.latest || !subscription.sees(row.created) {
                continue;
            }
            let blob = u32::try_from(truth.blobs.len()).unwrap_or(u32::MAX);
            truth.blobs.push(self.blob(&names, stream, row, visible, (tenant, at)));
            for number in 0..row.count() {
                raw.clear();
                self.record_text(&mut raw, tenant, stream, at, number);
                let id = serde_json::from_str::<JustId>(&raw).ok().and_then(|head| head.id);
                let id = id.and_then(|text| RecordId::from_text(&text));
                let hash = ContentHash::of(raw.as_bytes());
                let fresh = truth.records.len();
                let place = id.map_or(fresh, |id| *known.entry((id, hash.0)).or_insert(fresh));
                if place == fresh {
                    truth.records.push(TruthRecord {
                        id,
                        hash,
                        first_blob: blob,
                        number,
                        more_blobs: Box::default(),
                    });
                } else {
                    let record = &mut truth.records[place];
                    record.more_blobs = record.more_blobs.iter().copied().chain([blob]).collect();
                }
            }
        }
    }

    fn blob(
        &self,
        (tenant, client): &(Arc<str>, Arc<str>),
        stream: Stream,
        row: &BlobRow,
        visible: Timestamp,
        (tenant_index, at): (usize, usize),
    ) -> TruthBlob {
        let form = self.config.feed.content_id_form;
        TruthBlob {
            content_id: id_of(row, (row.created, row.last), stream, form, scale_unit(tenant)),
            tenant: tenant.clone(),
            client: client.clone(),
            stream,
            created: row.created,
            visible,
            until: row.expires.min(row.created + days(7)),
            quirk: row.quirk,
            records: row.count(),
            tenant_index: u32::try_from(tenant_index).unwrap_or(u32::MAX),
            row: u32::try_from(at).unwrap_or(u32::MAX),
        }
    }

    /// Appends the bytes of a record, as they were published.
    pub fn raw_into(&self, out: &mut String, truth: &Truth, record: &TruthRecord) {
        let blob = &truth.blobs[record.first_blob as usize];
        self.record_text(out, blob.tenant_index as usize, blob.stream, blob.row as usize, record.number);
    }

    fn record_text(&self, out: &mut String, tenant: usize, stream: Stream, row: usize, number: u32) {
        let settings = &self.config.tenants[tenant];
        let key = (settings.tenant_id.clone(), settings.client_id.clone());
        if let Some(state) = self.states.get(&key) {
            let hide = !settings.roles.contains(&Role::ActivityFeedReadDlp);
            state.maker(stream, self.source.as_ref(), hide).record(out, row, number);
        }
    }
}
