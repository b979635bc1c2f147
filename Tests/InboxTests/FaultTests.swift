import FaultyDisk
import Foundation
import GRDB
import Inbox
import Testing

/// Each row lets one kind of operation fail at its Nth time, for every N that the work comes to.
@Suite("The Inbox keeps its word when the disk does not")
struct FaultTests {
    struct Fault: Sendable, CustomTestStringConvertible {
        var operation: FaultyDisk.Operation
        var code: ResultCode
        /// How many fail in a row; nil for all until the disk is healed.
        var times: Int?

        var testDescription: String {
            "\(operation) fails with \(code), \(times.map { "\($0) times" } ?? "from then on")"
        }
    }

    @Test(
        "An operation of the disk fails",
        arguments: [
            Fault(operation: .write, code: .SQLITE_FULL, times: 1),
            Fault(operation: .write, code: .SQLITE_FULL, times: nil),
            Fault(operation: .write, code: .SQLITE_IOERR_WRITE, times: 1),
            Fault(operation: .write, code: .SQLITE_IOERR_WRITE, times: 5),
            Fault(operation: .sync, code: .SQLITE_IOERR_FSYNC, times: 1),
            Fault(operation: .sync, code: .SQLITE_IOERR_FSYNC, times: nil),
            Fault(operation: .open, code: .SQLITE_CANTOPEN, times: 1),
            Fault(operation: .open, code: .SQLITE_CANTOPEN, times: nil),
            Fault(operation: .read, code: .SQLITE_IOERR_READ, times: 1),
            Fault(operation: .read, code: .SQLITE_IOERR_READ, times: nil),
            Fault(operation: .truncate, code: .SQLITE_IOERR_TRUNCATE, times: nil),
            Fault(operation: .delete, code: .SQLITE_IOERR_DELETE, times: nil),
            Fault(operation: .sharedMemory, code: .SQLITE_IOERR_SHMSIZE, times: nil),
        ])
    func fault(_ fault: Fault) async throws {
        try await everyPlace("inbox, \(fault.testDescription)") { place, disk, trial in
            disk.fail(
                fault.operation, first: place, times: fault.times, code: fault.code.rawValue)
            try await trial.openAndWork()
            let hasFailed = disk.failures > 0
            disk.heal()
            // The same Inbox, where it could be opened, and nothing started anew.
            try await trial.expectItWorksAgain()
            disk.powerOff()
            try await trial.close()
            try disk.powerOn(keepingSectorsBySeed: trial.seed)
            try await trial.expectItKeptItsWord()
            return hasFailed
        }
    }

    @Test(
        "The power goes off in place of an operation",
        arguments: [FaultyDisk.Operation.write, .sync], [false, true])
    func powerCut(operation: FaultyDisk.Operation, keepsSomeSectors: Bool) async throws {
        try await everyPlace("inbox, power off at \(operation)") { place, disk, trial in
            disk.cutPower(at: operation, first: place)
            try await trial.openAndWork()
            let hasFailed = disk.failures > 0
            disk.powerOff()
            try await trial.close()
            try disk.powerOn(keepingSectorsBySeed: keepsSomeSectors ? trial.seed : 0)
            try await trial.expectItKeptItsWord()
            return hasFailed
        }
    }

    @Test("With durability power an acknowledged request lies on the disk, with process it may not")
    func synchronousness() async throws {
        for durability in [InboxConfiguration.Durability.power, .process] {
            try await withScratch { scratch in
                var scratch = scratch
                scratch.configuration.durability = durability
                let survivors = try await FaultyDisk.with(watching: scratch.directory) { disk in
                    let inbox = try Inbox(path: scratch.file, configuration: scratch.configuration)
                    let syncs = disk.count(.sync)
                    for number in 1...20 {
                        let before = disk.count(.sync)
                        // Every other one lies beside the database.
                        _ = try await inbox.append(
                            request(span(UInt64(number)))
                                .accepted(bytes: number % 2 == 0 ? 8 : 100_000))
                        guard durability == .power else { continue }
                        #expect(disk.count(.sync) > before, "request \(number)")
                        for file in ["-wal", "-1"] {
                            #expect(disk.unsyncedBytes(ofFilesNamed: file) == 0)
                        }
                    }
                    if durability == .process { #expect(disk.count(.sync) == syncs) }
                    disk.powerOff()
                    _ = try? await inbox.shutdown()
                    try disk.powerOn()
                    return try await scratch.open { $0.counts.requests }
                }
                #expect(survivors == (durability == .power ? 20 : 0), "\(durability)")
            }
        }
    }

    private func everyPlace(
        _ name: String, _ body: (_ place: Int, FaultyDisk, Trial) async throws -> Bool
    ) async throws {
        try await FaultPlaces(name).forEach { place, seed in
            try await withScratch { scratch in
                try await FaultyDisk.with(watching: scratch.directory) { disk in
                    try await body(place, disk, Trial(scratch: scratch, seed: seed, place: place))
                }
            }
        }
    }
}
