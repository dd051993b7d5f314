-- The audit trail: one row per act, without gaps. Each has a SHA-256 over itself and the hash of the row before, so
-- that a row that was changed, removed or moved is found.

CREATE TABLE jerakia.audit (
    number     bigint PRIMARY KEY,
    at         bigint NOT NULL,
    actor      text   NOT NULL,
    act        text   NOT NULL,
    api_id     text COLLATE "C" NOT NULL,
    changed    text   NOT NULL,  -- JSON: {"name": [before, after]}
    outcome    text   NOT NULL,  -- 'done', or why nothing was done
    request_id text   NOT NULL,  -- '' where it was no request
    hash       bytea  NOT NULL CHECK (octet_length(hash) = 32)
);
CREATE INDEX audit_api_id ON jerakia.audit (api_id);

-- The two ends of the chain, apart from it: what the first row follows, since rows were pruned, and what the last one
-- is. One row each. In two tables, since whoever prunes locks one before the commit, and an act the other at the commit.
CREATE TABLE jerakia.audit_start (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    number bigint NOT NULL,
    hash   bytea  NOT NULL CHECK (octet_length(hash) = 32)
);
CREATE TABLE jerakia.audit_head (LIKE jerakia.audit_start INCLUDING ALL);
INSERT INTO jerakia.audit_start VALUES (true, 0, decode(repeat('00', 32), 'hex'));
INSERT INTO jerakia.audit_head SELECT * FROM jerakia.audit_start;

CREATE TRIGGER audit_truncated BEFORE TRUNCATE ON jerakia.audit EXECUTE FUNCTION jerakia.refuse_truncate();
CREATE TRIGGER audit_start_truncated BEFORE TRUNCATE ON jerakia.audit_start EXECUTE FUNCTION jerakia.refuse_truncate();
CREATE TRIGGER audit_head_truncated BEFORE TRUNCATE ON jerakia.audit_head EXECUTE FUNCTION jerakia.refuse_truncate();
ALTER TABLE jerakia.audit ENABLE ALWAYS TRIGGER audit_truncated;
ALTER TABLE jerakia.audit_start ENABLE ALWAYS TRIGGER audit_start_truncated;
ALTER TABLE jerakia.audit_head ENABLE ALWAYS TRIGGER audit_head_truncated;

-- The acts of transactions that are not committed yet. At the commit a trigger moves them into the trail, so that
-- nobody holds the lock of the trail while it waits for its client.
CREATE TABLE jerakia.act (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at         bigint NOT NULL,
    actor      text   NOT NULL,
    act        text   NOT NULL,
    api_id     text   NOT NULL,
    changed    text   NOT NULL,
    outcome    text   NOT NULL,
    request_id text   NOT NULL
);

-- A text as it is hashed: its length in bytes, and the bytes.
CREATE FUNCTION jerakia.hashed(value text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT int8send(octet_length(convert_to(value, 'UTF8'))::bigint) || convert_to(value, 'UTF8')
$$;

-- The same bytes as the program hashes (admin/audit.rs).
CREATE FUNCTION jerakia.append_to_audit() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    head jerakia.audit_head;
    this bigint;
    this_hash bytea;
BEGIN
    PERFORM pg_advisory_xact_lock(1246907201, 1);
    SELECT * INTO head FROM jerakia.audit_head;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the end of the audit trail is missing (table jerakia.audit_head)' USING ERRCODE = 'JK001';
    END IF;
    this := head.number + 1;
    this_hash := sha256('jerakia audit 1'::bytea || head.hash || int8send(this) || int8send(NEW.at)
        || jerakia.hashed(NEW.actor) || jerakia.hashed(NEW.act) || jerakia.hashed(NEW.api_id)
        || jerakia.hashed(NEW.changed) || jerakia.hashed(NEW.outcome) || jerakia.hashed(NEW.request_id));
    INSERT INTO jerakia.audit VALUES
        (this, NEW.at, NEW.actor, NEW.act, NEW.api_id, NEW.changed, NEW.outcome, NEW.request_id, this_hash);
    UPDATE jerakia.audit_head SET number = this, hash = this_hash;
    DELETE FROM jerakia.act WHERE id = NEW.id;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER act_audit AFTER INSERT ON jerakia.act
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION jerakia.append_to_audit();
ALTER TABLE jerakia.act ENABLE ALWAYS TRIGGER act_audit;
