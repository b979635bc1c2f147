internal import GRDB

/// How many runs a sink has not got.
public struct DeliveryCounts: Hashable, Sendable {
    public var waiting: Int
    public var parked: Int
}

extension InboxReader {
    /// - Complexity: linear in what waits or is parked.
    public func deliveryCounts(sink: String) async throws(InboxError) -> DeliveryCounts {
        try await read { db in
            func count(_ state: Delivery.State) throws -> Int {
                try Int.fetchOne(
                    db.cachedStatement(
                        sql: "SELECT count(*) FROM deliveries WHERE sink = ? AND state = ?"),
                    arguments: [sink, state.rawValue]) ?? 0
            }
            return DeliveryCounts(waiting: try count(.waiting), parked: try count(.parked))
        }
    }
}
