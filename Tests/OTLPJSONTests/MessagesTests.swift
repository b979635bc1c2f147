import OTLP
import Testing

@Suite struct MessagesTests {
    @Test("Full success is no bytes in protobuf and an empty object in JSON")
    func fullSuccess() throws {
        #expect(ExportTraceServiceResponse.fullSuccess.protobuf() == [])
        #expect(ExportTraceServiceResponse.fullSuccess.json() == Array("{}".utf8))
        #expect(try ExportTraceServiceResponse(protobuf: []) == .fullSuccess)
        #expect(try ExportTraceServiceResponse(json: Array("{}".utf8)) == .fullSuccess)
        #expect(ExportTraceServiceResponse.fullSuccess.isFullSuccess)
    }

    static let responses: [(ExportTraceServiceResponse, [UInt8], String)] = [
        (
            ExportTraceServiceResponse(rejectedSpans: 3, errorMessage: "bad \"id\""),
            [0x0A, 12, 0x08, 3, 0x12, 8] + Array("bad \"id\"".utf8),
            #"{"partialSuccess":{"rejectedSpans":"3","errorMessage":"bad \"id\""}}"#
        ),
        (
            ExportTraceServiceResponse(rejectedSpans: 300), [0x0A, 3, 0x08, 0xAC, 2],
            #"{"partialSuccess":{"rejectedSpans":"300"}}"#
        ),
        (
            ExportTraceServiceResponse(errorMessage: "warning"),
            [0x0A, 9, 0x12, 7] + Array("warning".utf8),
            #"{"partialSuccess":{"errorMessage":"warning"}}"#
        ),
    ]

    @Test("Partial success is written and read", arguments: responses)
    func partialSuccess(
        response: ExportTraceServiceResponse, protobuf: [UInt8], json: String
    ) throws {
        #expect(response.protobuf() == protobuf)
        #expect(String(decoding: response.json(), as: UTF8.self) == json)
        #expect(try ExportTraceServiceResponse(protobuf: protobuf) == response)
        #expect(try ExportTraceServiceResponse(json: Array(json.utf8)) == response)
    }

    @Test("Responses as other servers write them are read")
    func otherServers() throws {
        #expect(try ExportTraceServiceResponse(protobuf: [0x0A, 0]) == .fullSuccess)
        for json in [
            #"{"partialSuccess":{}}"#, #"{"partialSuccess":null}"#, #"{"x":[1]}"#, "null",
        ] {
            #expect(try ExportTraceServiceResponse(json: Array(json.utf8)) == .fullSuccess)
        }
        let unknown: [UInt8] = [0x1A, 1, 9, 0x0A, 4, 0x20, 1, 0x08, 2]
        #expect(try ExportTraceServiceResponse(protobuf: unknown).rejectedSpans == 2)
        let number = #"{"partial_success":{"rejected_spans":2,"x":{}}}"#
        #expect(try ExportTraceServiceResponse(json: Array(number.utf8)).rejectedSpans == 2)
        #expect(throws: DecodingError.self) { try ExportTraceServiceResponse(protobuf: [0x0A, 5]) }
        #expect(throws: DecodingError.self) { try ExportTraceServiceResponse(json: [0x7B]) }
    }

    static let statuses: [(RPCStatus, [UInt8], String)] = [
        (
            RPCStatus(.invalidArgument, "no"), [0x08, 3, 0x12, 2] + Array("no".utf8),
            #"{"code":3,"message":"no"}"#
        ),
        (RPCStatus(.ok, ""), [], "{}"),
        (
            RPCStatus(code: -1, message: ""),
            [0x08] + Array(repeating: 0xFF, count: 9) + [1], #"{"code":-1}"#
        ),
    ]

    @Test("A status is written and read", arguments: statuses)
    func status(status: RPCStatus, protobuf: [UInt8], json: String) throws {
        #expect(status.protobuf() == protobuf)
        #expect(String(decoding: status.json(), as: UTF8.self) == json)
        #expect(try RPCStatus(protobuf: protobuf) == status)
        #expect(try RPCStatus(json: Array(json.utf8)) == status)
    }

    @Test("Details of a status are passed over")
    func details() throws {
        let protobuf: [UInt8] = [0x1A, 2, 0x0A, 0, 0x08, 13]
        #expect(try RPCStatus(protobuf: protobuf) == RPCStatus(.internal, ""))
        let json = #"{"details":[{"@type":"x"}],"code":"13"}"#
        #expect(try RPCStatus(json: Array(json.utf8)) == RPCStatus(.internal, ""))
    }

    @Test(
        "No response exceeds 4 MiB, and a cut text stays whole characters",
        arguments: ["x", "é", "\u{1}", "😀", "e\u{301}"])
    func limits(character: String) throws {
        let text = String(repeating: character, count: 6_000_000 / character.utf8.count)
        let response = ExportTraceServiceResponse(rejectedSpans: .max, errorMessage: text)
        let status = RPCStatus(.unavailable, text)
        for body in [response.protobuf(), response.json(), status.protobuf(), status.json()] {
            #expect(body.count <= 4 << 20)
            #expect(body.count > 1 << 19)
            #expect(String(validating: body[10...], as: UTF8.self) != nil || body[0] < 0x20)
        }
        let read = try ExportTraceServiceResponse(protobuf: response.protobuf()).errorMessage
        #expect(text.hasPrefix(read) && !read.isEmpty)
        #expect(text.utf8.starts(with: try RPCStatus(json: status.json()).message.utf8))
    }
}
