import GRDB

/// The tables of `archive.sqlite`, made to be read with the sqlite3 shell as well.
///
/// The readable columns are the data: a batch is built again from them, there is no second copy as
/// protobuf. So a row is about as large as its JSON, and nothing can disagree with what a person
/// sees. Only where JSON cannot hold a value (bytes, NaN, infinities) does `exact` hold the
/// attributes once more, as a `KeyValueList` message. Resources and scopes are many times larger
/// than their number of different values, so they stand once, in tables of their own.
///
/// Times are nanoseconds since 1970-01-01 UTC: `datetime(start_unix_nano / 1000000000, 'unixepoch')`.
enum ArchiveSchema {
    static let version = 1

    /// Creates the tables in an empty file; throws when the file has a newer schema.
    static func prepare(_ db: Database, path: String) throws {
        let found = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        guard found <= version else {
            throw ArchiveError.newerSchema(path: path, found: found, known: version)
        }
        guard found == 0 else { return }
        try db.inTransaction {
            try db.execute(sql: tables)
            try db.execute(sql: "PRAGMA user_version = \(version)")
            return .commit
        }
    }

    private static let tables = """
        CREATE TABLE runs (
            id TEXT NOT NULL PRIMARY KEY,
            rollout_id TEXT,
            attempt_id TEXT,
            revision INTEGER NOT NULL,
            settled INTEGER NOT NULL,
            spans INTEGER NOT NULL,
            -- The trace ids that were reported: a JSON array.
            trace_ids TEXT NOT NULL,
            started_unix_nano INTEGER,
            ended_unix_nano INTEGER,
            first_delivered_unix_nano INTEGER NOT NULL,
            last_delivered_unix_nano INTEGER NOT NULL,
            -- What mending could not do: a JSON array.
            notes TEXT NOT NULL,
            hash INTEGER NOT NULL
        );
        CREATE INDEX runs_by_first_delivery ON runs(first_delivered_unix_nano, id);
        CREATE INDEX runs_by_last_delivery ON runs(last_delivered_unix_nano, id);
        CREATE INDEX runs_by_rollout ON runs(rollout_id, attempt_id);
        CREATE INDEX runs_without_spans ON runs(id) WHERE spans <= 0;

        CREATE TABLE run_traces (
            trace_id TEXT NOT NULL,
            run TEXT NOT NULL,
            PRIMARY KEY (trace_id, run)
        ) WITHOUT ROWID;
        CREATE INDEX run_traces_by_run ON run_traces(run);

        CREATE TABLE resources (
            id INTEGER PRIMARY KEY,
            hash INTEGER NOT NULL,
            present INTEGER NOT NULL,
            schema_url TEXT NOT NULL,
            dropped_attributes_count INTEGER NOT NULL,
            attributes TEXT NOT NULL,
            exact BLOB
        );
        CREATE INDEX resources_by_hash ON resources(hash);

        CREATE TABLE scopes (
            id INTEGER PRIMARY KEY,
            hash INTEGER NOT NULL,
            resource INTEGER NOT NULL,
            present INTEGER NOT NULL,
            name TEXT NOT NULL,
            version TEXT NOT NULL,
            schema_url TEXT NOT NULL,
            dropped_attributes_count INTEGER NOT NULL,
            attributes TEXT NOT NULL,
            exact BLOB
        );
        CREATE INDEX scopes_by_hash ON scopes(hash);
        CREATE INDEX scopes_by_resource ON scopes(resource);

        -- What is small or is compared stands first: SQLite reads no overflow page for it.
        CREATE TABLE spans (
            id INTEGER PRIMARY KEY,
            run TEXT NOT NULL,
            sequence INTEGER NOT NULL,
            hash INTEGER NOT NULL,
            reported_trace_id TEXT NOT NULL,
            reported_span_id TEXT NOT NULL,
            trace_id TEXT NOT NULL,
            span_id TEXT NOT NULL,
            parent_span_id TEXT,
            name TEXT NOT NULL,
            kind TEXT NOT NULL,
            start_unix_nano INTEGER NOT NULL,
            end_unix_nano INTEGER NOT NULL,
            duration_ms REAL GENERATED ALWAYS AS (
                CASE WHEN start_unix_nano > 0 AND end_unix_nano >= start_unix_nano
                THEN (end_unix_nano - start_unix_nano) / 1e6 END) VIRTUAL,
            status_code TEXT,
            status_message TEXT,
            placeholder INTEGER NOT NULL,
            duplicate_of TEXT,
            scope INTEGER NOT NULL,
            service_name TEXT,
            scope_name TEXT NOT NULL,
            scope_version TEXT NOT NULL,
            trace_state TEXT,
            flags INTEGER NOT NULL,
            dropped_attributes_count INTEGER NOT NULL,
            dropped_events_count INTEGER NOT NULL,
            dropped_links_count INTEGER NOT NULL,
            attributes TEXT NOT NULL,
            events TEXT,
            links TEXT,
            exact BLOB,
            operation TEXT GENERATED ALWAYS AS (
                json_extract(attributes, '$."gen_ai.operation.name"')) VIRTUAL,
            model TEXT GENERATED ALWAYS AS (COALESCE(
                json_extract(attributes, '$."gen_ai.response.model"'),
                json_extract(attributes, '$."gen_ai.request.model"'))) VIRTUAL,
            input_tokens INTEGER GENERATED ALWAYS AS (
                json_extract(attributes, '$."gen_ai.usage.input_tokens"')) VIRTUAL,
            output_tokens INTEGER GENERATED ALWAYS AS (
                json_extract(attributes, '$."gen_ai.usage.output_tokens"')) VIRTUAL
        );
        CREATE UNIQUE INDEX spans_by_reported_id ON spans(reported_trace_id, reported_span_id);
        CREATE INDEX spans_by_run ON spans(run, sequence);
        CREATE INDEX spans_by_scope ON spans(scope);

        -- A span that another run writes leaves its run.
        CREATE TRIGGER span_moved AFTER UPDATE OF run ON spans WHEN old.run <> new.run
        BEGIN
            UPDATE runs SET spans = spans - 1 WHERE id = old.run;
        END;

        CREATE VIEW spans_with_resource AS
            SELECT spans.*, resources.attributes AS resource
            FROM spans
            JOIN scopes ON scopes.id = spans.scope
            JOIN resources ON resources.id = scopes.resource;
        """
}
