/// How a request body is encoded; what its content type says.
public enum BodyFormat: Hashable, Sendable {
    case protobuf
    case json

    /// The media type, without parameters.
    public var mediaType: String {
        switch self {
        case .protobuf: "application/x-protobuf"
        case .json: "application/json"
        }
    }
}

extension TraceBatch {
    /// Decodes an uncompressed body of which nobody says how it is encoded.
    ///
    /// A body that begins with `{` is JSON. One whose first other character after white space is
    /// `{` may be either, because white space is a valid start of protobuf (`\n{` begins a message
    /// of 123 bytes); it is protobuf if it decodes so. Everything else is protobuf.
    /// - Throws: the error of the encoding that reached further into the body.
    public static func detectingFormat(
        of body: [UInt8], keys: KeyTable = .none, limits: DecodingLimits = .standard
    ) throws(DecodingError) -> (batch: TraceBatch, format: BodyFormat) {
        try BodyFormat.detecting(
            of: body,
            json: { body throws(DecodingError) in
                try TraceBatch(json: body, keys: keys, limits: limits)
            },
            protobuf: { body throws(DecodingError) in
                try TraceBatch(protobuf: body, keys: keys, limits: limits)
            })
    }
}

extension LogBatch {
    /// Decodes an uncompressed body of which nobody says how it is encoded, as
    /// `TraceBatch.detectingFormat(of:)` does.
    public static func detectingFormat(
        of body: [UInt8], keys: KeyTable = .none, limits: DecodingLimits = .standard
    ) throws(DecodingError) -> (batch: LogBatch, format: BodyFormat) {
        try BodyFormat.detecting(
            of: body,
            json: { body throws(DecodingError) in
                try LogBatch(json: body, keys: keys, limits: limits)
            },
            protobuf: { body throws(DecodingError) in
                try LogBatch(protobuf: body, keys: keys, limits: limits)
            })
    }
}

extension BodyFormat {
    fileprivate static func detecting<Batch>(
        of body: [UInt8], json: ([UInt8]) throws(DecodingError) -> Batch,
        protobuf: ([UInt8]) throws(DecodingError) -> Batch
    ) throws(DecodingError) -> (batch: Batch, format: BodyFormat) {
        let start = body.first { ![0x20, 0x0A, 0x0D, 0x09].contains($0) }
        let mayBeJSON = start == UInt8(ascii: "{")
        if mayBeJSON, body.first == start {
            return (try json(body), .json)
        }
        let protobufError: DecodingError
        do throws(DecodingError) {
            return (try protobuf(body), .protobuf)
        } catch {
            protobufError = error
        }
        guard mayBeJSON else { throw protobufError }
        do throws(DecodingError) {
            return (try json(body), .json)
        } catch {
            throw error.offset > protobufError.offset ? error : protobufError
        }
    }
}
