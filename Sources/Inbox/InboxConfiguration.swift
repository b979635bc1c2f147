/// How an Inbox keeps its promise, and how much it holds.
public struct InboxConfiguration: Hashable, Sendable {
    /// What an acknowledged request survives.
    public enum Durability: String, Hashable, Sendable {
        /// Loss of power: SQLite's `synchronous=FULL`.
        case power
        /// A crash of the process: SQLite's `synchronous=NORMAL`.
        case process
    }

    public var durability: Durability
    /// The sinks whose deliveries count: a request is undelivered until each of them has it.
    public var sinks: [String]
    /// Bytes of bodies that some sink has not got; over it `append` throws `.full`.
    public var undeliveredLimitBytes: Int
    /// Bytes to which the write-ahead log is cut back; a group of commits may exceed it.
    public var walLimitBytes: Int
    /// Bytes of bodies in one transaction: bounds how long the first of a group waits.
    public var groupLimitBytes: Int
    /// Bytes after which a file of large bodies is followed by a new one; a body may exceed it.
    public var bodyFileBytes: Int

    public init(
        durability: Durability = .power, sinks: [String] = [],
        undeliveredLimitBytes: Int = 8 << 30, walLimitBytes: Int = 64 << 20,
        groupLimitBytes: Int = 64 << 20, bodyFileBytes: Int = 16 << 20
    ) {
        self.durability = durability
        self.sinks = sinks
        self.undeliveredLimitBytes = undeliveredLimitBytes
        self.walLimitBytes = walLimitBytes
        self.groupLimitBytes = groupLimitBytes
        self.bodyFileBytes = bodyFileBytes
    }
}
