internal import Foundation
internal import GRDB
internal import OTLP

extension Ledger {
    /// Writes a request, its body, and which runs it feeds, and marks every run whose result it can
    /// change.
    mutating func append(_ request: AcceptedRequest, _ db: Database) throws -> Int64 {
        let id = nextRequest
        nextRequest += 1
        try insert(request, as: id, db)
        var members: Set<Int64> = []
        for feed in request.feeds.feeds {
            members.insert(
                try place(feed, request: id, time: request.receivedUnixNano, db))
        }
        let insert = try db.cachedStatement(sql: "INSERT INTO members VALUES (?, ?)")
        for member in members.sorted() { try insert.execute(arguments: [member, id]) }
        storedRequests += 1
        storedBytes += request.body.count
        // Only now: a later feed may have given the trace of an earlier one to a run.
        let joined = takeJoined()
        for (trace, runs) in joined { try awaitDelivery(ofTrace: trace, by: runs, db) }
        try touchReceivers(of: request, as: id, db)
        return id
    }

    /// Lets the request wait for the runs that may hold its spans. In a trace that several runs
    /// share, any span may move the ones that name no run: there all of its runs are mended anew.
    private mutating func touchReceivers(
        of request: AcceptedRequest, as id: Int64, _ db: Database
    ) throws {
        var receivers: Set<Int64> = []
        var shared: Set<TraceID> = []
        for feed in request.feeds.feeds where !shared.contains(feed.traceID) {
            let trace = try trace(feed.traceID, db)
            if trace.isShared, let own = trace.own {
                shared.insert(feed.traceID)
                for run in trace.named + [own] {
                    touch(run, request: id)
                    receivers.insert(run)
                }
            } else if let run = feed.run {
                if let row = try row(of: run, db) { receivers.insert(row) }
            } else if let home = trace.home {
                receivers.insert(home)
            }
        }
        guard !sinks.isEmpty else { return }
        for run in receivers {
            backlog.add(
                id, bytes: request.body.count, receivedUnixNano: request.receivedUnixNano, to: run)
        }
    }

    private func insert(_ request: AcceptedRequest, as id: Int64, _ db: Database) throws {
        var traces = Data()
        var seen: Set<TraceID> = []
        for feed in request.feeds.feeds where seen.insert(feed.traceID).inserted {
            traces.append(feed.traceID.data)
        }
        let spans = request.feeds.feeds.reduce(0) { $0 + $1.spans }
        try db.cachedStatement(
            sql: "INSERT INTO requests VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        ).execute(arguments: [
            id, request.receivedUnixNano, request.kind.rawValue, request.mediaType.rawValue,
            request.encoding.rawValue, request.context.pathRollout, request.context.pathAttempt,
            request.context.headerRollout, request.context.headerAttempt, spans,
            request.body.count, traces,
        ])
        if request.body.count < BodyFiles.leastBytes {
            try db.cachedStatement(sql: "INSERT INTO bodies VALUES (?, ?)")
                .execute(arguments: [id, Data(request.body)])
        } else {
            let place = try bodies.append(request.body)
            try db.cachedStatement(sql: "INSERT INTO body_places VALUES (?, ?, ?)")
                .execute(arguments: [id, place.file, place.position])
        }
    }

    /// The row that the request becomes a member of.
    private mutating func place(
        _ feed: RequestFeeds.Feed, request: Int64, time: Int64, _ db: Database
    ) throws -> Int64 {
        if let run = feed.run {
            let row = try makeRow(of: run, request: request, receivedUnixNano: time, db)
            touch(row, request: request, receivedUnixNano: time)
            if feed.traceID.isValid { try name(row, in: feed.traceID, db) }
            return row
        }
        var trace = try trace(feed.traceID, db)
        let own: Int64
        if let known = trace.own {
            own = known
        } else {
            own = try makeRow(
                of: .trace(feed.traceID), request: request, receivedUnixNano: time, db)
            trace.own = own
            remember(trace, as: feed.traceID)
            if let only = trace.home, only != own { try setAlias(of: own, to: only, db) }
            if trace.isShared { join(trace.named + [own], in: feed.traceID) }
        }
        touch(trace.home ?? own, request: request, receivedUnixNano: time)
        return own
    }

    /// Notes that spans of a trace name a run.
    private mutating func name(_ run: Int64, in id: TraceID, _ db: Database) throws {
        var trace = try trace(id, db)
        guard !trace.named.contains(run) else { return }
        try db.cachedStatement(sql: "INSERT INTO trace_runs VALUES (?, ?)")
            .execute(arguments: [id.data, run])
        trace.named.append(run)
        remember(trace, as: id)
        guard let own = trace.own else { return }
        switch trace.named.count {
        case 1: try setAlias(of: own, to: run, db)
        case 2:
            try setAlias(of: own, to: nil, db)
            join(trace.named, in: id)
        default: join([run], in: id)
        }
    }

    /// Makes a trace's run another name of a run, or, with nil, a run of its own again.
    ///
    /// Sinks have what was delivered of it, so its pins go along; its requests wait for the other
    /// run from now on.
    private mutating func setAlias(of own: Int64, to run: Int64?, _ db: Database) throws {
        try flush(db)
        try db.execute(sql: "UPDATE runs SET alias_of = ? WHERE id = ?", arguments: [run, own])
        guard let run else {
            try countMembers(of: own, db)
            return try awaitDelivery(of: own, db)
        }
        try db.execute(
            sql: """
                UPDATE runs SET
                    first_received_unix_nano = min(first_received_unix_nano, own.first),
                    last_received_unix_nano = max(last_received_unix_nano, own.last),
                    last_request = max(last_request, own.request),
                    own_request = max(own_request, own.newest),
                    pruned_through = max(pruned_through, own.pruned)
                FROM (SELECT first_received_unix_nano AS first, last_received_unix_nano AS last,
                    last_request AS request, own_request AS newest, pruned_through AS pruned
                    FROM runs WHERE id = ?2) AS own
                WHERE id = ?1
                """, arguments: [run, own])
        try db.execute(
            sql: "UPDATE pins SET run = ? WHERE run = ?", arguments: [run, own])
        try db.execute(sql: "DELETE FROM deliveries WHERE run = ?", arguments: [own])
        // What the run has delivered did not hold the trace's requests.
        try db.execute(
            sql: """
                UPDATE deliveries SET delivered_through = coalesce(min(delivered_through,
                    (SELECT min(request) - 1 FROM members WHERE run = ?2)), delivered_through)
                WHERE run = ?1
                """, arguments: [run, own])
        backlog.deliver(own, through: .max)
        try awaitDelivery(of: run, db)
    }

    /// While a trace's run was another name, its requests were written down for the other run.
    private func countMembers(of own: Int64, _ db: Database) throws {
        try db.execute(
            sql: """
                UPDATE runs SET last_request = max(last_request, q.id),
                    own_request = max(own_request, q.id),
                    last_received_unix_nano = max(last_received_unix_nano, q.received_unix_nano)
                FROM (SELECT id, received_unix_nano FROM requests
                    WHERE id = (SELECT max(request) FROM members WHERE run = ?1)) AS q
                WHERE runs.id = ?1
                """, arguments: [own])
    }
}
