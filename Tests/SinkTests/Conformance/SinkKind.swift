import ClickHouseSink
import Foundation
import LightningSink
import OTLP
import OTLPSink
import SQLiteArchive
import Sinks
import Synchronization
import Testing

/// A sink that the collector offers, with a peer that tells what it was given.
enum SinkKind: String, CaseIterable, CustomTestStringConvertible {
    case archive
    case otlp
    case lightning
    case clickhouse

    var testDescription: String { rawValue }

    /// Runs the body with a sink of this kind and its peer.
    func run<Value>(
        in directory: String, _ body: (any TraceSink, Peer) async throws -> Value
    ) async throws -> Value {
        let peer = Peer()
        return try await ScriptedServer.run(answering: { peer.answer($0) }) { server in
            let sink: any TraceSink
            switch self {
            case .archive:
                let archive = try SQLiteArchive(.init(directory: directory, name: "sink"))
                peer.readArchive(archive.reader)
                sink = archive
            case .otlp:
                sink = try OTLPSink(
                    OTLPSink.Configuration(
                        name: "sink",
                        client: OTLPClient.Configuration(endpoint: server.url + "/v1/traces")),
                    warn: { _ in })
            case .lightning:
                sink = try LightningSink(
                    LightningSink.Configuration(name: "sink", url: server.url), warn: { _ in })
            case .clickhouse:
                let table = TableStandIn()
                peer.readTable(table)
                sink = try ClickHouseSink(.init(name: "sink", endpoint: server.url))
            }
            let value = try await body(sink, peer)
            try await sink.close()
            return value
        }
    }
}

/// What is behind a sink: keeps the spans that it gets, by id.
final class Peer: Sendable {
    private struct State {
        var spans: [SpanID: Int] = [:]
        var archive: ArchiveReader?
        var table: TableStandIn?
    }

    private let state = Mutex(State())

    /// The spans that are there, and how often each was stored.
    func spans() async throws -> [SpanID: Int] {
        if let table = state.withLock({ $0.table }) {
            let ids = table.live.compactMap { SpanID(hexadecimal: $0.text("SpanId")) }
            return ids.reduce(into: [:]) { $0[$1, default: 0] += 1 }
        }
        guard let archive = state.withLock({ $0.archive }) else {
            return state.withLock { $0.spans }
        }
        var spans: [SpanID: Int] = [:]
        for run in try await archive.runs(limit: 100, after: nil).runs {
            let batch = try await archive.batch(ofRun: run.id)
            for span in batch?.spans ?? [] { spans[span.spanID, default: 0] += 1 }
        }
        return spans
    }

    func readArchive(_ reader: ArchiveReader) {
        state.withLock { $0.archive = reader }
    }

    func readTable(_ table: TableStandIn) {
        state.withLock { $0.table = table }
    }

    func answer(_ request: ScriptedServer.Request) -> ScriptedServer.Step {
        if let table = state.withLock({ $0.table }) { return table.answer(request) }
        guard request.path == "/v1/traces" else {
            return .answer(200, body: Array(listing.utf8))
        }
        do {
            let batch = try TraceBatch(protobuf: request.exportedBytes())
            state.withLock { state in
                for span in batch.spans { state.spans[span.spanID, default: 0] += 1 }
            }
            return .answer(200)
        } catch {
            return .answer(400, body: Array("\(error)".utf8))
        }
    }

    /// The spans as a LightningStore lists them.
    private var listing: String {
        let spans = state.withLock { $0.spans.keys.sorted() }
        let items = spans.enumerated().map { place, id in
            #"{"span_id":"\#(id)","sequence_id":\#(place + 1),"start_time":1700000000.5}"#
        }
        return #"{"items":[\#(items.joined(separator: ","))]}"#
    }
}

/// A sink that fails as it is told, before or after its delivery.
final class FaultySink: TraceSink {
    enum Fault: Sendable {
        /// Nothing gets there.
        case before(SinkError)
        /// All gets there, but the collector does not learn of it: it might as well have crashed.
        case after(SinkError)
    }

    private let sink: any TraceSink
    private let faults: Mutex<[Fault]>
    private let calls = Mutex(0)

    init(_ sink: any TraceSink, _ faults: [Fault]) {
        self.sink = sink
        self.faults = Mutex(faults)
    }

    var name: String { sink.name }
    var mode: SinkMode { sink.mode }
    var keepsRunsApart: Bool { sink.keepsRunsApart }
    var takesSettledOnly: Bool { sink.takesSettledOnly }
    /// How often it was asked.
    var deliveries: Int { calls.withLock { $0 } }

    func wants(_ revision: Revision) -> Bool { sink.wants(revision) }

    func deliver(_ revision: Revision) async throws(SinkError) {
        calls.withLock { $0 += 1 }
        let fault = faults.withLock { $0.isEmpty ? nil : $0.removeFirst() }
        if case .before(let error)? = fault { throw error }
        try await sink.deliver(revision)
        if case .after(let error)? = fault { throw error }
    }

    func close() async throws {}
}
