-- Version 2. Record ids move to immutable files in the folder `ids`; old blob rows retire into sums.

-- The files that count: one not named here is what a crash left. `checksum`: XXH3-64 of the file's footer.
CREATE TABLE id_run (
    number INTEGER PRIMARY KEY,
    day INTEGER NOT NULL,
    entries INTEGER NOT NULL,
    checksum INTEGER NOT NULL
) STRICT;
CREATE INDEX id_run_day ON id_run (day);

-- `sealed_to`: the record ids of chunks up to it are in those files. `emptied_to`: those chunks have no record index.
INSERT INTO meta VALUES ('sealed_to', 0), ('emptied_to', 0);

-- Journalled blobs whose rows are gone; they stay in the sums `listed` and `journalled`.
ALTER TABLE stream ADD COLUMN retired INTEGER NOT NULL DEFAULT 0;
CREATE INDEX blob_journalled ON blob (created) WHERE state = 1;
