import OTLP
import Testing

/// One way in which an id can be wrong.
struct IDRow: CustomTestStringConvertible, Sendable {
    enum Outcome: Sendable, Equatable {
        case trace(String), span(String), parent(String), rejected(String), linkDropped
    }

    var testDescription: String
    var span: [UInt8]
    var outcome: Outcome
    var recovered: Int
    var cleared: Int
    var links: Int
    var rejected: Int

    init(
        _ name: String, _ span: [UInt8], _ outcome: Outcome, recovered: Int = 0, cleared: Int = 0,
        links: Int = 0, rejected: Int = 0
    ) {
        testDescription = name
        self.span = span
        self.outcome = outcome
        self.recovered = recovered
        self.cleared = cleared
        self.links = links
        self.rejected = rejected
    }
}

@Suite("Ids that are not what the schema asks for")
struct ProtobufIDTests {
    static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    static let span = "00f067aa0ba902b7"
    static let zeros = [UInt8](repeating: 0, count: 16)
    static let goodTrace = Wire.bytes(1, Array(1...16))
    static let goodSpan = Wire.bytes(2, Array(1...8))

    /// What a converter makes of the digits when it takes them for base64.
    static func mangled(_ digits: String) -> [UInt8] {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        var bits: UInt32 = 0
        var count = 0
        var bytes: [UInt8] = []
        for digit in digits {
            bits = bits << 6 | UInt32(alphabet.firstIndex(of: digit) ?? 0)
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        return bytes
    }

    static let rows: [IDRow] = [
        IDRow(
            "a trace id of hexadecimal text", Wire.text(1, trace) + goodSpan, .trace(trace),
            recovered: 1),
        IDRow(
            "a trace id of upper-case text", Wire.text(1, trace.uppercased()) + goodSpan,
            .trace(trace), recovered: 1),
        IDRow(
            "a trace id taken for base64", Wire.bytes(1, mangled(trace)) + goodSpan, .trace(trace),
            recovered: 1),
        IDRow(
            "a span id of hexadecimal text", goodTrace + Wire.text(2, span), .span(span),
            recovered: 1),
        IDRow(
            "a span id taken for base64", goodTrace + Wire.bytes(2, mangled(span)), .span(span),
            recovered: 1),
        IDRow(
            "a parent id of hexadecimal text", goodTrace + goodSpan + Wire.text(4, span),
            .parent(span), recovered: 1),
        IDRow(
            "a parent id taken for base64", goodTrace + goodSpan + Wire.bytes(4, mangled(span)),
            .parent(span), recovered: 1),
        IDRow(
            "a parent id of five bytes", goodTrace + goodSpan + Wire.bytes(4, [1, 2, 3, 4, 5]),
            .parent("0000000000000000"), cleared: 1),
        IDRow(
            "a parent id of zeros is a root",
            goodTrace + goodSpan + Wire.bytes(4, Array(zeros[..<8])),
            .parent("0000000000000000")),
        IDRow(
            "no trace id", goodSpan,
            .rejected("expected a trace_id of 16 bytes that are not all zero, found none"),
            rejected: 1),
        IDRow(
            "a trace id of 15 bytes", Wire.bytes(1, Array(1...15)) + goodSpan,
            .rejected("expected a trace_id of 16 bytes that are not all zero, found 15 bytes"),
            rejected: 1),
        IDRow(
            "a trace id of zeros", Wire.bytes(1, zeros) + goodSpan,
            .rejected("found 16 zeros"), rejected: 1),
        IDRow(
            "a trace id of 32 letters that are no digits",
            Wire.text(1, String(repeating: "x", count: 32)) + goodSpan, .rejected("found 32 bytes"),
            rejected: 1),
        IDRow(
            "a trace id of the text of zeros",
            Wire.text(1, String(repeating: "0", count: 32)) + goodSpan, .rejected("found 32 bytes"),
            rejected: 1),
        IDRow(
            "a span id of zeros", goodTrace + Wire.bytes(2, Array(zeros[..<8])),
            .rejected("expected a span_id of 8 bytes that are not all zero, found 8 zeros"),
            rejected: 1),
        IDRow(
            "a link whose ids are text",
            goodTrace + goodSpan + Wire.bytes(13, Wire.text(1, trace) + Wire.text(2, span)),
            .span("0102030405060708"), recovered: 2),
        IDRow(
            "a link without span id",
            goodTrace + goodSpan + Wire.bytes(13, Wire.bytes(1, Array(1...16))),
            .linkDropped, links: 1),
    ]

    @Test("each is read, dropped or rejected, and told", arguments: rows)
    func sanitize(_ row: IDRow) throws {
        let body = Wire.request(span: row.span + Wire.text(5, "chat"))
        var batch = try TraceBatch(protobuf: body)
        let report = batch.sanitizeIDs()
        #expect(report.recoveredIDs == row.recovered)
        #expect(report.clearedParents == row.cleared)
        #expect(report.droppedLinks == row.links)
        #expect(report.rejectedSpans == row.rejected)
        #expect(report.isEmpty == report.message.isEmpty)
        switch row.outcome {
        case .trace(let id): #expect(batch.spans[0].traceID.description == id)
        case .span(let id): #expect(batch.spans[0].spanID.description == id)
        case .parent(let id): #expect(batch.spans[0].parentSpanID.description == id)
        case .linkDropped:
            #expect(batch.spans[0].links.isEmpty)
            #expect(batch.spans[0].droppedLinksCount == 1)
        case .rejected(let text):
            #expect(batch.spans.isEmpty)
            #expect(report.message.contains("1 span rejected: span 0 \"chat\": "))
            #expect(report.message.contains(text), "\(report.message)")
        }
        #expect(batch.irregularIDs.isEmpty)
        #expect(batch.sanitizeIDs().isEmpty)
        // What is encoded now has only usable ids.
        var again = try TraceBatch(protobuf: batch.protobuf())
        #expect(again.sanitizeIDs().isEmpty)
    }

    @Test("before that, a bad id is kept byte for byte", arguments: rows)
    func verbatim(_ row: IDRow) throws {
        let body = Wire.request(span: row.span)
        #expect(try TraceBatch(protobuf: body).protobuf() == body)
    }

    @Test("of an id that comes twice the last one counts, good or bad")
    func lastWins() throws {
        let bad = Wire.bytes(1, [1, 2, 3])
        let good = Wire.request(span: bad + Wire.bytes(2, [9]) + Self.goodTrace)
        #expect(
            try TraceBatch(protobuf: good).protobuf()
                == Wire.request(span: Self.goodTrace + Wire.bytes(2, [9])))
        let worse = Wire.request(span: Self.goodTrace + bad + Wire.bytes(1, [4]))
        #expect(
            try TraceBatch(protobuf: worse).protobuf() == Wire.request(span: Wire.bytes(1, [4])))
    }

    @Test("rejected spans go, and what belongs to the others stays theirs")
    func mixture() throws {
        let unknown = Wire.number(99, 1)
        let good = Wire.ids + Wire.text(5, "good") + unknown
        let link = Wire.bytes(1, Array(1...16)) + Wire.bytes(2, Array(1...8)) + unknown
        let linked = Wire.ids + Wire.bytes(13, []) + Wire.bytes(13, link)
        let spans = [Wire.text(5, "bad"), good, Wire.text(5, "worse") + unknown, linked]
        let body = Wire.request(scopeSpans: spans.flatMap { Wire.bytes(2, $0) })
        var batch = try TraceBatch(protobuf: body)
        let report = batch.sanitizeIDs()
        #expect(report.rejectedSpans == 2)
        #expect(report.droppedLinks == 1)
        #expect(
            batch.protobuf()
                == Wire.request(
                    scopeSpans: Wire.bytes(2, good)
                        + Wire.bytes(2, Wire.ids + Wire.bytes(13, link) + Wire.number(14, 1))))
    }

    @Test("the message names the first three rejected spans and counts the rest")
    func message() throws {
        let spans = (0..<5).flatMap { Wire.bytes(2, Wire.text(5, "s\($0)")) }
        var batch = try TraceBatch(protobuf: Wire.request(scopeSpans: spans))
        let message = batch.sanitizeIDs().message
        #expect(message.hasPrefix("5 spans rejected: span 0 \"s0\": expected a trace_id"))
        #expect(message.contains("span 2 \"s2\""))
        #expect(!message.contains("\"s3\""))
        #expect(message.hasSuffix("; and 2 more"))
    }
}
