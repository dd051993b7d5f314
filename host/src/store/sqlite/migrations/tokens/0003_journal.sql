-- One journal of changes in place of a counter, revisions beside the tokens, and
-- tombstones. Last-seen times and scopes have moved to state.db, which servers write:
-- this file is written by administrators' acts alone.
DROP TRIGGER token_created;
DROP TRIGGER token_changed;
DROP TRIGGER token_renamed;
DROP TRIGGER token_deleted;
DROP INDEX token_revision;
DROP TABLE tombstone;
DROP TABLE scope;
ALTER TABLE token DROP COLUMN revision;
ALTER TABLE token DROP COLUMN last_seen;

-- Each change of a token, in order. A server remembers the revision and the mark of
-- the last row that it has read. A copy of the database that was put in the place of
-- this one may use the same revision for another change, but not with the same mark.
CREATE TABLE journal (
    revision INTEGER PRIMARY KEY AUTOINCREMENT,
    mark     BLOB NOT NULL DEFAULT (randomblob(16)),
    api_id   TEXT NOT NULL
) STRICT;
INSERT INTO journal (revision, api_id) SELECT value + 1, '' FROM revision;
DROP TABLE revision;

-- Pruned by count: a clock that jumps forgets nothing. A server that remembers a row
-- which is no longer here reads all tokens.
CREATE TRIGGER journal_pruned AFTER INSERT ON journal BEGIN
    DELETE FROM journal WHERE revision <= NEW.revision - 10000;
END;

-- Triggers keep the journal, so that no statement can forget to: servers see a change
-- by hand with the sqlite3 shell as well.
CREATE TRIGGER token_created AFTER INSERT ON token BEGIN
    INSERT INTO journal (api_id) VALUES (NEW.api_id);
END;

-- INSERT OR REPLACE removes rows in its way without firing the trigger of a deletion
-- (https://sqlite.org/lang_conflict.html).
CREATE TRIGGER token_replaced BEFORE INSERT ON token BEGIN
    INSERT INTO journal (api_id) SELECT api_id FROM token WHERE id = NEW.id OR api_id = NEW.api_id;
END;

CREATE TRIGGER token_changed AFTER UPDATE ON token BEGIN
    INSERT INTO journal (api_id) VALUES (NEW.api_id);
END;

-- No list of columns: `UPDATE token SET rowid = ...` would not match it.
CREATE TRIGGER token_renamed BEFORE UPDATE ON token
WHEN NEW.id IS NOT OLD.id OR NEW.api_id IS NOT OLD.api_id BEGIN
    SELECT raise(ABORT, 'a token keeps its API ID: its digest is computed over it');
END;

CREATE TRIGGER token_deleted AFTER DELETE ON token BEGIN
    INSERT INTO journal (api_id) VALUES (OLD.api_id);
END;
