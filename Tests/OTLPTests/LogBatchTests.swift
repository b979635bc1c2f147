import TestSupport
import CProtobufC
import Foundation
import OTLP
import OTLPReference
import Testing

/// The request of the log service, which shares the decoder of the trace service.
@Suite("Log records")
struct LogBatchTests {
    /// A request with one record that has these fields.
    private static func request(record fields: [UInt8]) -> [UInt8] {
        Wire.bytes(1, Wire.bytes(2, Wire.bytes(2, fields)))
    }

    private static let traceID = (1...16).map { UInt8($0) }
    private static let spanID = (1...8).map { UInt8($0) }

    private static let everyField =
        Wire.fixed64(1, 11) + Wire.number(2, 17) + Wire.text(3, "ERROR")
        + Wire.bytes(5, Wire.text(1, "the body")) + Wire.bytes(6, Wire.text(1, "k"))
        + Wire.number(7, 4) + Wire.fixed32(8, 257) + Wire.bytes(9, traceID)
        + Wire.bytes(10, spanID) + Wire.fixed64(11, 12) + Wire.text(12, "gen_ai.choice")

    @Test("every field of a record is read")
    func fields() throws {
        let resource = Wire.bytes(1, Wire.bytes(1, Wire.text(1, "r"))) + Wire.text(3, "of resource")
        let scope =
            Wire.bytes(2, Self.everyField) + Wire.bytes(1, Wire.text(1, "s"))
            + Wire.text(3, "of scope")
        let batch = try LogBatch(protobuf: Wire.bytes(1, Wire.bytes(2, scope) + resource))
        let record = try #require(batch.records.first)
        let content = batch.content
        #expect(batch.records.count == 1)
        #expect(record.timeUnixNano == 11)
        #expect(record.observedTimeUnixNano == 12)
        #expect(record.severityNumber == 17)
        #expect(content.string(record.severityText) == "ERROR")
        #expect(content.anyValue(record.body) == .string("the body"))
        #expect(content.attributes(record.attributes).map { content.string($0.key) } == ["k"])
        #expect(record.droppedAttributesCount == 4)
        #expect(record.flags == 257)
        #expect(record.traceID.description == "0102030405060708090a0b0c0d0e0f10")
        #expect(record.spanID.description == "0102030405060708")
        #expect(content.string(record.eventName) == "gen_ai.choice")
        let found = content.scopes[Int(record.scope)]
        #expect(content.string(found.name) == "s")
        #expect(content.string(found.schemaURL) == "of scope")
        let resources = content.resources[Int(found.resource)]
        #expect(content.string(resources.schemaURL) == "of resource")
        #expect(resources.attributes.count == 1)
    }

    struct Row: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var fields: [UInt8]
        var body = AnyValue.empty
        var span = ""
        var repaired = 0
        var droppedDeep = 0
    }

    static let rows = [
        Row(testDescription: "no field at all", fields: []),
        Row(
            testDescription: "a list that is set twice is merged",
            fields: Wire.bytes(5, Wire.bytes(6, Wire.bytes(1, Wire.text(1, "a"))))
                + Wire.bytes(5, Wire.bytes(6, Wire.bytes(1, Wire.text(1, "b")))),
            body: .keyValueList([KeyValue("a", .empty), KeyValue("b", .empty)])),
        Row(
            testDescription: "the last member of a body counts",
            fields: Wire.bytes(5, Wire.text(1, "a") + Wire.number(3, 7)), body: .int(7)),
        Row(
            testDescription: "text that is not UTF-8 is repaired",
            fields: Wire.bytes(5, Wire.bytes(1, [0x61, 0xFF])), body: .string("a\u{FFFD}"),
            repaired: 1),
        Row(
            testDescription: "a wrong wire type is skipped",
            fields: Wire.number(5, 1) + Wire.fixed64(9, 1) + Wire.text(1, "x")),
        Row(
            testDescription: "unknown fields and groups are skipped",
            fields: Wire.group(4, Wire.text(1, "x")) + Wire.text(99, "y")
                + Wire.bytes(10, spanID), span: "0102030405060708"),
        Row(
            testDescription: "an id that came as hexadecimal text",
            fields: Wire.text(10, "00000000000000ff"), span: "00000000000000ff"),
        Row(testDescription: "an id of a wrong length is none", fields: Wire.text(10, "abc")),
        Row(
            testDescription: "a body nested beyond the limit is left out",
            fields: Wire.bytes(5, deep(levels: 80)), droppedDeep: 1),
    ]

    private static func deep(levels: Int) -> [UInt8] {
        var value = Wire.number(3, 1)
        for _ in 0..<levels { value = Wire.bytes(5, Wire.bytes(1, value)) }
        return value
    }

    @Test("records are read by the rules of the wire", arguments: rows)
    func rules(_ row: Row) throws {
        let batch = try LogBatch(protobuf: Self.request(record: row.fields))
        let record = try #require(batch.records.first)
        #expect(batch.content.anyValue(record.body) == row.body)
        #expect((record.spanID.isValid ? record.spanID.description : "") == row.span)
        #expect(batch.content.repairedStrings == row.repaired)
        #expect(batch.content.droppedDeepValues == row.droppedDeep)
    }

    @Test("an error names the message and field of the log service")
    func errors() {
        let whole = Self.request(record: Self.everyField)
        let error = #expect(throws: DecodingError.self) {
            // The last length of the record's last field reaches beyond the record.
            var body = whole
            body[body.count - 14] = 99
            return try LogBatch(protobuf: body)
        }
        #expect(error?.location == "LogRecord.event_name")
        #expect(error?.reason == "length 99 exceeds the 13 bytes left")
        let limited = #expect(throws: DecodingError.self) {
            try LogBatch(protobuf: whole, limits: DecodingLimits(maximumNodes: 5))
        }
        #expect(limited?.isLimit == true)
    }

    @Test("a damaged body never traps, and gives the records that libprotobuf-c reads")
    func mutations() {
        let seed: UInt64 = 20_261_124
        var random = SeededGenerator(seed: seed)
        let sources = [Self.request(record: Self.everyField)] + Capture.logs.map(\.body)
        var compared = 0
        for round in 0..<3_000 {
            let body = Mutation.mutate(sources, using: &random)
            guard let batch = try? LogBatch(protobuf: body),
                let reference = Self.recordTimes(body)
            else { continue }
            compared += 1
            let times = batch.records.map { [$0.timeUnixNano, $0.observedTimeUnixNano] }
            #expect(times == reference, "seed \(seed), round \(round): \(hexadecimal(body))")
        }
        print("seed \(seed): compared \(compared)")
        #expect(compared > 500)
    }

    /// The two times of each record as libprotobuf-c reads them; nil where it refuses the body.
    private static func recordTimes(_ body: [UInt8]) -> [[UInt64]]? {
        typealias Request = Opentelemetry__Proto__Collector__Logs__V1__ExportLogsServiceRequest
        guard
            let request: UnsafeMutablePointer<Request> =
                opentelemetry__proto__collector__logs__v1__export_logs_service_request__unpack(
                    nil, body.count, body)
        else { return nil }
        defer {
            opentelemetry__proto__collector__logs__v1__export_logs_service_request__free_unpacked(
                request, nil)
        }
        var times: [[UInt64]] = []
        for resource in 0..<request.pointee.n_resource_logs {
            guard let logs = request.pointee.resource_logs[resource]?.pointee else { continue }
            for scope in 0..<logs.n_scope_logs {
                guard let records = logs.scope_logs[scope]?.pointee else { continue }
                for index in 0..<records.n_log_records {
                    guard let record = records.log_records[index]?.pointee else { continue }
                    times.append([record.time_unix_nano, record.observed_time_unix_nano])
                }
            }
        }
        return times
    }

    @Test("protobuf and its JSON by another decoder are the same records", arguments: Capture.logs)
    func captures(_ capture: Capture) throws {
        let root = Capture.fixtures.appending(path: "captures")
        let text = try Data(contentsOf: root.appending(path: "\(capture.name).json"))
        let binary = try LogBatch(protobuf: capture.body)
        let json = try LogBatch(json: Array(text))
        #expect(!binary.records.isEmpty)
        #expect(binary.printed == json.printed)
        #expect(try LogBatch(json: binary.json()).printed == json.printed)
    }

    static let spellings: [(String, Int32)] = [
        (#""severityNumber":9"#, 9), (#""severity_number":"SEVERITY_NUMBER_INFO""#, 9),
        (#""severityNumber":"SEVERITY_NUMBER_WARN2""#, 14),
        (#""severityNumber":"SEVERITY_NUMBER_FATAL4""#, 24),
        (#""severityNumber":"SEVERITY_NUMBER_WARN5""#, 0),
        (#""severityNumber":"SEVERITY_NUMBER_UNSPECIFIED""#, 0), (#""severityNumber":null"#, 0),
    ]

    @Test("severities are numbers or names in JSON", arguments: spellings)
    func severity(_ row: (member: String, number: Int32)) throws {
        let text = #"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{\#(row.member)}]}]}]}"#
        let batch = try LogBatch(json: Array(text.utf8))
        #expect(batch.records.map(\.severityNumber) == [row.number])
    }
}

extension LogBatch {
    /// All that the records say, to compare by.
    fileprivate var printed: [String] {
        records.map { record in
            let scope = content.scopes[Int(record.scope)]
            let resource = content.resources[Int(scope.resource)]
            func list(_ range: RecordRange) -> String {
                content.attributes(range).map {
                    "\(content.string($0.key))=\(content.anyValue($0.value))"
                }.joined(separator: ",")
            }
            return """
                \(record.timeUnixNano) \(record.observedTimeUnixNano) \(record.traceID) \
                \(record.spanID) \(record.flags) \(record.severityNumber) \
                \(content.string(record.severityText)) \(content.string(record.eventName)) \
                \(content.anyValue(record.body)) [\(list(record.attributes))] \
                \(content.string(scope.name)) \(content.string(scope.version)) \
                [\(list(resource.attributes))]
                """
        }
    }
}
