-- Leases: a server decides from memory only while its lease runs, and an act returns when every server has
-- acknowledged it, or its lease must be over. See docs/CLUSTER.md.

-- A row for each registration of a server.
CREATE TABLE jerakia.lease (
    id         text COLLATE "C" PRIMARY KEY,  -- random
    renewals   bigint  NOT NULL DEFAULT 0,
    length     bigint  NOT NULL CHECK (length > 0),  -- milliseconds
    revision   bigint,                        -- the place in the journal of the server's cache, with its mark; NULL:
    mark       bytea,                         -- the journal does not hold this pair
    dead       boolean NOT NULL DEFAULT false,  -- no renewal counts any more
    -- For people only:
    name       text NOT NULL,
    address    text NOT NULL DEFAULT '',
    version    text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    renewed_at timestamptz
) WITH (fillfactor = 50);  -- room for new versions of a row in its page

-- What acts know of all leases there have been. One row.
CREATE TABLE jerakia.cluster (
    single        boolean PRIMARY KEY DEFAULT true CHECK (single),
    longest_lease bigint NOT NULL DEFAULT 0,  -- milliseconds
    epoch         text   NOT NULL             -- in which the table above has every server that may hold a lease
);

-- Which history of which table this is. Another one where a standby was promoted (another timeline), a dump was
-- restored (another table), or the files were copied back (another start of the server).
CREATE FUNCTION jerakia.epoch() RETURNS text LANGUAGE sql VOLATILE AS $$
    SELECT concat_ws(' ', system.system_identifier, substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8),
        'jerakia.lease'::regclass::oid, extract(epoch FROM pg_postmaster_start_time()))
    FROM pg_control_system() AS system
$$;
INSERT INTO jerakia.cluster (epoch) VALUES (jerakia.epoch());

CREATE FUNCTION jerakia.register(id text, length bigint, name text, address text, version text)
RETURNS void LANGUAGE sql VOLATILE AS $$
    DELETE FROM jerakia.lease WHERE dead AND renewed_at < now() - interval '1 day';
    UPDATE jerakia.cluster SET longest_lease = $2 WHERE longest_lease < $2;
    INSERT INTO jerakia.lease (id, length, name, address, version) VALUES ($1, $2, $3, $4, $5);
$$;

-- Renews a lease: after every change that was committed, and before every change that was not, since a change takes the
-- same lock exclusively. Each statement has a snapshot of its own (READ COMMITTED, VOLATILE), taken after the lock.
CREATE FUNCTION jerakia.renew(id text, at_revision bigint, at_mark bytea,
    OUT alive boolean, OUT head_revision bigint, OUT head_mark bytea) LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(1246907201, 1);
    UPDATE jerakia.lease SET renewals = renewals + 1, renewed_at = now(), (revision, mark) =
        (SELECT journal.revision, journal.mark FROM jerakia.journal WHERE journal.revision = $2 AND journal.mark = $3)
        WHERE lease.id = $1 AND NOT dead;
    alive := FOUND;
    SELECT journal.revision, journal.mark INTO head_revision, head_mark
        FROM jerakia.journal ORDER BY journal.revision DESC LIMIT 1;
END $$;

CREATE TRIGGER lease_truncated BEFORE TRUNCATE ON jerakia.lease EXECUTE FUNCTION jerakia.refuse_truncate();
ALTER TABLE jerakia.lease ENABLE ALWAYS TRIGGER lease_truncated;
CREATE TRIGGER cluster_truncated BEFORE TRUNCATE ON jerakia.cluster EXECUTE FUNCTION jerakia.refuse_truncate();
ALTER TABLE jerakia.cluster ENABLE ALWAYS TRIGGER cluster_truncated;
