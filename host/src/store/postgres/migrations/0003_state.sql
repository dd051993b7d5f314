-- What servers write: when tokens were last seen, and scope data.

CREATE TABLE jerakia.last_seen (
    token   bigint NOT NULL,  -- token.id: a new token of an old API ID has another
    secret  bigint NOT NULL,  -- token.secret
    at      bigint NOT NULL,  -- seconds since the epoch
    address text   NOT NULL,  -- of the client; '' where it has none, as over a Unix socket
    PRIMARY KEY (token, secret)
) WITH (fillfactor = 70);  -- room for new versions of a row in its page

-- Scope data that clients have stored, to be looked up with later (`scope=server`).
CREATE TABLE jerakia.scope (
    realm      text COLLATE "C" NOT NULL,  -- a kind of client, as the client calls it: "puppet"
    identifier text COLLATE "C" NOT NULL,  -- which one of that kind
    uuid       text   NOT NULL,            -- changes with the data
    data       text   NOT NULL,            -- as the client sent it
    api_id     text COLLATE "C" NOT NULL,  -- the token that stored it
    stored_at  bigint NOT NULL,
    bytes      bigint NOT NULL GENERATED ALWAYS AS
        (octet_length(realm) + octet_length(identifier) + octet_length(data) + 100) STORED,
    PRIMARY KEY (realm, identifier)
);
CREATE INDEX scope_api_id ON jerakia.scope (api_id);

-- How many bytes the scopes take that a token has stored.
CREATE TABLE jerakia.scope_share (
    api_id text COLLATE "C" PRIMARY KEY,
    bytes  bigint NOT NULL
);

-- The lock makes changes of scopes one after the other, so that the limit is kept, and two that change the shares of
-- the same tokens can't wait for each other.
CREATE FUNCTION jerakia.share_scope() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(1246907201, 3);
    IF TG_OP <> 'INSERT' THEN
        UPDATE jerakia.scope_share SET bytes = bytes - OLD.bytes WHERE api_id = OLD.api_id;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO jerakia.scope_share AS share VALUES (NEW.api_id, NEW.bytes)
            ON CONFLICT (api_id) DO UPDATE SET bytes = share.bytes + excluded.bytes;
    END IF;
    DELETE FROM jerakia.scope_share WHERE bytes <= 0;
    RETURN NULL;
END $$;
CREATE TRIGGER scope_shared AFTER INSERT OR UPDATE OR DELETE ON jerakia.scope
    FOR EACH ROW EXECUTE FUNCTION jerakia.share_scope();

-- Stores the scope of a client and returns its uuid, which changes only with the data. All scopes together may take
-- `most` bytes, and those of one token half of that.
CREATE FUNCTION jerakia.store_scope(realm text, identifier text, uuid text, data text, api_id text, at bigint, most bigint)
RETURNS text LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    stored text;
    taken record;
BEGIN
    PERFORM pg_advisory_xact_lock(1246907201, 3);
    INSERT INTO jerakia.scope AS old (realm, identifier, uuid, data, api_id, stored_at) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (realm, identifier) DO UPDATE SET
            uuid = CASE WHEN old.data = excluded.data THEN old.uuid ELSE excluded.uuid END,
            data = excluded.data,
            api_id = excluded.api_id,
            stored_at = excluded.stored_at
        RETURNING old.uuid INTO stored;
    SELECT sum(bytes) AS bytes, max(bytes) FILTER (WHERE api_id = $5) AS own INTO taken FROM jerakia.scope_share;
    IF taken.bytes > most OR taken.own > most / 2 THEN
        RAISE EXCEPTION 'no room for scopes' USING ERRCODE = 'JK002';
    END IF;
    RETURN stored;
END $$;
