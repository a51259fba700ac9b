-- Version 1. Times are milliseconds since 1970 (UTC). Checksums are XXH3-64 as signed integers.

CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- `clean`: 1 while no process has the file open for writing. `forgotten_to`: chunks up to it have no payload.
-- `evicted_before`: record ids of blobs created before it are forgotten.
INSERT INTO meta VALUES ('clean', 1), ('forgotten_to', 0), ('evicted_before', -62135596800000);

CREATE TABLE stream (
    id INTEGER PRIMARY KEY,
    instance TEXT NOT NULL,
    name TEXT NOT NULL,
    horizon INTEGER,
    subscribed_at INTEGER,
    start_sent_at INTEGER,
    last_success INTEGER,
    newest_blob INTEGER,
    last_journalled_at INTEGER,
    -- Sums, kept in the transaction of what they count.
    listed INTEGER NOT NULL DEFAULT 0,
    journalled INTEGER NOT NULL DEFAULT 0,
    gap INTEGER NOT NULL DEFAULT 0,
    pending INTEGER NOT NULL DEFAULT 0,
    fetched INTEGER NOT NULL DEFAULT 0,
    duplicates INTEGER NOT NULL DEFAULT 0,
    revisions INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0,
    UNIQUE (instance, name),
    -- Promise L5 for blobs.
    CHECK (listed = journalled + gap + pending)
) STRICT;

CREATE TABLE covered (
    stream INTEGER NOT NULL,
    from_ms INTEGER NOT NULL,
    to_ms INTEGER NOT NULL,
    PRIMARY KEY (stream, from_ms),
    CHECK (from_ms < to_ms)
) STRICT, WITHOUT ROWID;

CREATE TABLE sweep (
    stream INTEGER NOT NULL,
    tier INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (stream, tier)
) STRICT, WITHOUT ROWID;

-- `state`: 0 pending, 1 journalled, 2 in a gap row.
CREATE TABLE blob (
    stream INTEGER NOT NULL,
    content_id TEXT NOT NULL,
    state INTEGER NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    uri TEXT NOT NULL,
    found_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    strikes INTEGER NOT NULL DEFAULT 0,
    next_try INTEGER NOT NULL,
    last_error TEXT NOT NULL DEFAULT '',
    fetched INTEGER NOT NULL DEFAULT 0,
    duplicates INTEGER NOT NULL DEFAULT 0,
    revisions INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (stream, content_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX blob_pending ON blob (stream) WHERE state = 0;

CREATE TABLE gap (
    id INTEGER PRIMARY KEY,
    stream INTEGER NOT NULL,
    from_ms INTEGER NOT NULL,
    to_ms INTEGER NOT NULL,
    reason TEXT NOT NULL,
    detail TEXT NOT NULL,
    content_id TEXT,
    at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX gap_of_blob ON gap (stream, content_id) WHERE content_id IS NOT NULL;
CREATE UNIQUE INDEX gap_of_span ON gap (stream, from_ms, to_ms, reason, detail) WHERE content_id IS NULL;

-- Stored bytes of chunks and of staged chunks, apart from the index so that they can go earlier.
CREATE TABLE payload (
    id INTEGER PRIMARY KEY,
    bytes BLOB NOT NULL
) STRICT;

-- `codec`: 0 raw, 1 gzip as it came, 2 zstd. `record_index` is last: the other columns stay in one page.
CREATE TABLE chunk (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    stream INTEGER NOT NULL,
    content_id TEXT NOT NULL,
    created INTEGER NOT NULL,
    at INTEGER NOT NULL,
    payload INTEGER NOT NULL,
    codec INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    raw_bytes INTEGER NOT NULL,
    stored_bytes INTEGER NOT NULL,
    records INTEGER NOT NULL,
    deliverable INTEGER NOT NULL,
    index_checksum INTEGER NOT NULL,
    record_index BLOB NOT NULL
) STRICT;
CREATE INDEX chunk_created ON chunk (created);

CREATE TABLE staged (
    stream INTEGER NOT NULL,
    content_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    payload INTEGER NOT NULL,
    codec INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    raw_bytes INTEGER NOT NULL,
    stored_bytes INTEGER NOT NULL,
    index_checksum INTEGER NOT NULL,
    record_index BLOB NOT NULL,
    PRIMARY KEY (stream, content_id, number)
) STRICT;

CREATE TABLE reader (
    name TEXT PRIMARY KEY,
    position INTEGER NOT NULL,
    output_state TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE reader_stream (
    reader TEXT NOT NULL,
    stream INTEGER NOT NULL,
    delivered INTEGER NOT NULL DEFAULT 0,
    filtered INTEGER NOT NULL DEFAULT 0,
    dead_lettered INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (reader, stream)
) STRICT, WITHOUT ROWID;

CREATE TABLE control (
    key TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
