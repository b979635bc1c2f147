/// The body of an answer that refuses a request: `google.rpc.Status` without its details.
///
/// Source: OTLP specification, "Failures"; google/rpc/status.proto.
public struct RPCStatus: Hashable, Sendable {
    /// A number of `RPCCode`; others are kept.
    public var code: Int32
    /// What went wrong, for people.
    public var message: String

    public init(code: Int32, message: String) {
        self.code = code
        self.message = message
    }

    public init(_ code: RPCCode, _ message: String) {
        self.init(code: code.rawValue, message: message)
    }

    // message Status { int32 code = 1; string message = 2; repeated Any details = 3; }

    /// The message in protobuf, at most 4 MiB; a longer text is cut.
    public func protobuf() -> [UInt8] {
        var status: [UInt8] = []
        status.append(field: 1, varint: UInt64(bitPattern: Int64(code)))
        if !message.isEmpty { status.append(field: 2, message.cutForProtobuf.utf8) }
        return status
    }

    /// The message in its JSON mapping, at most 4 MiB; a longer text is cut.
    public func json() -> [UInt8] {
        var json = JSONWriter(pretty: false)
        json.beginObject()
        if code != 0 {
            json.name("code")
            json.int(Int64(code))
        }
        if !message.isEmpty {
            json.name("message")
            json.string(message.cutForJSON)
        }
        json.endObject()
        return json.bytes
    }

    public init(protobuf body: [UInt8]) throws(DecodingError) {
        self.init(code: 0, message: "")
        try readMessage(body, named: "google.rpc.Status") {
            (tag, cursor, end) throws(WireError) in
            switch tag {
            case 0x08: code = Int32(truncatingIfNeeded: try cursor.varint(before: end))
            case 0x12:
                message = String(
                    decoding: body[try cursor.slice(before: end).range], as: UTF8.self)
            default: try cursor.skip(tag, before: end)
            }
        }
    }

    public init(json body: [UInt8]) throws(DecodingError) {
        self.init(code: 0, message: "")
        var json = JSONMessageReader(body)
        try json.readObject { (json, name) throws(DecodingError) in
            switch name {
            case "code": code = try json.int32()
            case "message": message = try json.string()
            default: try json.skipValue()
            }
        }
        try json.end()
    }
}

/// The codes of `google.rpc.Status`. Source: google/rpc/code.proto.
public enum RPCCode: Int32, CaseIterable, Hashable, Sendable {
    case ok = 0
    case cancelled = 1
    case unknown = 2
    case invalidArgument = 3
    case deadlineExceeded = 4
    case notFound = 5
    case alreadyExists = 6
    case permissionDenied = 7
    case resourceExhausted = 8
    case failedPrecondition = 9
    case aborted = 10
    case outOfRange = 11
    case unimplemented = 12
    case `internal` = 13
    case unavailable = 14
    case dataLoss = 15
    case unauthenticated = 16
}
