import GRDB
import Mending
import Sinks
import Synchronization

/// The one writer of revisions: all that wait share one transaction, and so one fsync.
final class RevisionWriter: Sendable {
    private struct Waiting: Sendable {
        var revision: Revision
        var now: UInt64
        var done: CheckedContinuation<Void, any Error>
    }

    private struct Queue {
        var waiting: [Waiting] = []
        var isRunning = false
    }

    /// Spans in one transaction: bounds how long the first of a group waits.
    private static let spansInGroup = 20_000

    private let pool: DatabasePool
    private let queue = Mutex(Queue())

    init(_ pool: DatabasePool) {
        self.pool = pool
    }

    /// Returns when the revision is committed.
    func write(_ revision: Revision, now: UInt64) async throws {
        try await withCheckedThrowingContinuation { done in
            queue.withLock { queue in
                queue.waiting.append(Waiting(revision: revision, now: now, done: done))
                guard !queue.isRunning else { return }
                queue.isRunning = true
                pool.asyncWriteWithoutTransaction { self.drain($0) }
            }
        }
    }

    private func drain(_ db: Database) {
        while let group = nextGroup() {
            do {
                try commit(group, db)
                for one in group { one.done.resume() }
            } catch  where group.count > 1 {
                // One bad revision must not fail the others.
                for one in group { one.done.resume(with: Result { try commit([one], db) }) }
            } catch {
                for one in group { one.done.resume(throwing: error) }
            }
        }
    }

    private func commit(_ group: [Waiting], _ db: Database) throws {
        try db.inTransaction(.immediate) {
            for one in group { try RevisionWriting(db, one.revision, now: one.now).write() }
            return .commit
        }
    }

    private func nextGroup() -> [Waiting]? {
        queue.withLock { queue in
            guard !queue.waiting.isEmpty else {
                queue.isRunning = false
                return nil
            }
            var spans = 0
            let end = queue.waiting.firstIndex { one in
                spans += one.revision.run.spans.count
                return spans > Self.spansInGroup
            }
            let count = max(1, end ?? queue.waiting.count)
            let group = Array(queue.waiting.prefix(count))
            queue.waiting.removeFirst(count)
            return group
        }
    }
}
