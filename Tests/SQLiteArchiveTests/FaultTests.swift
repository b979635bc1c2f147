import FaultyDisk
import Foundation
import GRDB
import SQLiteArchive
import Sinks
import Testing

/// Each row lets one kind of operation fail at its Nth time, for every N that the work comes to.
@Suite struct FaultTests {
    @Test(
        arguments: [
            (.write, .SQLITE_FULL, 1), (.write, .SQLITE_IOERR_WRITE, nil),
            (.sync, .SQLITE_IOERR_FSYNC, 1), (.sync, .SQLITE_IOERR_FSYNC, nil),
            (.open, .SQLITE_CANTOPEN, nil), (.read, .SQLITE_IOERR_READ, 1),
        ] as [(FaultyDisk.Operation, ResultCode, Int?)])
    func whatWasDeliveredOutlivesAFaultAndALossOfPower(
        operation: FaultyDisk.Operation, code: ResultCode, times: Int?
    ) async throws {
        try await FaultPlaces("archive \(operation) \(code)").forEach { place, seed in
            let folder = try TemporaryFolder()
            return try await FaultyDisk.with(watching: folder.path) { disk in
                disk.fail(operation, first: place, times: times, code: code.rawValue)
                let trial = Trial(folder: folder.path, label: "place \(place), seed \(seed)")
                await trial.openAndDeliver(1...8)
                let hasFailed = disk.failures > 0
                disk.heal()
                try await trial.expectItWorksAgain(revision: 9)
                disk.powerOff()
                await trial.close()
                try disk.powerOn(keepingSectorsBySeed: seed)
                try await trial.expectItHasWhatItTook()
                return hasFailed
            }
        }
    }

    @Test(arguments: [FaultyDisk.Operation.write, .sync])
    func whatWasDeliveredOutlivesALossOfPowerAtAnyOperation(
        operation: FaultyDisk.Operation
    ) async throws {
        try await FaultPlaces("archive power, \(operation)").forEach { place, seed in
            let folder = try TemporaryFolder()
            return try await FaultyDisk.with(watching: folder.path) { disk in
                disk.cutPower(at: operation, first: place)
                let trial = Trial(folder: folder.path, label: "place \(place), seed \(seed)")
                await trial.openAndDeliver(1...8)
                let hasFailed = disk.failures > 0
                disk.powerOff()
                await trial.close()
                try disk.powerOn(keepingSectorsBySeed: seed)
                try await trial.expectItHasWhatItTook()
                return hasFailed
            }
        }
    }
}

/// One archive through one fault, and the newest revision that it took.
private final class Trial {
    private let folder: String
    private let label: Comment
    private var archive: SQLiteArchive?
    private var taken = 0
    private var sent = 0

    init(folder: String, label: String) {
        self.folder = folder
        self.label = Comment(rawValue: label)
    }

    func openAndDeliver(_ numbers: ClosedRange<Int>) async {
        do throws(ArchiveError) {
            archive = try SQLiteArchive(.init(directory: folder))
        } catch {
            #expect(error.description.contains(folder), "\(error)")
            return
        }
        for number in numbers { await deliver(number) }
    }

    func expectItWorksAgain(revision: Int) async throws {
        archive = try archive ?? SQLiteArchive(.init(directory: folder))
        await deliver(revision)
        #expect(taken == revision, label)
    }

    func close() async {
        // It may well fail: the power is off.
        _ = try? await archive?.close()
        archive = nil
    }

    func expectItHasWhatItTook() async throws {
        let archive = try SQLiteArchive(.init(directory: folder))
        if taken > 0 {
            let found = try await wholeRevision(archive.reader)
            #expect(found >= taken && found <= sent, label)
        }
        try await archive.deliver(numberedRevision(sent + 1))
        #expect(try await wholeRevision(archive.reader) == sent + 1, label)
        try await archive.close()
        let queue = try DatabaseQueue(path: folder + "/" + SQLiteArchive.fileName)
        let state = try await queue.read { db in
            try String.fetchOne(db, sql: "PRAGMA integrity_check")
        }
        #expect(state == "ok", label)
    }

    /// A fault of the disk passes, so it is never a reason to give a run up.
    private func deliver(_ number: Int) async {
        sent = number
        do throws(SinkError) {
            try await archive?.deliver(numberedRevision(number))
            taken = number
        } catch {
            guard case .retryable(let reason, _) = error else {
                Issue.record(error, label)
                return
            }
            #expect(reason.contains("; "), "it says what to do: \(reason)")
        }
    }
}
