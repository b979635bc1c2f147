internal import CFaultyDisk
internal import Foundation

/// A disk below SQLite that fails when told to, and that can lose power; see `faulty_disk.h`.
public struct FaultyDisk: Sendable {
    public enum Operation: String, CaseIterable, Sendable {
        case open, read, write, sync, truncate, delete, sharedMemory

        fileprivate var code: faulty_disk_operation {
            switch self {
            case .open: faulty_disk_open
            case .read: faulty_disk_read
            case .write: faulty_disk_write
            case .sync: faulty_disk_sync
            case .truncate: faulty_disk_truncate
            case .delete: faulty_disk_delete
            case .sharedMemory: faulty_disk_shared_memory
            }
        }
    }

    private let number: Int32

    /// Watches the files of a directory while the body runs.
    public static func with<T>(
        watching directory: String, _ body: (FaultyDisk) async throws -> T
    ) async throws -> T {
        let durable = directory + ".durable"
        try FileManager.default.createDirectory(atPath: durable, withIntermediateDirectories: true)
        defer { _ = try? FileManager.default.removeItem(atPath: durable) }
        let number = faulty_disk_install() ? faulty_disk_watch(directory, durable) : -1
        guard number >= 0 else { throw NoFaultyDisk() }
        defer { faulty_disk_forget(number) }
        return try await body(FaultyDisk(number: number))
    }

    /// Lets an operation fail from the `first`th that follows (1 is the next).
    /// - Parameters:
    ///   - times: how many fail; nil for all until `heal()`.
    ///   - code: a result code of SQLite.
    public func fail(_ operation: Operation, first: Int = 1, times: Int? = nil, code: Int32) {
        faulty_disk_fail(
            number, operation.code, UInt64(first), times.map { UInt64($0) } ?? 0, code)
    }

    /// Cuts the power in place of an operation, the `first`th that follows.
    public func cutPower(at operation: Operation, first: Int) {
        faulty_disk_fail(number, operation.code, UInt64(first), 0, 0)
    }

    public func heal() { faulty_disk_heal(number) }

    public func count(_ operation: Operation) -> Int {
        Int(faulty_disk_count(number, operation.code))
    }

    /// How many operations failed because they were told to.
    public var failures: Int { Int(faulty_disk_failures(number)) }

    /// Bytes of the files with this end of their name that a loss of power may take.
    public func unsyncedBytes(ofFilesNamed suffix: String) -> Int {
        Int(faulty_disk_unsynced(number, suffix))
    }

    /// From now on every operation fails, as for a process that is gone.
    public func powerOff() { faulty_disk_power_off(number) }

    /// Puts the files back as they were synced, with some of the other sectors where there is a seed.
    public func powerOn(keepingSectorsBySeed seed: UInt64 = 0) throws {
        guard faulty_disk_power_on(number, seed) else { throw NoFaultyDisk() }
    }
}

/// The disk could not be made, or its files could not be put back.
public struct NoFaultyDisk: Error {}
