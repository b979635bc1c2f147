internal import Foundation
internal import GRDB
internal import SQLiteFaults
internal import Synchronization

/// The one writer: all operations that wait share one transaction, and so one fsync.
///
/// Transactions run on GRDB's writer queue, a thread of its own. An operation reports back after the
/// commit; cancelling its task does not take it back.
final class GroupCommit: Sendable {
    private struct Operation: Sendable {
        var bytes: Int
        /// Does the work and returns what acknowledges it.
        var apply: @Sendable (Database, inout Ledger) throws -> @Sendable () -> Void
        var fail: @Sendable (InboxError) -> Void
    }

    private struct Queue {
        var waiting: [Operation] = []
        var waitingBytes = 0
        var isRunning = false
        var isClosed = false
        var counts = InboxCounts()
    }

    /// How many transactions follow each other before others have a turn on the writer's thread.
    private static let groupsInOneTurn = 8

    private let pool: DatabasePool
    private let configuration: InboxConfiguration
    private let bodies: BodyFiles
    private let queue = Mutex(Queue())
    /// Touched by the writer alone; nil when it has to be read from the database.
    private let ledger: Mutex<Ledger?>

    init(pool: DatabasePool, configuration: InboxConfiguration, ledger: consuming Ledger) {
        self.pool = pool
        self.configuration = configuration
        bodies = ledger.bodies
        let counts = ledger.counts
        self.ledger = Mutex(ledger)
        queue.withLock { $0.counts = counts }
    }

    var counts: InboxCounts { queue.withLock { $0.counts } }

    /// Runs an operation in the next transaction and returns what it made, once that is committed.
    /// - Parameter bytes: body bytes that the operation adds; nil for operations that are always
    ///   let in, because they make room or need none.
    func perform<T: Sendable>(
        adding bytes: Int? = nil,
        _ body: @escaping @Sendable (Database, inout Ledger) throws -> T
    ) async throws(InboxError) -> T {
        let result = await withCheckedContinuation { waiter in
            perform(adding: bytes, body) { waiter.resume(returning: $0) }
        }
        return try result.get()
    }

    /// The same with a function that is called once, with what became of it.
    func perform<T: Sendable>(
        adding bytes: Int?, _ body: @escaping @Sendable (Database, inout Ledger) throws -> T,
        then done: @escaping @Sendable (Result<T, InboxError>) -> Void
    ) {
        let operation = Operation(
            bytes: bytes ?? 0,
            apply: { db, ledger in
                let value = try body(db, &ledger)
                return { done(.success(value)) }
            },
            fail: { done(.failure($0)) })
        let refusal = queue.withLock { admit(operation, adding: bytes, to: &$0) }
        if let refusal { done(.failure(refusal)) }
    }

    /// Lets nothing in any more, and returns when what waited is committed.
    func close() async {
        queue.withLock { $0.isClosed = true }
        await withCheckedContinuation { waiter in
            // The writer queue is serial, and nothing is let in any more: after this, nothing waits.
            pool.asyncWriteWithoutTransaction { db in
                while let group = self.nextGroup() { self.settle(group, db) }
                waiter.resume()
            }
        }
    }

    /// Moves the write-ahead log into the database and cuts it; readers in its way are no failure.
    func checkpoint() async throws(InboxError) {
        try await betweenGroups { db in
            // A reader that takes long must not hold up what waits to be kept.
            try db.execute(sql: "PRAGMA busy_timeout = 50")
            let outcome = Result { try db.checkpoint(.truncate) }
            try db.execute(sql: "PRAGMA busy_timeout = 5000")
            if case .failure(let error as DatabaseError) = outcome,
                error.resultCode != .SQLITE_BUSY
            {
                throw error
            }
        }
    }

    /// Deletes the files whose bodies are all pruned.
    func deleteUnusedBodies() async throws(InboxError) {
        // Outside of a transaction: only what is committed counts.
        try await betweenGroups { try self.bodies.deleteUnused($0) }
    }

    private func betweenGroups(
        _ body: @escaping @Sendable (Database) throws -> Void
    ) async throws(InboxError) {
        let path = pool.path
        let failure: InboxError? = await withCheckedContinuation { waiter in
            pool.asyncWriteWithoutTransaction { db in
                do {
                    try body(db)
                    waiter.resume(returning: nil)
                } catch {
                    waiter.resume(returning: InboxError(error, path: path))
                }
            }
        }
        if let failure { throw failure }
    }

    /// Queues an operation, or returns why not.
    private func admit(
        _ operation: Operation, adding bytes: Int?, to queue: inout Queue
    ) -> InboxError? {
        if queue.isClosed { return .closed }
        if let bytes {
            let undelivered = queue.counts.undeliveredBytes + queue.waitingBytes
            // A body larger than the limit is let in where nothing waits: it could never be otherwise.
            if undelivered > 0, undelivered + bytes > configuration.undeliveredLimitBytes {
                return .full(
                    undeliveredBytes: undelivered,
                    limitBytes: configuration.undeliveredLimitBytes)
            }
        }
        queue.waiting.append(operation)
        queue.waitingBytes += operation.bytes
        if !queue.isRunning {
            queue.isRunning = true
            // Under the lock, so that closing comes after every operation that was let in.
            pool.asyncWriteWithoutTransaction { self.drain($0) }
        }
        return nil
    }

    /// Works off what waits. After some groups it lets others in the writer's queue, such as a
    /// checkpoint, have their turn, and goes on behind them.
    private func drain(_ db: Database) {
        for _ in 0..<Self.groupsInOneTurn {
            guard let group = nextGroup() else { return }
            settle(group, db)
        }
        pool.asyncWriteWithoutTransaction { self.drain($0) }
    }

    /// Commits operations together; where that fails, each by itself, so that only those are refused
    /// that cannot be done. When the disk fails for one alone as well, the rest is refused unasked.
    private func settle(_ group: [Operation], _ db: Database) {
        let (outcome, counts) = attempt(group, db)
        guard case .failure = outcome, group.count > 1 else {
            return answer(group, outcome, counts)
        }
        for (place, operation) in group.enumerated() {
            let (outcome, counts) = attempt([operation], db)
            answer([operation], outcome, counts)
            if case .failure(let failure) = outcome, failure.isOfTheWholeDatabase {
                return answer(Array(group[(place + 1)...]), .failure(failure), nil)
            }
        }
    }

    private func attempt(
        _ group: [Operation], _ db: Database
    ) -> (Result<[@Sendable () -> Void], CommitFailure>, InboxCounts?) {
        ledger.withLock { ledger in
            let outcome = commit(group, db, &ledger)
            return (outcome, ledger?.counts)
        }
    }

    /// - Parameter counts: as of the commit; nil after a failure.
    private func answer(
        _ group: [Operation], _ outcome: Result<[@Sendable () -> Void], CommitFailure>,
        _ counts: InboxCounts?
    ) {
        let bytes = group.reduce(0) { $0 + $1.bytes }
        queue.withLock { queue in
            queue.waitingBytes -= bytes
            let commits = queue.counts.commits
            if let counts {
                queue.counts = counts
                queue.counts.commits = commits + 1
            }
        }
        switch outcome {
        case .success(let acknowledgements):
            for acknowledge in acknowledgements { acknowledge() }
        case .failure(let failure):
            for operation in group { operation.fail(failure.error) }
        }
    }

    private func nextGroup() -> [Operation]? {
        queue.withLock { queue in
            guard !queue.waiting.isEmpty else {
                queue.isRunning = false
                return nil
            }
            var bytes = 0
            let end = queue.waiting.firstIndex { operation in
                bytes += operation.bytes
                return bytes > configuration.groupLimitBytes
            }
            let count = max(1, end ?? queue.waiting.count)
            let group = Array(queue.waiting.prefix(count))
            queue.waiting.removeFirst(count)
            return group
        }
    }

    /// After a failure the ledger may tell of what was rolled back, so it is read again.
    private func commit(
        _ group: [Operation], _ db: Database, _ ledger: inout Ledger?
    ) -> Result<[@Sendable () -> Void], CommitFailure> {
        do {
            var current = try ledger.take() ?? readLedger(db)
            var acknowledgements: [@Sendable () -> Void] = []
            try db.inTransaction(.immediate) {
                for operation in group {
                    acknowledgements.append(try operation.apply(db, &current))
                }
                try current.flush(db)
                // A row never tells of a body that a loss of power can take.
                try bodies.sync()
                return .commit
            }
            ledger = current
            return .success(acknowledgements)
        } catch {
            bodies.abandon()
            return .failure(CommitFailure(error, path: pool.path))
        }
    }

    /// Reading takes long where much is undelivered, so while the disk takes nothing at all, a write
    /// of one page shows it first, and requests are refused at once.
    private func readLedger(_ db: Database) throws -> Ledger {
        try db.inTransaction(.immediate) {
            try db.execute(sql: "PRAGMA user_version = \(Schema.version)")
            return .commit
        }
        return try Ledger(reading: db, sinks: configuration.sinks, bodies: bodies)
    }
}

/// Why a transaction was not committed.
private struct CommitFailure: Error {
    let error: InboxError
    let isOfTheWholeDatabase: Bool

    init(_ error: any Error, path: String) {
        self.error = InboxError(error, path: path)
        let fault = (error as? DatabaseError).map { DatabaseFault($0) }
        isOfTheWholeDatabase = fault?.isOfTheWholeDatabase ?? false
    }
}

extension InboxError {
    init(_ error: any Error, path: String) {
        switch error {
        case let error as InboxError: self = error
        case let error as DatabaseError: self = .database(path: path, message: error.explained)
        default: self = .database(path: path, message: "\(error)")
        }
    }
}
