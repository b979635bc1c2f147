internal import GRDB

/// The tables of the Inbox. `user_version` counts their versions.
enum Schema {
    static let version = 2

    /// Makes the tables of a new file, and refuses those of a newer version.
    static func prepare(_ db: Database, path: String) throws {
        let found = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        guard found <= version else {
            throw InboxError.newerSchema(path: path, found: found, known: version)
        }
        guard found < version else { return }
        if found == 0, BodyFileNames.isAnyBeside(database: path) {
            throw InboxError.lost(path: path)
        }
        try db.inTransaction {
            if found == 0 { try db.execute(sql: tables) }
            try db.execute(sql: bodyPlaces)
            let identity = Int32.random(in: 1...Int32.max)
            try db.execute(sql: "PRAGMA application_id = \(identity)")
            try db.execute(sql: "PRAGMA user_version = \(version)")
            return .commit
        }
    }

    /// Where the bodies lie that are not in `bodies`; since version 2.
    private static let bodyPlaces = """
        CREATE TABLE body_places (
            id INTEGER PRIMARY KEY, file INTEGER NOT NULL, position INTEGER NOT NULL
        );
        CREATE INDEX body_places_file ON body_places (file);
        """

    /// Bodies stand apart, so that what is known of requests can be scanned without them.
    ///
    /// - `requests.traces`: the distinct trace ids, 16 bytes each.
    /// - `runs.key`: `RunKey.id`. A trace has a row only when some of its spans name no run.
    /// - `runs.alias_of`: the one run that the trace names; its requests are that run's.
    /// - `runs.last_request`: the newest request that can change the run's result; a span of a
    ///   neighbour in a shared trace can.
    /// - `runs.own_request`: the newest request that gave the run spans. What a neighbour gets makes
    ///   a run dirty, but does not open it again: settling and closing go by this.
    /// - `runs.revision_settled`: the last revision was settled.
    /// - `runs.is_quick`: a trace's run that looks whole, so that a short silence settles it.
    /// - `runs.due_unix_nano`: `RunStatus.revisionDueUnixNano`, for looking up.
    /// - `pins.run`: the run that the span was delivered with; it may move to another afterwards,
    ///   so a span is found by its trace as well.
    /// - `trace_runs`: which runs the spans of a trace name.
    private static let tables = """
        CREATE TABLE requests (
            id INTEGER PRIMARY KEY,
            received_unix_nano INTEGER NOT NULL,
            kind TEXT NOT NULL,
            media_type TEXT NOT NULL,
            encoding TEXT NOT NULL,
            path_rollout TEXT, path_attempt TEXT,
            header_rollout TEXT, header_attempt TEXT,
            spans INTEGER NOT NULL,
            bytes INTEGER NOT NULL,
            traces BLOB NOT NULL
        );
        CREATE TABLE bodies (id INTEGER PRIMARY KEY, body BLOB NOT NULL);
        CREATE TABLE members (
            run INTEGER NOT NULL, request INTEGER NOT NULL,
            PRIMARY KEY (run, request)
        ) WITHOUT ROWID;
        CREATE INDEX members_request ON members (request);
        CREATE TABLE trace_runs (
            trace BLOB NOT NULL, run INTEGER NOT NULL,
            PRIMARY KEY (trace, run)
        ) WITHOUT ROWID;
        CREATE INDEX trace_runs_run ON trace_runs (run);
        CREATE TABLE runs (
            id INTEGER PRIMARY KEY,
            key TEXT NOT NULL UNIQUE,
            alias_of INTEGER,
            first_received_unix_nano INTEGER NOT NULL,
            last_received_unix_nano INTEGER NOT NULL,
            last_request INTEGER NOT NULL,
            own_request INTEGER NOT NULL,
            mended_through INTEGER NOT NULL DEFAULT 0,
            settled_through INTEGER NOT NULL DEFAULT 0,
            closed_through INTEGER NOT NULL DEFAULT 0,
            pruned_through INTEGER NOT NULL DEFAULT 0,
            revision INTEGER NOT NULL DEFAULT 0,
            revision_settled INTEGER NOT NULL DEFAULT 0,
            revised_unix_nano INTEGER NOT NULL DEFAULT 0,
            mend_nanos INTEGER NOT NULL DEFAULT 0,
            rules_version TEXT NOT NULL DEFAULT '',
            spans INTEGER NOT NULL DEFAULT 0,
            is_whole INTEGER NOT NULL DEFAULT 0,
            traces BLOB NOT NULL DEFAULT x'',
            is_quick INTEGER NOT NULL GENERATED ALWAYS AS
                (is_whole AND instr(key, '/') = 0 AND instr(key, '=') = 0) VIRTUAL,
            due_unix_nano INTEGER NOT NULL GENERATED ALWAYS AS (
                CASE WHEN revision = 0 THEN first_received_unix_nano ELSE revised_unix_nano END
                + max(1000000000, 10 * mend_nanos)) VIRTUAL
        );
        CREATE INDEX runs_alias ON runs (alias_of) WHERE alias_of IS NOT NULL;
        CREATE INDEX runs_dirty ON runs (id)
            WHERE alias_of IS NULL AND mended_through < last_request;
        CREATE INDEX runs_closing ON runs (id) WHERE alias_of IS NULL
            AND closed_through >= own_request AND settled_through < closed_through;
        CREATE INDEX runs_settling ON runs (is_quick, last_received_unix_nano)
            WHERE alias_of IS NULL AND settled_through < own_request;
        CREATE TABLE deliveries (
            sink TEXT NOT NULL,
            run INTEGER NOT NULL,
            state TEXT NOT NULL,
            revision INTEGER NOT NULL DEFAULT 0,
            delivered_through INTEGER NOT NULL DEFAULT 0,
            is_settled INTEGER NOT NULL DEFAULT 0,
            attempts INTEGER NOT NULL DEFAULT 0,
            next_attempt_unix_nano INTEGER NOT NULL DEFAULT 0,
            error TEXT,
            PRIMARY KEY (sink, run)
        ) WITHOUT ROWID;
        CREATE INDEX deliveries_run ON deliveries (run);
        CREATE INDEX deliveries_state ON deliveries (sink, state, next_attempt_unix_nano);
        CREATE TABLE pins (
            sink TEXT NOT NULL,
            trace BLOB NOT NULL,
            span INTEGER NOT NULL,
            run INTEGER NOT NULL,
            mended_trace BLOB NOT NULL,
            parent INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            duplicate_of INTEGER,
            PRIMARY KEY (sink, trace, span)
        ) WITHOUT ROWID;
        CREATE INDEX pins_run ON pins (run, sink);
        """
}
