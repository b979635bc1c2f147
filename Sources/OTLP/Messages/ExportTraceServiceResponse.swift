/// The answer to an export request that was taken, wholly or in part.
///
/// Full success is the message without `partial_success`: no bytes in protobuf, `{}` in JSON.
///
/// Source: OTLP specification, "Full Success" and "Partial Success"; trace_service.proto.
public struct ExportTraceServiceResponse: Hashable, Sendable {
    /// Spans that were refused; the client must not send them again.
    public var rejectedSpans: Int64
    /// Why, for people; with no rejected span it is a warning.
    public var errorMessage: String

    public init(rejectedSpans: Int64 = 0, errorMessage: String = "") {
        self.rejectedSpans = rejectedSpans
        self.errorMessage = errorMessage
    }

    public static let fullSuccess = ExportTraceServiceResponse()

    public var isFullSuccess: Bool { rejectedSpans == 0 && errorMessage.isEmpty }

    // message ExportTraceServiceResponse { ExportTracePartialSuccess partial_success = 1; }
    // message ExportTracePartialSuccess { int64 rejected_spans = 1; string error_message = 2; }

    /// The message in protobuf, at most 4 MiB; a longer error message is cut.
    public func protobuf() -> [UInt8] {
        guard !isFullSuccess else { return [] }
        var partial: [UInt8] = []
        partial.append(field: 1, varint: UInt64(bitPattern: rejectedSpans))
        if !errorMessage.isEmpty { partial.append(field: 2, errorMessage.cutForProtobuf.utf8) }
        var message: [UInt8] = []
        message.append(field: 1, partial)
        return message
    }

    /// The message in its JSON mapping, at most 4 MiB; a longer error message is cut.
    public func json() -> [UInt8] {
        var json = JSONWriter(pretty: false)
        json.beginObject()
        if !isFullSuccess {
            json.name("partialSuccess")
            json.beginObject()
            if rejectedSpans != 0 {
                json.name("rejectedSpans")
                json.plain(rejectedSpans.description.utf8)
            }
            if !errorMessage.isEmpty {
                json.name("errorMessage")
                json.string(errorMessage.cutForJSON)
            }
            json.endObject()
        }
        json.endObject()
        return json.bytes
    }

    public init(protobuf body: [UInt8]) throws(DecodingError) {
        self.init()
        try readMessage(body, named: "ExportTraceServiceResponse") {
            (tag, cursor, end) throws(WireError) in
            guard tag == 0x0A else { return try cursor.skip(tag, before: end) }
            let partialEnd = try cursor.messageEnd(before: end)
            while cursor.position < partialEnd {
                let tag = try cursor.tag(before: partialEnd)
                switch tag {
                case 0x08:
                    rejectedSpans = Int64(bitPattern: try cursor.varint(before: partialEnd))
                case 0x12:
                    errorMessage = String(
                        decoding: body[try cursor.slice(before: partialEnd).range],
                        as: UTF8.self)
                default: try cursor.skip(tag, before: partialEnd)
                }
            }
        }
    }

    public init(json body: [UInt8]) throws(DecodingError) {
        self.init()
        var json = JSONMessageReader(body)
        try json.readObject { (json, name) throws(DecodingError) in
            switch name {
            case "partialSuccess", "partial_success": try readPartialSuccess(&json)
            default: try json.skipValue()
            }
        }
        try json.end()
    }

    private mutating func readPartialSuccess(
        _ json: inout JSONMessageReader
    ) throws(DecodingError) {
        self = .fullSuccess
        try json.readObject { (json, name) throws(DecodingError) in
            switch name {
            case "rejectedSpans", "rejected_spans": rejectedSpans = try json.int64()
            case "errorMessage", "error_message": errorMessage = try json.string()
            default: try json.skipValue()
            }
        }
    }
}
